from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from nlp.errors import SuaraError
from nlp.insight import small_cells
from nlp.insight.small_cells import TOTAL, suppress


def crossed(rows, keys=("topik", "unit")):
    """A frame of nested lists of counts: rows by the first key, columns by the second."""
    cells = [(f"r{i}", f"c{j}", n) for i, row in enumerate(rows) for j, n in enumerate(row)]
    return pd.DataFrame(cells, columns=[*keys, "n"])


def hidden_places(table, keys=("topik", "unit")):
    return {tuple(row) for row in table.loc[table["hidden"], list(keys)].to_numpy()}


# ------------------------------------------------------------------------------------------------ worked on paper
def test_a_small_count_takes_the_smallest_other_with_it():
    table = suppress(pd.DataFrame({"topik": ["a", "b", "c"], "n": [3, 40, 12]}), "n", ["topik"])
    assert table.astype(object).replace({pd.NA: None}).to_dict("list") == {
        "topik": ["a", "b", "c", TOTAL],
        "n": [None, 40, None, 55],
        "hidden": [True, False, True, False],
    }


def test_without_a_total_nothing_more_is_hidden():
    table = suppress(pd.DataFrame({"topik": ["a", "b", "c"], "n": [3, 40, 12]}), "n", ["topik"], margins=[])
    assert table["hidden"].tolist() == [True, False, False]


def test_one_small_count_in_a_square_hides_a_rectangle():
    table = suppress(crossed([[2, 9, 30], [8, 20, 31], [40, 41, 42]]), "n", ["topik", "unit"])
    # the row takes its 9, the column its 8, and these two the 20 that they cross in
    assert hidden_places(table) == {("r0", "c0"), ("r0", "c1"), ("r1", "c0"), ("r1", "c1")}
    totals = table[(table["topik"] == TOTAL) | (table["unit"] == TOTAL)]
    assert totals["n"].tolist() == [41, 59, 123, 50, 70, 103, 223]


def test_two_ones_that_add_up_to_two_are_not_left_alone():
    # the row says a + b = 2 beside a published 10: both must be 1, so the 10 goes as well
    table = suppress(crossed([[1, 1, 10], [20, 20, 20], [20, 20, 20]]), "n", ["topik", "unit"])
    assert {("r0", "c0"), ("r0", "c1"), ("r0", "c2")} <= hidden_places(table)


def test_a_total_under_5_is_hidden_as_well():
    table = suppress(crossed([[3, 0], [20, 30], [25, 35]]), "n", ["topik", "unit"])
    hidden = hidden_places(table)
    assert {("r0", "c0"), ("r0", TOTAL)} <= hidden
    assert len([place for place in hidden if place[1] == TOTAL]) >= 2  # else the grand total tells it
    assert table.loc[(table["topik"] == "r0") & (table["unit"] == "c1"), "n"].tolist() == [0]


def test_a_table_of_one_small_count_shows_nothing():
    table = suppress(pd.DataFrame({"topik": ["a"], "n": [4]}), "n", ["topik"])
    assert table["hidden"].tolist() == [True, True]
    assert table["n"].isna().all()


def test_large_counts_stay_and_zeros_do():
    table = suppress(crossed([[5, 0], [0, 99]]), "n", ["topik", "unit"])
    assert not table["hidden"].any()
    assert table["n"].tolist() == [5, 0, 0, 99, 5, 99, 5, 99, 104]


def test_a_count_that_is_missing_stays_so_and_so_does_a_total_of_nothing_else():
    frame = crossed([[7, None], [9, None]])
    table = suppress(frame, "n", ["topik", "unit"])
    shown = {tuple(row[:2]): row[2] for row in table[["topik", "unit", "n"]].astype(object).to_numpy()}
    assert [pd.isna(shown[place]) for place in (("r0", "c1"), (TOTAL, "c1"), (TOTAL, "c0"))] == [True, True, False]
    assert (shown["r0", TOTAL], shown[TOTAL, TOTAL]) == (7, 16)
    assert not table["hidden"].any()


def test_a_table_without_totals_may_be_of_any_size():
    frame = pd.DataFrame({"a": range(700), "b": "", "c": "", "n": [3, *[9] * 699]})
    table = suppress(frame, "n", ["a", "b", "c"], margins=())
    assert table["hidden"].tolist() == [True, *[False] * 699]
    with pytest.raises(SuaraError, match="batasnya 600"):
        suppress(frame, "n", ["a", "b", "c"])


def test_nothing_else_than_the_count_comes_back_and_rows_are_added_up():
    frame = pd.DataFrame({"topik": ["a", "a", "b"], "n": [3, 4, 9], "n_negatif": [1, 1, 2]})
    table = suppress(frame, "n", ["topik"])
    assert table.columns.tolist() == ["topik", "n", "hidden"]
    assert table["n"].tolist() == [7, 9, 16]
    assert suppress(frame.iloc[:0], "n", ["topik"])["n"].tolist() == [0]


def test_a_missing_key_is_a_row_of_its_own():
    frame = pd.DataFrame({"topik": pd.Categorical(["a", None, "b"]), "unit": ["x", None, "x"], "n": [9, 8, 7]})
    table = suppress(frame, "n", ["topik", "unit"])
    assert table.loc[table["topik"] == "", ["unit", "n"]].to_numpy().tolist() == [["", 8], [TOTAL, 8]]


def test_only_the_margins_asked_for_are_there():
    table = suppress(crossed([[9, 9], [9, 9]]), "n", ["topik", "unit"], margins=[["unit"], []])
    assert table[["topik", "unit"]].to_numpy().tolist()[4:] == [[TOTAL, "c0"], [TOTAL, "c1"], [TOTAL, TOTAL]]


@pytest.mark.parametrize(
    ("keys", "frame", "expected"),
    [
        (["topik", "kota"], crossed([[1]]), "kolom 'kota' tidak ada"),
        ([], crossed([[1]]), "ada 0 kolom kunci"),
        (["topik"], pd.DataFrame({"topik": ["a", TOTAL], "n": [1, 1]}), "sudah berisi 'Jumlah'"),
        (["topik"], pd.DataFrame({"topik": range(3_001), "n": 1}), "3001 angka; batasnya 3000"),
    ],
)
def test_a_wrong_table_is_told(keys, frame, expected):
    with pytest.raises(SuaraError, match=expected):
        suppress(frame, "n", keys)


# ------------------------------------------------------------------------------------------------ the attacker
def attack(published, keys):
    """Least and largest count that each hidden cell can have, from what is published alone.

    Written apart from the code under test: every sum of every finer table, whole numbers of at least 1.
    """
    rows = published.to_dict("records")
    unknown = {i: k for k, i in enumerate(i for i, row in enumerate(rows) if row["hidden"])}
    kept_of = [tuple(name for name in keys if row[name] != TOTAL) for row in rows]
    equations, results = [], []
    for i, total in enumerate(rows):
        for size in range(len(kept_of[i]) + 1, len(keys) + 1):
            for fine in combinations(keys, size):
                if not set(kept_of[i]) < set(fine) or fine not in kept_of:
                    continue
                parts = [j for j, row in enumerate(rows) if kept_of[j] == fine and all(row[k] == total[k] for k in kept_of[i])]
                equation, result = np.zeros(len(unknown)), 0
                for j, sign in [(i, -1), *((j, 1) for j in parts)]:
                    if j in unknown:
                        equation[unknown[j]] += sign
                    else:
                        result -= sign * rows[j]["n"]
                equations.append(equation)
                results.append(result)
    return [_range(k, len(unknown), np.array(equations), np.array(results)) for k in unknown.values()]


def _range(k, n_unknown, equations, results):
    ends = []
    for sign in (1, -1):
        aim = np.zeros(n_unknown)
        aim[k] = sign
        constraints = LinearConstraint(equations, results, results) if len(equations) else ()
        found = milp(aim, integrality=np.ones(n_unknown), bounds=Bounds(1, 10_000), constraints=constraints)
        assert found.success
        ends.append(round(found.x[k]))
    return ends


COUNT = st.sampled_from([0, 1, 1, 1, 2, 3, 6, 20, 21, 40])  # ones beside large counts give themselves away most


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_attacker_can_tell_a_hidden_count(data):
    n_keys = data.draw(st.sampled_from([1, 2, 2, 3]))
    keys = ["a", "b", "c"][:n_keys]
    shape = [data.draw(st.integers(1, 6 if n_keys < 3 else 3)) for _ in keys]
    places = list(np.ndindex(*shape))
    counts = data.draw(st.lists(COUNT, min_size=len(places), max_size=len(places)))
    frame = pd.DataFrame([[*map(str, place), n] for place, n in zip(places, counts, strict=True)], columns=[*keys, "n"])
    subsets = [list(part) for size in range(n_keys) for part in combinations(keys, size)]
    margins = data.draw(st.one_of(st.none(), st.lists(st.sampled_from(subsets), unique_by=tuple)))
    published = suppress(frame, "n", keys, margins)
    shown = published.loc[~published["hidden"], "n"]
    assert not shown.between(1, 4).any()
    assert published.loc[published["hidden"], "n"].isna().all()
    for low, high in attack(published, keys):
        assert low < high


def test_a_chain_of_hidden_counts_that_no_single_sum_gives_away():
    """Two squares of hidden counts joined by one: every sum hides two or more, yet all sums together tell the joint."""
    rows = [[2, 3, 50, 50], [3, 2, 4, 50], [50, 50, 3, 2], [50, 50, 2, 3]]
    published = suppress(crossed(rows), "n", ["topik", "unit"])
    assert all(low < high for low, high in attack(published, ["topik", "unit"]))


def test_the_same_table_is_always_hidden_alike():
    random = np.random.default_rng(5)
    frame = crossed(random.poisson(random.gamma(0.5, 12, (24, 12))))
    first, again = (suppress(frame, "n", ["topik", "unit"]) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)


def test_most_messages_of_a_month_by_topic_and_unit_stay_visible():
    random = np.random.default_rng(5)
    frame = crossed(random.poisson(random.gamma(0.5, 30, (24, 12))))
    table = suppress(frame, "n", ["topik", "unit"])
    inner = table[(table["topik"] != TOTAL) & (table["unit"] != TOTAL)]
    assert inner["n"].sum() / frame["n"].sum() > 0.9
    assert small_cells.MIN_CELL == 5
