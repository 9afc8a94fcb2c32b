"""The database and the desk for one command, and how its lists show a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every `suara` loads this module, also to score a file
    from datetime import datetime

    from sqlalchemy.orm import Session, sessionmaker

    from api.desk import Desk
    from api.settings import Settings
    from api.vault import Vault

READY_WITHIN_S = 600  # a model that is first built by another process, on a slow machine


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


@contextmanager
def open_books() -> Iterator[tuple["Session", "Vault"]]:
    """A session by the settings, and the vault that proves the audit trail, for a command whose changes are recorded."""
    from api.settings import load_settings

    settings = load_settings()
    vault = settings.open_vault()
    with open_session(settings) as session:
        yield session, vault


def open_desk(settings: "Settings") -> "Desk":
    """What the rooms share, its model loaded; SuaraError where the bundle or the keys are unusable."""
    from api.desk import Desk
    from api.routing.calendar import WorkCalendar
    from api.scoring.service import ScoringService
    from nlp import check_bundle

    check_bundle(settings.model_dir)
    scoring = ScoringService(settings.model_dir)
    scoring.start()
    scoring.wait(READY_WITHIN_S)
    return Desk(settings, scoring, settings.open_vault(), WorkCalendar(settings.timezone, settings.holidays))


def quiet(log_level: str) -> str:
    """The level for a command that answers in a sentence: what a service tells its log would only stand in the way."""
    return "WARNING" if log_level == "INFO" else log_level


def shown(moment: "datetime | None") -> str:
    """A moment in a list, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else "-"
