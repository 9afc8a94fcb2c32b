import math
from datetime import date, timedelta

import pandas as pd
import pytest

from nlp.errors import SuaraError
from nlp.insight.survey import ELEMENTS, read_survey
from nlp.insight.targets import MEASURES, Sources, Target, progress
from nlp.insight.working_days import WorkingDays
from nlp.labels import load_labels

LABELS = load_labels()
NEGATIVE, POSITIVE = LABELS.negative[0], LABELS.positive[0]
START, DUE = date(2026, 1, 1), date(2026, 12, 27)  # 360 days
HALFWAY = START + timedelta(days=180)


def messages(n, negative=0, *, days=5, open_=0, topic="jalan", unit="A"):
    """Received on Mondays (2026-06-01), settled after `days` working days; deadline after 10."""
    settled = pd.Timestamp("2026-06-01") + pd.offsets.BDay(days)
    return pd.DataFrame(
        {
            "received_day": pd.Timestamp("2026-06-01"),
            "deadline_on": pd.Timestamp("2026-06-15"),
            "closed_day": [pd.NaT if i < open_ else settled for i in range(n)],
            "sentiment": [NEGATIVE if i < negative else POSITIVE for i in range(n)],
            "topic": topic,
            "unit": unit,
            "aspect": LABELS.aspect[2].code,
        }
    )


def sources(frame, as_of=HALFWAY, n_observed_days=30, survey=None):
    return Sources(frame, n_observed_days, as_of, WorkingDays(), LABELS, survey)


def target(measure, baseline, goal, *, should_rise=False, **filters):
    return Target(measure, should_rise, baseline, START, goal, DUE, **filters)


# ------------------------------------------------------------------------------------------------ status
# 100 messages, k negative; from 60 % to 40 %, half way at 50 %. Wilson of 58: .482 to .672; 60: .502 to .691
@pytest.mark.parametrize(
    ("negative", "as_of", "status"),
    [
        (40, HALFWAY, "tercapai"),
        (30, HALFWAY, "tercapai"),
        (45, HALFWAY, "di jalur"),
        (58, HALFWAY, "di jalur"),  # behind, but the interval reaches the path
        (60, HALFWAY, "terlewat"),  # even the better end is behind
        (60, START, "di jalur"),
        (41, DUE, "di jalur"),
        (41, DUE + timedelta(days=1), "terlewat"),
        (40, DUE + timedelta(days=1), "tercapai"),
    ],
)
def test_status_against_the_straight_path(negative, as_of, status):
    told = progress(target("share_negative", 0.6, 0.4), sources(messages(100, negative), as_of))
    assert told.status == status


def test_expected_is_on_the_path_and_done_is_the_part_of_the_way():
    told = progress(target("share_negative", 0.6, 0.4), sources(messages(100, 45)))
    assert (told.expected, told.done) == (pytest.approx(0.5), pytest.approx(0.75))
    assert told.sentence == "Bagian pesan yang tidak puas kini 45 % dari target 40 %; masih di jalur (jalurnya kini 50 %)."
    goal = target("share_negative", 0.6, 0.4)
    assert goal.expected_on(START - timedelta(days=9)) == pytest.approx(0.6)
    assert goal.expected_on(DUE + timedelta(days=9)) == pytest.approx(0.4)


def test_a_missed_one_says_whether_it_is_late_or_behind():
    goal = target("share_negative", 0.6, 0.4)
    assert progress(goal, sources(messages(100, 70))).sentence.endswith("; tertinggal dari jalur (50 %).")
    assert progress(goal, sources(messages(100, 70), date(2027, 2, 1))).sentence.endswith("; batas waktunya lewat.")


@pytest.mark.parametrize("n", [0, 9])
def test_too_few_messages_give_no_status(n):
    told = progress(target("share_negative", 0.6, 0.4), sources(messages(n, 0)))
    assert told.status == "data kurang"
    assert told.sentence == "Bagian pesan yang tidak puas: data kurang untuk menilai target 40 %."


def test_keeping_a_level_is_a_target_too():
    told = progress(target("share_negative", 0.4, 0.4), sources(messages(100, 45)))
    assert told.status == "di jalur"
    assert math.isnan(told.done)


# ------------------------------------------------------------------------------------------------ measures
def estimate(measure, given, **options):
    goal = Target(measure, True, 0, START, 1e6, DUE, **options)
    return progress(goal, given).estimate


def test_every_measure_worked_on_paper():
    frame = messages(100, 45, days=5, open_=40)
    given = sources(frame, survey=read_survey(pd.DataFrame([[3] * 9] * 12, columns=list(ELEMENTS)), "s.csv"))
    assert (estimate("count", given).value, estimate("count", given).n) == (100, 30)
    assert estimate("per_day", given).value == pytest.approx(100 / 30)
    assert estimate("share_negative", given).value == 0.45
    assert (estimate("share_kept", given).value, estimate("share_kept", given).n) == (0.6, 100)
    assert estimate("median_days", given).value == 5  # 60 of 100 are settled after 5
    assert (estimate("index", given).value, estimate("index", given).n) == (75, 12)
    assert set(MEASURES) == {"count", "per_day", "share_negative", "share_kept", "median_days", "index"}


def test_no_observed_day_no_survey_and_nothing_settled_tell_nothing():
    given = sources(messages(50, open_=50), n_observed_days=0)
    for measure in ("per_day", "index", "median_days"):
        assert progress(Target(measure, True, 1, START, 2, DUE), given).status == "data kurang"


def test_filters_take_their_part_of_messages_and_survey():
    frame = pd.concat([messages(20, 20), messages(30, 0, topic="sampah"), messages(40, 0, unit="B")])
    answers = pd.DataFrame([[4] * 9] * 3 + [[1] * 9] * 5, columns=list(ELEMENTS)).assign(unit=["A"] * 3 + ["B"] * 5)
    given = sources(frame, survey=read_survey(answers, "s.csv"))
    assert estimate("count", given, topic="jalan", unit="A").value == 20
    assert estimate("count", given, topic="sampah").value == 30
    assert estimate("count", given, aspect=LABELS.aspect[0].code).value == 0
    assert estimate("index", given, unit="A").value == 100


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"measure": "senang"}, "ukuran 'senang' tidak dikenal"),
        ({"due_on": START}, "tanggal target"),
        ({"should_rise": True}, "berlawanan dengan arahnya"),
        ({"measure": "index", "should_rise": True, "target": 80, "baseline": 70, "aspect": "waktu"}, "IKM tidak dapat disaring"),
    ],
)
def test_a_wrong_target_is_told(wrong, expected):
    right = {"measure": "count", "should_rise": False, "baseline": 60, "baseline_on": START, "target": 40, "due_on": DUE}
    with pytest.raises(SuaraError, match=expected):
        Target(**(right | wrong))
