"""SQL about units, rules and dispositions."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.routing.tables import Disposition, RoutingRule, Unit


def add(session: Session, row: Unit | RoutingRule | Disposition) -> None:
    """Store a new row; IntegrityError where a unique value is taken."""
    session.add(row)
    session.flush()


def units(session: Session) -> list[Unit]:
    """Every unit by name, closed ones too."""
    return list(session.scalars(select(Unit).order_by(Unit.name)))


def unit_by_code(session: Session, code: str) -> Unit | None:
    """The unit with this code."""
    return session.scalar(select(Unit).where(Unit.code == code))


def units_by_id(session: Session, ids: set[int]) -> dict[int, Unit]:
    """Units with these ids."""
    return {unit.id: unit for unit in session.scalars(select(Unit).where(Unit.id.in_(ids)))} if ids else {}


def rules(session: Session, *, active_only: bool) -> list[tuple[RoutingRule, Unit]]:
    """Rules with their units in the order in which they are tried."""
    query = select(RoutingRule, Unit).join(Unit, Unit.id == RoutingRule.unit_id).order_by(RoutingRule.position, RoutingRule.id)
    if active_only:
        query = query.where(RoutingRule.is_active, Unit.is_active)
    return [(row[0], row[1]) for row in session.execute(query)]


def rule(session: Session, rule_id: int) -> RoutingRule | None:
    """The rule with this number."""
    return session.get(RoutingRule, rule_id)


def dispositions_of(session: Session, feedback_id: int) -> Sequence[Disposition]:
    """Where a message was sent, the first first."""
    return session.scalars(select(Disposition).where(Disposition.feedback_id == feedback_id).order_by(Disposition.id)).all()
