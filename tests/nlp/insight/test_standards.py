import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from nlp.insight.durations import Survival
from nlp.insight.standards import BUCKETS, ageing, ageing_counts, deadlines_kept
from nlp.insight.working_days import WorkingDays
from nlp.labels import load_labels

LABELS = load_labels()
DAYS = WorkingDays()
NEVER = None


def frame(*rows):
    """Messages of (received, deadline, closed, topic, unit), days of June 2026."""
    names = ("received_day", "deadline_on", "closed_day", "topic", "unit")
    table = pd.DataFrame(rows, columns=names)
    for name in names[:3]:
        table[name] = pd.Timestamp(2026, 5, 31) + pd.to_timedelta(table[name].astype(float), unit="D")
    return table


# ------------------------------------------------------------------------------------------------ working days
@pytest.mark.parametrize(
    ("start", "end", "n_days"),
    [
        (date(2026, 6, 1), date(2026, 6, 1), 0),  # the day itself does not count
        (date(2026, 6, 1), date(2026, 6, 2), 1),
        (date(2026, 6, 5), date(2026, 6, 8), 1),  # Friday to Monday
        (date(2026, 6, 5), date(2026, 6, 7), 0),  # to Sunday
        (date(2026, 6, 6), date(2026, 6, 8), 1),  # from Saturday
        (date(2026, 6, 1), date(2026, 6, 15), 10),
        (date(2026, 6, 8), date(2026, 6, 1), 0),  # closed before it came
    ],
)
def test_working_days_after_the_first_up_to_the_last(start, end, n_days):
    assert DAYS.between(pd.Series([pd.Timestamp(start)]), pd.Series([pd.Timestamp(end)])).tolist() == [n_days]


def test_free_days_do_not_count_and_days_worked_instead_do():
    days = WorkingDays(free=[date(2026, 6, 3), date(2026, 6, 6)], worked=[date(2026, 6, 6), date(2026, 6, 13), date(2026, 6, 9)])
    start = pd.Series(pd.to_datetime(["2026-06-01", "2026-06-05", "2026-06-12"]))
    # Tue Thu Fri Sat Mon = 5; Sat Mon = 2; Sat Mon = 2
    assert days.between(start, pd.Series(pd.to_datetime(["2026-06-08", "2026-06-08", "2026-06-15"]))).tolist() == [5, 2, 2]
    # two Saturdays worked, one Wednesday free: 2 4 5 6 8 9 10 11 12 13 15; from the 6th on 8 of them
    assert days.between(start, date(2026, 6, 15)).tolist() == [11, 8, 2]


# ------------------------------------------------------------------------------------------------ durations
def test_ten_settled_messages_have_the_fifth_as_median_and_the_ninth_as_p90():
    curve = Survival(range(1, 11), [True] * 10)
    assert curve.quantile(0.5).value == 5
    assert curve.quantile(0.9).value == 9


def test_open_messages_count_as_longer_than_their_age():
    # at 2: 1 of 4 ends, 3/4 open; at 3 one leaves unseen; at 5: 1 of 2, 3/8 open; at 6 one is still open
    curve = Survival([2, 3, 5, 6], [True, False, True, False])
    assert curve.share.tolist() == [0.75, 0.375]
    assert curve.quantile(0.5).value == 5
    assert math.isnan(curve.quantile(0.9).value)
    assert Survival([2, 5], [True, True]).quantile(0.5).value == 2  # what leaving the open ones out would say


def test_nothing_settled_tells_no_duration():
    assert math.isnan(Survival([3, 4], [False, False]).quantile(0.5).value)
    assert math.isnan(Survival([], []).quantile(0.5).value)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60).filter(lambda rows: any(o for _, o in rows))
)
def test_survival_is_that_of_statsmodels(rows):
    days, over = zip(*rows, strict=True)
    ours, theirs = Survival(days, over), SurvfuncRight(np.array(days) + 1, np.array(over).astype(int))  # it knows no day 0
    at = np.searchsorted(theirs.surv_times, ours.days + 1)
    np.testing.assert_allclose(ours.share, theirs.surv_prob[at], atol=1e-12)
    median = ours.quantile(0.5)
    if not math.isnan(median.low) and not math.isnan(median.value):
        assert median.low <= median.value
    if not math.isnan(median.high):
        assert median.high >= median.value


def test_the_median_of_a_large_sample_lies_within_its_interval_19_times_in_20():
    random = np.random.default_rng(7)
    inside = 0
    for _ in range(400):
        took, age = random.geometric(0.1, 80), random.integers(1, 40, 80)  # the true median of this law is 7
        median = Survival(np.minimum(took, age), took <= age).quantile(0.5)
        inside += median.low <= 7 <= median.high
    assert 0.92 <= inside / 400 <= 0.995  # whole days make the interval a little wide


# ------------------------------------------------------------------------------------------------ deadlines kept
TEN = frame(
    *[(1, 19, closed, "jalan", "Dinas A") for closed in (2, 3, 4, 5, 8, 9, 10, 11)],  # after 1 to 8 working days
    (1, 10, 12, "jalan", "Dinas A"),  # after 9, too late
    (1, 10, NEVER, "jalan", "Dinas A"),  # open and overdue
)


def test_ten_messages_worked_on_paper():
    (row,) = deadlines_kept(TEN, date(2026, 6, 30), DAYS, LABELS).to_dict("records")
    assert (row["topic"], row["n"], row["n_open"]) == ("jalan", 10, 1)
    assert (row["median_days"], row["p90_days"]) == (5, 9)
    assert (row["n_due"], row["n_kept"], row["share_kept"]) == (10, 8, 0.8)
    assert (round(row["share_low"], 3), round(row["share_high"], 3)) == (0.490, 0.943)
    assert (row["standard_days"], row["standard_share"], row["verdict"]) == (14, 0.9, "belum pasti")


def test_messages_within_their_deadline_are_in_no_share_even_when_settled():
    # on the 12th only the two deadlines of the 10th are over, both broken
    (row,) = deadlines_kept(TEN, date(2026, 6, 12), DAYS, LABELS).to_dict("records")
    assert (row["n_due"], row["n_kept"], row["share_kept"], row["verdict"]) == (2, 0, 0, "data kurang")


def test_the_past_is_told_as_it_was_known():
    # on the 4th: three are settled after 1, 2, 3 days, seven are open for 3; nothing is due
    (row,) = deadlines_kept(TEN, date(2026, 6, 4), DAYS, LABELS).to_dict("records")
    assert (row["n"], row["n_open"], row["n_due"]) == (10, 7, 0)
    assert math.isnan(row["median_days"])
    assert math.isnan(row["share_kept"])
    assert deadlines_kept(TEN, date(2026, 5, 31), DAYS, LABELS).empty


def test_the_deadline_day_itself_is_in_time():
    on_time = frame((1, 10, 10, "jalan", "A"), (1, 10, 11, "jalan", "A"))
    assert deadlines_kept(on_time, date(2026, 6, 30), DAYS, LABELS)["n_kept"].tolist() == [1]


@pytest.mark.parametrize(("n_kept", "verdict"), [(100, "memenuhi"), (90, "belum pasti"), (80, "belum memenuhi")])
def test_the_interval_is_held_against_the_standard(n_kept, verdict):
    # Wilson of 100 of 100: .963 to 1; 90: .826 to .945; 80: .711 to .867
    rows = [(1, 10, 9 if i < n_kept else 11, "jalan", "A") for i in range(100)]
    assert deadlines_kept(frame(*rows), date(2026, 6, 30), DAYS, LABELS)["verdict"].tolist() == [verdict]


def test_groups_by_unit_and_overall_mix_the_standards_of_their_topics():
    rows = [(1, 10, 9, "jalan", "A")] * 3 + [(1, 10, 9, "kebencanaan", "A")] + [(1, 10, NEVER, "kode_lama", "B")] * 5
    by_unit = deadlines_kept(frame(*rows), date(2026, 6, 30), DAYS, LABELS, by=("unit",))
    assert by_unit["unit"].tolist() == ["A", "B"]
    assert by_unit["standard_share"].tolist()[0] == pytest.approx((3 * 0.90 + 0.95) / 4)
    assert by_unit["standard_days"].isna().all()
    assert by_unit["verdict"].tolist() == ["data kurang", "data kurang"]  # an unknown topic asks nothing
    both = deadlines_kept(frame(*rows), date(2026, 6, 30), DAYS, LABELS, by=("topic", "unit"))
    assert both[["topic", "unit", "n"]].to_numpy().tolist() == [["jalan", "A", 3], ["kebencanaan", "A", 1], ["kode_lama", "B", 5]]
    assert deadlines_kept(frame(*rows), date(2026, 6, 30), DAYS, LABELS, by=())["n"].tolist() == [9]


def test_a_message_without_a_deadline_tells_its_duration_only():
    (row,) = deadlines_kept(frame((1, NEVER, 3, "jalan", "A")), date(2026, 6, 30), DAYS, LABELS).to_dict("records")
    assert (row["median_days"], row["n_due"]) == (2, 0)


# ------------------------------------------------------------------------------------------------ ageing
OPEN = frame(
    (24, 29, NEVER, "jalan", "A"),  # Wednesday: 4 working days until the 30th, overdue by 1
    (1, 30, NEVER, "jalan", "A"),  # 21 days, due today
    (1, 5, NEVER, "sampah", "B"),  # 21 days, overdue by 17
    (1, 5, 4, "sampah", "B"),  # settled
    (10, NEVER, NEVER, "sampah", "B"),  # 14 days, no deadline
    (9, 20, NEVER, "sampah", "B"),  # 15 days, due on a Saturday, overdue by 7
)


def test_open_messages_oldest_first_with_days_overdue():
    table = ageing(OPEN, date(2026, 6, 30), DAYS)
    assert table["age_days"].tolist() == [21, 21, 15, 14, 4]
    assert table["days_overdue"].fillna(-1).tolist() == [0, 17, 7, -1, 1]
    assert table["bucket"].tolist() == ["15-30", "15-30", "15-30", "6-14", "0-5"]
    assert table["topic"].tolist() == ["jalan", "sampah", "sampah", "sampah", "jalan"]


def test_buckets_are_counted_by_group():
    aged = ageing(OPEN, date(2026, 6, 30), DAYS)
    by_unit = ageing_counts(aged, by=("unit",))
    assert by_unit.columns.tolist() == ["unit", *BUCKETS, "n_overdue", "n"]
    assert by_unit.to_numpy().tolist() == [["A", 1, 0, 1, 0, 1, 2], ["B", 0, 1, 2, 0, 2, 3]]
    assert ageing_counts(aged).to_numpy().tolist() == [[1, 1, 3, 0, 3, 5]]


@pytest.mark.parametrize(
    ("age", "bucket"), [(0, "0-5"), (5, "0-5"), (6, "6-14"), (14, "6-14"), (15, "15-30"), (30, "15-30"), (31, ">30")]
)
def test_bucket_ends(age, bucket):
    received = frame((1, NEVER, NEVER, "jalan", "A"))
    as_of = np.busday_offset("2026-06-01", age, roll="forward").astype(date)
    assert ageing(received, as_of, DAYS)[["age_days", "bucket"]].to_numpy().tolist() == [[age, bucket]]


def test_nothing_open_is_an_empty_list():
    settled = frame((1, 5, 4, "sampah", "B"))
    assert ageing(settled, date(2026, 6, 30), DAYS).empty
    assert ageing(settled.iloc[:0], date(2026, 6, 30), DAYS).empty
    assert deadlines_kept(settled.iloc[:0], date(2026, 6, 30), DAYS, LABELS).empty
