"""Improvement areas: from counts to a ranked list, with an index worked on paper."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nlp.errors import SuaraError
from nlp.insight.areas import AREA_MEASURES, area_table
from nlp.insight.frames import counts_of
from nlp.insight.priorities import rank_areas
from nlp.insight.weights import DEFAULT_PATH, PARTS, Weights, load_weights
from nlp.insight.what_if import what_if
from nlp.labels import load_labels

LABELS = load_labels()


def _weights(min_messages: int = 1, **weight: float) -> Weights:
    return Weights({part: weight.get(part, 0.0) for part in PARTS}, min_messages, top=1, concentration=30)


def _areas(**columns: list[object]) -> pd.DataFrame:
    n_areas = len(columns["n"])
    keys = {"topic": ["jalan"] * n_areas, "aspect": ["sarana"] * n_areas, "unit": [f"Dinas {i}" for i in range(n_areas)]}
    return pd.DataFrame(keys | columns)


def _messages(day: str, n: int, **columns: object) -> pd.DataFrame:
    row = {"topic": "jalan", "aspect": "sarana", "unit": "Dinas A", "sentiment": "netral", "urgency": "biasa", "band": "0"}
    return pd.DataFrame([row | {"day": day} | columns] * n)


# ------------------------------------------------------------------------------------------------ areas of counts
def test_areas_of_counts() -> None:
    counts = counts_of(
        pd.concat(
            [
                _messages("2026-02-01", 4),
                _messages("2026-02-02", 1, sentiment="positif"),  # praise is no growth
                _messages("2026-03-03", 5, urgency="darurat", is_repeat=True),
                _messages("2026-03-04", 3, sentiment="negatif", band="2", is_settled=True, is_late=True),
                _messages("2026-03-05", 2, sentiment="positif", is_settled=True),
                _messages("2026-03-05", 7, unit="Dinas B", urgency="tinggi", band="3"),
                _messages("2026-03-29", 9),  # after the window
            ]
        ).fillna({"is_repeat": False, "is_settled": False, "is_late": False})
    )
    found = area_table(counts, LABELS, "unit", date(2026, 3, 1), date(2026, 3, 28)).set_index("unit")
    expected = {
        "n": 10,
        "n_positive": 2,
        "n_negative": 3,
        "n_urgent": 5,
        "n_flagged": 3,
        "n_repeat": 5,
        "n_settled": 5,
        "n_late": 3,
    }
    assert found.loc["Dinas A"][list(expected)].to_dict() == expected
    assert found.loc["Dinas A", "n_before"] == 4  # 1 to 28 February
    assert found.loc["Dinas B", list(AREA_MEASURES)].tolist() == [7, 0, 0, 7, 7, 0, 0, 0, 0, 0]


def test_growth_is_unknown_where_counts_begin_too_late() -> None:
    counts = counts_of(pd.concat([_messages("2026-02-20", 4), _messages("2026-03-03", 5)]))
    found = area_table(counts, LABELS, "unit", date(2026, 3, 1), date(2026, 3, 28))
    assert found["n_before"].tolist() == [0]


# ------------------------------------------------------------------------------------------------ the index
def test_an_index_worked_on_paper() -> None:
    # Urgency as in test_shrinkage: the last area's share is .67780, odds 2.10364 against the pooled odds of .5:
    # 4.20727 / 5.20727 = .80796. Volumes are alike: .5. Half of each: 65.398.
    areas = _areas(n=[20, 20, 20], n_urgent=[2, 4, 14])
    found = rank_areas(areas, _weights(volume=0.5, urgency=0.5), LABELS).areas
    assert found["unit"].tolist() == ["Dinas 2", "Dinas 1", "Dinas 0"]
    assert found["part_volume"].tolist() == pytest.approx([0.5, 0.5, 0.5])
    assert found["part_urgency"].iat[0] == pytest.approx(0.80796, abs=1e-5)
    assert found["index"].iat[0] == pytest.approx(65.398, abs=1e-3)
    assert found["rank"].tolist() == [1, 2, 3]


def test_each_part_raises_the_area_that_has_more_of_it() -> None:
    base = {"n": [100] * 3, "n_settled": [50] * 3}
    more = {
        "urgency": {"n_urgent": [10, 10, 60]},
        "displeasure": {"n_negative": [10, 10, 60]},
        "growth": {"n_before": [100, 100, 30]},
        "late": {"n_late": [5, 5, 30]},
        "repeat": {"n_repeat": [10, 10, 60]},
        "integrity": {"n_flagged": [10, 10, 60]},
        "volume": {"n": [100, 100, 400]},
    }
    assert set(more) == set(PARTS)
    for part, columns in more.items():
        found = rank_areas(_areas(**(base | columns)), _weights(**{part: 1.0}), LABELS).areas
        assert found["unit"].iat[0] == "Dinas 2", part
        assert found[f"part_{part}"].iat[0] > 0.55, part


def test_unchanged_volume_scores_half_in_growth() -> None:
    found = rank_areas(_areas(n=[100, 100], n_before=[100, 100]), _weights(growth=1.0), LABELS).areas
    assert found["part_growth"].tolist() == pytest.approx([0.5, 0.5])


def test_open_reports_past_their_deadline_count_as_late() -> None:
    areas = _areas(n=[100, 100], n_settled=[50, 50], n_late=[5, 5], n_overdue=[0, 40])
    found = rank_areas(areas, _weights(late=1.0), LABELS).areas
    assert found["unit"].iat[0] == "Dinas 1"
    assert "50 % melewati tenggat" in found["reason"].iat[0]  # 45 of 90


def test_volume_goes_by_inhabitants_where_they_are_given() -> None:
    areas = _areas(n=[300, 200]).rename(columns={"unit": "district"})
    assert rank_areas(areas, _weights(volume=1.0), LABELS).areas["n"].tolist() == [300, 200]
    found = rank_areas(areas.assign(people=[90_000.0, 10_000.0]), _weights(volume=1.0), LABELS).areas
    assert found["n"].tolist() == [200, 300]
    assert "(20,0 tiap 1.000 penduduk)" in found["reason"].iat[0]


def test_an_area_without_known_inhabitants_gets_the_mean_and_a_note() -> None:
    areas = _areas(n=[300, 200, 250]).rename(columns={"unit": "district"}).assign(people=[10_000.0, 30_000.0, np.nan])
    ranking = rank_areas(areas, _weights(volume=1.0), LABELS)
    assert ranking.areas["n"].tolist() == [300, 250, 200]
    assert ranking.notes[-1] == "1 area tanpa jumlah penduduk dihitung dengan penduduk rata-rata."


def test_praise_is_no_volume() -> None:
    found = rank_areas(_areas(n=[300, 200], n_positive=[250, 0]), _weights(volume=1.0), LABELS).areas
    assert found["unit"].tolist() == ["Dinas 1", "Dinas 0"]


def test_three_angry_messages_do_not_top_the_list() -> None:
    areas = _areas(n=[3, *[100] * 9], n_negative=[3, *range(20, 65, 5)], n_urgent=[3, *range(10, 55, 5)])
    found = rank_areas(areas, load_weights(), LABELS)
    assert "Dinas 0" not in found.areas["unit"].tolist()  # pooled and still too small
    found = rank_areas(areas, _weights(displeasure=0.5, urgency=0.5), LABELS)
    assert found.areas["unit"].tolist().index("Dinas 0") > 0


# ------------------------------------------------------------------------------------------------ what is left out
def test_small_areas_are_pooled_by_topic_and_aspect() -> None:
    areas = _areas(n=[50, 6, 7, 4], n_urgent=[5, 1, 2, 3])
    areas.loc[3, "topic"] = "sampah"
    ranking = rank_areas(areas, _weights(min_messages=10, volume=1.0), LABELS)
    pooled = ranking.areas.iloc[1]
    assert (pooled["n"], pooled["n_urgent"], pooled["n_pooled"], pooled["unit"]) == (13, 3, 2, "")
    assert "untuk 2 unit dengan sedikit pesan" in pooled["reason"]
    assert ranking.notes[0] == (
        "3 area dengan kurang dari 10 pesan digabung menjadi 1 baris; 1 di antaranya (4 pesan) tetap terlalu sedikit dan"
        " tidak diperingkat."
    )


def test_small_areas_that_no_pool_can_hold_are_said_plainly() -> None:
    areas = _areas(n=[50, 3, 2])
    areas["topic"] = ["jalan", "sampah", "kesehatan"]
    notes = rank_areas(areas, _weights(min_messages=10, volume=1.0), LABELS).notes
    assert "2 area dengan kurang dari 10 pesan (bersama 5 pesan) terlalu sedikit dan tidak diperingkat." in notes


def test_a_pool_remembers_areas_that_fell_silent() -> None:
    areas = _areas(n=[50, 6, 7, 0], n_before=[50, 5, 0, 8])
    ranking = rank_areas(areas, _weights(min_messages=10, volume=1.0), LABELS)
    pooled = ranking.areas.iloc[1]
    assert (pooled["n"], pooled["n_before"], pooled["n_pooled"]) == (13, 13, 2)
    assert ranking.notes[0].startswith("2 area dengan kurang dari 10 pesan")
    silent = rank_areas(areas.iloc[[0, 3]], _weights(min_messages=10, volume=1.0), LABELS)
    assert silent.areas["n"].tolist() == [50]
    assert not any("area dengan kurang" in note for note in silent.notes)


def test_what_is_no_service_is_left_out() -> None:
    areas = _areas(n=[50, 60, 70])
    areas.loc[1, "aspect"], areas.loc[2, "topic"] = "bukan_layanan", ""
    ranking = rank_areas(areas, _weights(volume=1.0), LABELS)
    assert ranking.areas["n"].tolist() == [50]
    assert ranking.notes[0] == "130 pesan tanpa topik atau tanpa unsur layanan tidak diperingkat."


def test_parts_without_data_give_their_weight_to_the_others() -> None:
    ranking = rank_areas(_areas(n=[20, 20, 20], n_urgent=[2, 4, 14]), _weights(volume=0.25, urgency=0.25, late=0.5), LABELS)
    assert ranking.areas["index"].iat[0] == pytest.approx(65.398, abs=1e-3)
    assert ranking.notes[0] == "Belum dihitung karena belum ada datanya atau semua area sama: tenggat."


def test_nothing_to_rank() -> None:
    ranking = rank_areas(_areas(n=[1, 2]), _weights(min_messages=10, volume=1.0), LABELS)
    assert ranking.areas.empty
    assert what_if(ranking, 3).areas.empty
    assert what_if(ranking, 3).sentence == "Belum ada area dengan cukup pesan untuk diperingkat."
    assert rank_areas(_areas(n=[]), _weights(volume=1.0), LABELS).areas.empty


# ------------------------------------------------------------------------------------------------ how firm, and why
@pytest.mark.parametrize(
    ("n_areas", "told"),
    [(1, "Satu-satunya area dengan cukup pesan"), (5, "Semua 5 area masuk 5 besar"), (6, "Tetap 5 besar dalam")],
)
def test_as_many_areas_as_places_are_no_firm_ranking(n_areas: int, told: str) -> None:
    ranked = rank_areas(_areas(n=[20 + 10 * n for n in range(n_areas)]), load_weights(), LABELS).areas
    assert ranked["stability"].iat[0].startswith(told)


def test_a_clear_first_stays_first_and_a_tie_does_not() -> None:
    weights = load_weights()
    clear = rank_areas(_areas(n=[5_000, *[100] * 5], n_urgent=[3_000, *[10] * 5]), weights, LABELS).areas.iloc[0]
    assert (clear["rank_low"], clear["rank_high"]) == (1, 1)
    assert clear["stability"] == "Tetap 5 besar dalam 100 % bobot"
    tied = rank_areas(_areas(n=[100] * 4, n_urgent=[30, 31, 29, 30]), _weights(urgency=1.0), LABELS).areas
    assert (tied["rank_low"] == 1).all()
    assert (tied["rank_high"] == 4).all()
    assert tied["top_share"].sum() == pytest.approx(1)


def test_an_area_that_only_one_weighting_favours_has_a_wide_rank_interval() -> None:
    areas = _areas(n=[10_000] * 3, n_urgent=[9_000, 5_000, 1_000], n_negative=[1_000, 5_000, 9_000])
    weights = Weights({part: {"urgency": 0.5, "displeasure": 0.5}.get(part, 0) for part in PARTS}, 1, top=1, concentration=10)
    found = rank_areas(areas, weights, LABELS).areas.set_index("unit")
    assert found.loc["Dinas 0", ["rank_low", "rank_high"]].tolist() == [1, 3]
    assert found.loc["Dinas 2", ["rank_low", "rank_high"]].tolist() == [1, 3]
    assert found.loc["Dinas 1", ["rank_low", "rank_high"]].tolist() == [2, 2]


def test_the_same_input_gives_the_same_ranking() -> None:
    areas = _areas(n=[100, 120, 90], n_urgent=[30, 31, 29])
    one, other = (rank_areas(areas, load_weights(), LABELS, seed=5).areas for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_a_reason_is_one_plain_sentence() -> None:
    areas = _areas(
        n=[1_234, 200], n_positive=[34, 0], n_before=[800, 200], n_urgent=[494, 20], n_settled=[1_000, 100], n_late=[300, 5]
    )
    found = rank_areas(areas, load_weights(), LABELS).areas["reason"].iat[0]
    # shares of all: urgent 514/1434 = 36 %, late 305/1100 = 28 %; growth 1200/800
    assert found == (
        "Warga mengirim 1.234 pesan (34 di antaranya pujian) tentang jalan dan jembatan (unsur sarana dan prasarana)"
        " untuk Dinas 0: naik 50 % dari periode sebelumnya."
    )
    second = rank_areas(areas.assign(n_urgent=[20, 150]), load_weights(), LABELS).areas.set_index("unit")["reason"]
    assert second["Dinas 1"].endswith(": 75 % mendesak (rata-rata 12 %).")


def test_places_that_nobody_knows_are_not_named() -> None:
    found = rank_areas(_areas(n=[20]).assign(unit=""), _weights(volume=1.0), LABELS).areas["reason"].iat[0]
    assert "prasarana): tidak ada ukuran yang jauh di atas rata-rata." in found


# ------------------------------------------------------------------------------------------------ what a budget reaches
def test_a_budget_of_k_areas_takes_the_first_k() -> None:
    ranking = rank_areas(_areas(n=[100, 400, 300, 200]), _weights(volume=1.0), LABELS)
    plan = what_if(ranking, 2)
    assert plan.areas["n"].tolist() == [400, 300]
    assert plan.messages == pytest.approx(700, rel=0.02)
    assert 600 < plan.messages_low < 680  # Poisson and the rate's own uncertainty: about 75 to either side
    assert 720 < plan.messages_high < 800
    assert plan.share == pytest.approx(0.7, abs=0.02)
    assert plan.sentence.startswith("Memperbaiki 2 area ini menyentuh kira-kira ")
    assert plan.sentence.endswith(" % dari pesan semua area yang diperingkat.")


def test_costs_are_weighed_against_the_index() -> None:
    ranking = rank_areas(_areas(n=[100, 400, 300, 200]), _weights(volume=1.0), LABELS)
    values = ranking.areas["index"].tolist()
    assert values[1] + values[2] > values[0]
    costs = pd.Series([10.0, 6.0, 4.0], index=[0, 1, 2])  # the last area has no cost and cannot be had
    plan = what_if(ranking, 10, costs)
    assert plan.areas["rank"].tolist() == [2, 3]
    assert plan.cost == 10
    assert what_if(ranking, 20, costs).areas["rank"].tolist() == [1, 2, 3]
    assert what_if(ranking, 3, costs).areas.empty
    assert what_if(ranking, 3, costs).sentence == "Anggaran ini belum menjangkau satu area pun."


def test_no_other_choice_is_better() -> None:
    random = np.random.default_rng(4)
    ranking = rank_areas(_areas(n=[int(n) for n in random.integers(20, 500, 10)]), _weights(volume=1.0), LABELS)
    costs = pd.Series(random.uniform(1, 9, 10).round(1))
    index = ranking.areas["index"].to_numpy()
    subsets = (np.arange(2**10)[:, None] >> np.arange(10)) & 1
    best = (subsets @ index)[subsets @ costs.to_numpy() <= 17].max()
    plan = what_if(ranking, 17, costs)
    assert plan.areas["index"].sum() == pytest.approx(best)
    assert plan.cost <= 17


def test_a_negative_budget_is_refused() -> None:
    ranking = rank_areas(_areas(n=[100, 400]), _weights(volume=1.0), LABELS)
    with pytest.raises(SuaraError, match="tidak boleh negatif"):
        what_if(ranking, -1)


# ------------------------------------------------------------------------------------------------ the weights file
def test_the_file_of_weights() -> None:
    weights = load_weights()
    assert tuple(weights.weight) == PARTS
    assert sum(weights.weight.values()) == pytest.approx(1)
    assert weights.weight["volume"] == pytest.approx(0.25)
    lines = DEFAULT_PATH.read_text(encoding="utf-8").splitlines()
    assert all("#" in line for line in lines if "=" in line and not line.startswith(("#", "version")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("volume = 25", "volume = -1", "weight.volume.*harus angka"),
        ("volume = 25", "volume = true", "weight.volume.*harus angka"),
        ("volume = 25", "volume = nan", "weight.volume.*harus angka"),
        ("volume = 25", "", "weight.volume.*wajib diisi"),
        ("volume = 25", "volume = 25\nisi = 3", "weight.isi.*tidak dikenal"),
        ("[ranking]", "[peringkat]", "peringkat.*tidak dikenal"),
        ("top = 5", "top = 2.5", "ranking.top.*bulat"),
        ("top = 5", "top = 0", "ranking.top.*harus angka"),
        ("[weight]", "[weight", "bukan TOML"),
    ],
)
def test_a_wrong_file_of_weights(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "bobot.toml"
    path.write_text(DEFAULT_PATH.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SuaraError, match=message):
        load_weights(path)


def test_weights_that_are_all_zero_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "bobot.toml"
    lines = DEFAULT_PATH.read_text(encoding="utf-8").splitlines()
    zero = [f"{line.split(' = ')[0]} = 0" if line.split(" = ")[0] in PARTS else line for line in lines]
    path.write_text("\n".join(zero), encoding="utf-8")
    with pytest.raises(SuaraError, match="sedikitnya satu bobot"):
        load_weights(path)
    with pytest.raises(SuaraError, match="tidak dapat dibaca"):
        load_weights(tmp_path / "tidak-ada.toml")
