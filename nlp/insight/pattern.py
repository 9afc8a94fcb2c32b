"""How much a weekday or a free day counts: messages on it beside an average day of an ordinary week."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nlp.insight.days import Bools, Daily, Days, Floats, Ints, is_non_working

N_KINDS = 8  # Monday to Sunday, and a Monday to Friday on which offices are closed
_FREE = 7
PRIOR_MESSAGES = 20.0
"""A group's own pattern departs from the whole office's as far as its messages outweigh this many.

The prior of each factor is a gamma distribution of mean 1 and standard deviation 1 / sqrt(20), so .22.
"""


@dataclass(frozen=True, slots=True)
class DayPattern:
    """Weight of each kind of day for each group; the seven days of an ordinary week weigh 1 on average."""

    weight: Floats  # (n_groups, 8)
    variance: Floats  # (n_groups, 8), of the logarithm of a weight


def kinds_of(days: pd.DatetimeIndex, non_working: Days) -> Ints:
    """Kind of each day, 0 to 7; a weekend stays a weekend whether or not it is among `non_working`."""
    weekday = np.asarray(days.day_of_week, np.int64)
    return np.where((weekday < 5) & is_non_working(days, non_working), _FREE, weekday)


def day_pattern(table: Daily, kinds: Ints, past: Bools) -> DayPattern:
    """Learn the pattern on the observed days among `past`, (n_days,).

    The office's own factors are its messages a day of each kind; a group's are drawn towards them (empirical Bayes with
    a gamma prior), so that a group of few messages borrows them.
    """
    used = past & table.is_observed
    belongs = np.eye(N_KINDS)[kinds] * used[:, None]
    n = table.n @ belongs  # (n_groups, 8)
    n_days = belongs.sum(axis=0)
    office = np.divide(n.sum(axis=0), n_days, out=np.full(N_KINDS, np.nan), where=n_days > 0)
    mean = np.nanmean(office[:_FREE]) if n[:, :_FREE].sum() else 0.0
    office = np.where(np.isnan(office), mean, office) / mean if mean else np.ones(N_KINDS)
    if not n_days[_FREE]:
        office[_FREE] = office[6]  # never seen: like a Sunday
    weighted_days = n_days * office
    expected = n.sum(axis=1, keepdims=True) * weighted_days / max(weighted_days.sum(), 1e-12)
    weight = office * (n + PRIOR_MESSAGES) / (expected + PRIOR_MESSAGES)
    weight /= np.maximum(weight[:, :_FREE].mean(axis=1, keepdims=True), 1e-12)
    return DayPattern(weight, 1 / (n + PRIOR_MESSAGES))
