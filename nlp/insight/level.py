"""A group's level from week to week: trend or step, yearly season, and spread, fitted on its past.

Weekly counts with a logarithmic link, the weeks' weights as exposure: Poisson where counts spread no more than it says,
else negative binomial (Hilbe, Negative Binomial Regression, 2011). Trend, step and season come in only where they earn
it, since a slope that is not there doubles the error of what lies ahead (Farrington et al. 1996, JRSS A 159:547).
"""

from dataclasses import dataclass, replace

import numpy as np

from nlp.insight.days import Floats
from nlp.insight.spread import Spread, spread_of

WEEKS_A_YEAR = 365.25 / 7
MIN_WEEKS = 26  # for a regression; fewer give a mean
MIN_WEEKS_SEASON = 104
MIN_WEEKS_MEAN = 4  # fewer give nothing
MIN_MESSAGES = 30  # for a regression
MIN_WEEKS_STEP = 8  # before and after a step
MAX_WEEKS_AHEAD = 13  # a trend goes on for a quarter of a year and then rests
POISSON, NEGATIVE_BINOMIAL, MEAN, INSUFFICIENT = "poisson", "negative_binomial", "mean", "insufficient"


@dataclass(frozen=True, slots=True)
class Terms:
    """What besides a constant stands in the logarithm of the weekly level."""

    n_weeks: int  # of the past, with missing ones
    has_season: bool = False
    has_trend: bool = False
    step_week: int | None = None  # the first week of a new level

    def design(self, week: Floats) -> Floats:
        """Terms at weeks counted from the first, fractions allowed, (n, n_terms)."""
        columns = [np.ones(len(week))]
        if self.has_season:
            angle = 2 * np.pi * week / WEEKS_A_YEAR
            columns += [np.sin(angle), np.cos(angle)]
        if self.has_trend:
            columns.append((np.minimum(week, self.n_weeks + MAX_WEEKS_AHEAD) - self.n_weeks) / WEEKS_A_YEAR)
        if self.step_week is not None:
            columns.append((week >= self.step_week).astype(np.float64))
        return np.column_stack(columns)


@dataclass(frozen=True, slots=True)
class Level:
    """Messages of a week of weight 1 as exp(terms.design(week) @ coefficients)."""

    method: str
    terms: Terms
    coefficients: Floats  # (n_terms,)
    covariance: Floats  # (n_terms, n_terms)
    spread: Spread  # of weeks around that mean


def fit_level(n: Floats, weight: Floats) -> Level:
    """Fit on the messages and weights of consecutive weeks, both (n_weeks,); weeks of weight 0 are missing."""
    known = weight > 0
    n_known, terms = int(known.sum()), Terms(len(n))
    if n_known < MIN_WEEKS_MEAN:
        return Level(INSUFFICIENT, terms, np.zeros(1), np.zeros((1, 1)), Spread(0.0, 0.0, n_known))
    if n_known < MIN_WEEKS or n[known].sum() < MIN_MESSAGES:
        return _constant(n[known], weight[known], terms, is_sparse=True)
    week = np.flatnonzero(known).astype(np.float64)
    terms = _chosen(n[known], weight[known], week, terms)
    if terms == Terms(len(n)):
        return _constant(n[known], weight[known], terms)
    return _regression(n[known], weight[known], terms, week)


def _constant(n: Floats, weight: Floats, terms: Terms, *, is_sparse: bool = False) -> Level:
    """One level, whose Poisson regression has a closed form, with the variance that the spread gives it.

    Sparse: half a message more, as by the Jeffreys prior of a Poisson rate, so that none yet is not never.
    """
    total = n.sum() + (0.5 if is_sparse else 0.0)
    spread = spread_of(n, weight * total / weight.sum(), n_terms=1)
    variance = max(1.0, 1 + spread.overdispersion * spread.mean) / total
    method = MEAN if is_sparse else _method(spread)
    return Level(method, terms, np.log([total / weight.sum()]), np.array([[variance]]), spread)


def _regression(n: Floats, weight: Floats, terms: Terms, week: Floats) -> Level:
    from statsmodels.genmod.families import NegativeBinomial, Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    design = terms.design(week)
    constant = np.r_[np.log(n.sum() / weight.sum()), np.zeros(design.shape[1] - 1)]
    fit = GLM(n, design, family=Poisson(), exposure=weight).fit(start_params=constant, maxiter=50)
    spread = spread_of(n, np.asarray(fit.mu), design.shape[1])
    if spread.overdispersion > 0:
        family = NegativeBinomial(alpha=spread.overdispersion)
        fit = GLM(n, design, family=family, exposure=weight).fit(start_params=fit.params, maxiter=50, scale=1.0)
    return Level(_method(spread), terms, np.asarray(fit.params), np.asarray(fit.cov_params()), spread)


def _method(spread: Spread) -> str:
    return NEGATIVE_BINOMIAL if spread.overdispersion > 0 else POISSON


def _chosen(n: Floats, weight: Floats, week: Floats, terms: Terms) -> Terms:
    """Which terms earn their place: score tests from a constant level against the Bayesian information criterion.

    A trend pays twice its due, since to carry on a wrong one costs more than to overlook a small one; a step pays for
    its size and twice for its week, which was searched for.
    """
    mean = weight * n.sum() / weight.sum()
    root = np.sqrt(mean)
    response = (n - mean) / root
    penalty = np.log(len(n))

    def added(one: Terms) -> Floats:
        return np.asarray(one.design(week)[:, terms.design(week).shape[1] :] * root[:, None])

    base = terms.design(week) * root[:, None]
    if len(n) >= MIN_WEEKS_SEASON:
        trend, season = replace(terms, has_trend=True), replace(terms, has_season=True)
        if _joint_gain(response, np.column_stack([base, added(trend)]), added(season)) > 2 * penalty:
            base, terms = np.column_stack([base, added(season)]), season
    trend = replace(terms, has_trend=True)
    trend_gain = _gains(response, base, added(trend))[0] - 2 * penalty
    starts = week[MIN_WEEKS_STEP : len(week) - MIN_WEEKS_STEP + 1]
    step_gains = _gains(response, base, (week[:, None] >= starts) * root[:, None]) - 3 * penalty
    if step_gains.max() > max(trend_gain, 0.0):
        return replace(terms, step_week=int(starts[step_gains.argmax()]))
    return trend if trend_gain > 0 else terms


def _gains(response: Floats, base: Floats, columns: Floats) -> Floats:
    """For each column added alone to the base: the fall of the squared error in units of the variance left."""
    basis, _ = np.linalg.qr(base)
    rest = response - basis @ (basis.T @ response)
    columns = columns - basis @ (basis.T @ columns)
    fall = (rest @ columns) ** 2 / np.maximum((columns**2).sum(axis=0), 1e-12)
    return np.asarray(fall / _variance(rest @ rest - fall, len(response), base.shape[1] + 1))


def _joint_gain(response: Floats, base: Floats, columns: Floats) -> float:
    """The same for all columns added together."""
    both = np.column_stack([base, columns])
    left, full = (response - m @ np.linalg.lstsq(m, response, rcond=None)[0] for m in (base, both))
    return float((left @ left - full @ full) / _variance(np.array(full @ full), len(response), both.shape[1]))


def _variance(squares: Floats, n: int, n_terms: int) -> Floats:
    """Not under 1: counts spread at least as a Poisson variable does."""
    return np.maximum(squares / (n - n_terms), 1.0)
