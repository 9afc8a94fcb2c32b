"""Did an action work: series worked by hand, verdicts, and simulated actions of known effect."""

import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from benchmarks.simulated_actions import Scene, action_day, mixed, simulate
from nlp.errors import SuaraError
from nlp.insight.action_series import Action, weekly_series
from nlp.insight.effects import Effect, effect_of
from nlp.insight.level_change import level_change

MONDAY = date(2026, 3, 2)
HERE = {"topic": ["jalan"], "district": ["A0"]}


def _days(start: date, daily: list[int], district: str = "A0", topic: str = "jalan") -> pd.DataFrame:
    days = [pd.Timestamp(start + timedelta(days=i)) for i in range(len(daily))]
    frame = pd.DataFrame({"day": days, "topic": topic, "district": district, "n": daily})
    return frame[frame["n"] > 0]


def _weekly(before: list[int], after: list[int], other: int = 0) -> pd.DataFrame:
    """Counts of 'A0' that all came on the Mondays around MONDAY, and of 'A1' with the same number every week."""
    start = MONDAY - timedelta(weeks=len(before))
    weeks = [*before, *after]
    here = _days(start, [n if day == 0 else 0 for n in weeks for day in range(7)])
    there = _days(start, [other if day == 0 else 0 for _ in weeks for day in range(7)], "A1")
    return pd.concat([here, there])


def _judged(scene: Scene, seed: int) -> Effect:
    return effect_of(simulate(scene, seed).counts, Action(HERE, action_day(scene)))


# ------------------------------------------------------------------------------------------------ the series
def test_weeks_count_from_the_first_day_of_the_action() -> None:
    counts = pd.concat(
        [
            _days(MONDAY - timedelta(days=7), [2, 0, 1, 0, 0, 0, 0, 4, 4]),
            _days(MONDAY - timedelta(days=7), [5, 5, 0, 5, 5, 5, 5, 5, 5], "A1"),
            _days(MONDAY, [9, 9], "A1", "sampah"),
            _days(MONDAY, [9], ""),  # its district is unknown: it may be the target's own
        ]
    )
    found = weekly_series(counts, Action(HERE, MONDAY))
    assert found["week"].tolist() == [-1, 0]
    assert found["target"].tolist() == [3, 8]
    assert found["comparison"].tolist() == [30, 10]
    assert found["n_days"].tolist() == [7, 2]
    assert found["step"].tolist() == [0, 1]
    # mean of the weekdays, Monday to Sunday: (7+27)/2, (5+18)/2, 1, 5, 5, 5, 5 of 49.5
    assert found["share"].tolist() == pytest.approx([1, (17 + 11.5) / 49.5])


def test_a_day_without_any_message_is_missing_not_zero() -> None:
    counts = pd.concat([_days(MONDAY, [1, 1, 0, 1, 1, 1, 1]), _days(MONDAY, [1, 1, 0, 1, 1, 1, 1, 1, 1, 1], "A1")])
    found = weekly_series(counts, Action(HERE, MONDAY))
    assert found["n_days"].tolist() == [6, 3]
    assert found["target"].tolist() == [6, 0]


def test_a_roll_out_grows_evenly_and_an_end_cuts() -> None:
    counts = _days(MONDAY, [1] * 28)
    action = Action(HERE, MONDAY, full_from=MONDAY + timedelta(days=13), ends=MONDAY + timedelta(days=21))
    found = weekly_series(counts, action)
    # day d of the roll-out has (d + 1) / 14: mean of 1..7 is 4, of 8..14 is 11
    assert found["step"].tolist() == pytest.approx([4 / 14, 11 / 14, 1])


def test_an_action_on_a_topic_is_compared_with_other_topics() -> None:
    counts = pd.concat([_days(MONDAY, [1] * 7), _days(MONDAY, [3] * 7, topic="sampah"), _days(MONDAY, [5] * 7, topic="pasar")])
    assert weekly_series(counts, Action({"topic": ["jalan"]}, MONDAY))["comparison"].tolist() == [56]
    chosen = Action({"topic": ["jalan"]}, MONDAY, compared_with={"topic": ["sampah"]})
    assert weekly_series(counts, chosen)["comparison"].tolist() == [21]


@pytest.mark.parametrize(
    "wrong",
    [
        {"where": {}},
        {"where": {"district": []}},
        {"where": {"kota": ["A"]}},
        {"where": HERE, "full_from": MONDAY - timedelta(days=1)},
        {"where": HERE, "ends": MONDAY},
        {"where": HERE, "compared_with": {}},
    ],
)
def test_a_wrong_action(wrong: dict[str, object]) -> None:
    with pytest.raises(SuaraError):
        Action(**({"starts": MONDAY} | wrong))


# ------------------------------------------------------------------------------------------------ the estimate
@pytest.mark.parametrize("compared", [True, False])
def test_a_level_that_halves_is_found(compared: bool) -> None:
    # 10,000 a week for 20 weeks, then 5,000 for 10: so many that neither chance nor the priors matter much
    week = np.arange(-20.0, 10.0)
    step = (week >= 0).astype(float)
    target = np.where(week < 0, 10_000.0, 5_000.0)
    exposure = np.full(30, 20_000.0 if compared else 1.0)
    found = level_change(week, target, exposure, step, compared=compared)
    assert found.ratio == pytest.approx(0.5, rel=0.01)
    assert found.ratio_low < 0.5 < found.ratio_high
    assert found.expected == pytest.approx(100_000, rel=0.01)
    assert found.observed == 50_000


def test_a_move_that_all_share_is_no_effect() -> None:
    week = np.arange(-20.0, 10.0)
    both = np.where(week < 0, 1_000.0, 500.0)
    found = level_change(week, both, 2 * both, (week >= 0).astype(float), compared=True)
    assert found.ratio == pytest.approx(1, abs=0.01)
    assert found.expected == pytest.approx(5_000, rel=0.01)


def test_missing_weeks_and_part_weeks_do_not_look_like_a_drop() -> None:
    week = np.array([*range(-20, -10), *range(-5, 0), *range(0, 10)], dtype=float)
    share = np.where(week < 0, 1.0, 0.5)
    found = level_change(week, 1_000 * share, share, (week >= 0).astype(float), compared=False)
    assert found.ratio == pytest.approx(1, abs=0.02)


def test_noise_that_lasts_widens_the_interval() -> None:
    week, step = np.arange(-30.0, 15.0), np.repeat([0.0, 1.0], [30, 15])
    random = np.random.default_rng(1)
    calm = random.poisson(200, 45).astype(float)
    wavy = random.poisson(200 * np.exp(0.3 * np.sin(week / 3))).astype(float)
    widths = []
    for target in (calm, wavy):
        found = level_change(week, target, np.ones(45), step, compared=False)
        widths.append(np.log(found.ratio_high / found.ratio_low))
    assert widths[1] > 1.5 * widths[0]


# ------------------------------------------------------------------------------------------------ the verdict
def test_a_halved_rate_is_an_improvement() -> None:
    effect = effect_of(_weekly([20] * 20, [10] * 10, other=200), Action(HERE, MONDAY))
    assert effect.verdict == "membaik"
    assert effect.change is not None
    assert effect.change.ratio == pytest.approx(0.5, abs=0.05)
    middle, low, high = effect.avoided
    assert low < 100 < high
    assert middle == pytest.approx(100, abs=15)
    assert effect.reasons[0].startswith("Dibanding yang diperkirakan tanpa tindakan, jumlah pesan turun ")
    assert effect.compared
    assert (effect.target_ratio, effect.comparison_ratio) == pytest.approx((0.5, 1))


def test_the_wanted_direction_decides() -> None:
    counts = _weekly([10] * 20, [25] * 10, other=200)
    assert effect_of(counts, Action(HERE, MONDAY)).verdict == "memburuk"
    assert effect_of(counts, Action(HERE, MONDAY, expected="more")).verdict == "membaik"


def test_fewer_reports_everywhere_are_no_improvement() -> None:
    counts = pd.concat([_weekly([40] * 20, [20] * 10), _weekly([400] * 20, [200] * 10).assign(district="A1")])
    effect = effect_of(counts, Action(HERE, MONDAY))
    assert effect.verdict == "belum terlihat"
    assert (
        "Jumlah pesan di sini turun 50 %, tetapi di pembanding juga turun 50 %: perubahan itu umum, bukan khas di sini."
        in effect.reasons
    )


def test_a_fall_before_the_start_is_not_credited() -> None:
    effect = effect_of(_weekly([60] * 20 + [20] * 10, [10] * 12, other=300), Action(HERE, MONDAY))
    assert effect.verdict == "belum terlihat"
    assert any("sebelum tindakan dimulai" in reason for reason in effect.reasons)
    assert effect.placebo is not None
    assert effect.placebo.ratio_high < 1


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ([20] * 5, [20] * 10, "Baru ada 5 minggu sebelum tindakan; perlu 8."),
        ([20] * 20, [20] * 2, "Baru ada 2 minggu sesudah tindakan; perlu 4."),
        ([1] * 10, [1] * 10, "Hanya 10 pesan sebelum tindakan; perlu 20."),
        ([2] * 20, [2] * 4, "Sesudah tindakan wajarnya baru 8 pesan; perlu 10."),
    ],
)
def test_too_few_data(before: list[int], after: list[int], reason: str) -> None:
    effect = effect_of(_weekly(before, after, other=100), Action(HERE, MONDAY))
    assert effect.verdict == "data kurang"
    assert effect.reasons == (reason,)
    assert effect.change is None
    assert np.isnan(effect.avoided).all()


def test_an_interval_that_allows_halving_and_more_says_nothing() -> None:
    effect = effect_of(_weekly([1, 4] * 10, [1, 4, 1, 4, 2], other=40), Action(HERE, MONDAY))
    assert effect.verdict == "data kurang"
    assert "Pesannya terlalu sedikit atau terlalu naik turun" in effect.reasons[1]


def test_no_comparison_is_said() -> None:
    effect = effect_of(_weekly([20] * 20, [10] * 10), Action(HERE, MONDAY))
    assert not effect.compared
    assert effect.reasons[-1].startswith("Tidak ada wilayah atau topik pembanding")


def test_no_messages_at_all() -> None:
    empty = _weekly([1], [1]).iloc[:0]
    assert effect_of(empty, Action(HERE, MONDAY)).verdict == "data kurang"


def test_every_message_gone_is_an_improvement() -> None:
    effect = effect_of(_weekly([20] * 20, [0] * 10, other=200), Action(HERE, MONDAY))
    assert effect.verdict == "membaik"
    assert effect.avoided[0] == pytest.approx(200, rel=0.1)


# ------------------------------------------------------------------------------------------------ known effects
def test_simulated_effects_are_recovered() -> None:
    """60 random actions: coverage, and no bias; benchmarks/insight_effects.py does the same with 500."""
    errors, held, expected_held = [], 0, 0
    for seed in range(60):
        scene, stream = mixed(seed), simulate(mixed(seed), seed)
        found = effect_of(stream.counts, Action(HERE, action_day(scene))).change
        assert found is not None
        held += found.ratio_low <= scene.ratio <= found.ratio_high
        expected_held += found.expected_low <= stream.expected_without <= found.expected_high
        errors.append(np.log(found.ratio / scene.ratio))
    fewest = binom.ppf(0.001, 60, 0.95)
    assert held >= fewest
    assert expected_held >= fewest
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(60)


def test_messages_avoided_by_an_action_without_effect_are_seldom_called_sure() -> None:
    """Four weeks of few messages, where chance alone makes many more or fewer come; 95 % of the intervals should hold 0."""
    held = n = 0
    for seed in range(60):
        scene = replace(mixed(seed), ratio=1.0, rate=8.0, n_after_weeks=4)
        _, low, high = _judged(scene, seed).avoided
        if np.isfinite(low):
            n, held = n + 1, held + (low <= 0 <= high)
    assert n > 50
    assert held >= binom.ppf(0.001, n, 0.95)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([20] * 20, [10] * 10, r"kira-kira \d+ pesan lebih sedikit \(95 %: \d+ sampai \d+ pesan lebih sedikit\)\."),
        ([20] * 20, [40] * 10, r"kira-kira \d+ pesan lebih banyak \(95 %: \d+ sampai \d+ pesan lebih banyak\)\."),
        ([20] * 20, [20] * 10, r"\(95 %: \d+ pesan lebih sedikit sampai \d+ pesan lebih banyak\)\."),
    ],
    ids=["fewer", "more", "either"],
)
def test_how_many_messages_is_said_plainly(before: list[int], after: list[int], told: str) -> None:
    effect = effect_of(_weekly(before, after, other=200), Action(HERE, MONDAY))
    assert re.search(told, effect.reasons[0]), effect.reasons[0]


def test_verdicts_of_simulated_actions() -> None:
    strong = [_judged(Scene(0.5, rate=40), seed).verdict for seed in range(10)]
    none = [_judged(Scene(1.0, rate=40, common_ratio=0.6), seed).verdict for seed in range(10)]
    assert strong.count("membaik") >= 9
    assert none.count("membaik") + none.count("memburuk") <= 1
