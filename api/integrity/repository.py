"""SQL about integrity cases."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.integrity.tables import CaseEvent, IntegrityCase, ReporterRequest


def add(session: Session, row: IntegrityCase | CaseEvent | ReporterRequest) -> None:
    """Store a new row."""
    session.add(row)
    session.flush()


def case_of_message(session: Session, feedback_id: int) -> IntegrityCase | None:
    """The case of a message."""
    return session.scalar(select(IntegrityCase).where(IntegrityCase.feedback_id == feedback_id))
