"""95 % intervals of shares, of differences between shares, and of counts; on arrays."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Z = 1.959963984540054  # 97.5 % point of the normal distribution
MIN_MESSAGES = 5  # under this a share is told as "data kurang": its interval spans nearly everything


def wilson(hits: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Lower and upper ends of the score interval of hits / n, each in 0 to 1; (0, 1) where n is 0.

    Wilson, Probable inference, the law of succession, and statistical inference (JASA 1927). 8 of 10: 0.490 to 0.943.
    """
    k, size = np.asarray(hits, np.float64), np.asarray(n, np.float64)
    safe = np.maximum(size, 1)
    share = k / safe
    centre = (share + Z**2 / (2 * safe)) / (1 + Z**2 / safe)
    half = Z / (1 + Z**2 / safe) * np.sqrt(share * (1 - share) / safe + Z**2 / (4 * safe**2))
    # 0 and n hits: rounding would leave the ends a hair off 0 and 1
    low = np.where((size == 0) | (k == 0), 0.0, centre - half)
    high = np.where((size == 0) | (k == size), 1.0, centre + half)
    return np.asarray(low), np.asarray(high)


def newcombe(hits: npt.ArrayLike, n: npt.ArrayLike, other_hits: npt.ArrayLike, other_n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Lower and upper ends of hits / n - other_hits / other_n, each in -1 to 1; (-1, 1) where one n is 0.

    Newcombe, Interval estimation for the difference between independent proportions (Statistics in Medicine 1998),
    method 10. 56 of 70 less 48 of 80: 0.0524 to 0.3339.
    """
    sizes = np.asarray(n, np.float64), np.asarray(other_n, np.float64)
    one, two = (np.asarray(k, np.float64) / np.maximum(size, 1) for k, size in zip((hits, other_hits), sizes, strict=True))
    (low_one, high_one), (low_two, high_two) = wilson(hits, n), wilson(other_hits, other_n)
    empty = (sizes[0] == 0) | (sizes[1] == 0)
    low = one - two - np.sqrt((one - low_one) ** 2 + (high_two - two) ** 2)
    high = one - two + np.sqrt((high_one - one) ** 2 + (two - low_two) ** 2)
    return np.where(empty, -1.0, low), np.where(empty, 1.0, high)


def poisson(count: int) -> tuple[float, float]:
    """Lower and upper ends of the mean of a Poisson count.

    Garwood, Fiducial limits for the Poisson distribution (Biometrika 1936). 10: 4.795 to 18.390; 0: 0 to 3.689.
    """
    from scipy.stats import chi2

    low: Any = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)
