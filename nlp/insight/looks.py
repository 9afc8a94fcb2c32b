"""Chances when one looks more than once: several windows of the last weeks, several groups."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nlp.insight.days import Floats

SHARES = {1: (1.0,), 2: (1 / 4, 3 / 4), 3: (1 / 13, 3 / 13, 9 / 13), 4: (1 / 40, 3 / 40, 9 / 40, 27 / 40)}
"""Of the chance allowed to all windows, what each length (1, 2, ... weeks) gets: a lasting rise of moderate size shows in the
longest only, a great one in every one."""
_GRID = np.linspace(-80.0, 0.0, 641)  # logarithms of chances
_N_NODES = 96


def any_window(p: Floats) -> Floats:
    """Chance that nested windows (the last 1, 2, ... n weeks) show anything as extreme as `p`, (n_groups, n_windows).

    A window speaks by its chance over its share; the least of these is set against how sums of 1 to n independent weeks hang
    together (repeated significance tests: Armitage, McPherson and Rowe 1969, JRSS A 132:235). Missing windows (nan) do not
    speak; nan where none does.
    """
    shares = SHARES[p.shape[1]]
    least = _by_share(p).min(axis=1)
    chance = np.exp(np.interp(np.log(np.clip(least, 1e-300, 1.0)), _GRID, _log_crossing(shares)))
    return np.asarray(np.where(np.isinf(least), np.nan, np.where(np.log(np.maximum(least, 1e-300)) < _GRID[0], least, chance)))


def most_telling(p: Floats) -> npt.NDArray[np.intp]:
    """Column of the window that speaks in `any_window`, (n_groups,)."""
    return np.asarray(_by_share(p).argmin(axis=1))


def _by_share(p: Floats) -> Floats:
    return np.where(np.isnan(p), np.inf, p / np.array(SHARES[p.shape[1]]))


@lru_cache(maxsize=len(SHARES))
def _log_crossing(shares: tuple[float, ...]) -> Floats:
    """Logarithm of P(some S_w / sqrt(w) passes its share's deviate, w = 1..n) for every chance of the grid, by integration."""
    from scipy.stats import norm

    nodes, weights = np.polynomial.legendre.leggauss(_N_NODES)
    crossing = np.empty(len(_GRID))
    for i, total in enumerate(np.exp(_GRID)):
        bounds = norm.isf(total * np.array(shares)) * np.sqrt(np.arange(1, len(shares) + 1))
        crossing[i] = norm.sf(bounds[0])
        below, density, mass = np.zeros(1), np.ones(1), np.ones(1)  # before the first week the sum is 0
        for w in range(1, len(shares)):
            low, high = -9.0 * np.sqrt(w), bounds[w - 1]
            place = low + (high - low) * (nodes + 1) / 2
            density = norm.pdf(place[:, None] - below) @ (density * mass)
            below, mass = place, weights * (high - low) / 2
            crossing[i] += norm.sf(bounds[w] - below) @ (density * mass)
    return np.log(np.minimum(crossing, 1.0))


def false_discovery(p: Floats) -> Floats:
    """Adjusted chances of several tests (Benjamini and Hochberg 1995, JRSS B 57:289); nan where there was no test."""
    from scipy.stats import false_discovery_control

    adjusted, tested = np.full(len(p), np.nan), ~np.isnan(p)
    if tested.any():
        adjusted[tested] = false_discovery_control(p[tested])
    return adjusted
