"""Open who reported: one person asks, another agrees, then the first may look once.

Until that look every message is treated alike, whether somebody is recorded or not.
"""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.audit.service import record
from api.desk import Desk
from api.errors import ApiError
from api.feedback import repository as feedback_repository
from api.feedback.schemas import ReporterIn
from api.feedback.tables import Feedback
from api.identifiers import new_public_id
from api.integrity import repository
from api.integrity.access import require_case, require_unlimited
from api.integrity.cases import add_event
from api.integrity.schemas import ReporterAnswerIn, ReporterOut, ReporterRequestIn, ReporterRequestOut, RequestState
from api.integrity.tables import IntegrityCase, ReporterRequest

ANSWER_WITHIN = timedelta(days=3)
OPEN_WITHIN = timedelta(hours=24)
MAX_REQUESTS = 50  # of one case
MAX_REASON_CHARS = 500
RECORDED = "Rahasiakan pelapor; ia dilindungi UU 13/2006 jo. UU 31/2014. Pakai hanya untuk alasan yang disetujui."
AUDITED_AS = {
    "pelapor_diminta": "reporter.requested",
    "pelapor_disetujui": "reporter.agreed",
    "pelapor_ditolak": "reporter.refused",
    "pelapor_dibuka": "reporter.opened",
}
NOT_RECORDED = "Pelapor tidak tercatat."


def ask(session: Session, desk: Desk, who: Principal, case_id: str, given: ReporterRequestIn) -> ReporterRequestOut:
    """Ask to see who reported; ApiError 403, 404, or 409 while an earlier request of this person is open."""
    require_unlimited(who)
    case, _ = require_case(session, who, case_id, for_change=True)
    now = datetime.now(UTC)
    earlier = repository.requests_of(session, case.id)
    if any(_is_by(who, request) and state_of(request, now) in ("menunggu", "disetujui") for request in earlier):
        raise ApiError(409, "permintaan_sudah_ada", "Permintaan sudah ada", "Permintaan Anda pada perkara ini masih berlaku.")
    if len(earlier) >= MAX_REQUESTS:
        raise ApiError(409, "terlalu_banyak_permintaan", "Terlalu banyak permintaan", f"Batas {MAX_REQUESTS} untuk satu perkara.")
    request = ReporterRequest(
        public_id=new_public_id(),
        case_id=case.id,
        reason=desk.scoring.masked(given.reason)[:MAX_REASON_CHARS],
        created_at=now,
        expires_at=now + ANSWER_WITHIN,
        **who.actor,
    )
    repository.add(session, request)
    _log(session, desk, who, case, request, "pelapor_diminta", request.reason)
    return request_out(who, request, now)


def answer(
    session: Session, desk: Desk, who: Principal, case_id: str, request_id: str, given: ReporterAnswerIn
) -> ReporterRequestOut:
    """Another person agrees or refuses; ApiError 403 for the one who asked, 409 once answered or expired."""
    case, _, request = _require_request(session, who, case_id, request_id)
    now = datetime.now(UTC)
    if _is_by(who, request):
        raise ApiError(403, "perlu_orang_kedua", "Perlu orang kedua", "Permintaan sendiri dijawab oleh orang lain.")
    _require_state(request, now, "menunggu")
    request.answer, request.answered_at = given.answer, now
    request.answered_by_kind, request.answered_by_id, request.answered_by_name = who.kind, who.id, who.name
    note = desk.scoring.masked(given.note)[:MAX_REASON_CHARS] if given.note else None
    _log(session, desk, who, case, request, "pelapor_disetujui" if given.answer == "setuju" else "pelapor_ditolak", note)
    return request_out(who, request, now)


def open_reporter(session: Session, desk: Desk, who: Principal, case_id: str, request_id: str) -> ReporterOut:
    """Who reported, for the one who asked, once, within OPEN_WITHIN of the consent; written down first.

    ApiError 403 for others, 409 where it is not agreed, expired or opened already, 410 once reporters are destroyed.
    """
    case, row, request = _require_request(session, who, case_id, request_id)
    now = datetime.now(UTC)
    if not _is_by(who, request):
        raise ApiError(403, "hanya_pemohon", "Hanya untuk pemohon", "Identitas dibuka oleh orang yang memintanya.")
    _require_state(request, now, "disetujui")
    sealed = feedback_repository.reporter_of(session, row.id)
    if sealed is None:  # told by the message's age alone
        raise ApiError(410, "pelapor_dimusnahkan", "Data pelapor sudah dimusnahkan", "Masa simpannya telah lewat.")
    request.opened_at = now
    _log(session, desk, who, case, request, "pelapor_dibuka", request.reason)
    stored = json.loads(desk.vault.open(sealed.key_name, sealed.sealed, f"reporter:{row.public_id}"))
    reporter = ReporterIn.model_validate(stored or {})
    is_recorded = any(reporter.model_dump().values())
    return ReporterOut(
        is_recorded=is_recorded,
        name=reporter.name,
        contact=reporter.contact,
        identity_number=reporter.identity_number,
        notice=RECORDED if is_recorded else NOT_RECORDED,
    )


def state_of(request: ReporterRequest, now: datetime) -> RequestState:
    """How far a request is."""
    if request.opened_at is not None:
        return "dibuka"
    if request.answer == "tolak":
        return "ditolak"
    if now >= _usable_until(request):
        return "kedaluwarsa"
    return "menunggu" if request.answer is None else "disetujui"


def _usable_until(request: ReporterRequest) -> datetime:
    return request.expires_at if request.answered_at is None else request.answered_at + OPEN_WITHIN


def request_out(who: Principal, request: ReporterRequest, now: datetime) -> ReporterRequestOut:
    """A request for HTTP."""
    return ReporterRequestOut(
        id=request.public_id,
        state=state_of(request, now),
        reason=request.reason,
        by=request.actor_name,
        is_mine=_is_by(who, request),
        created_at=request.created_at,
        expires_at=_usable_until(request),
        answered_by=request.answered_by_name,
        answered_at=request.answered_at,
        opened_at=request.opened_at,
    )


def _is_by(who: Principal, request: ReporterRequest) -> bool:
    return who.is_same_as(request.actor_kind, request.actor_id)


def _require_request(
    session: Session, who: Principal, case_id: str, request_id: str
) -> tuple[IntegrityCase, Feedback, ReporterRequest]:
    require_unlimited(who)
    case, row = require_case(session, who, case_id, for_change=True)
    request = repository.request(session, case.id, request_id)
    if request is None:
        raise ApiError(404, "permintaan_tidak_ada", "Permintaan tidak ditemukan", "Periksa nomor permintaannya.")
    return case, row, request


def _require_state(request: ReporterRequest, now: datetime, wanted: RequestState) -> None:
    state = state_of(request, now)
    if state != wanted:
        raise ApiError(
            409, "permintaan_tidak_sesuai", "Permintaan tidak dalam keadaan itu", f"Permintaan ini {state}; perlu yang {wanted}."
        )


def _log(
    session: Session,
    desk: Desk,
    who: Principal,
    case: IntegrityCase,
    request: ReporterRequest,
    kind: str,
    note: str | None,
) -> None:
    record(session, desk.vault, who, AUDITED_AS[kind], ("case", case.public_id), request=request.public_id, reason=note)
    add_event(session, case, who, kind, note=note)
