"""SQL about the audit trail."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, String, and_, cast, exists, or_, select, text
from sqlalchemy.orm import Session

from api.accounts.tables import Account, ApiKey
from api.audit.tables import AuditEvent, AuditHead
from api.database import hold_writes
from api.feedback.tables import Feedback
from api.integrity.tables import IntegrityCase

CASE_OBJECTS = ("case", "case_export")
CHAIN_LOCK = 0xA0D17


def lock_head(session: Session) -> AuditHead:
    """The chain's newest link, held until the transaction ends, so that two writers cannot fork the chain."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CHAIN_LOCK})
    hold_writes(session)
    head = session.get(AuditHead, 1, populate_existing=True)
    if head is None:
        head = AuditHead(id=1, n_events=0, mac="")
        session.add(head)
    return head


def head(session: Session) -> AuditHead | None:
    """The chain's newest link."""
    return session.get(AuditHead, 1)


def add(session: Session, event: AuditEvent) -> None:
    """Store an event."""
    session.add(event)
    session.flush()


def get(session: Session, event_id: int) -> AuditEvent | None:
    """The event with this number."""
    return session.get(AuditEvent, event_id)


def lacks_beginning(session: Session) -> bool:
    """Whether an account or a key is there whose making no event tells of: the trail was taken away, and began anew."""

    def untold(table: type[Account] | type[ApiKey], action: str) -> ColumnElement[bool]:
        told = exists().where(AuditEvent.action == action, AuditEvent.object_id == cast(table.id, String))
        return exists().where(table.id.is_not(None), ~told)

    return bool(session.scalar(select(or_(untold(Account, "account.created"), untold(ApiKey, "key.created")))))


def all_events(session: Session) -> Iterator[AuditEvent]:
    """Every event, the oldest first, a thousand in memory at a time."""
    yield from session.scalars(select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=1_000))


def page(session: Session, before_id: int | None, limit: int, action: str | None) -> list[tuple[AuditEvent, bool]]:
    """The newest events, or those before `before_id`, each with whether it tells of an integrity case."""
    message_with_case = (
        select(IntegrityCase.id)
        .join(Feedback, Feedback.id == IntegrityCase.feedback_id)
        .where(Feedback.public_id == AuditEvent.object_id)
        .exists()
    )
    about_a_case = or_(AuditEvent.object_type.in_(CASE_OBJECTS), and_(AuditEvent.object_type == "feedback", message_with_case))
    query = select(AuditEvent, about_a_case).order_by(AuditEvent.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(AuditEvent.id < before_id)
    if action is not None:
        query = query.where(AuditEvent.action == action)
    return [(row[0], row[1]) for row in session.execute(query)]


def newest(session: Session, action: str) -> AuditEvent | None:
    """The newest event of this kind."""
    return session.scalar(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id.desc()).limit(1))
