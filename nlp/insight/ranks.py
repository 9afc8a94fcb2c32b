"""How firm a ranking is: ranks under many random weightings and draws of every area's uncertain values."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlp.insight.shrinkage import Posterior

Array = npt.NDArray[np.float64]

N_DRAWS = 1_000
MAX_AREAS = 400  # areas that are drawn: one further down has no way among the first few
_LOW, _HIGH = 5, 95  # percentiles of the rank interval


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the index for all areas: its value against a reference, brought to 0..1."""

    name: str
    posterior: Posterior
    reference: float  # the value that scores 0.5
    is_share: bool

    @property
    def value(self) -> Array:
        """Shrunken shares or rates, (n_areas,)."""
        return self.posterior.share if self.is_share else self.posterior.rate

    def score(self, value: Array) -> Array:
        """0..1, 0.5 at the reference: odds against its odds for a share, ratio to it for a rate; twice as high gives 2/3."""
        relative = value * (1 - self.reference) if self.is_share else value
        against = self.reference * (1 - value) if self.is_share else self.reference
        return np.asarray(relative / (relative + against))

    def drawn(self, rows: npt.NDArray[np.intp], random: np.random.Generator) -> Array:
        """Scores of values drawn from the posteriors of some areas, (N_DRAWS, n_rows)."""
        first, second = self.posterior.first[rows], self.posterior.second[rows]
        shape = (N_DRAWS, len(rows))
        value = random.beta(first, second, shape) if self.is_share else random.gamma(first, 1 / second, shape)
        return self.score(np.asarray(value))


def rank_intervals(
    parts: list[Part], weights: Array, concentration: float, order: npt.NDArray[np.intp], top: int, seed: int
) -> tuple[Array, Array, Array]:
    """5th and 95th percentile of the rank and share of draws among the first `top`, for the first MAX_AREAS of `order`.

    Every draw takes weights from a Dirichlet distribution around `weights` (n_parts,; above 0, sum 1) and the values from
    their posteriors. Ranks are among the areas drawn, best 1.
    """
    random = np.random.default_rng(seed)
    rows = order[:MAX_AREAS]
    drawn_weights = random.dirichlet(concentration * weights, N_DRAWS)
    index = np.zeros((N_DRAWS, len(rows)))
    for number, part in enumerate(parts):
        index += drawn_weights[:, [number]] * part.drawn(rows, random)
    ranks = np.argsort(np.argsort(-index, axis=1, kind="stable"), axis=1) + 1
    low, high = np.percentile(ranks, [_LOW, _HIGH], axis=0, method="nearest")
    return low, high, (ranks <= top).mean(axis=0)
