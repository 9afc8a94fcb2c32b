"""Changes of level where they were put."""

import numpy as np
import pandas as pd
import pytest

from nlp.insight.changepoints import change_points

MONDAY = pd.Timestamp("2022-01-03")


def _counts(weekly: list[int], topic: str = "a") -> pd.DataFrame:
    n = np.repeat(np.array(weekly) // 7, 7)
    return pd.DataFrame({"day": pd.date_range(MONDAY, periods=len(n)), "topic": topic, "n": n})


def _changes(counts: pd.DataFrame, n_weeks: int, **arguments: object) -> pd.DataFrame:
    days = pd.date_range(MONDAY, periods=7 * n_weeks)
    return change_points(counts[counts["n"] > 0], ["topic"], days[0], days[-1], **{"observed_days": days} | arguments)


def test_one_change_by_hand():
    found = _changes(pd.concat([_counts([21] * 30 + [42] * 20), _counts([21] * 50, "b")]), 50)
    assert len(found) == 1
    change = found.iloc[0]
    assert (change["topic"], change["day"]) == ("a", MONDAY + pd.Timedelta(weeks=30))
    assert (change["before"], change["after"]) == (pytest.approx(21), pytest.approx(42))
    n_before, n_after = 21 * 30 + 0.5, 42 * 20 + 0.5
    ratio = (n_after / 20) / (n_before / 30)
    error = np.sqrt(1 / n_before + 1 / n_after)
    assert change["ratio"] == pytest.approx(ratio)
    assert change["ratio_low"] == pytest.approx(ratio * np.exp(-1.96 * error), rel=1e-4)
    assert change["ratio_high"] == pytest.approx(ratio * np.exp(1.96 * error), rel=1e-4)
    # one week earlier or later costs 42 log(2) - 21 = 8.1 or 21 - 21 log(2) = 6.4 of likelihood: less than one in 500
    assert change["day_low"] == change["day_high"] == change["day"]


def test_up_and_down_again():
    found = _changes(_counts([70] * 20 + [140] * 12 + [70] * 20), 52)
    assert found["day"].tolist() == [MONDAY + pd.Timedelta(weeks=20), MONDAY + pd.Timedelta(weeks=32)]
    assert found["ratio"].tolist() == pytest.approx([2, 0.5], rel=0.01)


def test_a_change_from_nothing_has_a_ratio():
    change = _changes(pd.concat([_counts([0] * 20 + [14] * 20), _counts([70] * 40, "b")]), 40).iloc[0]
    assert change["before"] == 0
    assert np.isfinite(change["ratio_high"])
    assert change["ratio_low"] > 10


def test_missing_weeks_and_free_days_are_no_change():
    counts, days = _counts([70] * 50), pd.date_range(MONDAY, periods=350)
    away = np.isin(np.arange(350) // 7, range(20, 28))
    assert _changes(counts[~away], 50, observed_days=days[~away]).empty
    free = pd.DatetimeIndex([day for day in days[140:210] if day.day_of_week < 3])
    fewer = counts.assign(n=np.where(np.isin(days, free), 2, counts["n"]))
    assert _changes(fewer, 50, non_working=free).empty
    assert not _changes(fewer, 50).empty


def test_too_little_to_say():
    assert _changes(_counts([7] * 5 + [70] * 6), 11).empty
    assert _changes(_counts([0] * 38 + [7] * 2), 40).empty


def test_chance_alone_makes_few_changes_and_a_wide_date():
    random = np.random.default_rng(3)
    days = pd.date_range(MONDAY, periods=104 * 7)
    factor = np.repeat(random.gamma(1 / 0.15**2, 0.15**2, (150, 104)), 7, axis=1)
    mean = factor * np.geomspace(0.5, 14, 150)[:, None]
    topic, day = np.nonzero(n := random.poisson(mean))
    quiet = pd.DataFrame({"day": days[day], "topic": topic, "n": n[topic, day]})
    assert len(change_points(quiet, ["topic"], days[0], days[-1])) <= 0.05 * 150
    mean[:, 60 * 7 :] *= 1.5
    topic, day = np.nonzero(n := random.poisson(mean))
    loud = pd.DataFrame({"day": days[day], "topic": topic, "n": n[topic, day]})
    found = change_points(loud, ["topic"], days[0], days[-1])
    assert found["topic"].nunique() >= 0.75 * 150
    assert ((found["day_low"] <= days[420]) & (days[420] <= found["day_high"])).mean() >= 0.9
