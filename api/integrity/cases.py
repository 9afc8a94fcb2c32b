"""Open and reopen the integrity case of a message; the one door through which the other rooms reach this one."""

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy.orm import Session

from api.accounts.principal import SYSTEM, Principal
from api.errors import ApiError
from api.feedback.tables import Feedback
from api.identifiers import new_public_id
from api.integrity import repository
from api.integrity.states import GIVEN_BACK, NEW
from api.integrity.tables import CaseEvent, IntegrityCase

MAX_EVENTS = 1_000  # of one case
MAX_NOTE_CHARS = 2_000
Span = tuple[datetime, datetime | None]


def open_case(session: Session, row: Feedback, origin: Literal["model", "petugas", "rahasia"], who: Principal = SYSTEM) -> None:
    """Open a case unless the message has one that is open; from then on its words are for the integrity unit alone.

    A case that was given back to the desk begins anew with its old events.
    """
    was_at_the_desk, row.has_case = not row.has_case, True
    case = repository.case_of_message(session, row.id)
    if case is None:
        case = IntegrityCase(
            public_id=new_public_id(),
            feedback_id=row.id,
            origin=origin,
            state=NEW,
            risk=row.assessments[0].integrity_risk or 0.0,
            kinds=_leading_kinds(session, row),
            opened_at=datetime.now(UTC),
        )
        repository.add(session, case)
        add_event(session, case, who, "dibuka", state=NEW)
    elif was_at_the_desk:
        case.state, case.decision, case.decided_at = NEW, None, None
        add_event(session, case, who, "dibuka_kembali", state=NEW)


def keep_kinds(session: Session, row: Feedback) -> None:
    """After a correction: the case of the message, where it has one, is of the kinds that lead now."""
    case = repository.case_of_message(session, row.id)
    if case is not None:
        case.kinds = _leading_kinds(session, row)


def _leading_kinds(session: Session, row: Feedback) -> str:
    corrected = repository.corrected_kinds(session, row.id)
    kinds = row.assessments[0].content["kinds"] if corrected is None else corrected
    return "".join(f"|{code}" for code in kinds) + ("|" if kinds else "")


def note_opening(session: Session, row: Feedback, who: Principal, masked_reason: str) -> None:
    """The original words of a message with a case were opened."""
    case = repository.case_of_message(session, row.id)
    if case is not None:
        add_event(session, case, who, "teks_asli", note=masked_reason)


def add_event(
    session: Session, case: IntegrityCase, who: Principal, kind: str, *, note: str | None = None, **changed: str | None
) -> None:
    """Write down what was done; `changed`: state, decision, recipient. ApiError 409 once a case holds MAX_EVENTS."""
    if repository.n_events(session, case.id) >= MAX_EVENTS:
        raise ApiError(
            409,
            "perkara_penuh",
            "Catatan perkara penuh",
            f"Satu perkara memuat paling banyak {MAX_EVENTS} catatan. Hubungi pengelola.",
        )
    event = CaseEvent(case_id=case.id, kind=kind, note=note, created_at=datetime.now(UTC), **changed, **who.actor)
    repository.add(session, event)


def spans_in_the_room(session: Session, row: Feedback) -> list[Span]:
    """When the message was with the integrity unit, each from a moment until a moment (None: still is).

    What was written meanwhile stays there when the message is given back.
    """
    case = repository.case_of_message(session, row.id)
    if case is None:
        return []
    spans: list[Span] = [(case.opened_at, None)]
    for event in repository.changes_of_state(session, case.id):
        start, end = spans[-1]
        if event.decision == GIVEN_BACK and end is None:
            spans[-1] = (start, event.created_at)
        elif event.decision is None and end is not None:
            spans.append((event.created_at, None))
    return spans
