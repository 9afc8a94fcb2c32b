import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.errors import SuaraError
from nlp.insight.elements import by_element, survey_beside_messages
from nlp.insight.satisfaction import element_means, grade_of, indices, respondents_needed
from nlp.insight.survey import ELEMENTS, read_survey
from nlp.labels import load_labels

LABELS = load_labels()
ASPECT = {aspect.element: aspect.code for aspect in LABELS.aspect}
NEGATIVE, POSITIVE = LABELS.negative[0], LABELS.positive[0]


def table(*answers, columns=ELEMENTS, **others):
    return pd.DataFrame([[str(a) for a in row] for row in answers], columns=list(columns)).assign(**others)


# ------------------------------------------------------------------------------------------------ reading
@pytest.mark.parametrize("form", ["u{}", "U{}", "u_{}", "U-0{}", "Unsur {}", "unsur_{}", "U{} Persyaratan", "U{}. Waktu"])
def test_element_columns_may_be_called_in_many_ways(form):
    columns = [form.format(i) for i in range(1, 10)]
    survey = read_survey(table([1, 2, 3, 4, 1, 2, 3, 4, 4], columns=columns), "survei.csv")
    assert survey[list(ELEMENTS)].to_numpy().tolist() == [[1, 2, 3, 4, 1, 2, 3, 4, 4]]


def test_columns_may_come_in_any_order_with_unit_topic_and_day():
    given = table([3] * 9, [4] * 9, Tanggal=["2026-05-01", ""], **{"Unit Layanan": ["Loket A", " "], "topik": ["jalan", "-"]})
    survey = read_survey(given[given.columns[::-1]], "survei.csv")
    assert survey["unit"].tolist() == ["Loket A", ""]
    assert survey["day"].tolist() == [pd.Timestamp("2026-05-01"), pd.NaT]
    assert survey.columns.tolist() == [*ELEMENTS, "unit", "topic", "day"]


@pytest.mark.parametrize("cell", ["", " ", "-", "nan", None, float("nan"), pd.NA])
def test_an_answer_may_be_missing(cell):
    given = table([3] * 9, [4] * 9).astype(object)
    given.iloc[0, 2] = cell
    assert math.isnan(read_survey(given, "survei.csv")["U3"].iloc[0])


@pytest.mark.parametrize("cell", [3, 3.0, "3", " 3 ", "3.0", "3,0"])
def test_an_answer_may_be_text_or_number(cell):
    given = table([1] * 9).astype(object)
    given.iloc[0, 8] = cell
    assert read_survey(given, "survei.csv")["U9"].tolist() == [3]


@pytest.mark.parametrize("cell", ["0", "5", "2.5", "2,5", "baik", "-1", "1e9", "33", "3.01"])
def test_another_answer_is_told_by_row_and_column(cell):
    given = table([1] * 9, [2] * 9, [3] * 9)
    given.iloc[1, 3] = cell
    with pytest.raises(SuaraError, match=r"survei\.csv, baris 3, kolom 'U4': '.+' bukan 1, 2, 3, atau 4\.") as caught:
        read_survey(given, "survei.csv")
    assert f"'{cell}'" in str(caught.value)


def test_how_many_more_cells_are_wrong_is_told():
    with pytest.raises(SuaraError, match=r"baris 2, kolom 'U1': '7' bukan .* \(dan 2 sel lain\)"):
        read_survey(table([7] * 9, [8] * 9, [9] * 9), "survei.csv")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (table([1] * 8, columns=ELEMENTS[:8]), "kolom unsur U9 tidak ada"),
        (table([1] * 9, columns=[f"U{i}" for i in range(10, 19)]), "kolom unsur U1, U2, .*U9 tidak ada"),
        (table([1] * 10, columns=[*ELEMENTS, "Unsur 3"]), "'U3' dan 'Unsur 3' sama-sama berarti U3"),
        (table([""] * 9), "tidak ada jawaban"),
        (table([1] * 9, tanggal=["31 Mei"]), "baris 2, kolom 'tanggal': '31 Mei' bukan tanggal"),
    ],
)
def test_a_wrong_table_is_told(given, expected):
    with pytest.raises(SuaraError, match=expected):
        read_survey(given, "survei.csv")


@settings(max_examples=50)
@given(st.lists(st.text(max_size=6), min_size=9, max_size=9))
def test_any_cells_are_read_or_told(cells):
    try:
        survey = read_survey(table(cells), "survei.csv")
    except SuaraError as error:
        assert "survei.csv" in str(error)
    else:
        assert survey[list(ELEMENTS)].isin([1, 2, 3, 4]).any(axis=None)


# ------------------------------------------------------------------------------------------------ the index
@pytest.mark.parametrize(
    ("index", "grade"),
    [
        (25.00, "D"), (64.99, "D"), (64.994, "D"), (64.995, "C"), (65.00, "C"), (76.60, "C"), (76.604, "C"), (76.605, "B"),
        (76.61, "B"), (88.30, "B"), (88.304, "B"), (88.305, "A"), (88.31, "A"), (100.0, "A"),
    ],
)  # fmt: skip
def test_grade_bounds(index, grade):
    assert grade_of(index).code == grade


def test_an_index_worked_on_paper():
    # means U1 3.0, U2 3.5, U3 2.0, U4 4.0, U5 3.0, U6 3.0, U7 3.5, U8 2.5, U9 2.5; sum 27; 25 x 27 / 9 = 75
    survey = read_survey(table([3, 4, 2, 4, 3, 3, 4, 3, 2], [3, 3, 2, 4, 3, 3, 3, 2, 3]), "survei.csv")
    means = element_means(survey)
    assert means["mean"].tolist() == [3.0, 3.5, 2.0, 4.0, 3.0, 3.0, 3.5, 2.5, 2.5]
    assert means["weighted_mean"].sum() * 25 == pytest.approx(75)
    assert means["grade"].tolist() == ["C", "B", "D", "A", "C", "C", "B", "D", "D"]  # 75, 87.5, 50, 100, 62.5
    (row,) = indices(survey).to_dict("records")
    assert (row["n_respondents"], row["n_missing"], row["grade"]) == (2, 0, "C")
    assert row["index"] == pytest.approx(75)
    # the two respondents stand at 25 x 28/9 and 25 x 26/9: half a width apart of t(1) = 12.706 times 2.7778
    assert (row["low"], row["high"]) == (pytest.approx(75 - 12.7062 * 25 / 9, abs=1e-3), 100)
    assert row["note"] == "Hanya 2 responden; baca hasilnya sebagai perkiraan."


def test_missing_answers_are_counted_and_the_others_kept():
    # U1: 4 and 2 of three; all other elements 3, 3, 3: 25 x (3 + 24) / 9
    survey = read_survey(table([4] + [3] * 8, [2] + [3] * 8, [""] + [3] * 8), "survei.csv")
    first = element_means(survey).iloc[0]
    assert (first["n_answers"], first["n_missing"], first["mean"]) == (2, 1, 3)
    (row,) = indices(survey).to_dict("records")
    assert (row["n_respondents"], row["n_missing"], row["index"]) == (3, 1, pytest.approx(75))


def test_an_element_nobody_answered_leaves_no_index():
    (row,) = indices(read_survey(table([3] * 8 + [""], [4] * 8 + [""]), "survei.csv")).to_dict("records")
    assert math.isnan(row["index"])
    assert row["grade"] == ""
    assert "tidak ada jawaban untuk unsur U9" in row["note"]


def test_by_unit_and_the_respondents_a_table_asks_for():
    survey = read_survey(table([4] * 9, [4] * 9, [1] * 9, unit=["A", "A", "B"]), "survei.csv")
    by_unit = indices(survey, by=("unit",))
    assert by_unit[["unit", "n_respondents", "index", "grade"]].to_numpy().tolist() == [["A", 2, 100, "A"], ["B", 1, 25, "D"]]
    assert math.isnan(by_unit["low"].iloc[1])  # one respondent has no spread
    assert "Responden 3 dari 217 yang dianjurkan untuk 500" in indices(survey, population=500)["note"].iloc[0]
    assert len(element_means(survey, by=("unit",))) == 18


@pytest.mark.parametrize(
    ("population", "needed"), [(1, 1), (10, 10), (100, 80), (220, 140), (500, 217), (1200, 291), (2800, 338), (1_000_000, 384)]
)
def test_respondents_are_those_of_the_printed_table(population, needed):
    assert respondents_needed(population) == needed


def test_the_true_index_lies_within_the_interval_19_times_in_20():
    random = np.random.default_rng(3)
    inside = 0
    for _ in range(400):
        leaning = random.choice([0.0, 0.3], 60)[:, None]  # respondents differ, so their answers hang together
        answers = pd.DataFrame(1 + random.binomial(3, 0.4 + leaning, (60, 9)).astype(float), columns=list(ELEMENTS))
        answers = answers.mask(random.random((60, 9)) < 0.1)
        (row,) = indices(answers).to_dict("records")
        inside += row["low"] <= 25 * (1 + 3 * 0.55) <= row["high"]
    assert 0.92 <= inside / 400 <= 0.98


# ------------------------------------------------------------------------------------------------ beside messages
def messages(**negative_of):
    """`U3=(40, 50)`: 40 negative of 50 messages about an element, in turns over 50 days."""
    rows = [
        (pd.Timestamp("2026-01-01") + pd.Timedelta(days=i), ASPECT[element], NEGATIVE if i < negative else POSITIVE)
        for element, (negative, n) in negative_of.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["day", "aspect", "sentiment"])


def test_messages_by_element_count_displeasure_against_the_others():
    table = by_element(messages(U3=(40, 50), U9=(10, 50)), LABELS).set_index("element")
    assert table.loc["U3", ["n", "n_negative", "share_negative", "others_share", "more"]].tolist() == [50, 40, 0.8, 0.2, 1]
    assert table.loc["U9", "more"] == -1
    assert table.loc["U1", "n"] == 0
    assert math.isnan(table.loc["U1", "share_negative"])


def test_the_second_half_against_the_first_gives_the_direction():
    early_only = messages(U3=(25, 50))
    table = by_element(early_only, LABELS).set_index("element")
    assert table.loc["U3", "direction"] == "membaik"
    late_only = early_only.assign(day=early_only["day"].to_numpy()[::-1])
    assert by_element(late_only, LABELS).set_index("element").loc["U3", "direction"] == "memburuk"
    mixed = early_only.assign(sentiment=[NEGATIVE, POSITIVE] * 25)
    assert by_element(mixed, LABELS).set_index("element").loc["U3", "direction"] == "tetap"
    assert table.loc["U1", "direction"] == "data kurang"


def test_a_good_survey_and_many_complaints_disagree_in_one_sentence():
    survey = read_survey(table([3, 3, 4, 3, 3, 3, 3, 3, 2], [3] * 8 + [2]), "survei.csv")
    beside = survey_beside_messages(survey, messages(U3=(40, 50), U9=(10, 50)), LABELS).set_index("element")
    assert beside.loc["U3", "flag"] == "survei baik, pesan mengeluh"
    assert beside.loc["U3", "sentence"] == (
        "Waktu penyelesaian: survei memberi nilai 3,50 dari 4, tetapi 80 % dari 50 pesan tentangnya menunjukkan ketidakpuasan, "
        "lebih banyak daripada unsur lain (20 %), dan berkurang."
    )
    assert beside.loc["U9", "flag"] == "survei kurang, pesan tenang"
    assert beside.loc["U1", "flag"] == ""
    assert beside.loc["U1", "sentence"].endswith("pesan tentangnya terlalu sedikit untuk dibandingkan.")


def test_four_angry_messages_raise_no_flag():
    survey = read_survey(table([4] * 9, [4] * 9), "survei.csv")
    assert (survey_beside_messages(survey, messages(U3=(4, 4), U9=(1, 90)), LABELS)["flag"] == "").all()


def test_units_of_the_survey_without_messages_are_kept():
    survey = read_survey(table([4] * 9, [3] * 9, unit=["A", "B"]), "survei.csv")
    told = messages(U3=(40, 50), U9=(10, 50)).assign(unit="A")
    beside = survey_beside_messages(survey, told, LABELS, by=("unit",))
    assert beside.groupby("unit")["messages_n"].sum().to_dict() == {"A": 100, "B": 0}
    assert len(survey_beside_messages(survey, told.iloc[:0], LABELS, by=("unit",))) == 18
