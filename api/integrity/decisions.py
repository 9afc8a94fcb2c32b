"""Work on a case: notes, how far the examination is, what comes of it. Every step is an event and stands in the audit trail."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.audit.service import record
from api.desk import Desk
from api.errors import ApiError
from api.feedback import service as feedback_service
from api.feedback.intake import facts_of
from api.feedback.schemas import OpeningIn, OriginalOut
from api.feedback.tables import Feedback
from api.integrity.access import require_case, require_unlimited
from api.integrity.cases import MAX_NOTE_CHARS, add_event
from api.integrity.schemas import CaseDetail, CaseStateIn, DecisionIn, NoteIn
from api.integrity.service import detail
from api.integrity.states import DECIDED, FOLLOWS, GIVEN_BACK, STATE_NAMES, State
from api.integrity.tables import IntegrityCase
from api.routing.service import apply_routing, load_rulebook

MAX_INSTITUTION_CHARS = 200


def add_note(session: Session, desk: Desk, who: Principal, public_id: str, given: NoteIn) -> CaseDetail:
    """Write a note, personal data masked; ApiError 404 or 409."""
    case, row = require_case(session, who, public_id, for_change=True)
    add_event(session, case, who, "catatan", note=_masked(desk, given.note))
    record(session, desk.vault, who, "case.noted", ("case", public_id))
    return detail(session, desk, who, case, row)


def set_state(session: Session, desk: Desk, who: Principal, public_id: str, wanted: CaseStateIn) -> CaseDetail:
    """Say how far the examination is; taking up a decided case again needs a reason.

    ApiError 404, 409 for a state that does not follow, 422 for a missing reason.
    """
    case, row = require_case(session, who, public_id, for_change=True)
    _require_following(case, wanted.state)
    was_decided = case.state == DECIDED
    if was_decided:
        require_unlimited(who)
        if wanted.reason is None:
            raise ApiError(422, "alasan_perlu", "Alasan perlu diisi", "Jelaskan di 'reason' mengapa putusan ditinjau kembali.")
        case.decision, case.decided_at, case.forwarded_to = None, None, None
        row.has_case = True
    reason = _masked(desk, wanted.reason) if wanted.reason else None
    action = "case.reopened" if was_decided else "case.state"
    record(session, desk.vault, who, action, ("case", public_id), before=case.state, now=wanted.state, reason=reason)
    case.state = wanted.state
    add_event(session, case, who, "dibuka_kembali" if was_decided else "status", note=reason, state=wanted.state)
    return detail(session, desk, who, case, row)


def decide(session: Session, desk: Desk, who: Principal, public_id: str, given: DecisionIn) -> CaseDetail:
    """What comes of a case; a person says it, never the service. ApiError 403, 404, 409.

    'bukan_integritas' gives the message back to the desk, unless it is rahasia: that one stays in this room.
    """
    require_unlimited(who)
    case, row = require_case(session, who, public_id, for_change=True)
    _require_following(case, DECIDED)
    reason = _masked(desk, given.reason)
    recipient = _masked(desk, given.recipient)[:MAX_INSTITUTION_CHARS] if given.recipient else None
    record(
        session, desk.vault, who, "case.decided", ("case", public_id), decision=given.decision, reason=reason, recipient=recipient
    )
    case.state, case.decision, case.decided_at, case.forwarded_to = DECIDED, given.decision, datetime.now(UTC), recipient
    add_event(session, case, who, "putusan", note=reason, state=DECIDED, decision=given.decision, recipient=recipient)
    if given.decision == GIVEN_BACK and row.visibility != "rahasia":
        _give_back(session, desk, row)
    return detail(session, desk, who, case, row)


def open_original(session: Session, desk: Desk, who: Principal, public_id: str, why: OpeningIn) -> OriginalOut:
    """The words of a case's message as they came; written down first, in the case too. ApiError 403, 404, 410."""
    _, row = require_case(session, who, public_id)
    return feedback_service.open_original(session, desk, who, row.public_id, why)


def _masked(desk: Desk, text: str) -> str:
    return desk.scoring.masked(text)[:MAX_NOTE_CHARS]


def _require_following(case: IntegrityCase, state: State) -> None:
    allowed = FOLLOWS[case.state]  # type: ignore[index]  # what is stored came from that table
    if state not in allowed:
        names = ", ".join(f"'{STATE_NAMES[name]}'" for name in allowed)
        raise ApiError(
            409,
            "status_tidak_sesuai",
            "Status tidak sesuai urutan",
            f"Sesudah '{STATE_NAMES[case.state]}' dapat: {names}.",  # type: ignore[index]
        )


def _give_back(session: Session, desk: Desk, row: Feedback) -> None:
    """Back at the desk the message is one like others, its unit suggested as after a correction."""
    row.has_case = False
    if row.unit_id is None and row.topic is not None:
        rulebook = load_rulebook(session, desk.labels)
        apply_routing(session, desk.calendar, desk.labels, row, rulebook.decide(facts_of(row, None), "auto", by_person=True))
