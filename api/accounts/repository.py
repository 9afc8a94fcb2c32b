"""SQL about accounts, sessions and API keys."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.accounts.tables import ApiKey, ApiKeyUnit


def add_key(session: Session, key: ApiKey) -> None:
    """Store a new key."""
    session.add(key)


def find_key(session: Session, prefix: str) -> ApiKey | None:
    """The key with this prefix, revoked or not."""
    return session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))


def units_of_key(session: Session, key_id: int) -> frozenset[int] | None:
    """The units a key is limited to; None for all."""
    return frozenset(session.scalars(select(ApiKeyUnit.unit_id).where(ApiKeyUnit.api_key_id == key_id))) or None


def note_use(session: Session, key_id: int, now: datetime) -> None:
    """When a key was last used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))
