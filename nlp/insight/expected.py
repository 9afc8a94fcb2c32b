"""What a group's past lets expect of days to come: mean, interval, and the distribution around it.

Mean: level of the week (`nlp.insight.level`) times weight of the day (`nlp.insight.pattern`). Around it a negative
binomial distribution whose `size` is 1 / (overdispersion + variance of the mean's logarithm), so that intervals hold
both the chance of counts and the uncertainty of what was fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nlp.insight.days import Bools, Daily, Day, Days, Floats, Ints, daily
from nlp.insight.level import INSUFFICIENT, Level, fit_level
from nlp.insight.pattern import N_KINDS, DayPattern, day_pattern, kinds_of
from nlp.insight.series import Frequency, by_period, periods_of
from nlp.insight.spread import pooled, spread_of

HISTORY_DAYS = 3 * 364  # what lies further back says little of today
COVERAGE = 0.95
MIN_VARIANCE = 1e-9  # of a logarithm: keeps sizes finite


@dataclass(frozen=True, slots=True)
class Outlook:
    """Negative binomial distribution of messages for each group and stretch of days; nan where the past is too short."""

    mean: Floats  # (n_groups, n_stretches)
    size: Floats  # (n_groups, n_stretches); variance = mean + mean ** 2 / size
    method: list[str]  # (n_groups,), see nlp.insight.level


def expected(
    counts: pd.DataFrame,
    by: Sequence[str],
    freq: Frequency,
    start: Day,
    end: Day,
    *,
    non_working: Days = (),
    observed_days: Days | None = None,
) -> pd.DataFrame:
    """Expected range of each period from `start` to `end` for each group, from its days before `start`.

    Columns: those of `by`, `period`, `n` (missing where no day is observed), `n_observed`, `expected`, `low`, `high` (95 %
    prediction interval), `method` ('poisson', 'negative_binomial', 'mean' for a short or sparse past, 'insufficient').
    Expected are the messages of the observed days; of all its days in a period that is missing or yet to come.
    `non_working`: dates on which offices are closed, weekends or not. Other arguments: `nlp.insight.days.daily`.
    """
    begin = pd.Timestamp(start).normalize()
    table = daily(counts, by, begin - pd.Timedelta(days=HISTORY_DAYS), end, observed_days)
    starts, first = periods_of(table.days[HISTORY_DAYS:], freq)
    first += HISTORY_DAYS
    n_observed = np.add.reduceat(table.is_observed.astype(np.int64), first)
    stretches = [
        days[table.is_observed[days]] if table.is_observed[days].any() else days
        for days in np.split(np.arange(len(table.days)), first)[1:]
    ]
    outlook = outlook_of(table, HISTORY_DAYS, stretches, non_working, by_day=freq == "D")
    n = by_period(table, first)
    n[:, n_observed == 0] = np.nan
    frame = table.groups.loc[table.groups.index.repeat(len(starts))].reset_index(drop=True)
    frame["period"] = np.tile(starts.start_time.to_numpy(), len(n))
    frame["n"], frame["n_observed"] = n.ravel(), np.tile(n_observed, len(n))
    low, high = interval_of(outlook)
    frame["expected"], frame["low"], frame["high"] = outlook.mean.ravel(), low.ravel(), high.ravel()
    frame["method"] = np.repeat(outlook.method, len(starts))
    return frame


def interval_of(outlook: Outlook) -> tuple[Floats, Floats]:
    """Prediction interval of 95 %, whole numbers of messages, both (n_groups, n_stretches)."""
    from scipy.stats import nbinom

    chance = outlook.size / (outlook.size + outlook.mean)
    tail = (1 - COVERAGE) / 2
    return nbinom.ppf(tail, outlook.size, chance), nbinom.ppf(1 - tail, outlook.size, chance)


def outlook_of(table: Daily, n_past: int, stretches: Sequence[Ints], non_working: Days, *, by_day: bool = False) -> Outlook:
    """Outlook on stretches of days (positions in `table.days`), from the first `n_past` days of the table.

    `by_day`: spread is measured among days; else among weeks, which holds what days of one week share.
    """
    kinds = kinds_of(table.days, non_working)
    position = np.arange(len(table.days))
    used = (position < n_past) & table.is_observed
    began = int(np.argmax(used)) if used.any() else n_past
    n_weeks = -((began - n_past) // 7)
    week = (position - n_past) // 7 + n_weeks  # the last ends with the past; the first may be cut
    pattern = day_pattern(table, kinds, position < n_past)
    day_weight = np.take(pattern.weight, kinds, axis=1) / 7  # an ordinary week weighs 1
    belongs = np.zeros((len(stretches), len(position)))
    for i, days in enumerate(stretches):
        belongs[i, days] = 1
    unit = position if by_day else week
    shape = (len(table.groups), len(stretches))
    variance, of_days = np.full(shape, np.nan), np.full(day_weight.shape, np.nan)
    methods, spreads = [], []
    for group in range(shape[0]):
        n, weight = table.n[group], day_weight[group]
        level = fit_level(_by_week(n, week, used, n_weeks), _by_week(weight, week, used, n_weeks))
        methods.append(level.method)
        if level.method != INSUFFICIENT:
            design = level.terms.design(week.astype(np.float64))
            of_day = np.exp(design @ level.coefficients) * weight
            spreads.append(spread_of(n[used], of_day[used], design.shape[1]) if by_day else level.spread)
            of_days[group] = of_day
            variance[group] = _of_level(level, design, belongs * of_day) + _of_pattern(pattern, group, kinds, belongs * of_day)
    overdispersion, correlation = pooled(spreads)
    judged = [group for group, method in enumerate(methods) if method != INSUFFICIENT]
    for group, spread in zip(judged, overdispersion, strict=True):
        variance[group] += spread * _concentration(belongs * of_days[group], unit, correlation)
    return Outlook(of_days @ belongs.T, 1 / np.maximum(variance, MIN_VARIANCE), methods)


def _by_week(values: Floats, week: Ints, used: Bools, n_weeks: int) -> Floats:
    return np.bincount(week[used], values[used], minlength=n_weeks).astype(np.float64)


def _of_level(level: Level, design: Floats, means: Floats) -> Floats:
    """Variance of the logarithm of each stretch's mean from the level's coefficients; `means`: (n_stretches, n_days)."""
    slope = means @ design / np.maximum(means.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.einsum("ij,jk,ik->i", slope, level.covariance, slope))


def _of_pattern(pattern: DayPattern, group: int, kinds: Ints, means: Floats) -> Floats:
    """The same from the weights of days: none for whole ordinary weeks, in which their errors cancel."""
    by_kind = means @ np.eye(N_KINDS)[kinds] / np.maximum(means.sum(axis=1, keepdims=True), 1e-12)
    ordinary = np.r_[pattern.weight[group, :-1] / 7, 0.0]
    return np.asarray((by_kind - ordinary) ** 2 @ pattern.variance[group])


def _concentration(means: Floats, unit: Ints, correlation: float) -> Floats:
    """Variance of each stretch's mean of factors of variance 1, one a unit (day or week), weighted by the unit's means.

    1 / n for n equal units whose factors do not hang together.
    """
    begins = np.flatnonzero(np.diff(unit, prepend=unit[0] - 1))
    by_unit = np.add.reduceat(means, begins, axis=1)
    by_unit = by_unit[:, by_unit.any(axis=0)]
    apart = np.abs(np.subtract.outer(np.arange(by_unit.shape[1]), np.arange(by_unit.shape[1])))
    covariance = np.where(apart == 0, 1.0, correlation**apart)
    return np.asarray(np.einsum("ij,jk,ik->i", by_unit, covariance, by_unit) / np.maximum(means.sum(axis=1), 1e-12) ** 2)
