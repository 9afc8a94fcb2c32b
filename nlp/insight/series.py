"""Messages by day, week or month and group: counts, rates per observed day, and shares of a label."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from nlp.insight.days import Daily, Day, Days, Floats, Ints, daily

Frequency = Literal["D", "W", "M"]
_PERIODS = {"D": "D", "W": "W-SUN", "M": "M"}  # weeks begin on Monday


def series(
    counts: pd.DataFrame,
    by: Sequence[str],
    freq: Frequency,
    start: Day,
    end: Day,
    observed_days: Days | None = None,
) -> pd.DataFrame:
    """Messages of each period and group of COUNTS, rows by group, then period.

    Columns: those of `by`, `period` (its first calendar day), `n` (messages on observed days), `n_days` (calendar days of
    the whole period), `n_observed` (of them inside the range and observed), `rate` (messages per observed day). A period
    without an observed day has no `n` and no `rate`: it is missing, not zero; a group without messages on observed days
    has zero. `by` and `observed_days`: see `nlp.insight.days.daily`.
    """
    table = daily(counts, by, start, end, observed_days)
    starts, first = periods_of(table.days, freq)
    n_observed = np.add.reduceat(table.is_observed.astype(np.int64), first)
    n = by_period(table, first)
    n[:, n_observed == 0] = np.nan
    frame = table.groups.loc[table.groups.index.repeat(len(starts))].reset_index(drop=True)
    frame["period"] = np.tile(starts.start_time.to_numpy(), len(n))
    frame["n"] = n.ravel()
    frame["n_days"] = np.tile(_days_in(starts, freq), len(n))
    frame["n_observed"] = np.tile(n_observed, len(n))
    frame["rate"] = frame["n"] / frame["n_observed"].where(frame["n_observed"] > 0)
    return frame


def shares(
    counts: pd.DataFrame,
    of: str,
    by: Sequence[str],
    freq: Frequency,
    start: Day,
    end: Day,
    observed_days: Days | None = None,
) -> pd.DataFrame:
    """Of each period's and group's messages, the share with each code of the dimension `of` (sentiment, urgency, band, ...).

    Messages without that label are left out. Columns: those of `by`, `of`, `period`, `n` (messages with the code), `total`,
    `share` (0 to 1), `low`, `high` (95 % interval of Wilson, 1927); the last three are missing where the total is none.
    """
    from statsmodels.stats.proportion import proportion_confint

    frame = series(counts[counts[of] != ""], [*by, of], freq, start, end, _observed(counts, start, end, observed_days))
    frame["total"] = frame.groupby([*by, "period"], observed=True)["n"].transform("sum", min_count=1)
    total = frame["total"].where(frame["total"] > 0)
    frame["share"] = frame["n"] / total
    frame["low"], frame["high"] = proportion_confint(frame["n"], total, method="wilson")
    return frame[[*by, of, "period", "n", "total", "share", "low", "high"]]


def periods_of(days: pd.DatetimeIndex, freq: Frequency) -> tuple[pd.PeriodIndex, Ints]:
    """The periods that a range of days touches, and the position of the first day of each."""
    periods = days.to_period(_PERIODS[freq])
    first = np.flatnonzero(np.r_[True, periods[1:] != periods[:-1]])
    return periods[first], first


def by_period(table: Daily, first: Ints) -> Floats:
    """Messages of each group in each period, (n_groups, n_periods); `first`: where each period begins."""
    return np.asarray(np.add.reduceat(table.n, first, axis=1), np.float64)


def _days_in(periods: pd.PeriodIndex, freq: Frequency) -> Ints:
    return np.asarray(periods.days_in_month if freq == "M" else np.full(len(periods), 7 if freq == "W" else 1), np.int64)


def _observed(counts: pd.DataFrame, start: Day, end: Day, observed_days: Days | None) -> Days:
    """Told from all messages, before those without the label are left out."""
    if observed_days is not None:
        return observed_days
    whole = daily(counts, [], start, end)
    return list(whole.days[whole.is_observed])
