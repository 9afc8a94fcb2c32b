"""From COUNTS to the weekly series that an improvement action is judged by: its area, and areas without it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from nlp.errors import SuaraError
from nlp.insight.frames import DIMENSIONS

Filter = Mapping[str, Collection[str]]
"""Dimension of COUNTS to the values that belong; a row belongs when every dimension does."""

MAX_WEEKS = 104  # before the start, and after: older weeks tell of other circumstances
# Where the action names several dimensions, its comparison differs in the first of these that it names.
_CONTRASTS = ("district", "unit", "topic", "aspect", "channel", "sentiment", "urgency", "band")


@dataclass(frozen=True, slots=True)
class Action:
    """An improvement action: where it acts, when, and which way the number of messages should go.

    Raises SuaraError for an empty filter, an unknown dimension or days out of order.
    """

    where: Filter
    starts: date
    full_from: date | None = None  # first day of full effect; between, it grows evenly
    ends: date | None = None  # first day without it; later days are not read
    expected: Literal["fewer", "more"] = "fewer"
    compared_with: Filter | None = None  # by default the same messages elsewhere

    def __post_init__(self) -> None:
        for given in (self.where, self.compared_with):
            if given is None:
                continue
            for name in given:
                if name not in DIMENSIONS:
                    raise SuaraError(
                        f"'{name}' bukan dimensi pesan",
                        where="sasaran tindakan",
                        remedy=f"Pakai salah satu dari {', '.join(DIMENSIONS)}.",
                    )
            if not given or not all(given.values()):
                raise SuaraError(
                    "sasaran kosong", where="sasaran tindakan", remedy="Sebut sedikitnya satu topik, unsur, unit, atau wilayah."
                )
        if not self.starts <= (self.full_from or self.starts) < (self.ends or date.max):
            raise SuaraError(
                "tanggal tindakan tidak berurutan",
                where="tindakan",
                remedy="Urutannya: mulai, berlaku penuh, lalu berakhir.",
            )


def weekly_series(counts: pd.DataFrame, action: Action) -> pd.DataFrame:
    """A row for each week with at least one observed day, counted from the action's first day.

    `week` (0 begins with the action), `target` and `comparison` (messages), `n_days` observed, `share` (of a usual week's
    messages that come on the observed weekdays, 0 to 1), `step` (0 before the action, 1 in full effect). A day on which
    COUNTS has no row at all is missing, not zero.
    """
    day = counts["day"].dt.normalize()
    offset = (day - pd.Timestamp(action.starts)).dt.days
    kept = (offset >= -7 * MAX_WEEKS) & (offset < 7 * MAX_WEEKS)
    if action.ends is not None:
        kept &= day < pd.Timestamp(action.ends)
    counts, offset = counts[kept], offset[kept]
    target = _matches(counts, action.where)
    daily = pd.DataFrame(
        {
            "offset": offset,
            "n": counts["n"],
            "target": counts["n"].where(target, 0),
            "comparison": counts["n"].where(_compared(counts, action) & ~target, 0),
        }
    )
    daily = daily.groupby("offset", as_index=False).sum()
    roll_out = ((action.full_from or action.starts) - action.starts).days
    weekday = daily["offset"] % 7
    mean_by_weekday = daily.groupby(weekday)["n"].mean().reindex(range(7), fill_value=0.0)
    week_total = mean_by_weekday.sum()
    daily = daily.assign(
        week=daily["offset"] // 7,
        n_days=1,
        share=weekday.map(mean_by_weekday) / week_total if week_total else 0.0,
        step=np.clip((daily["offset"] + 1) / (roll_out + 1), 0, 1),
    )
    weeks = daily.groupby("week", as_index=False).agg(
        target=("target", "sum"),
        comparison=("comparison", "sum"),
        n_days=("n_days", "sum"),
        share=("share", "sum"),
        step=("step", "mean"),
    )
    return weeks[weeks["share"] > 0].reset_index(drop=True)


def _compared(counts: pd.DataFrame, action: Action) -> pd.Series:
    """Rows of the comparison areas.

    By default those alike in all that the action names but one dimension, the place if it names one: the same topic in
    other districts, or other topics where it names only a topic. Rows without a value there may be the target's own.
    """
    if action.compared_with is not None:
        return _matches(counts, action.compared_with)
    contrast = next(name for name in _CONTRASTS if name in action.where)
    alike = _matches(counts, {name: values for name, values in action.where.items() if name != contrast})
    return alike & ~counts[contrast].isin(list(action.where[contrast])) & (counts[contrast] != "")


def _matches(counts: pd.DataFrame, wanted: Filter) -> pd.Series:
    belongs = pd.Series(True, index=counts.index)
    for name, values in wanted.items():
        belongs &= counts[name].isin(list(values))
    return belongs
