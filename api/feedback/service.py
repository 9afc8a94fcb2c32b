"""Read messages as the reader may see them; correct, send on, close, open what was sealed."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.audit.service import record
from api.desk import Desk
from api.errors import ApiError
from api.feedback import repository
from api.feedback.intake import facts_of
from api.feedback.schemas import (
    CorrectionIn,
    CorrectionOut,
    FeedbackDetail,
    FeedbackFilter,
    FeedbackOut,
    FeedbackPage,
    OpeningIn,
    OriginalOut,
    SimilarOut,
    StateIn,
    TrackOut,
)
from api.feedback.tables import Correction, Feedback
from api.identifiers import read_receipt, shown_receipt
from api.integrity.access import require_unlimited
from api.integrity.cases import Span, keep_kinds, note_opening, open_case, spans_in_the_room
from api.routing.schemas import DispositionIn, DispositionOut
from api.routing.service import apply_routing, dispose, load_rulebook, require_label, require_unit, routing_out, trail
from api.scoring.schemas import AssessmentOut
from nlp.labels import FLAGGED_BANDS

FIRST_STATE = "diterima"
CLOSED = ("selesai", "ditolak")
MAX_NOTE_CHARS = 500  # masking may lengthen what was typed
LABEL_NAMES = ("topic", "aspect", "sentiment", "urgency", "band")


# ---------------------------------------------------------------------------------------------- who sees what
def may_read_words(who: Principal, row: Feedback) -> bool:
    """Whether the words of a message and what was made of them are for this reader."""
    return who.may(Right.CASE_VIEW) or not row.has_case


def _visible(who: Principal) -> ColumnElement[bool]:
    return repository.visible_to(who.units, sees_cases=who.may(Right.CASE_VIEW))


def _knows_of(who: Principal, row: Feedback) -> bool:
    if row.visibility == "rahasia" and not who.may(Right.CASE_VIEW):
        return False
    return who.units is None or row.unit_id in who.units


def require_message(session: Session, who: Principal, public_id: str, *, for_change: bool = False) -> Feedback:
    """The message; ApiError 404 where there is none that this caller may know of."""
    row = (repository.get_for_change if for_change else repository.get)(session, public_id)
    if row is None or not _knows_of(who, row):
        raise _not_found()
    return row


def _place_of(session: Session, who: Principal, cursor: str) -> int:
    """Where a page ended; ApiError 404 as in `require_message`.

    A limited desk may have sent the page's last message to another unit meanwhile, and goes on after it all the same.
    """
    row = repository.get(session, cursor)
    if row is None or not (_knows_of(who, row) or row.visibility != "rahasia"):
        raise _not_found()
    return row.id


def _not_found() -> ApiError:
    return ApiError(404, "pesan_tidak_ada", "Pesan tidak ditemukan", "Periksa nomor pesannya.")


def _require_words(session: Session, who: Principal, public_id: str) -> Feedback:
    row = require_message(session, who, public_id, for_change=True)
    if not may_read_words(who, row):
        raise ApiError(
            403,
            "unit_integritas_saja",
            "Hanya untuk unit integritas",
            "Pesan ini sedang dilihat unit integritas dan dikerjakan di sana.",
        )
    if row.has_case:
        require_unlimited(who)
    return row


def feedback_out(session: Session, who: Principal, row: Feedback) -> FeedbackOut:
    """A stored message for HTTP.

    Of a message that an integrity unit looks at, others get its topic, its receipt and what a citizen may know. Whoever
    took in a rahasia message gets its receipt, and nothing of what was made of it, then or later.
    """
    words, known = may_read_words(who, row), _knows_of(who, row) or row.visibility != "rahasia"
    content = AssessmentOut.model_validate(row.assessments[0].content)
    sees_cases = who.may(Right.CASE_VIEW)
    if not words:
        content = _topic_alone(content)
    return FeedbackOut(
        id=row.public_id,
        receipt=shown_receipt(row.receipt),
        state=row.state if known else FIRST_STATE,
        restricted=row.has_case,
        visibility=row.visibility,
        # that of a rahasia message is kept as a digest alone
        external_id=row.external_id if words and row.visibility != "rahasia" else None,
        channel=row.channel if words else None,
        district=row.district if words else None,
        received_at=row.received_at,
        created_at=row.created_at,
        closed_at=row.closed_at if known else None,
        masked_text=row.masked_text if words else None,
        topic=row.topic if known else None,
        aspect=row.aspect if words else None,
        sentiment=row.sentiment if words else None,
        urgency=row.urgency if words else None,
        assessment=(content if sees_cases else _without_integrity(content)) if known else None,
        routing=routing_out(session, row) if words else None,  # its reasons name words and units
    )


def _topic_alone(content: AssessmentOut) -> AssessmentOut:
    return content.model_copy(
        update={"aspect": None, "sentiment": None, "urgency": None, "unit": None, "decision": "manual", "masked_text": ""}
    )


def _without_integrity(content: AssessmentOut) -> AssessmentOut:
    return content.model_copy(update={"band": None, "integrity_risk": None, "kinds": [], "evidence": []})


# ---------------------------------------------------------------------------------------------- read
def read(session: Session, who: Principal, public_id: str) -> FeedbackDetail:
    """One message with what was done about it; ApiError 404 where there is none."""
    row = require_message(session, who, public_id)
    if not may_read_words(who, row):
        return FeedbackDetail(**feedback_out(session, who, row).model_dump(), dispositions=[], corrections=[], similar=[])
    sees_cases = who.may(Right.CASE_VIEW)
    closed_doors = [] if sees_cases else spans_in_the_room(session, row)
    return FeedbackDetail(
        **feedback_out(session, who, row).model_dump(),
        dispositions=_told_outside(trail(session, row), closed_doors),
        corrections=[
            _correction_out(c)
            for c in repository.corrections_of(session, row.id)
            if sees_cases or not (_is_within(c.created_at, closed_doors) or c.band is not None or c.kinds is not None)
        ],
        similar=[
            SimilarOut(
                id=other.public_id,
                kind=link.kind,
                similarity=link.similarity,
                received_at=other.received_at,
                state=other.state,
            )
            for link, other in repository.similar_to(session, row.id, _visible(who), with_cases=sees_cases)
        ],
    )


def _is_within(moment: datetime, spans: list[Span]) -> bool:
    return any(start <= moment and (end is None or moment < end) for start, end in spans)


def _told_outside(steps: list[DispositionOut], closed_doors: list[Span]) -> list[DispositionOut]:
    """The trail for readers outside the integrity unit: what that unit wrote of its reasons stays there."""
    hidden = {"reason": "Ditetapkan saat pesan dilihat unit integritas.", "by": "Unit integritas"}
    return [step.model_copy(update=hidden) if _is_within(step.at, closed_doors) else step for step in steps]


def _correction_out(row: Correction) -> CorrectionOut:
    return CorrectionOut(
        topic=row.topic,
        aspect=row.aspect,
        sentiment=row.sentiment,
        urgency=row.urgency,
        note=row.note,
        by=row.actor_name,
        at=row.created_at,
    )


def read_page(session: Session, desk: Desk, who: Principal, wanted: FeedbackFilter) -> FeedbackPage:
    """Messages from the newest on, or those older than the cursor's; ApiError 422 for an unknown label or unit."""
    for name in ("topic", "aspect", "sentiment", "urgency"):  # a slip would look like a day without such messages
        require_label(desk.labels, name, getattr(wanted, name))
    if wanted.unit not in (None, "-"):
        require_unit(session, wanted.unit)
    before = _place_of(session, who, wanted.cursor) if wanted.cursor else None
    wanted = wanted.model_copy(update={"limit": min(wanted.limit, desk.settings.page_limit)})
    rows = repository.page(
        session,
        wanted,
        _visible(who),
        sees_cases=who.may(Right.CASE_VIEW),
        today=desk.calendar.day_of(datetime.now(UTC)),
        before_id=before,
    )
    shown = rows[: wanted.limit]
    return FeedbackPage(
        items=[feedback_out(session, who, row) for row in shown],
        next_cursor=shown[-1].public_id if len(rows) > len(shown) else None,
    )


def track(session: Session, desk: Desk, typed: str) -> TrackOut:
    """How far a message is, for whoever holds its receipt; ApiError 404 where there is none."""
    receipt = read_receipt(typed)
    row = repository.get_by_receipt(session, receipt) if receipt is not None else None
    if row is None:
        raise ApiError(
            404, "tanda_terima_tidak_ada", "Tanda terima tidak ditemukan", "Periksa kembali nomornya, misalnya K7QF-2M9X-T4BD."
        )
    return TrackOut(
        state=row.state,
        received_on=desk.calendar.day_of(row.received_at),
        forwarded_on=desk.calendar.day_of(row.routed_at) if row.routed_at else None,
        deadline_on=row.deadline_on,
        closed_on=desk.calendar.day_of(row.closed_at) if row.closed_at else None,
    )


# ---------------------------------------------------------------------------------------------- change
def correct(session: Session, desk: Desk, who: Principal, public_id: str, given: CorrectionIn) -> FeedbackDetail:
    """Labels a person gives lead from now on; the model's assessment stays. ApiError 422 for an unknown label."""
    row = _require_words(session, who, public_id)
    labels = {name: getattr(given, name) for name in LABEL_NAMES if getattr(given, name) is not None}
    for name, code in labels.items():
        require_label(desk.labels, name, code)
    for kind in given.kinds or ():
        require_label(desk.labels, "kinds", kind)
    repository.add(
        session,
        Correction(
            feedback_id=row.id,
            kinds=given.kinds,
            note=desk.scoring.masked(given.note)[:MAX_NOTE_CHARS] if given.note else None,
            created_at=datetime.now(UTC),
            **labels,
            **who.actor,
        ),
    )
    for name, code in labels.items():
        setattr(row, name, code)
    record(session, desk.vault, who, "feedback.corrected", ("feedback", public_id), labels=sorted(labels))
    if row.topic is not None and row.unit_id is None and "topic" in labels and row.visibility != "rahasia":
        rulebook = load_rulebook(session, desk.labels)
        apply_routing(session, desk.calendar, desk.labels, row, rulebook.decide(facts_of(row, None), "auto", by_person=True))
    if given.kinds is not None:
        keep_kinds(session, row)
    if given.band in FLAGGED_BANDS:
        open_case(session, row, "petugas", who)
    session.flush()
    return read(session, who, public_id)


def send_on(session: Session, desk: Desk, who: Principal, public_id: str, wanted: DispositionIn) -> FeedbackDetail:
    """Send a message to a unit; every step is kept."""
    row = _require_words(session, who, public_id)
    if row.state in CLOSED:
        raise ApiError(
            409, "sudah_selesai", "Pesan sudah selesai", "Buka kembali dengan status 'ditangani' sebelum meneruskannya."
        )
    dispose(session, desk.vault, desk.calendar, desk.labels, who, row, wanted)
    session.flush()
    answer = feedback_out(session, who, row).model_dump()  # a limited desk no longer reads what it sent elsewhere
    return FeedbackDetail(**answer, dispositions=trail(session, row), corrections=[], similar=[])


def set_state(session: Session, desk: Desk, who: Principal, public_id: str, wanted: StateIn) -> FeedbackDetail:
    """Say how far the work is; closing notes the moment, reopening takes it back."""
    row = _require_words(session, who, public_id)
    if row.state != wanted.state:
        record(session, desk.vault, who, "feedback.state", ("feedback", public_id), before=row.state, now=wanted.state)
        row.state = wanted.state
        row.closed_at = datetime.now(UTC) if wanted.state in CLOSED else None
        session.flush()
    return read(session, who, public_id)


def open_original(session: Session, desk: Desk, who: Principal, public_id: str, why: OpeningIn) -> OriginalOut:
    """The words as they came; the opening is written down first. ApiError 410 once they are destroyed."""
    row = _require_words(session, who, public_id)
    needed = Right.CASE_ORIGINAL if row.has_case else Right.ORIGINAL
    if not who.may(needed):
        raise ApiError(403, "tidak_berhak", "Tidak berhak", f"Membuka teks asli pesan ini memerlukan hak '{needed}'.")
    sealed = repository.original_of(session, row.id)
    if sealed is None:
        raise ApiError(
            410, "teks_asli_dimusnahkan", "Teks asli sudah dimusnahkan", "Masa simpannya telah lewat; teks tersamar tetap ada."
        )
    reason = desk.scoring.masked(why.reason)
    record(session, desk.vault, who, "original.opened", ("feedback", public_id), reason=reason)
    if row.has_case:
        note_opening(session, row, who, reason)
    return OriginalOut(text=desk.vault.open(sealed.key_name, sealed.sealed, f"original:{public_id}").decode())
