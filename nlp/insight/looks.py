"""Chances when one looks more than once: several windows of the last weeks, several groups."""

from functools import lru_cache

import numpy as np

from nlp.insight.days import Floats

_GRID = np.arange(-4.0, 8.0, 0.05)  # standard normal deviates
_N_NODES = 96


def any_window(p: Floats, n_windows: int) -> Floats:
    """Chance that the best of nested windows (the last 1, 2, ... n weeks) is at least as extreme as one of chance `p`.

    Sums of 1 to n independent weeks, each over the root of its length, as repeated significance tests have them (Armitage,
    McPherson and Rowe 1969, JRSS A 132:235). Never more than n times `p`. nan stays nan.
    """
    from scipy.stats import norm

    deviate = norm.isf(np.clip(p, 1e-300, 1.0))
    chance = np.exp(np.interp(deviate, _GRID, _log_crossing(n_windows)))
    bound = np.minimum(n_windows * p, 1.0)
    return np.asarray(np.where(deviate > _GRID[-1], bound, np.minimum(chance, bound)))


@lru_cache(maxsize=16)
def _log_crossing(n_windows: int) -> Floats:
    """Logarithm of P(max of S_w / sqrt(w) over w = 1..n >= z) for every z of the grid, by numerical integration."""
    from scipy.stats import norm

    nodes, weights = np.polynomial.legendre.leggauss(_N_NODES)
    crossing = np.empty(len(_GRID))
    for i, z in enumerate(_GRID):
        crossing[i] = norm.sf(z)
        below, density, mass = np.zeros(1), np.ones(1), np.ones(1)  # before the first week the sum is 0
        for w in range(1, n_windows):
            low, high = -8.5 * np.sqrt(w), z * np.sqrt(w)
            place = low + (high - low) * (nodes + 1) / 2
            density = norm.pdf(place[:, None] - below) @ (density * mass)
            below, mass = place, weights * (high - low) / 2
            crossing[i] += norm.sf(z * np.sqrt(w + 1) - below) @ (density * mass)
    return np.log(np.minimum(crossing, 1.0))


def false_discovery(p: Floats) -> Floats:
    """Adjusted chances of several tests (Benjamini and Hochberg 1995, JRSS B 57:289); nan where there was no test."""
    from scipy.stats import false_discovery_control

    adjusted, tested = np.full(len(p), np.nan), ~np.isnan(p)
    if tested.any():
        adjusted[tested] = false_discovery_control(p[tested])
    return adjusted
