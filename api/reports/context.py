"""What every report needs at hand, worked out once: who asks, which messages, which days count."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from api.desk import Desk
from api.reports import repository
from api.reports.scope import Scope
from nlp.insight.working_days import WorkingDays
from nlp.labels import FAMILIES, Labels

MAX_MESSAGES = 200_000  # read one by one; counts have no limit


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to what makes a report."""

    session: Session
    desk: Desk
    scope: Scope

    @property
    def labels(self) -> Labels:
        """The label list of the model."""
        return self.desk.labels

    @property
    def last_day(self) -> date:
        """The last day of the scope."""
        return self.scope.until - timedelta(days=1)

    def counts(self, by: list[str], since: date | None = None) -> pd.DataFrame:
        """COUNTS of the scope, or from an earlier day on."""
        scope = self.scope
        earlier = Scope(since or scope.since, scope.until, scope.topic, scope.aspect, scope.district, scope.unit_ids)
        return repository.counts(self.session, by, earlier)

    def observed_days(self, since: date) -> pd.DatetimeIndex:
        """Days from `since` on which the service took messages in."""
        return repository.observed_days(self.session, since, self.scope.until)

    def free_days(self, since: date) -> list[date]:
        """Days from `since` to the scope's end on which offices are closed."""
        days = (since + timedelta(days=n) for n in range((self.scope.until - since).days))
        return [day for day in days if not self.desk.calendar.is_working_day(day)]

    def messages(self, *words: str, limit: int = MAX_MESSAGES) -> pd.DataFrame:
        """MESSAGES of the scope, see `api.reports.repository.messages`."""
        return repository.messages(self.session, self.scope, self.desk.calendar.zone, limit, words)

    def working_days(self, since: date) -> WorkingDays:
        """Counts working days from `since` on as the office's calendar does."""
        free = self.free_days(since)
        weekend = np.is_busday(np.array(free, "datetime64[D]"))
        worked = [
            day
            for n in range((self.scope.until - since).days)
            if (day := since + timedelta(days=n)).weekday() >= 5 and self.desk.calendar.is_working_day(day)
        ]
        return WorkingDays([day for day, is_busday in zip(free, weekend, strict=True) if is_busday], worked)

    def with_names(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with a column `NAME_name` beside each column of label codes."""
        for family in FAMILIES:
            if family in frame:
                names = [self.labels.name(family, code) if code else "" for code in frame[family]]
                frame = frame.assign(**{f"{family}_name": names})
        return frame
