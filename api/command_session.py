"""A database session for one command, and how its lists show a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every `suara` loads this module, also to score a file
    from datetime import datetime

    from sqlalchemy.orm import Session

    from api.settings import Settings
    from api.vault import Vault


@contextmanager
def open_session(settings: "Settings") -> Iterator["Session"]:
    """A session on the migrated database; committed at the end, rolled back on an error."""
    from sqlalchemy.orm import sessionmaker

    from api.database import migrate, open_engine

    engine = open_engine(settings.resolved_database_url)
    migrate(engine)
    with sessionmaker(engine).begin() as session:
        yield session
    engine.dispose()


@contextmanager
def open_books() -> Iterator[tuple["Session", "Vault"]]:
    """A session by the settings, and the vault that proves the audit trail, for a command whose changes are recorded."""
    from api.settings import load_settings

    settings = load_settings()
    vault = settings.open_vault()
    with open_session(settings) as session:
        yield session, vault


def shown(moment: "datetime | None") -> str:
    """A moment in a list, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else "-"
