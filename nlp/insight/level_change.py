"""How far a weekly rate moved at a step, with an interval that stays honest when weeks resemble their neighbours.

A regression of weekly counts with level, step, trend and season, on the log scale. With comparison areas the target's
count is binomial within the week's total, so whatever moves both alike (season, holidays, missing days, a campaign)
cancels: difference in differences, conditional on week effects. Without them it is Poisson with the days observed.
Weeks also carry a latent normal deviation, autocorrelated of order one, that takes overdispersion and slow drift (Zeger,
A regression model for time series of counts, Biometrika 1988; interrupted series: Bernal et al., Int. J. Epidemiology
2017). Its size and correlation are not plugged in but averaged over, weighted by their restricted likelihood on the
linearised model (Breslow and Clayton, JASA 1993): plugged in, short series give intervals that are too narrow.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

WEEKS_A_YEAR = 365.25 / 7
N_DRAWS = 8_000
_N_STEPS = 6  # linearisations; the mode no longer moves after four or five
_CLIP = 12.0  # bound of log rates: keeps a series of zeros from running away

# Normal priors, as standard deviations on the log scale, that keep short series from trading trend and season for step.
STEP_SD = 1.5  # a step to a twentieth or twentyfold is still within two
SLOPE_SD_ALONE, SLOPE_SD_COMPARED = 0.35, 0.25  # a year
SEASON_SD_ALONE, SEASON_SD_COMPARED = 0.2, 0.05  # each of sine and cosine of the year

# Grid of the latent deviation: size with a half-normal prior, correlation of neighbouring weeks with a flat one.
_SIZES = np.array([0.0, 0.04, 0.08, 0.12, 0.17, 0.23, 0.3, 0.4, 0.55, 0.8])
_CORRELATIONS = np.array([0.0, 0.2, 0.4, 0.6, 0.8])
SIZE_PRIOR_SD = 0.25


@dataclass(frozen=True, slots=True)
class LevelChange:
    """What a step did; each interval holds the middle 95 % of the posterior."""

    ratio: float  # rate after against the rate expected without the step; 1 is no change
    ratio_low: float
    ratio_high: float
    expected: float  # messages expected without the step, in the weeks where it acts
    expected_low: float
    expected_high: float
    count_low: float  # the number that would truly have come: the same with the chance of counts, so wider
    count_high: float
    observed: int  # messages that came in those weeks


def level_change(week: Array, target: Array, exposure: Array, step: Array, *, compared: bool, seed: int = 0) -> LevelChange:
    """Posterior of a step; all arrays (n_weeks,), gaps between weeks allowed.

    `week`: number of the week, 0 where the step begins. `target`: messages of the target. `exposure`: messages of the
    comparison areas if `compared`, else the share of the week that was observed, above 0. `step`: 0 before, 1 in full
    effect, between while it is rolled out.
    """
    columns, prior_sd = _design(week, step, compared=compared)
    prior = np.diag(np.concatenate([[0.0], prior_sd**-2.0]))  # the level has no prior
    sizes, covariances = _latent(week)
    size_log_prior = -((sizes / SIZE_PRIOR_SD) ** 2) / 2
    log_rate = np.full(len(target), np.log((target.sum() + 0.5) / (exposure.sum() + 0.5)))
    for _ in range(_N_STEPS):
        response, variance = _linearised(target, exposure, log_rate, compared=compared)
        weights, means, covs = _grid_fit(columns, response, variance, covariances, prior, size_log_prior)
        log_rate = np.clip(columns @ (weights @ means), -_CLIP, _CLIP)
    random = np.random.default_rng(seed)
    grid = np.repeat(np.arange(len(weights)), random.multinomial(N_DRAWS, weights))
    draws = means[grid] + np.einsum("nij,nj->ni", np.linalg.cholesky(covs)[grid], random.standard_normal((N_DRAWS, len(prior))))
    acts = step > 0
    no_step = columns[acts] * (np.arange(columns.shape[1]) != 1)
    by_week = np.exp(np.clip(draws @ no_step.T, -_CLIP, _CLIP)) * exposure[acts]
    share = by_week.mean(axis=0) / by_week.mean(axis=0).sum()  # of the expected messages that a week holds
    # what those weeks happen to deviate by is not known from the weeks before; it belongs to the uncertainty
    deviation = np.sqrt(np.einsum("i,gij,j->g", share, covariances[:, acts][:, :, acts], share))
    expected = by_week.sum(axis=1) * np.exp(deviation[grid] * random.standard_normal(N_DRAWS))
    low, middle, high = (float(q) for q in np.exp(np.quantile(draws[:, 1], [0.025, 0.5, 0.975])))
    fewest, usual, most = (float(q) for q in np.quantile(expected, [0.025, 0.5, 0.975]))
    # what came is one draw of chance, so it may only be held against what would have come with the same chance in it
    count_low, count_high = (float(q) for q in np.quantile(random.poisson(expected), [0.025, 0.975]))
    return LevelChange(middle, low, high, usual, fewest, most, count_low, count_high, int(target[acts].sum()))


def _design(week: Array, step: Array, *, compared: bool) -> tuple[Array, Array]:
    """Columns level, step, slope a year, sine and cosine of the year, (n_weeks, 5); prior deviations of the last four."""
    year = week / WEEKS_A_YEAR
    columns = np.column_stack([np.ones_like(year), step, year, np.sin(2 * np.pi * year), np.cos(2 * np.pi * year)])
    slope, season = (SLOPE_SD_COMPARED, SEASON_SD_COMPARED) if compared else (SLOPE_SD_ALONE, SEASON_SD_ALONE)
    return columns, np.array([STEP_SD, slope, season, season])


def _latent(week: Array) -> tuple[Array, Array]:
    """Grid of latent deviations: sizes (n_grid,) and covariances (n_grid, n_weeks, n_weeks)."""
    lag = np.abs(week[:, None] - week[None, :])
    pairs = [(s, r) for s in _SIZES for r in _CORRELATIONS]
    return np.array([s for s, _ in pairs]), np.stack([s**2 * np.power(r, lag) for s, r in pairs])


def _linearised(target: Array, exposure: Array, log_rate: Array, *, compared: bool) -> tuple[Array, Array]:
    """Working response and its sampling variance at the present log rates (McCullagh and Nelder, 1989, 2.5)."""
    if compared:
        total = target + exposure
        share = 1 / (1 + np.exp(-log_rate))
        information = np.maximum(total * share * (1 - share), 1e-8)
        return log_rate + (target - total * share) / information, 1 / information
    mean = np.maximum(exposure * np.exp(log_rate), 1e-8)
    return log_rate + (target - mean) / mean, 1 / mean


def _grid_fit(
    columns: Array, response: Array, variance: Array, covariances: Array, prior: Array, size_log_prior: Array
) -> tuple[Array, Array, Array]:
    """Weight (n_grid,), mean (n_grid, 5) and covariance (n_grid, 5, 5) of the coefficients at each latent deviation."""
    factors = np.linalg.cholesky(covariances + np.diag(variance))
    both = np.broadcast_to(np.column_stack([columns, response]), (len(factors), *columns.shape[:1], columns.shape[1] + 1))
    white = np.linalg.solve(factors, both)
    x, z = white[:, :, :-1], white[:, :, -1]
    precision = x.transpose(0, 2, 1) @ x + prior
    covs = np.linalg.inv(precision)
    means = np.einsum("gij,gtj,gt->gi", covs, x, z)
    residual = (z**2).sum(axis=1) - np.einsum("gi,gij,gj->g", means, precision, means)
    log_det = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    log_likelihood = -log_det - np.linalg.slogdet(precision)[1] / 2 - residual / 2 + size_log_prior
    weights = np.exp(log_likelihood - log_likelihood.max())
    return np.asarray(weights / weights.sum()), np.asarray(means), np.asarray(covs)
