"""Drift: distances by hand, what chance alone does, alarms after two windows only; words that come up."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from nlp.insight.drift import REFERENCE_DAYS, WINDOW_DAYS, drift
from nlp.insight.vocabulary import rising_words, words_by_message
from nlp.labels import load_labels

LABELS = load_labels()
ONE, OTHER = LABELS.codes("topic")[:2]
N_DAYS = REFERENCE_DAYS + 2 * WINDOW_DAYS
DAYS = pd.date_range("2024-01-01", periods=N_DAYS)


def _messages(n_other: tuple[int, int, int]) -> pd.DataFrame:
    """Ten messages a day, so many of them of the other topic before, in the earlier and in the later window."""
    others = np.repeat(n_other, (REFERENCE_DAYS, WINDOW_DAYS, WINDOW_DAYS))
    topic = np.where(np.arange(10) < others[:, None], OTHER, ONE)
    return pd.DataFrame({"day": DAYS.repeat(10), "topic": topic.ravel()})


def test_distance_by_hand_and_an_alarm():
    told = drift(_messages((2, 6, 6)), DAYS[-1], LABELS)
    assert told["measure"].tolist() == ["topic"]
    row = told.iloc[0]
    # of (.8, .2) and (.4, .6): middle (.6, .4)
    one = 0.8 * np.log2(0.8 / 0.6) + 0.2 * np.log2(0.2 / 0.4)
    other = 0.4 * np.log2(0.4 / 0.6) + 0.6 * np.log2(0.6 / 0.4)
    assert row["distance"] == pytest.approx((one + other) / 2)
    assert row["usual"] < row["distance"]
    assert (row["n"], row["n_reference"]) == (280, 1120)
    assert (row["first_day"], row["last_day"]) == (DAYS[-28], DAYS[-1])
    assert row["p_value"] == row["p_value_before"] == 1 / 1000
    assert row["is_alarm"]
    name, other_name = LABELS.name("topic", ONE), LABELS.name("topic", OTHER)
    assert [(c, round(a, 9), round(b, 9)) for c, a, b in row["changes"]] == [(other_name, 0.2, 0.6), (name, 0.8, 0.4)]
    assert row["sentence"] == (
        f"Topik pesan bergeser dua kali 28 hari berturut-turut: {other_name} (dari 20 % menjadi 60 %); "
        f"{name} (dari 80 % menjadi 40 %)."
    )


@pytest.mark.parametrize("n_other", [(2, 2, 6), (2, 6, 2), (2, 2, 2)])
def test_one_window_alone_is_no_alarm(n_other: tuple[int, int, int]):
    row = drift(_messages(n_other), DAYS[-1], LABELS).iloc[0]
    assert not row["is_alarm"]
    assert row["sentence"] == "Topik pesan: tidak ada pergeseran yang menetap."


def test_nothing_moves_at_all():
    row = drift(_messages((2, 2, 2)), DAYS[-1], LABELS).iloc[0]
    assert (row["distance"], row["p_value"], row["changes"]) == (pytest.approx(0), 1.0, [])


def test_too_few_messages_say_so():
    row = drift(_messages((2, 6, 6)).iloc[::10], DAYS[-1], LABELS).iloc[0]
    assert np.isnan(row["p_value"])
    assert not row["is_alarm"]
    assert row["sentence"] == "Topik pesan: data belum cukup untuk membandingkan."


def test_words_confidence_and_decisions():
    random = np.random.default_rng(1)
    late = np.repeat(np.arange(N_DAYS) >= REFERENCE_DAYS, 10)
    frame = _messages((2, 2, 2)).assign(
        text=np.where(late, "antrean loket terlalu panjang", "lampu jalan padam lagi"),
        topic_probability=random.uniform(0.5, 1, len(late)) - 0.2 * late,
        decision=np.where(random.random(len(late)) < np.where(late, 0.5, 0.2), "manual", "auto"),
    )
    told = drift(frame, DAYS[-1], LABELS).set_index("measure")
    assert told["is_alarm"].to_dict() == {"topic": False, "words": True, "confidence": True, "decision": True}
    assert told.loc["words", "distance"] == pytest.approx(1)  # no word in common
    lowest = told.loc["confidence", "changes"][0]
    assert lowest[0].startswith("0,00 sampai 0,5")
    assert lowest[1] == pytest.approx(0.1, abs=0.002)
    assert "dibaca penuh petugas" in told.loc["decision", "sentence"]


def test_the_threshold_is_a_rate_of_false_alarms():
    random = np.random.default_rng(2)
    p_values, alarms = [], 0
    for _ in range(60):
        day = DAYS.repeat(random.poisson(8, N_DAYS))
        row = drift(pd.DataFrame({"day": day, "topic": random.choice([ONE, OTHER, "x", "y"], len(day))}), DAYS[-1], LABELS).iloc[
            0
        ]
        p_values.append(row["p_value"])
        alarms += row["is_alarm"]
    assert 0.1 <= np.mean(np.array(p_values) <= 0.2) <= 0.3
    assert alarms == 0


def test_messages_of_one_day_count_as_one_event():
    """Eight messages of the other topic come on one day a week or all together: chance by days knows the difference."""
    spread = _messages((2, 3, 3))
    bursts = np.zeros((N_DAYS, 10), bool)
    bursts[:REFERENCE_DAYS:5] = True
    bursts[REFERENCE_DAYS::3] = True
    clustered = spread.assign(topic=np.where(bursts.ravel(), OTHER, ONE))
    assert drift(spread, DAYS[-1], LABELS).iloc[0]["p_value"] == 1 / 1000
    assert drift(clustered, DAYS[-1], LABELS).iloc[0]["p_value"] > 0.05


def test_words_of_messages():
    matrix, words = words_by_message(pd.Series(["Jalan rusak, jalan rusak!! Rp 50.000 [NAMA]", "[TELEPON] jalan di RT 05", ""]))
    assert [sorted(np.array(words)[row.indices]) for row in matrix] == [["jalan", "rusak"], ["jalan"], []]


def test_rising_words_by_hand():
    before = pd.DataFrame({"day": DAYS[:100].repeat(2), "text": ["lampu padam", "jalan rusak"] * 100})
    after = pd.DataFrame(
        {"day": DAYS[100:110].repeat(4), "text": ["lampu padam", "jalan rusak", "jalan rusak", "antrean vaksin"] * 10}
    )
    found = rising_words(pd.concat([before, after]), DAYS[100], DAYS[109])
    assert found["word"].tolist() == ["antrean", "vaksin"]
    row = found.iloc[1]
    assert (row["n"], row["n_before"], row["share"], row["share_before"]) == (10, 0, 0.25, 0)
    assert row["is_new"]
    assert row["ratio"] == pytest.approx((10.5 / 41) / (0.5 / 201))
    assert row["p_value"] == pytest.approx(fisher_exact([[10, 30], [0, 200]], alternative="greater")[1])
    assert row["q_value"] == pytest.approx(row["p_value"] * 6 / 2)  # six words tested, two equally sure


def test_a_word_of_one_day_is_no_need_and_empty_stretches_have_none():
    before = pd.DataFrame({"day": DAYS[:100], "text": "lampu padam"})
    one_day = pd.DataFrame({"day": [DAYS[100]] * 30, "text": "tolak pabrik"})
    assert rising_words(pd.concat([before, one_day]), DAYS[100], DAYS[109]).empty
    assert rising_words(before, DAYS[100], DAYS[109]).empty
    assert rising_words(before, DAYS[0], DAYS[99]).empty  # nothing to compare with
    assert rising_words(before.iloc[:0], DAYS[0], DAYS[9]).empty
