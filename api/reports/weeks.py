"""Messages of the last 52 whole weeks, each beside what the weeks before its own month-long block let expect."""

from datetime import date, timedelta

import pandas as pd

from api.reports.context import Context
from nlp.insight.expected import HISTORY_DAYS, expected

N_WEEKS = 52
BLOCK_WEEKS = 4
"""Looked ahead at once: a week is never held against a forecast older than that."""


def weeks(context: Context) -> pd.DataFrame:
    """A row a week from Monday to Sunday, the last one over by the scope's end.

    Columns: `period` (its Monday), `n` (missing where no day is observed), `n_observed`, `expected`, `low`, `high` (95 %
    prediction interval; missing where the past is too short) and `method`, see `nlp.insight.expected`.
    """
    end = last_sunday(context.last_day)
    begin = end - timedelta(days=7 * N_WEEKS - 1)
    history = begin - timedelta(days=HISTORY_DAYS)
    counts, observed, free = context.counts(["day"], history), context.observed_days(history), context.free_days(history)
    blocks = []
    for start in range(0, N_WEEKS, BLOCK_WEEKS):
        first = begin + timedelta(days=7 * start)
        last = first + timedelta(days=7 * BLOCK_WEEKS - 1)
        blocks.append(expected(counts, [], "W", first, last, non_working=free, observed_days=observed))
    return pd.concat(blocks, ignore_index=True)


def last_sunday(day: date) -> date:
    """The last Sunday up to and with a day."""
    return day - timedelta(days=(day.weekday() + 1) % 7)
