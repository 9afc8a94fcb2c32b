"""The database for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every `suara` loads this module, also to score a file
    from sqlalchemy.orm import Session, sessionmaker

    from api.settings import Settings


@contextmanager
def open_sessions(settings: "Settings") -> Iterator["sessionmaker[Session]"]:
    """Sessions on the migrated database, for commands that need several transactions."""
    from zoneinfo import ZoneInfo

    from api.database import migrate, open_engine
    from api.reports.counting import counting_sessions

    engine = open_engine(settings.resolved_database_url)
    migrate(engine)
    yield counting_sessions(engine, ZoneInfo(settings.timezone))
    engine.dispose()


@contextmanager
def open_session(settings: "Settings") -> Iterator["Session"]:
    """A session on the migrated database; committed at the end, rolled back on an error."""
    with open_sessions(settings) as sessions, sessions.begin() as session:
        yield session
