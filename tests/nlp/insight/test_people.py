import pandas as pd
import pytest

from nlp.errors import SuaraError
from nlp.insight.people import praise, training_needs
from nlp.insight.savings import Factor, savings
from nlp.labels import FLAGGED_BANDS, load_labels

LABELS = load_labels()
ASPECT = {aspect.element: aspect.code for aspect in LABELS.aspect}
NEGATIVE, POSITIVE = LABELS.negative[0], LABELS.positive[0]


def messages(*groups):
    """Groups of (unit, element, sentiment, band, n)."""
    rows = [(unit, ASPECT[element], sentiment, band) for unit, element, sentiment, band, n in groups for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["unit", "aspect", "sentiment", "band"])
    return frame.assign(id=[f"m{i}" for i in range(len(frame))])


# ------------------------------------------------------------------------------------------------ training needs
def test_needs_are_shares_of_a_units_messages_with_an_interval():
    frame = messages(("Dinas A", "U7", NEGATIVE, "0", 8), ("Dinas A", "U9", NEGATIVE, "0", 2))
    (row,) = training_needs(frame, LABELS).to_dict("records")
    assert (row["unit"], row["aspect"], row["n_negative"], row["n_unit"], row["share"]) == ("Dinas A", ASPECT["U7"], 8, 10, 0.8)
    assert (round(row["low"], 3), round(row["high"], 3)) == (0.490, 0.943)
    assert row["examples"] == ["m3", "m4", "m5", "m6", "m7"]
    assert row["sentence"] == "Dinas A: 8 dari 10 pesan (80 %) menunjukkan ketidakpuasan tentang perilaku pelaksana."


def test_three_angry_messages_do_not_top_the_list_and_show_no_example():
    frame = messages(
        ("Kecil", "U7", NEGATIVE, "0", 3), ("Besar", "U6", NEGATIVE, "0", 60), ("Besar", "U9", NEGATIVE, "0", 20)
    )  # 3 of 3: from 0.44; 60 of 80: from 0.65
    table = training_needs(frame, LABELS)
    assert table["unit"].tolist() == ["Besar", "Kecil"]
    assert table["examples"].iloc[1] == []


def test_only_competence_and_conduct_and_only_displeasure_count():
    frame = messages(("A", "U1", NEGATIVE, "0", 9), ("A", "U6", POSITIVE, "0", 9), ("", "U6", NEGATIVE, "0", 9))
    assert training_needs(frame, LABELS).empty


@pytest.mark.parametrize("band", FLAGGED_BANDS)
def test_what_may_point_to_corruption_is_no_training_need(band):
    frame = messages(("A", "U7", NEGATIVE, band, 9), ("A", "U7", NEGATIVE, "1", 6))
    (row,) = training_needs(frame, LABELS).to_dict("records")
    assert (row["n_negative"], row["n_unit"]) == (6, 6)
    assert not set(row["examples"]) & {f"m{i}" for i in range(9)}


# ------------------------------------------------------------------------------------------------ praise
def test_praise_is_passed_on_by_unit():
    frame = messages(
        ("A", "U7", POSITIVE, "0", 6),
        ("A", "U3", POSITIVE, "0", 4),
        ("A", "U3", NEGATIVE, "0", 10),
        ("B", "U3", POSITIVE, "0", 2),
    )
    table = praise(frame, LABELS)
    assert table[["unit", "n_positive", "n_unit", "share"]].to_numpy().tolist() == [["A", 10, 20, 0.5], ["B", 2, 2, 1.0]]
    assert table["aspect"].tolist() == [ASPECT["U7"], ""]
    assert table["sentence"].tolist() == [
        "A: 10 pesan berterima kasih atau memuji, terutama tentang perilaku pelaksana.",
        "B: 2 pesan berterima kasih atau memuji.",
    ]
    assert [len(ids) for ids in table["examples"]] == [5, 0]


def test_nothing_is_an_empty_table():
    frame = messages(("A", "U7", NEGATIVE, "0", 1))
    assert praise(frame, LABELS).empty
    assert training_needs(frame.iloc[:0], LABELS).empty


# ------------------------------------------------------------------------------------------------ savings
ROUTED = pd.DataFrame(
    {
        "month": ["2026-01"] * 4 + ["2026-02"] * 2,
        "is_auto": [True, True, True, False, True, False],
        "is_rerouted": [False, False, True, True, False, False],
    }
)
FACTOR = Factor(6, "pengukuran petugas, Mei 2026")


def test_saved_are_the_messages_that_stayed_where_they_went_by_themselves():
    (row,) = savings(ROUTED, FACTOR).to_dict("records")
    assert (row["n"], row["n_auto"], row["n_undone"], row["n_saved"], row["share_saved"]) == (6, 4, 1, 3, 0.5)
    assert row["hours"] == pytest.approx(0.3)  # 3 x 6 minutes
    assert row["sentence"] == (
        "3 pesan sampai ke unitnya tanpa diteruskan petugas; dengan 6 menit per pesan (pengukuran petugas, Mei 2026) itu 0,3 jam."
    )


def test_savings_by_month_add_up():
    table = savings(ROUTED, FACTOR, by=("month",))
    assert table[["month", "n_saved"]].to_numpy().tolist() == [["2026-01", 2], ["2026-02", 1]]
    assert table["hours"].sum() == pytest.approx(0.3)
    assert savings(ROUTED.iloc[:0], FACTOR)["hours"].tolist() == [0]


@pytest.mark.parametrize(
    ("minutes", "source"), [(0, "taksiran"), (-1, "taksiran"), (481, "taksiran"), (float("nan"), "x"), (5, " ")]
)
def test_a_factor_needs_minutes_and_a_source(minutes, source):
    with pytest.raises(SuaraError, match="faktor waktu"):
        Factor(minutes, source)
