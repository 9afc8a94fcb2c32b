"""How much more counts spread than a Poisson variable, for one group, and for many with each other's help."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.insight.days import Floats

MAX_CORRELATION = 0.9


@dataclass(frozen=True, slots=True)
class Spread:
    """Overdispersion of counts by moments: variance = mean + overdispersion * mean ** 2."""

    overdispersion: float  # under 0 where counts spread less than a Poisson variable
    mean: float  # of the counts
    n_counts: int
    carry_over: float = 0.0  # covariance of neighbouring counts over the product of their means

    def error(self, overdispersion: float) -> float:
        """Standard error of the estimate if the given overdispersion were true (normal theory)."""
        return float(np.sqrt(2 / self.n_counts) * (1 / max(self.mean, 1e-12) + overdispersion))


def spread_of(n: Floats, mean: Floats, n_terms: int) -> Spread:
    """Of counts around fitted means, both (n_counts,), that took `n_terms` coefficients to fit."""
    squares = max(float((mean**2).sum()), 1e-12)
    variance = ((n - mean) ** 2).sum() * len(n) / max(len(n) - n_terms, 1)
    carried = ((n - mean)[1:] * (n - mean)[:-1]).sum() / max(float((mean[1:] * mean[:-1]).sum()), 1e-12)
    return Spread(float(variance - mean.sum()) / squares, squares / max(float(mean.sum()), 1e-12), len(n), float(carried))


def pooled(spreads: Sequence[Spread]) -> tuple[Floats, float]:
    """Overdispersion of each group, at least 0, (n_groups,), and correlation of what drives it from one count to the next.

    A group's own estimate is drawn to that of all as far as it is uncertain (random effects by moments: DerSimonian and Laird
    1986, Controlled Clinical Trials 7:177): a small group's is mostly noise, and taking it as it is would call too much
    or too little a surprise. The correlation is one for all, and 0 unless twice its standard error.
    """
    if not spreads:
        return np.zeros(0), 0.0
    own = np.array([s.overdispersion for s in spreads])
    information = np.array([s.n_counts * s.mean**2 for s in spreads])
    crude = max(0.0, float(own @ information / max(information.sum(), 1e-12)))
    weight = np.array([s.error(crude) for s in spreads]) ** -2
    center = float(own @ weight / weight.sum())
    freedom = weight.sum() - (weight**2).sum() / weight.sum()
    between = max(0.0, (weight @ (own - center) ** 2 - (len(own) - 1)) / freedom) if len(own) > 1 else np.inf
    trust = between / (between + 1 / weight) if np.isfinite(between) else np.ones(1)
    drawn = np.maximum(trust * own + (1 - trust) * center, 0.0)
    carried = float(np.array([s.carry_over for s in spreads]) @ weight / weight.sum())
    sure = carried > 2 / np.sqrt(2 * weight.sum())  # without a correlation its variance is half that of the spread
    return np.asarray(drawn), min(carried / max(center, 1e-12), MAX_CORRELATION) if sure and center > 0 else 0.0
