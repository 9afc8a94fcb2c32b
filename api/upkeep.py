"""What the worker does once a day: destroy originals whose time is over, and find the themes of every topic anew.

Several workers may do it on the same day; that changes nothing, for each step does only what is still to be done.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from api.desk import Desk
from api.feedback.keeping import destroy_expired
from api.reports.context import Context
from api.reports.scope import Scope
from api.reports.themes import refresh_themes

log = structlog.get_logger()
THEME_DAYS = 92  # a quarter: long enough to tell what is new from what is usual


@dataclass(slots=True)
class Upkeep:
    """Call it as often as you like: it works on the first call of a day, and tries again after an error."""

    desk: Desk
    sessions: sessionmaker[Session]
    done_on: date | None = field(default=None)

    def __call__(self) -> None:
        """Do what is due."""
        today = self.desk.calendar.day_of(datetime.now(UTC))
        if self.done_on == today:
            return
        try:
            n_destroyed = sum(
                destroy_expired(self.sessions, self.desk.vault, self.desk.settings.original_days, datetime.now(UTC))
            )
            for topic in self.desk.labels.codes("topic"):  # a transaction each: none holds others up for long
                with self.sessions.begin() as session:
                    scope = Scope(today - timedelta(days=THEME_DAYS), today, topic)
                    refresh_themes(Context(session, self.desk, scope), topic)
        except SQLAlchemyError as error:
            log.warning("upkeep put off", error=type(error).__name__)
            return
        self.done_on = today
        log.info("upkeep done", rows=n_destroyed)
