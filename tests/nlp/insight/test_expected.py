"""Expected ranges: where the answer is known on paper, and whether intervals hold what they promise."""

import numpy as np
import pandas as pd
import pytest

from nlp.insight.days import daily
from nlp.insight.expected import expected
from nlp.insight.level import INSUFFICIENT, MEAN, NEGATIVE_BINOMIAL, POISSON, fit_level
from nlp.insight.pattern import day_pattern, kinds_of
from nlp.insight.spread import Spread, pooled, spread_of

MONDAY = pd.Timestamp("2022-01-03")


def _stream(n_of_day: np.ndarray, first: pd.Timestamp = MONDAY, topic: str = "a") -> pd.DataFrame:
    days = pd.date_range(first, periods=len(n_of_day))
    return pd.DataFrame({"day": days, "topic": topic, "n": n_of_day})[n_of_day > 0]


def test_a_steady_stream_is_expected_to_go_on():
    n = np.tile([6, 5, 4, 3, 2, 1, 0], 60)
    frame = expected(
        _stream(n),
        ["topic"],
        "W",
        MONDAY + pd.Timedelta(weeks=52),
        MONDAY + pd.Timedelta(weeks=60, days=-1),
        observed_days=_all(60),
    )
    assert len(frame) == 8
    assert frame["expected"].to_numpy() == pytest.approx(21, rel=1e-6)
    assert (frame["n"] == 21).all()
    assert (frame["method"] == POISSON).all()
    # Poisson of mean 21 widened a little by the error of 52 weeks: 12.5 and 30.4 by the normal law
    assert frame["low"].iloc[0] in (12, 13)
    assert frame["high"].iloc[0] in (30, 31)


def _all(n_weeks: int) -> pd.DatetimeIndex:
    return pd.date_range(MONDAY, periods=7 * n_weeks)


def test_weekdays_and_free_days_carry_over():
    n = np.tile([60, 50, 40, 30, 20, 10, 7], 60)
    days = _all(60)
    free = days[days.day_of_week == 0][::4]
    n[np.isin(days, free)] = 15
    start = MONDAY + pd.Timedelta(weeks=52)
    frame = expected(_stream(n), ["topic"], "D", start, start + pd.Timedelta(days=13), non_working=free, observed_days=days)
    assert start in free
    # a group's factors are drawn to the office's, which is the group itself here, so that nothing is lost
    assert frame["expected"].tolist() == pytest.approx([15, 50, 40, 30, 20, 10, 7, 60, 50, 40, 30, 20, 10, 7], rel=0.03)


def test_kinds_of_days():
    days = pd.date_range(MONDAY, periods=7)
    assert kinds_of(days, [days[1], days[5]]).tolist() == [0, 7, 2, 3, 4, 5, 6]  # a free Saturday stays a Saturday


def test_a_small_group_borrows_the_pattern_of_the_office():
    days = _all(10)
    big, small = np.tile([30, 30, 30, 30, 30, 15, 15], 10), np.zeros(70, int)
    small[[0, 7]] = 1
    table = daily(pd.concat([_stream(big), _stream(small, topic="b")]), ["topic"], days[0], days[-1], days)
    weight = day_pattern(table, kinds_of(days, []), np.ones(70, bool)).weight
    office = big[:7] + small.reshape(10, 7).mean(axis=0)
    office = office / office.mean()
    # two messages on Mondays where 2 * 31/180 were due; twenty more on both sides
    due = 2 * office / 7
    by_hand = office * (np.array([2, 0, 0, 0, 0, 0, 0]) + 20) / (due + 20)
    assert weight[1, :7] == pytest.approx(by_hand / by_hand.mean(), rel=1e-6)
    assert weight[:, :7].mean(axis=1) == pytest.approx(1)


def test_missing_days_do_not_lower_what_is_expected():
    n = np.tile([7, 7, 7, 7, 7, 7, 7], 60)
    days = _all(60)
    away = (np.arange(len(n)) % 70 < 5) & (np.arange(len(n)) < 52 * 7)
    n[away] = 0
    start = MONDAY + pd.Timedelta(weeks=52)
    frame = expected(_stream(n), ["topic"], "W", start, start + pd.Timedelta(days=6), observed_days=days[~away])
    assert frame["expected"].tolist() == pytest.approx([49], rel=1e-6)


def test_a_period_that_is_partly_observed_is_expected_in_part():
    n = np.tile([7] * 7, 60)
    days = _all(60)
    start = MONDAY + pd.Timedelta(weeks=52)
    frame = expected(_stream(n), ["topic"], "W", start, start + pd.Timedelta(weeks=2, days=-1), observed_days=days[: 52 * 7 + 3])
    assert frame["expected"].tolist() == pytest.approx([21, 49], rel=1e-6)  # three days; then all of a week to come
    assert frame["n"].fillna(-1).tolist() == [21, -1]
    assert frame["n_observed"].tolist() == [3, 0]


def test_methods_of_short_and_sparse_pasts():
    assert fit_level(np.array([3.0, 2, 4]), np.ones(3)).method == INSUFFICIENT
    short = fit_level(np.array([3.0, 2, 4, 3]), np.ones(4))
    assert short.method == MEAN
    assert np.exp(short.coefficients) == pytest.approx([12.5 / 4])
    assert short.covariance == pytest.approx(np.array([[1 / 12.5]]))
    assert fit_level(np.tile([0.0, 0, 0, 1], 13), np.ones(52)).method == MEAN
    assert fit_level(np.tile([9.0, 10, 11], 20), np.ones(60)).method == POISSON
    assert fit_level(np.tile([2.0, 10, 18], 20), np.ones(60)).method == NEGATIVE_BINOMIAL


def test_trend_step_and_season_come_in_where_they_are():
    week = np.arange(104)
    assert fit_level(np.round(50 * np.exp(0.5 * week / 52)), np.ones(104)).terms.has_trend
    assert fit_level(np.where(week < 60, 20.0, 35.0), np.ones(104)).terms.step_week == 60
    seasonal = fit_level(np.round(50 * np.exp(0.4 * np.sin(2 * np.pi * week / 52.18))), np.ones(104))
    assert seasonal.terms.has_season
    assert not seasonal.terms.has_trend
    flat = fit_level(np.tile([19.0, 21.0], 52), np.ones(104)).terms
    assert (flat.has_trend, flat.has_season, flat.step_week) == (False, False, None)


def test_less_than_two_years_have_no_season():
    week = np.arange(100)
    seasonal = np.round(50 * np.exp(0.4 * np.sin(2 * np.pi * week / 52.18)))
    assert not fit_level(seasonal, np.ones(100)).terms.has_season


def test_spread_by_hand():
    # around 10: squares 4, 4, 0, 0, times 4/3, less the sum of the means 40, over the sum of squares 400
    assert spread_of(np.array([8.0, 12, 10, 10]), np.full(4, 10.0), 1).overdispersion == pytest.approx((8 * 4 / 3 - 40) / 400)
    # neighbours: (-2 * 2) + (2 * 0) + 0 over three times 100
    assert spread_of(np.array([8.0, 12, 10, 10]), np.full(4, 10.0), 1).carry_over == pytest.approx(-4 / 300)


def test_groups_that_spread_alike_share_what_they_know():
    alike, _ = pooled([Spread(0.05, 20, 52), Spread(0.03, 20, 52)])
    assert alike.tolist() == pytest.approx([0.04, 0.04])
    apart, _ = pooled([Spread(0.0, 100, 500), Spread(1.0, 100, 500)])
    assert apart[0] < 0.05
    assert apart[1] > 0.95
    alone, _ = pooled([Spread(0.3, 20, 52)])
    assert alone.tolist() == pytest.approx([0.3])
    assert pooled([Spread(-0.01, 20, 52)])[0].tolist() == [0.0]


@pytest.mark.parametrize(("spread", "freq"), [(0.0, "W"), (0.15, "W"), (0.0, "D"), (0.15, "M")])
def test_intervals_hold_what_they_promise(spread: float, freq: str):
    random = np.random.default_rng(5)
    n_groups, n_weeks = 60, 78
    factor = random.gamma(1 / spread**2, spread**2, (n_groups, n_weeks)) if spread else np.ones((n_groups, n_weeks))
    mean = np.repeat(factor, 7, axis=1) * random.uniform(1, 8, (n_groups, 1))
    n = random.poisson(mean)
    counts = pd.concat([_stream(n[i], topic=f"{i:02d}") for i in range(n_groups)])
    start, end = MONDAY + pd.Timedelta(weeks=66), MONDAY + pd.Timedelta(weeks=78, days=-1)
    frame = expected(counts, ["topic"], freq, start, end, observed_days=_all(n_weeks))  # type: ignore[arg-type]
    inside = (frame["n"] >= frame["low"]) & (frame["n"] <= frame["high"])
    assert 0.93 <= inside.mean() <= 0.985  # whole numbers hold a little more than 95 %
