"""Did an improvement action work: the change against what was expected without it, and a plain verdict.

The figures come from `nlp.insight.level_change`; here they are checked (enough data, a placebo before the start, what the
comparison areas did) and put into words. How often the intervals hold is measured by benchmarks/insight_effects.py.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from nlp.insight.action_series import Action, weekly_series
from nlp.insight.level_change import LevelChange, level_change
from nlp.insight.wording import change, interval, number

Verdict = Literal["membaik", "belum terlihat", "memburuk", "data kurang"]

MIN_WEEKS_BEFORE, MIN_WEEKS_AFTER = 8, 4
MIN_MESSAGES_BEFORE, MIN_EXPECTED = 20, 10.0
MIN_COMPARISON_A_WEEK = 5.0  # fewer say less of the season than they add noise
PLACEBO_SHARE = 1 / 3  # of the weeks before the start that play 'after'
MOVED_ALIKE = 0.10  # relative change from which a general rise or fall is mentioned
TOO_WIDE = 2.0  # an undecided interval that still allows halving or doubling says nothing


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action did to the number of messages. `change` is None where there were too few data to estimate."""

    verdict: Verdict
    reasons: tuple[str, ...]  # Indonesian sentences, the most important first
    change: LevelChange | None
    placebo: LevelChange | None  # the same estimate for a start that was none, before the true one
    compared: bool  # whether comparison areas were used
    target_ratio: float  # messages a usual week after against before, plainly counted; nan where unknown
    comparison_ratio: float
    weeks: pd.DataFrame  # the series, as `weekly_series` makes it

    @property
    def avoided(self) -> tuple[float, float, float]:
        """Messages avoided since the start, with the ends of their 95 % interval; negative where more came; nan if unknown."""
        if self.change is None:
            return (np.nan, np.nan, np.nan)
        found = self.change
        return (found.expected - found.observed, found.count_low - found.observed, found.count_high - found.observed)


def effect_of(counts: pd.DataFrame, action: Action, seed: int = 0) -> Effect:
    """Judge an action by COUNTS, which must reach from well before its start to today.

    At least MIN_WEEKS_BEFORE weeks before and MIN_WEEKS_AFTER after; else the verdict is 'data kurang' and says why.
    """
    weeks = weekly_series(counts, action)
    compared = bool(len(weeks)) and weeks["comparison"].mean() >= MIN_COMPARISON_A_WEEK
    if compared:
        weeks = weeks[weeks["comparison"] > 0].reset_index(drop=True)
    target_ratio, comparison_ratio = _plain_ratio(weeks, "target"), _plain_ratio(weeks, "comparison") if compared else np.nan
    lacking = _lacking(weeks)
    if lacking:
        return Effect("data kurang", lacking, None, None, compared, target_ratio, comparison_ratio, weeks)
    found = _estimate(weeks, compared=compared, seed=seed)
    placebo = _placebo(weeks, compared=compared, seed=seed)
    verdict, why = _verdict(found, placebo, action)
    reasons = (
        _main_sentence(found),
        *why,
        *_general_move(verdict, target_ratio, comparison_ratio),
        *(() if compared else ("Tidak ada wilayah atau topik pembanding, sehingga sebab lain yang umum tidak tersingkir.",)),
    )
    return Effect(verdict, reasons, found, placebo, compared, target_ratio, comparison_ratio, weeks)


def _estimate(weeks: pd.DataFrame, *, compared: bool, seed: int) -> LevelChange:
    arrays = {name: weeks[name].to_numpy(dtype=np.float64) for name in ("week", "target", "step")}
    exposure = weeks["comparison" if compared else "share"].to_numpy(dtype=np.float64)
    return level_change(**arrays, exposure=exposure, compared=compared, seed=seed)


def _placebo(weeks: pd.DataFrame, *, compared: bool, seed: int) -> LevelChange | None:
    """The last third of the weeks before, taken for weeks after a start; None where they are too few."""
    before = weeks[weeks["week"] < 0]
    n_after = int(len(before) * PLACEBO_SHARE)
    if n_after < MIN_WEEKS_AFTER or len(before) - n_after < MIN_WEEKS_BEFORE:
        return None
    start = before["week"].iloc[-n_after]
    moved = before.assign(week=before["week"] - start, step=(before["week"] >= start).astype(float))
    return _estimate(moved, compared=compared, seed=seed)


def _lacking(weeks: pd.DataFrame) -> tuple[str, ...]:
    """What is missing for an estimate, as sentences."""
    before, after = weeks[weeks["week"] < 0], weeks[weeks["step"] > 0]
    found = []
    if len(before) < MIN_WEEKS_BEFORE:
        found.append(f"Baru ada {len(before)} minggu sebelum tindakan; perlu {MIN_WEEKS_BEFORE}.")
    if len(after) < MIN_WEEKS_AFTER:
        found.append(f"Baru ada {len(after)} minggu sesudah tindakan; perlu {MIN_WEEKS_AFTER}.")
    if before["target"].sum() < MIN_MESSAGES_BEFORE:
        found.append(f"Hanya {number(before['target'].sum())} pesan sebelum tindakan; perlu {MIN_MESSAGES_BEFORE}.")
    elif not found:
        expected = before["target"].sum() / before["share"].sum() * after["share"].sum()
        if expected < MIN_EXPECTED:
            found.append(f"Sesudah tindakan wajarnya baru {number(expected)} pesan; perlu {number(MIN_EXPECTED)}.")
    return tuple(found)


def _verdict(found: LevelChange, placebo: LevelChange | None, action: Action) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict with the sentences that belong to it."""
    side = _side(found)
    wanted = -1 if action.expected == "fewer" else 1
    earlier = _side(placebo) if placebo else 0
    if side == wanted and earlier == wanted:
        return "belum terlihat", ("Perubahan searah sudah terjadi sebelum tindakan dimulai, jadi belum tentu karena tindakan.",)
    caution = ("Jumlah pesan sudah bergeser sebelum tindakan dimulai; bacalah angkanya dengan hati-hati.",) if earlier else ()
    if side == wanted:
        return "membaik", caution
    if side == -wanted:
        return "memburuk", caution
    if found.ratio_low < 1 / TOO_WIDE or found.ratio_high > TOO_WIDE:
        return "data kurang", (
            "Pesannya terlalu sedikit atau terlalu naik turun: separuh maupun dua kali lipat pun mungkin.",
            *caution,
        )
    return "belum terlihat", ("Perubahan itu masih dalam naik turun yang biasa.", *caution)


def _side(found: LevelChange) -> int:
    """-1 for surely fewer, 1 for surely more, 0 for undecided."""
    return int(found.ratio_low > 1) - int(found.ratio_high < 1)


def _plain_ratio(weeks: pd.DataFrame, column: str) -> float:
    before, after = weeks[weeks["week"] < 0], weeks[weeks["step"] > 0]
    base = before[column].sum() * after["share"].sum()
    return float(after[column].sum() * before["share"].sum() / base) if base else float("nan")


def _main_sentence(found: LevelChange) -> str:
    more = [found.observed - without for without in (found.expected, found.count_high, found.count_low)]
    middle, fewest, most = (round(n) for n in more)
    return (
        f"Dibanding yang diperkirakan tanpa tindakan, jumlah pesan {change(found.ratio)}"
        f" (95 %: {interval(found.ratio_low, found.ratio_high, change)}), kira-kira {_more_or_fewer(middle)}"
        f" (95 %: {_between(fewest, most)})."
    )


def _more_or_fewer(n_messages: int) -> str:
    return f"{number(abs(n_messages))} pesan {'lebih banyak' if n_messages > 0 else 'lebih sedikit'}"


def _between(fewest: int, most: int) -> str:
    """'201 sampai 404 pesan lebih sedikit'; both sides named where the interval holds 0."""
    if fewest < 0 < most:
        return f"{_more_or_fewer(fewest)} sampai {_more_or_fewer(most)}"
    near, far = sorted((abs(fewest), abs(most)))
    return f"{interval(near, far)} pesan {'lebih banyak' if most > 0 else 'lebih sedikit'}"


def _general_move(verdict: Verdict, target: float, comparison: float) -> tuple[str, ...]:
    """Says so when the comparison areas moved as well: fewer reports in general are no improvement."""
    if not (abs(comparison - 1) >= MOVED_ALIKE and (target - 1) * (comparison - 1) > 0):
        return ()
    both = f"Jumlah pesan di sini {change(target)}, tetapi di pembanding juga {change(comparison)}"
    if verdict in ("belum terlihat", "data kurang"):
        return (f"{both}: perubahan itu umum, bukan khas di sini.",)
    return (f"{both}; bagian yang umum itu sudah dikeluarkan dari hitungan.",)
