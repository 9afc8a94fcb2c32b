"""What rose: chances against published and exact values, single cases by hand, and planted rises in simulated streams."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, multivariate_normal, nbinom, norm

from nlp.insight.looks import SHARES, any_window, false_discovery
from nlp.insight.rises import FALL, RISE, what_rose
from nlp.labels import load_labels

LABELS = load_labels()
FIRST, SECOND = LABELS.codes("topic")[:2]
MONDAY = pd.Timestamp("2022-01-03")
COLUMNS = "topic direction weeks first_day n expected low high ratio ratio_low ratio_high p_value q_value method sentence".split()


def _stream(topic: str, n_of_week: list[int]) -> pd.DataFrame:
    """All of a week's messages spread evenly, the rest of the division on its Monday."""
    week = np.array(n_of_week)
    n = np.repeat(week // 7, 7)
    n[::7] += week % 7
    return pd.DataFrame({"day": pd.date_range(MONDAY, periods=len(n)), "topic": topic, "n": n})


def _rose(*streams: pd.DataFrame, weeks: int = 4, as_of: pd.Timestamp | None = None, **columns: object) -> pd.DataFrame:
    counts = pd.concat(streams).assign(**columns)
    last = as_of or counts["day"].max()
    observed = pd.date_range(counts["day"].min(), last)
    by = ["topic", *columns]
    return what_rose(counts[counts["n"] > 0], by, last, weeks, labels=LABELS, observed_days=observed)


# ------------------------------------------------------------------------------------------------ chances
@pytest.mark.parametrize("n_windows", [1, 2, 3, 4])
def test_any_window_is_the_multivariate_normal_chance(n_windows: int):
    weeks = np.arange(1, n_windows + 1)
    correlation = np.sqrt(np.minimum.outer(weeks, weeks) / np.maximum.outer(weeks, weeks))
    for total in (0.5, 0.02):
        p = total * np.array(SHARES[n_windows])
        exact = 1 - multivariate_normal.cdf(norm.isf(p), cov=correlation, maxpts=100_000, rng=np.random.default_rng(1))
        assert any_window(p[None, :])[0] == pytest.approx(exact, rel=0.02)


def test_any_window_never_exceeds_the_sum_and_tells_missing_ones_apart():
    chances = any_window(np.array([[1e-60, 1, 1, 1], [np.nan] * 4, [np.nan, 0.5, np.nan, 0.004]]))
    assert chances[0] == pytest.approx(40e-60)
    assert np.isnan(chances[1])
    assert 0.004 < chances[2] < 0.004 * 40 / 27


def test_false_discovery_by_hand():
    adjusted = false_discovery(np.array([0.01, np.nan, 0.04, 0.03]))
    assert adjusted[[0, 2, 3]].tolist() == pytest.approx([0.03, 0.04, 0.04])  # 3 * .01; 3 / 3 * .04; min(3 / 2 * .03, .04)
    assert np.isnan(adjusted[1])
    assert np.isnan(false_discovery(np.array([np.nan]))).all()


# ------------------------------------------------------------------------------------------------ single cases
def test_a_plain_rise_by_hand():
    told = _rose(_stream(FIRST, [21] * 56 + [42] * 4), _stream(SECOND, [21] * 60))
    assert told.columns.tolist() == COLUMNS
    risen, steady = told.iloc[0], told.iloc[1]
    assert (risen["topic"], risen["direction"], risen["weeks"], risen["n"]) == (FIRST, RISE, 4, 168)
    assert risen["first_day"] == MONDAY + pd.Timedelta(weeks=56)
    assert risen["expected"] == pytest.approx(84)
    assert risen["ratio"] == pytest.approx(2)
    # Poisson past of 56 weeks of 21: the logarithm of the level has variance 1 / 1176, which is 1 / size
    size = 56 * 21
    for bound, tail in (("ratio_low", 1), ("ratio_high", 0)):
        true_mean = 84 * risen[bound]
        chance = nbinom.sf(167, size, size / (size + true_mean)) if tail else nbinom.cdf(168, size, size / (size + true_mean))
        assert chance == pytest.approx(0.025, rel=1e-4)
    assert 1.6 < risen["ratio_low"] < 1.75
    assert risen["q_value"] < 1e-6
    assert risen["sentence"] == (
        f"{LABELS.name('topic', FIRST)} naik: 168 pesan dalam 4 minggu terakhir, biasanya sekitar 84 "
        "(2,0 kali biasanya; antara 1,7 dan 2,4 kali)."
    )
    assert (steady["topic"], steady["direction"], steady["weeks"], steady["n"]) == (SECOND, "", 4, 84)
    assert steady["sentence"] == (
        f"{LABELS.name('topic', SECOND)}: 84 pesan dalam 4 minggu terakhir, tidak jelas berbeda dari biasanya (sekitar 84)."
    )


def test_a_fall_and_a_sudden_rise_of_one_week():
    told = _rose(_stream(FIRST, [70] * 56 + [35] * 4), _stream(SECOND, [14] * 59 + [56])).set_index("topic")
    assert told["direction"].to_dict() == {SECOND: RISE, FIRST: FALL}
    assert told.index[0] == SECOND  # rises come first
    assert told.loc[SECOND, ["weeks", "n"]].tolist() == [1, 56]
    assert " turun: 140 pesan dalam 4 minggu terakhir, biasanya sekitar 280 (0,5 kali" in told.loc[FIRST, "sentence"]


def test_a_rise_that_has_become_the_level_is_no_news():
    told = _rose(_stream(FIRST, [20] * 60 + [40] * 20), _stream(SECOND, [20] * 80)).set_index("topic")
    assert told.loc[FIRST, "direction"] == ""
    assert told.loc[FIRST, "expected"] == pytest.approx(160, rel=1e-6)


def test_a_group_that_never_was_can_rise_and_a_short_past_says_so():
    new = _rose(_stream(FIRST, [0] * 56 + [5] * 4), _stream(SECOND, [20] * 60)).set_index("topic")
    assert new.loc[FIRST, ["direction", "method"]].tolist() == [RISE, "mean"]
    short = _rose(_stream(FIRST, [20] * 7)).iloc[0]
    assert (short["direction"], short["method"]) == ("", "insufficient")
    assert short["sentence"].endswith("data belum cukup untuk menilai.")


def test_weeks_that_are_missing_are_not_a_fall():
    counts = pd.concat([_stream(FIRST, [35] * 60), _stream(SECOND, [35] * 60)])
    days = pd.date_range(MONDAY, periods=420)
    told = what_rose(counts[counts["day"].isin(days[:-14])], ["topic"], days[-1], labels=LABELS)
    assert (told["direction"] == "").all()
    assert told["n"].tolist() == pytest.approx(told["expected"].tolist())
    assert told["n"].tolist() == [70, 70]
    silent = what_rose(counts, ["topic"], days[-1] + pd.Timedelta(days=60), labels=LABELS)
    assert silent["sentence"].str.endswith("data belum cukup untuk menilai.").all()


def test_groups_of_two_dimensions_and_missing_labels():
    told = _rose(_stream(FIRST, [20] * 60), _stream("", [20] * 60), district="Sukamaju")
    assert told[["topic", "district"]].to_numpy().tolist() == [[FIRST, "Sukamaju"]]
    assert told["sentence"].iloc[0].startswith(f"{LABELS.name('topic', FIRST)}, Sukamaju: 80 pesan")
    everything = what_rose(_stream(FIRST, [20] * 60), [], MONDAY + pd.Timedelta(days=419), labels=LABELS)
    assert everything["sentence"].iloc[0].startswith("Semua pesan: 80 pesan")


def test_weeks_must_be_one_to_four():
    with pytest.raises(ValueError, match="1 to 4"):
        _rose(_stream(FIRST, [20] * 60), weeks=5)


# ------------------------------------------------------------------------------------------------ simulated streams
def test_one_steady_stream_by_itself_is_seldom_said_to_have_moved():
    days, told = pd.date_range(MONDAY, periods=7 * 60), []
    for seed in range(150):
        counts = pd.DataFrame({"day": days, "n": np.random.default_rng(seed).poisson(5, len(days))})
        told.append(what_rose(counts[counts["n"] > 0], [], days[-1], labels=LABELS)["direction"].iat[0])
    assert max(told.count(RISE), told.count(FALL)) <= binom.ppf(0.999, 150, 0.05)


def test_planted_rises_are_found_and_few_false_ones():
    """A small edition of benchmarks/insight_signals.py: 24 topics, two years, weeks spread by 8 %, looks every week."""
    found, alarms = 0, 0
    n_runs, size, n_weeks = 20, np.geomspace(2, 100, 24), 108
    size[12] = 20
    days = pd.date_range(MONDAY, periods=7 * n_weeks)
    weekday = np.array([1.35, 1.25, 1.15, 1.1, 1.0, 0.65, 0.5]) / 7
    for seed in range(n_runs):
        random = np.random.default_rng(seed)
        factor = np.repeat(random.gamma(1 / 0.08**2, 0.08**2, (24, n_weeks)), 7, axis=1)
        mean = size[:, None] * factor * np.tile(weekday, n_weeks)
        mean[12, -28:] *= 1.5
        topic, day = np.nonzero(n := random.poisson(mean))
        counts = pd.DataFrame({"day": days[day], "topic": topic.astype(str), "n": n[topic, day]})
        told = [what_rose(counts[counts["day"] <= as_of], ["topic"], as_of, labels=LABELS) for as_of in days[[-22, -15, -8, -1]]]
        risen = [set(one.loc[one["direction"] == RISE, "topic"]) for one in told]
        found += any("12" in names for names in risen)
        alarms += sum(len(now - before - {"12"}) for before, now in pairwise([set(), *risen]))
    assert found >= 0.85 * n_runs  # 92 % in the long run
    assert alarms <= 1.5 * n_runs  # fewer than one in the long run
