"""What a budget would reach: the areas it buys and the messages they are expected to bring."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nlp.errors import SuaraError
from nlp.insight.priorities import Ranking
from nlp.insight.ranks import MAX_AREAS
from nlp.insight.wording import interval, number, percent

Array = npt.NDArray[np.float64]

N_DRAWS = 4_000
MAX_PAIRS = 5_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Areas to improve and the messages they will bring in an equally long window if nothing is done."""

    areas: pd.DataFrame  # rows of the ranking, in its order
    cost: float
    messages: float
    messages_low: float  # 95 % interval
    messages_high: float
    share: float  # of the messages expected from all ranked areas
    sentence: str


def what_if(ranking: Ranking, budget: float, costs: pd.Series | None = None, seed: int = 0) -> Plan:
    """The areas with the highest sum of indices that the budget can pay.

    `costs`: cost of an area by its row in `ranking.areas`; areas without one, and those past the first MAX_AREAS, cannot be
    chosen. Without `costs` each area costs 1, so that the budget is a number of areas and the first ones are chosen.
    SuaraError for a negative budget or cost.
    """
    if costs is None:
        costs = pd.Series(1.0, index=ranking.areas.index)
    costs = costs.reindex(ranking.areas.index).astype(float)
    if not budget >= 0 or (costs < 0).any():
        raise SuaraError("anggaran dan biaya tidak boleh negatif", where="anggaran", remedy="Isi dengan angka mulai 0.")
    chosen = np.zeros(len(costs), dtype=bool)
    chosen[_affordable(ranking.areas["index"].to_numpy(np.float64), costs.to_numpy(np.float64), budget)] = True
    areas = ranking.areas[chosen]
    random = np.random.default_rng(seed)
    shape = (N_DRAWS, len(areas))
    means = random.gamma(areas["next_shape"].to_numpy(), areas["next_scale"].to_numpy(), shape)
    low, high = np.quantile(random.poisson(means).sum(axis=1), [0.025, 0.975])
    expected = ranking.areas["next_shape"] * ranking.areas["next_scale"]
    messages = float(expected[chosen].sum())
    share = messages / float(expected.sum()) if expected.sum() else 0.0
    if ranking.areas.empty:
        sentence = "Belum ada area dengan cukup pesan untuk diperingkat."
    elif areas.empty:
        sentence = "Anggaran ini belum menjangkau satu area pun."
    else:
        sentence = (
            f"Memperbaiki {number(len(areas))} area ini menyentuh kira-kira {number(messages)} pesan ({interval(low, high)})"
            f" pada periode berikut yang sama panjang, {percent(share)} dari pesan semua area yang diperingkat."
        )
    return Plan(areas, float(costs[chosen].sum()), messages, float(low), float(high), share, sentence)


def _affordable(values: Array, costs: Array, budget: float) -> list[int]:
    """Rows to take, the 0-1 knapsack; a cost of nan is out of reach.

    Keeps the undominated pairs of cost and value while it goes through the areas (Nemhauser and Ullmann, Management Science
    1969), exact unless there are more than MAX_PAIRS: then the best of each small step in cost.
    """
    candidates = np.flatnonzero(costs <= budget)
    if len(set(costs[candidates])) == 1 and costs[candidates[0]] > 0:  # equal costs: the first ones, ties by rank
        return [int(row) for row in candidates[: int(budget / costs[candidates[0]] + 1e-9)]]
    candidates = candidates[candidates < MAX_AREAS]
    cost, value = np.zeros(1), np.zeros(1)
    steps = []
    for row in candidates:
        n_pairs = len(cost)
        cost, value = np.concatenate([cost, cost + costs[row]]), np.concatenate([value, value + values[row]])
        kept = _undominated(cost, value, budget)
        cost, value = cost[kept], value[kept]
        steps.append((row, kept % n_pairs, kept >= n_pairs))
    taken, pair = [], len(cost) - 1  # the last pair costs and brings most
    for row, parents, was_taken in reversed(steps):
        if was_taken[pair]:
            taken.append(int(row))
        pair = parents[pair]
    return taken


def _undominated(cost: Array, value: Array, budget: float) -> npt.NDArray[np.intp]:
    """Positions of the affordable pairs that no cheaper pair matches in value, by rising cost."""
    order: npt.NDArray[np.intp] = np.lexsort((-value, cost))
    order = order[cost[order] <= budget * (1 + 1e-12)]
    best = np.maximum.accumulate(value[order])
    order = order[np.concatenate([[True], best[1:] > best[:-1]])]
    if len(order) > MAX_PAIRS:
        bucket = (cost[order] / budget * MAX_PAIRS).astype(int)
        order = order[np.concatenate([bucket[1:] != bucket[:-1], [True]])]
    return order
