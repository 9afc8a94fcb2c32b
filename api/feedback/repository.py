"""SQL about messages."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.feedback.tables import Feedback, IdempotentRequest


def add(session: Session, row: Feedback | IdempotentRequest) -> None:
    """Store a new row; IntegrityError where another request was first with its unique keys."""
    session.add(row)
    session.flush()


def get(session: Session, public_id: str) -> Feedback | None:
    """The message with this id."""
    return session.scalar(select(Feedback).where(Feedback.public_id == public_id))


def get_by_external_id(session: Session, external_id: str) -> Feedback | None:
    """The message with the sender's own id."""
    return session.scalar(select(Feedback).where(Feedback.external_id == external_id))


def find_request(session: Session, api_key_id: int, idempotency_key: str) -> tuple[IdempotentRequest, Feedback] | None:
    """An earlier request with this key, and the message it stored."""
    row = session.execute(
        select(IdempotentRequest, Feedback)
        .join(Feedback, Feedback.id == IdempotentRequest.feedback_id)
        .where(IdempotentRequest.api_key_id == api_key_id, IdempotentRequest.idempotency_key == idempotency_key)
    ).first()
    return (row[0], row[1]) if row else None


def page(session: Session, before_id: int | None, limit: int) -> list[Feedback]:
    """The newest messages, or those stored before `before_id`."""
    query = select(Feedback).order_by(Feedback.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Feedback.id < before_id)
    return list(session.scalars(query))
