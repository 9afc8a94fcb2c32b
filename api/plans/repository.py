"""SQL about improvement actions and targets."""

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.plans.tables import ImprovementAction, StoredTarget

Plan = TypeVar("Plan", ImprovementAction, StoredTarget)


def add(session: Session, row: ImprovementAction | StoredTarget) -> None:
    """Store a new plan."""
    session.add(row)
    session.flush()


def remove(session: Session, row: ImprovementAction | StoredTarget) -> None:
    """Delete a plan."""
    session.delete(row)
    session.flush()


def page(session: Session, table: type[Plan], units: frozenset[int] | None, before_id: int | None, limit: int) -> list[Plan]:
    """The newest plans, of some units alone where these are given."""
    query = select(table).order_by(table.id.desc()).limit(limit)
    if units is not None:
        query = query.where(table.unit_id.in_(units))
    if before_id is not None:
        query = query.where(table.id < before_id)
    return list(session.scalars(query))


def get(session: Session, table: type[Plan], public_id: str) -> Plan | None:
    """The plan with this id."""
    return session.scalar(select(table).where(table.public_id == public_id))
