"""When a group's level changed for good: few weeks, each with the level before and after.

Poisson likelihood of weekly counts with the weeks' weights as exposure, cut into stretches so that likelihood less a
penalty is greatest. The cut is exact (optimal partitioning, Jackson et al. 2005, IEEE Signal Processing Letters 12:105):
ten years have 520 weeks, so the pruning that PELT adds is not needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from nlp.insight.days import Day, Days, Floats, Ints, daily
from nlp.insight.pattern import day_pattern, kinds_of

MIN_WEEKS = 6  # of a stretch
MIN_MESSAGES = 20  # of a group, else nothing is sought
PENALTY = 3.0  # times the logarithm of the number of weeks, for each change: its size, and its week, searched for
_COVERAGE = 0.95
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class _Weeks:
    """Sums over the first 0, 1, ... n weeks, each (n_weeks + 1,)."""

    n: Floats
    weight: Floats

    def fit(self, first: Ints | int, last: Ints | int) -> Floats:
        """Greatest log-likelihood of weeks first to last - 1 with one level, but for terms that no cut changes."""
        n, weight = self.n[last] - self.n[first], self.weight[last] - self.weight[first]
        return np.asarray(n * np.log(np.maximum(n, 1e-12) / np.maximum(weight, 1e-12)))


def change_points(
    counts: pd.DataFrame,
    by: Sequence[str],
    start: Day,
    end: Day,
    *,
    non_working: Days = (),
    observed_days: Days | None = None,
) -> pd.DataFrame:
    """Changes of the level of each group of COUNTS between `start` and `end`, a row a change, by group and date.

    Columns: those of `by`, `day` (first day of the new level, in steps of whole weeks up to `end`), `day_low`, `day_high` (95
    % of its probability, all weeks alike before), `before`, `after` (messages of an ordinary week), `ratio` with
    `ratio_low`, `ratio_high` (95 % interval). Missing and free days are allowed for; a yearly season is not, and its
    turns show as changes. Arguments: `nlp.insight.expected.expected`.
    """
    table = daily(counts, by, start, end, observed_days)
    kinds = kinds_of(table.days, non_working)
    pattern = day_pattern(table, kinds, np.ones(len(table.days), bool))
    weight = np.take(pattern.weight, kinds, axis=1) / 7 * table.is_observed
    cut = len(table.days) % 7  # a week begun before `start` is left out
    rows = []
    for group, (n, exposure) in enumerate(zip(table.n[:, cut:], weight[:, cut:], strict=True)):
        weekly, weekly_weight = n.reshape(-1, 7).sum(axis=1), exposure.reshape(-1, 7).sum(axis=1)
        known = np.flatnonzero(weekly_weight > 0)
        days = table.days[cut + 7 * known]
        rows += [(group, *change) for change in _changes(weekly[known], weekly_weight[known], days)]
    names = ["day", "day_low", "day_high", "before", "after", "ratio", "ratio_low", "ratio_high"]
    found = pd.DataFrame(rows, columns=["group", *names]).set_index("group")
    return table.groups.join(found, how="inner").reset_index(drop=True)[[*by, *names]]


def _changes(n: Floats, weight: Floats, days: pd.DatetimeIndex) -> list[tuple[object, ...]]:
    if len(n) < 2 * MIN_WEEKS or n.sum() < MIN_MESSAGES:
        return []
    weeks = _Weeks(np.r_[0.0, np.cumsum(n)], np.r_[0.0, np.cumsum(weight)])
    dispersion = _dispersion_of_neighbours(n, weight)
    cuts = _cuts(weeks, dispersion)
    if cuts:  # again with the spread around the levels found, which also holds what weeks share with their neighbours
        dispersion = max(dispersion, _dispersion_around(n, weight, cuts))
        cuts = _cuts(weeks, dispersion)
    edges = [0, *cuts, len(n)]
    return [
        (*_when(weeks, dispersion, days, *edges[i : i + 3]), *_how_much(weeks, dispersion, *edges[i : i + 3]))
        for i in range(len(cuts))
    ]


def _cuts(weeks: _Weeks, dispersion: float) -> list[int]:
    """First weeks of all stretches but the first."""
    n_weeks = len(weeks.n) - 1
    cost = PENALTY * np.log(n_weeks) / 2 * dispersion
    best, previous = np.full(n_weeks + 1, -np.inf), np.zeros(n_weeks + 1, np.int64)
    best[0] = cost  # the first stretch begins without a change
    for last in range(MIN_WEEKS, n_weeks + 1):
        firsts: Ints = np.arange(last - MIN_WEEKS + 1, dtype=np.int64)
        gain = best[firsts] + weeks.fit(firsts, last) - cost
        previous[last] = gain.argmax()
        best[last] = gain[previous[last]]
    cuts, last = [], n_weeks
    while (last := int(previous[last])) > 0:
        cuts.append(last)
    return cuts[::-1]


def _dispersion_of_neighbours(n: Floats, weight: Floats) -> float:
    """Variance over mean from differences of neighbouring weeks, which a change of level touches once; at least 1."""
    rate = (n[1:] + n[:-1]) / (weight[1:] + weight[:-1])
    expected = rate * (1 / weight[1:] + 1 / weight[:-1])
    squares = (n[1:] / weight[1:] - n[:-1] / weight[:-1]) ** 2
    used = expected > 0
    return max(1.0, float(squares[used].sum() / expected[used].sum())) if used.any() else 1.0


def _dispersion_around(n: Floats, weight: Floats, cuts: list[int]) -> float:
    edges = [0, *cuts, len(n)]
    mean = np.concatenate([weight[a:b] * n[a:b].sum() / weight[a:b].sum() for a, b in pairwise(edges)])
    used = mean > 0
    return float(((n - mean)[used] ** 2 / mean[used]).sum() / max(used.sum() - len(edges) + 1, 1))


def _when(
    weeks: _Weeks, dispersion: float, days: pd.DatetimeIndex, first: int, cut: int, last: int
) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp]:
    """The week of the change, and the shortest run of weeks around it that holds 95 % of its posterior probability."""
    places: Ints = np.arange(first + 1, last, dtype=np.int64)
    support = (weeks.fit(first, places) + weeks.fit(places, last)) / dispersion
    probability = np.exp(support - support.max())
    kept = np.argsort(-probability, kind="stable")
    enough = np.searchsorted(np.cumsum(probability[kept]) / probability.sum(), _COVERAGE) + 1
    inside = np.r_[places[kept[:enough]], cut]
    return days[cut], days[inside.min()], days[inside.max()]


def _how_much(weeks: _Weeks, dispersion: float, first: int, cut: int, last: int) -> tuple[float, ...]:
    n_before, n_after = weeks.n[cut] - weeks.n[first], weeks.n[last] - weeks.n[cut]
    weight_before, weight_after = weeks.weight[cut] - weeks.weight[first], weeks.weight[last] - weeks.weight[cut]
    # half a message more on both sides: a level of none has a ratio too
    ratio = (n_after + 0.5) / weight_after / ((n_before + 0.5) / weight_before)
    error = np.sqrt(dispersion * (1 / (n_before + 0.5) + 1 / (n_after + 0.5)))
    return n_before / weight_before, n_after / weight_after, ratio, ratio * np.exp(-_Z * error), ratio * np.exp(_Z * error)
