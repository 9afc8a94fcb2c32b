"""Where to improve first: an open index of named parts for each improvement area, with how firm each rank is.

index = 100 x sum of weight x part. Every part is shrunk (`nlp.insight.shrinkage`) and brought to 0..1 against a reference
that scores 0.5: for shares the share among all ranked messages, for growth no change, for volume the mean over messages of
their own area's volume, so the size of area that an average message lies in.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nlp.insight.areas import rankable, with_measures
from nlp.insight.ranks import MAX_AREAS, Part, rank_intervals
from nlp.insight.reasons import PART_NAMES, reasons, stability
from nlp.insight.shrinkage import shrunk_rates, shrunk_shares
from nlp.insight.weights import PARTS, Weights
from nlp.labels import Labels

Array = npt.NDArray[np.float64]

NO_CHANGE = 0.5  # share of the messages of two equal windows that came in the later one

# events and the total that they are a share of
_SHARES: dict[str, tuple[Callable[[pd.DataFrame], pd.Series], Callable[[pd.DataFrame], pd.Series]]] = {
    "urgency": (lambda a: a["n_urgent"], lambda a: a["n"]),
    "displeasure": (lambda a: a["n_negative"], lambda a: a["n"]),
    "growth": (lambda a: a["n"] - a["n_positive"], lambda a: a["n"] - a["n_positive"] + a["n_before"]),
    "late": (lambda a: a["n_late"] + a["n_overdue"], lambda a: a["n_settled"] + a["n_overdue"]),
    "repeat": (lambda a: a["n_repeat"], lambda a: a["n"]),
    "integrity": (lambda a: a["n_flagged"], lambda a: a["n"]),
}


@dataclass(frozen=True, slots=True)
class Ranking:
    """Areas by priority, the first first.

    Columns of `areas` besides those of AREAS: `n_pooled`; `rank`, `index` (0 to 100); `part_NAME` (0 to 1, without the parts
    that lack data); `rank_low`, `rank_high`, `top_share` (nan beyond the first MAX_AREAS); `stability` and `reason`
    (Indonesian); `next_shape`, `next_scale` of the gamma distribution of messages to expect in an equally long window.
    """

    areas: pd.DataFrame
    notes: tuple[str, ...]  # Indonesian sentences: what was pooled, left out, or could not be counted
    top: int


def rank_areas(areas: pd.DataFrame, weights: Weights, labels: Labels, seed: int = 0) -> Ranking:
    """Rank AREAS (see `nlp.insight.areas`); measures that the frame lacks count as 0."""
    kept, notes = rankable(with_measures(areas), labels, weights.min_messages)
    kept, people_note = _with_exposure(kept)
    parts = _parts(kept)
    lacking = [PART_NAMES[name] for name in PARTS if weights.weight[name] > 0 and name not in {part.name for part in parts}]
    if lacking and len(kept):
        notes = (*notes, f"Belum dihitung karena belum ada datanya atau semua area sama: {', '.join(lacking)}.")
    parts = [part for part in parts if weights.weight[part.name] > 0]
    scores = {f"part_{part.name}": part.score(part.value) for part in parts}
    weight = np.array([weights.weight[part.name] for part in parts])
    weight = weight / weight.sum() if parts else weight
    index = 100 * (np.column_stack(list(scores.values())) @ weight) if parts else np.zeros(len(kept))
    kept = kept.assign(**scores, index=index, **_next(kept))
    order = np.lexsort((-kept["n"].to_numpy(), -index))
    tested = {name: np.full(len(kept), np.nan) for name in ("rank_low", "rank_high", "top_share")}
    if parts:
        found = rank_intervals(parts, weight, weights.concentration, order, weights.top, seed)
        for column, values in zip(tested.values(), found, strict=True):
            column[order[:MAX_AREAS]] = values
    kept = kept.assign(**tested).iloc[order].reset_index(drop=True)
    kept.insert(0, "rank", np.arange(1, len(kept) + 1))
    references = {part.name: part.reference for part in parts}
    kept = kept.assign(
        stability=stability(kept, weights.top),
        reason=reasons(kept, references, dict(zip(references, weight, strict=True)), labels),
    )
    return Ranking(kept.drop(columns="exposure"), (*notes, *people_note), weights.top)


def _with_exposure(areas: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Column `exposure`: inhabitants, or 1 for each area where there are none given."""
    if "people" not in areas or not (areas["people"] > 0).any():
        return areas.assign(exposure=1.0), ()
    known = areas["people"].where(areas["people"] > 0)
    areas = areas.assign(exposure=known.fillna(known.mean()))
    n_unknown = int(known.isna().sum())
    note = f"{n_unknown} area tanpa jumlah penduduk dihitung dengan penduduk rata-rata." if n_unknown else ""
    return areas, (note,) if note else ()


def _parts(areas: pd.DataFrame) -> list[Part]:
    """Every part that has data, in the order of PARTS."""
    found = []
    plain = (areas["n"] - areas["n_positive"]).to_numpy(np.float64)
    volume = shrunk_rates(plain, areas["exposure"].to_numpy(np.float64))
    if volume is not None:
        found.append(Part("volume", volume, float(np.average(volume.rate, weights=plain)), is_share=False))
    for name, (events_of, totals_of) in _SHARES.items():
        events, totals = (f(areas).to_numpy(np.float64) for f in (events_of, totals_of))
        posterior = shrunk_shares(events, totals)
        if posterior is not None:
            reference = NO_CHANGE if name == "growth" else float(events.sum() / totals.sum())
            found.append(Part(name, posterior, reference, is_share=True))
    return found


def _next(areas: pd.DataFrame) -> dict[str, Array]:
    """What an equally long window will bring: gamma distributions of the mean number of messages other than praise."""
    exposure = areas["exposure"].to_numpy(np.float64)
    posterior = shrunk_rates((areas["n"] - areas["n_positive"]).to_numpy(np.float64), exposure)
    if posterior is None:
        return {"next_shape": np.zeros(len(areas)), "next_scale": np.ones(len(areas))}
    return {"next_shape": posterior.first, "next_scale": exposure / posterior.second}
