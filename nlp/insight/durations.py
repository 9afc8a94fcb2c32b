"""How long things take when some are not over yet: Kaplan-Meier quantiles, so that open messages count as what they are.

Leaving open messages out would flatter: only the quick ones would be counted. Taking their age as their duration would
flatter as well. Kaplan and Meier (JASA 1958) count each as "longer than its age so far", and no more.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.insight.intervals import Floats, Z

_ROUNDING = 1e-9  # 1 - 0.9 and a product of shares differ in the last digits


class Quantile(NamedTuple):
    """A duration by which a share is over, with its 95 % interval; NaN where that lies beyond what was seen."""

    value: float
    low: float
    high: float


class Survival:
    """Share still open after each duration at which something ended, with a 95 % band."""

    def __init__(self, durations: npt.ArrayLike, is_over: npt.ArrayLike) -> None:
        """`durations`: days until the end, or so far; `is_over`: whether it ended then. Two columns of one length."""
        days, over = np.asarray(durations, np.float64), np.asarray(is_over, np.bool_)
        self.days, n_ended = np.unique(days[over], return_counts=True)
        ended = n_ended.astype(np.float64)
        at_risk = len(days) - np.searchsorted(np.sort(days), self.days, "left").astype(np.float64)
        self.share: Floats = np.cumprod(1 - ended / np.maximum(at_risk, 1), dtype=np.float64)
        self.low, self.high = _band(self.share, ended, at_risk)

    def quantile(self, share_over: float) -> Quantile:
        """The shortest duration after which at least `share_over` are over; its interval after Brookmeyer and Crowley."""
        left = 1 - share_over
        return Quantile(*(self._first(curve, left) for curve in (self.share, self.low, self.high)))

    def _first(self, curve: Floats, left: float) -> float:
        reached = np.flatnonzero(curve <= left + _ROUNDING)
        return float(self.days[reached[0]]) if len(reached) else float("nan")


def _band(share: Floats, ended: Floats, at_risk: Floats) -> tuple[Floats, Floats]:
    """Greenwood's variance on the log(-log) scale, where the band stays within 0 and 1; NaN once nothing is open."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(ended / (at_risk * (at_risk - ended)))
        spread = np.exp(Z * np.sqrt(variance) / np.abs(np.log(share)))
        low, high = share**spread, share ** (1 / spread)
    gone = share <= _ROUNDING
    return np.where(gone, np.nan, low), np.where(gone, np.nan, high)
