"""SQL about integrity cases."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, func, select, true, tuple_
from sqlalchemy.orm import Session

from api.database import hold_writes
from api.feedback.tables import Correction, Feedback
from api.integrity.schemas import CaseFilter
from api.integrity.tables import CaseEvent, IntegrityCase, ReporterRequest
from api.routing.tables import Unit

UNDECIDED = IntegrityCase.decided_at.is_(None)


def add(session: Session, row: IntegrityCase | CaseEvent | ReporterRequest) -> None:
    """Store a new row."""
    session.add(row)
    session.flush()


def case_of_message(session: Session, feedback_id: int) -> IntegrityCase | None:
    """The case of a message."""
    return session.scalar(select(IntegrityCase).where(IntegrityCase.feedback_id == feedback_id))


def corrected_kinds(session: Session, feedback_id: int) -> list[str] | None:
    """Kinds that a person named last; None where nobody did."""
    query = select(Correction.kinds).where(Correction.feedback_id == feedback_id, Correction.kinds.is_not(None))
    return session.scalar(query.order_by(Correction.id.desc()).limit(1))


# ---------------------------------------------------------------------------------------------- cases
def _of_units(units: frozenset[int] | None) -> ColumnElement[bool]:
    return true() if units is None else Feedback.unit_id.in_(units)


def _cases(units: frozenset[int] | None) -> Select[IntegrityCase, Feedback]:
    return select(IntegrityCase, Feedback).join(Feedback, Feedback.id == IntegrityCase.feedback_id).where(_of_units(units))


def get(session: Session, public_id: str, units: frozenset[int] | None) -> tuple[IntegrityCase, Feedback] | None:
    """A case of these units (None: of all) with its message."""
    row = session.execute(_cases(units).where(IntegrityCase.public_id == public_id)).first()
    return (row[0], row[1]) if row else None


def get_for_change(session: Session, public_id: str, units: frozenset[int] | None) -> tuple[IntegrityCase, Feedback] | None:
    """The same, held until the transaction ends. Whoever changes a case holds its message first, desks too."""
    hold_writes(session)
    message = (
        select(Feedback)
        .join(IntegrityCase, IntegrityCase.feedback_id == Feedback.id)
        .where(IntegrityCase.public_id == public_id, _of_units(units))
        .with_for_update(of=Feedback)
    )
    row = session.scalar(message)
    if row is None:
        return None
    found = select(IntegrityCase).where(IntegrityCase.feedback_id == row.id).execution_options(populate_existing=True)
    return session.scalars(found).one(), row


def page(
    session: Session, wanted: CaseFilter, units: frozenset[int] | None, before: tuple[IntegrityCase, Feedback] | None
) -> list[tuple[IntegrityCase, Feedback]]:
    """Cases in the wanted order after `before`, one more than `wanted.limit` where there are more."""
    query = _filtered(_cases(units), wanted)
    if wanted.order == "terbaru":
        query = query.order_by(IntegrityCase.id.desc())
        if before is not None:
            query = query.where(IntegrityCase.id < before[0].id)
    else:
        place = (func.coalesce(Feedback.band, "0"), IntegrityCase.risk, IntegrityCase.id)
        query = query.order_by(*(part.desc() for part in place))
        if before is not None:
            query = query.where(tuple_(*place) < tuple_(before[1].band or "0", before[0].risk, before[0].id))
    return [(row[0], row[1]) for row in session.execute(query.limit(wanted.limit + 1))]


def _filtered(query: Select[IntegrityCase, Feedback], wanted: CaseFilter) -> Select[IntegrityCase, Feedback]:
    for column, value in (
        (IntegrityCase.state, wanted.state),
        (IntegrityCase.decision, wanted.decision),
        (Feedback.topic, wanted.topic),
        (func.substr(IntegrityCase.public_id, 11), wanted.reference),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.kind is not None:
        query = query.where(_is_of_kind(wanted.kind))
    if wanted.unit == "-":
        query = query.where(Feedback.unit_id.is_(None))
    elif wanted.unit is not None:
        query = query.where(Feedback.unit_id.in_(select(Unit.id).where(Unit.code == wanted.unit)))
    if wanted.since is not None:
        query = query.where(Feedback.received_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Feedback.received_at < wanted.until)
    return query


def _is_of_kind(code: str) -> ColumnElement[bool]:
    return IntegrityCase.kinds.contains(f"|{code}|", autoescape=True)


def chosen(
    session: Session, public_ids: Sequence[str], units: frozenset[int] | None
) -> dict[str, tuple[IntegrityCase, Feedback]]:
    """Cases of these units by their ids, as far as they are there."""
    rows = session.execute(_cases(units).where(IntegrityCase.public_id.in_(public_ids)))
    return {row[0].public_id: (row[0], row[1]) for row in rows}


def cases_of(session: Session, feedback_ids: Sequence[int]) -> dict[int, str]:
    """Ids of the cases that these messages have, by message."""
    query = select(IntegrityCase.feedback_id, IntegrityCase.public_id).where(IntegrityCase.feedback_id.in_(feedback_ids))
    return {row[0]: row[1] for row in session.execute(query)} if feedback_ids else {}


# ---------------------------------------------------------------------------------------------- counts
def n_by(session: Session, name: str, units: frozenset[int] | None) -> dict[str, int]:
    """How many cases have each value of a column."""
    column = getattr(IntegrityCase, name)
    query = select(column, func.count()).join(Feedback, Feedback.id == IntegrityCase.feedback_id).where(_of_units(units))
    return {row[0]: row[1] for row in session.execute(query.where(column.is_not(None)).group_by(column))}


def n_undecided(
    session: Session, units: frozenset[int] | None, kinds: Sequence[str], opened_since: Sequence[datetime]
) -> tuple[list[int], list[int], int]:
    """Undecided cases: how many of each kind, how many opened since each moment, how many in all."""
    conditions = [*(_is_of_kind(code) for code in kinds), *(IntegrityCase.opened_at >= moment for moment in opened_since)]
    query = select(func.count(), *(func.sum(case((met, 1), else_=0)) for met in conditions))
    query = query.select_from(IntegrityCase).join(Feedback, Feedback.id == IntegrityCase.feedback_id)
    total, *counts = session.execute(query.where(UNDECIDED, _of_units(units))).one()
    numbers = [int(count or 0) for count in counts]
    return numbers[: len(kinds)], numbers[len(kinds) :], total


# ---------------------------------------------------------------------------------------------- what lies beside
def n_events(session: Session, case_id: int) -> int:
    """How many events a case has."""
    return session.scalar(select(func.count()).where(CaseEvent.case_id == case_id)) or 0


def events_page(session: Session, case_id: int, before_id: int | None, limit: int) -> list[CaseEvent]:
    """The newest events of a case, or those before `before_id`."""
    query = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.id.desc()).limit(limit)
    return list(session.scalars(query if before_id is None else query.where(CaseEvent.id < before_id)))


def changes_of_state(session: Session, case_id: int) -> list[CaseEvent]:
    """Events that changed a case's state, the first first."""
    query = select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.state.is_not(None)).order_by(CaseEvent.id)
    return list(session.scalars(query))


def requests_of(session: Session, case_id: int) -> list[ReporterRequest]:
    """Requests to open who reported, the newest first."""
    query = select(ReporterRequest).where(ReporterRequest.case_id == case_id).order_by(ReporterRequest.id.desc())
    return list(session.scalars(query))


def request(session: Session, case_id: int, public_id: str) -> ReporterRequest | None:
    """One request of a case."""
    return session.scalar(
        select(ReporterRequest).where(ReporterRequest.case_id == case_id, ReporterRequest.public_id == public_id)
    )
