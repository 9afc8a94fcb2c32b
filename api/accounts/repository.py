"""SQL about API keys."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.tables import ApiKey


def add_key(session: Session, key: ApiKey) -> None:
    """Store a new key."""
    session.add(key)


def find_key(session: Session, prefix: str) -> ApiKey | None:
    """The key with this prefix, revoked or not."""
    return session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
