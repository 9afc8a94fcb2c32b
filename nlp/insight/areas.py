"""Improvement areas: topic x aspect x unit or district, made of COUNTS, small ones pooled.

AREAS: a row an area, columns `topic`, `aspect`, `unit` or `district`, and AREA_MEASURES; optional `people`, the number of
inhabitants. A service that keeps daily counts sums them itself and passes this frame.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from nlp.insight.wording import number
from nlp.labels import FLAGGED_BANDS, Labels

Place = Literal["unit", "district"]

AREA_MEASURES = (
    "n",
    "n_positive",
    "n_negative",
    "n_urgent",
    "n_flagged",
    "n_repeat",
    "n_settled",
    "n_late",
    "n_overdue",
    "n_before",
)
"""Messages in the window; of these praise, displeased, above the lowest urgency, flagged for integrity, repeated, settled,
settled late, open past their deadline; messages other than praise in the equally long window before."""


def area_table(
    counts: pd.DataFrame, labels: Labels, place: Place, first: date, last: date, people: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """AREAS of COUNTS from `first` to `last`, both included.

    COUNTS may have a measure `n_overdue`. `people` gives inhabitants by district. Where COUNTS begins more than a week after
    the window before would, `n_before` is 0 everywhere: growth is then unknown.
    """
    keys = ["topic", "aspect", place]
    opens, closes = pd.Timestamp(first), pd.Timestamp(last) + pd.Timedelta(days=1)
    earlier = pd.Timestamp(first - (last - first) - timedelta(days=1))
    rows = counts[(counts["day"] >= earlier) & (counts["day"] < closes)]
    praise = rows["sentiment"].isin(labels.positive)
    now, n = rows["day"] >= opens, rows["n"]
    reaches_back = bool(len(rows)) and counts["day"].min() <= earlier + pd.Timedelta(days=7)
    measures = {
        "n": n.where(now, 0),
        "n_positive": n.where(now & praise, 0),
        "n_negative": n.where(now & rows["sentiment"].isin(labels.negative), 0),
        "n_urgent": n.where(now & rows["urgency"].isin(labels.raised_urgency), 0),
        "n_flagged": n.where(now & rows["band"].isin(FLAGGED_BANDS), 0),
        **{name: rows[name].where(now, 0) for name in ("n_repeat", "n_settled", "n_late", "n_overdue") if name in rows},
        "n_before": n.where(~now & ~praise & reaches_back, 0),
    }
    table = pd.concat([rows[keys], pd.DataFrame(measures, index=rows.index)], axis=1)
    table = table.groupby(keys, as_index=False, observed=True, sort=True).sum()
    if people is not None and place == "district":
        table["people"] = table["district"].map(dict(people)).astype(float)
    return with_measures(table)


def with_measures(areas: pd.DataFrame) -> pd.DataFrame:
    """AREAS with every measure; those that the frame lacks are 0."""
    return areas.assign(**{name: 0 for name in AREA_MEASURES if name not in areas})


def place_of(areas: pd.DataFrame) -> Place:
    """Which kind of place the areas have."""
    return "unit" if "unit" in areas else "district"


def rankable(areas: pd.DataFrame, labels: Labels, min_messages: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The areas that can be ranked, and sentences on what was pooled or left out.

    Left out: messages without a topic or an element of service. Areas with fewer than `min_messages` messages are pooled
    with the other small ones of their topic and aspect; what is then still too small is left out. New column `n_pooled`:
    areas in a pooled row (its place is ''), 0 for an area of its own.
    """
    elements = {label.code for label in labels.aspect if label.element is not None}
    outside = [code for code in labels.codes("aspect") if code not in elements] if elements else []
    served = (areas["topic"] != "") & (areas["aspect"] != "") & ~areas["aspect"].isin(outside)
    notes = []
    if n_outside := int(areas.loc[~served, "n"].sum()):
        notes.append(f"{number(n_outside)} pesan tanpa topik atau tanpa unsur layanan tidak diperingkat.")
    # an area that fell silent still counts in its pool's earlier window; without it every pool would seem to grow
    kept = areas[served & (areas["n"] + areas["n_before"] > 0)].assign(n_pooled=0)
    small = kept["n"] < min_messages
    if small.any():
        pooled = _pooled(kept[small])
        large_enough = pooled["n"] >= min_messages
        left_out = pooled[~large_enough]
        n_small, n_left, n_lost = int(pooled["n_pooled"].sum()), int(left_out["n_pooled"].sum()), int(left_out["n"].sum())
        if n_small:
            notes.append(_pooling(n_small, int(large_enough.sum()), n_left, n_lost, min_messages))
        kept = pd.concat([kept[~small], pooled[large_enough]], ignore_index=True)
    return kept.reset_index(drop=True), tuple(notes)


def _pooling(n_small: int, n_rows: int, n_left: int, n_lost: int, min_messages: int) -> str:
    """What became of the small areas: `n_rows` pooled ones, and `n_left` with `n_lost` messages that stay too small."""
    told = f"{number(n_small)} area dengan kurang dari {min_messages} pesan"
    if not n_rows:
        return f"{told} (bersama {number(n_lost)} pesan) terlalu sedikit dan tidak diperingkat."
    pooled = f"{told} digabung menjadi {number(n_rows)} baris"
    if not n_left:
        return f"{pooled}."
    return f"{pooled}; {number(n_left)} di antaranya ({number(n_lost)} pesan) tetap terlalu sedikit dan tidak diperingkat."


def _pooled(small: pd.DataFrame) -> pd.DataFrame:
    """Small areas added up by topic and aspect."""
    sums = [*AREA_MEASURES, "n_pooled", *(["people"] if "people" in small else [])]
    pooled = (
        small.assign(n_pooled=(small["n"] > 0).astype(int)).groupby(["topic", "aspect"], as_index=False)[sums].sum(min_count=1)
    )
    return pooled.assign(**{place_of(small): ""})
