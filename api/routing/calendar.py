"""Working days of Indonesian offices: Monday to Friday without national holidays and joint leave."""

import tomllib
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays

from nlp.errors import SuaraError, reason_of

DEFAULT_PATH = Path(__file__).with_name("hari_libur.toml")
MAX_WORKING_DAYS = 366


class WorkCalendar:
    """Counts working days in one time zone. Safe to share between threads."""

    def __init__(self, timezone: str, path: Path = DEFAULT_PATH) -> None:
        """`path`: dates that are free (`libur`) or worked (`masuk`) besides the national list; SuaraError if unreadable."""
        self.zone = ZoneInfo(timezone)
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            self._free, self._worked = (frozenset(map(_as_date, data.get(name, []))) for name in ("libur", "masuk"))
        except (OSError, ValueError) as error:
            why = reason_of(error).lower() if isinstance(error, OSError) else error
            raise SuaraError(
                f"daftar hari libur tidak terbaca: {why}",
                where=str(path),
                remedy="Tulis libur = [2026-12-24] dan masuk = [], tanggal tanpa kutip.",
            ) from error

    def day_of(self, moment: datetime) -> date:
        """The local day of a moment."""
        return moment.astimezone(self.zone).date()

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open."""
        if day in self._worked:
            return True
        return day.weekday() < 5 and day not in self._free and day not in _national(day.year)

    def add_working_days(self, start: date, n_days: int) -> date:
        """The day on which `n_days` working days after `start` are over; `start` itself is not counted.

        A last day past the calendar's end is that end.
        """
        day, left = start, min(n_days, MAX_WORKING_DAYS)
        while left > 0 and day < date.max:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return day

    def working_days_since(self, start: date, end: date) -> int:
        """How many working days are over after `start` and up to `end`, at most MAX_WORKING_DAYS."""
        day, n_days = start, 0
        while day < end and n_days < MAX_WORKING_DAYS:
            day += timedelta(days=1)
            n_days += self.is_working_day(day)
        return n_days

    def day_before(self, end: date, n_days: int) -> date:
        """The earliest day since which not more than `n_days` working days are over on `end`."""
        day, left = end, min(n_days, MAX_WORKING_DAYS)
        while day > date.min and (left := left - self.is_working_day(day)) >= 0:
            day -= timedelta(days=1)
        return day

    def start_of(self, day: date) -> datetime:
        """The moment at which a local day begins."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)


def _as_date(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{value!r} bukan tanggal")
    return value


@lru_cache(maxsize=64)
def _national(year: int) -> frozenset[date]:
    """National holidays and the joint leave that the `holidays` package knows."""
    return frozenset(holidays.country_holidays("ID", years=year, categories=("public", "government")))
