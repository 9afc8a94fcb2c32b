"""Empirical Bayes: rates of small areas are drawn towards the whole by as much as chance alone can explain."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Posterior:
    """Two parameters an area, each (n_areas,): of a beta distribution for shares, of a gamma (shape, rate) for rates."""

    first: Array
    second: Array

    @property
    def share(self) -> Array:
        """Mean of the beta distributions."""
        return self.first / (self.first + self.second)

    @property
    def rate(self) -> Array:
        """Mean of the gamma distributions."""
        return self.first / self.second


def shrunk_shares(events: Array, totals: Array) -> Posterior | None:
    """Beta posteriors of the shares `events / totals`; None where no share differs from none or all.

    The prior's mean is the pooled share p, its strength the method of moments (Kleinman, JASA 1973, weights n): with
    S = sum n (x/n - p)^2 the correlation within an area is (S / (p (1 - p)) - (K - 1)) / (N - sum n^2 / N - (K - 1)),
    and the prior counts as 1 / correlation - 1 messages. Where areas differ no more than by chance it counts as all
    messages together, so that every area gets almost the pooled share.
    """
    known = totals > 0
    x, n = events[known], totals[known]
    total = n.sum()
    if not 0 < x.sum() < total:
        return None
    pooled = x.sum() / total
    excess = (n * (x / n - pooled) ** 2).sum() / (pooled * (1 - pooled)) - (len(n) - 1)
    room = total - (n**2).sum() / total - (len(n) - 1)
    correlation = np.clip(excess / room if room > 0 else 0.0, 1 / (1 + total), 0.99)
    strength = 1 / correlation - 1
    return Posterior(pooled * strength + events, (1 - pooled) * strength + totals - events)


def shrunk_rates(counts: Array, exposures: Array) -> Posterior | None:
    """Gamma posteriors of the rates `counts / exposures`, exposures above 0; None where nothing was counted.

    The prior's mean is the pooled rate m, its variance by moments (Marshall, Applied Statistics 1991): with
    S = sum e (y/e - m)^2 it is (S - (K - 1) m) / (E - sum e^2 / E), kept above m / E.
    """
    total = exposures.sum()
    if counts.sum() <= 0:
        return None
    pooled = counts.sum() / total
    excess = (exposures * (counts / exposures - pooled) ** 2).sum() - (len(counts) - 1) * pooled
    room = total - (exposures**2).sum() / total
    variance = max(excess / room if room > 0 else 0.0, pooled / total)
    return Posterior(pooled**2 / variance + counts, pooled / variance + exposures)
