"""COUNTS as one row of days for each group, and which days were observed at all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Day: TypeAlias = str | date | np.datetime64
Days: TypeAlias = Iterable[object]
"""Dates in any form that pandas reads."""

SILENCE_PROBABILITY = 0.01
"""A day without any message is missing where that would happen by chance less often than this."""


@dataclass(frozen=True, slots=True)
class Daily:
    """Messages a day of each group, on every calendar day of a range."""

    groups: pd.DataFrame  # (n_groups, n_dimensions): what the groups are, sorted
    days: pd.DatetimeIndex  # (n_days,)
    n: Floats  # (n_groups, n_days), 0 on days that were not observed
    is_observed: Bools  # (n_days,)


def daily(counts: pd.DataFrame, by: Sequence[str], start: Day, end: Day, observed_days: Days | None = None) -> Daily:
    """Messages a day from `start` to `end`, both included, for every group that occurs anywhere in COUNTS.

    `by`: any columns of DIMENSIONS, also none. `observed_days`: dates on which messages were taken in; without it they
    are told from `counts`, which must then hold every message of the office and not a part of them.
    """
    days = pd.date_range(pd.Timestamp(start).normalize(), pd.Timestamp(end).normalize(), freq="D")
    is_observed = _told(counts, days) if observed_days is None else _is_among(days, observed_days)
    if by:
        grouped = counts.groupby(list(by), observed=True, sort=True)
        groups = grouped.size().index.to_frame(index=False)
        codes = grouped.ngroup().to_numpy()
    else:
        groups, codes = pd.DataFrame(index=pd.RangeIndex(1)), np.zeros(len(counts), np.int64)
    positions = _positions(counts["day"], days)
    kept = (positions >= 0) & (positions < len(days))
    cells = codes[kept] * len(days) + positions[kept]
    n: Floats = np.bincount(cells, counts["n"].to_numpy(np.float64)[kept], minlength=len(groups) * len(days)).astype(np.float64)
    return Daily(groups, days, n.reshape(len(groups), len(days)) * is_observed, is_observed)


def is_non_working(days: pd.DatetimeIndex, non_working: Days) -> Bools:
    """Which days are among the dates given, (n_days,)."""
    return _is_among(days, non_working)


def _is_among(days: pd.DatetimeIndex, dates: Days) -> Bools:
    given = pd.DatetimeIndex(list(dates)).normalize() if not isinstance(dates, pd.DatetimeIndex) else dates.normalize()
    return np.asarray(np.isin(days.to_numpy("datetime64[D]"), given.to_numpy("datetime64[D]")), np.bool_)


def _positions(day: pd.Series, days: pd.DatetimeIndex) -> Ints:
    return np.asarray((day.to_numpy("datetime64[D]") - days.to_numpy("datetime64[D]")[:1]).astype(np.int64))


def _told(counts: pd.DataFrame, days: pd.DatetimeIndex) -> Bools:
    """Observed days told from the counts: not before the first message, not where silence is no chance (Poisson)."""
    if counts.empty:
        return np.zeros(len(days), bool)
    day = counts["day"].to_numpy("datetime64[D]")
    whole = pd.date_range(day.min(), day.max(), freq="D")
    total = np.bincount(_positions(counts["day"], whole), counts["n"].to_numpy(np.float64), minlength=len(whole))
    mean = np.array([total[whole.day_of_week == k].mean() if (whole.day_of_week == k).any() else 0.0 for k in range(7)])
    positions = _positions(pd.Series(days), whole)
    inside = (positions >= 0) & (positions < len(whole))
    came = np.zeros(len(days))
    came[inside] = total[positions[inside]]
    could_be_silent = np.exp(-mean[days.day_of_week]) >= SILENCE_PROBABILITY
    return np.asarray((came > 0) | (could_be_silent & (positions >= 0)))
