"""Counts by period against tables small enough to add up by hand."""

import numpy as np
import pandas as pd
import pytest

from nlp.insight.days import daily
from nlp.insight.series import series, shares


def _counts(rows: list[tuple[str, str, int]], **columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["day", "topic", "n"]).assign(**columns)
    return frame.assign(day=pd.to_datetime(frame["day"]))


# Monday 1 January to Wednesday 10 January 2024; nothing at all on the 9th
ROWS = [
    ("2024-01-01", "a", 2),
    ("2024-01-03", "a", 1),
    ("2024-01-03", "b", 4),
    ("2024-01-08", "b", 3),
    ("2024-01-10", "a", 5),
]
OBSERVED = [day for day in pd.date_range("2024-01-01", "2024-01-10") if day.day != 9]


def test_weeks_by_hand():
    frame = series(_counts(ROWS), ["topic"], "W", "2024-01-01", "2024-01-10", OBSERVED)
    assert frame["topic"].tolist() == ["a", "a", "b", "b"]
    assert frame["period"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-08")] * 2
    assert frame["n"].tolist() == [3, 5, 4, 3]
    assert frame["n_days"].tolist() == [7, 7, 7, 7]
    assert frame["n_observed"].tolist() == [7, 2, 7, 2]
    assert frame["rate"].tolist() == pytest.approx([3 / 7, 5 / 2, 4 / 7, 3 / 2])


def test_a_missing_day_is_missing_and_an_observed_one_without_messages_zero():
    frame = series(_counts(ROWS), ["topic"], "D", "2024-01-08", "2024-01-10", OBSERVED)
    assert frame["n"].isna().tolist() == [False, True, False] * 2
    assert frame["rate"].isna().tolist() == [False, True, False] * 2
    assert frame["n"].fillna(-1).tolist() == [0, -1, 5, 3, -1, 0]


def test_months_and_no_dimension():
    frame = series(_counts([*ROWS, ("2024-02-01", "a", 7)]), [], "M", "2024-01-01", "2024-02-29", ["2024-01-01", "2024-02-01"])
    assert frame.columns.tolist() == ["period", "n", "n_days", "n_observed", "rate"]
    assert frame["n"].tolist() == [2, 7]  # only the first of each month was observed
    assert frame["n_days"].tolist() == [31, 29]
    assert frame["n_observed"].tolist() == [1, 1]


def test_messages_outside_the_range_do_not_count_but_make_a_group():
    frame = series(_counts([*ROWS, ("2023-12-01", "c", 9)]), ["topic"], "W", "2024-01-01", "2024-01-07", OBSERVED)
    assert dict(zip(frame["topic"], frame["n"], strict=True)) == {"a": 3, "b": 4, "c": 0}


def test_silence_is_missing_where_messages_usually_come():
    days = pd.date_range("2024-01-01", periods=70)
    busy = [(str(day.date()), "a", 10) for day in days if day.day != 17]
    seen = daily(_counts(busy), ["topic"], days[0], days[-1])
    assert (~seen.is_observed).nonzero()[0].tolist() == [16, 16 + 31]  # 17 January and 17 February
    seldom = [(str(day.date()), "a", 1) for day in days[::3]]
    assert daily(_counts(seldom), ["topic"], days[0], days[-1]).is_observed.all()  # a day without any is no surprise


def test_days_before_the_first_message_are_missing():
    seen = daily(_counts(ROWS), ["topic"], "2023-12-30", "2024-01-02")
    assert seen.is_observed.tolist() == [False, False, True, True]


def test_no_messages_at_all():
    empty = _counts([])
    assert series(empty, ["topic"], "W", "2024-01-01", "2024-01-31").empty
    assert series(empty, [], "W", "2024-01-01", "2024-01-07")["n"].isna().all()


def test_shares_by_hand():
    counts = _counts(ROWS, sentiment=["x", "y", "x", "", "y"])
    frame = shares(counts, "sentiment", [], "W", "2024-01-01", "2024-01-14", OBSERVED)
    assert frame["sentiment"].tolist() == ["x", "x", "y", "y"]
    assert frame["n"].tolist() == [6, 0, 1, 5]
    assert frame["total"].tolist() == [7, 5, 7, 5]  # three messages of the 8th have no sentiment
    assert frame["share"].tolist() == pytest.approx([6 / 7, 0, 1 / 7, 1])
    # Wilson for 0 of 5: 0 to z^2 / (n + z^2)
    assert frame["low"].iloc[1] == pytest.approx(0, abs=1e-9)
    assert frame["high"].iloc[1] == pytest.approx(1.959964**2 / (5 + 1.959964**2), rel=1e-5)


def test_shares_of_nothing_are_missing():
    counts = _counts([*ROWS, ("2024-01-20", "b", 1)], sentiment=["x"] * 6)
    frame = shares(counts, "sentiment", ["topic"], "W", "2024-01-15", "2024-01-21", pd.date_range("2024-01-15", "2024-01-21"))
    assert frame.set_index("topic")["total"].to_dict() == {"a": 0, "b": 1}
    assert np.isnan(frame.set_index("topic")["share"]["a"])
