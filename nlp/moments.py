"""Moments as people write them into tables: ISO 8601, or day, month and year with or without a time."""

import re
from datetime import datetime

EARLIEST_YEAR = 1990  # before it a date is a slip of the pen, or a sheet's day number read as a date
FORMS = "2026-11-20 08:15 atau 20/11/2026 08.15"
_INDONESIAN = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ ,T]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?)?")


def read_moment(text: str) -> datetime:
    """The moment that a cell holds, without a zone where none is written; ValueError for what is none.

    >>> read_moment("20/11/2026 08.15")
    datetime.datetime(2026, 11, 20, 8, 15)
    """
    match = _INDONESIAN.fullmatch(text)
    if match is None:
        return datetime.fromisoformat(text)
    day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
    return datetime(year, month, day, hour, minute, second)
