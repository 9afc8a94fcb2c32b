"""Training: what is learnt from which rows, the same from the same, and what is refused before time is spent."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp.classify.bundle import FILES, check_bundle, load_bundle
from nlp.classify.score import Scorer
from nlp.classify.train import (
    MIN_ROWS_PER_TASK,
    MIN_ROWS_PER_UNIT,
    TrainOptions,
    load_rows,
    near_duplicate_groups,
    single_metrics,
    train,
    yes_no_metrics,
)
from nlp.errors import SuaraError
from nlp.labels import load_labels
from tests.bundles import PLAIN_COLUMNS, UNITS, labelled_rows, train_small, write_csv


def _train(folder: Path, rows: list[dict[str, str]], columns: tuple[str, ...] | None = None) -> dict[str, Any]:
    data = write_csv(folder / "data.csv", rows, columns)
    return train(TrainOptions(data=(data,), seed_corpus=False, encoder="none"), folder / "model")


def _tasks(manifest: dict[str, Any]) -> dict[str, list[str]]:
    return {task["name"]: task["codes"] for task in manifest["tasks"]}


# ------------------------------------------------------------------------------------------------ what is learnt
def test_every_labelled_column_becomes_a_task(plain_model, unit_model):
    plain, unit = (json.loads((folder / "manifest.json").read_text(encoding="utf-8")) for folder in (plain_model, unit_model))
    assert list(_tasks(plain)) == ["topic", "aspect", "sentiment", "urgency", "band", "kinds"]
    assert list(_tasks(unit)) == ["topic", "aspect", "sentiment", "urgency", "band", "kinds", "unit"]
    assert _tasks(unit)["unit"] == sorted(UNITS.values())
    assert _tasks(unit)["topic"] == list(load_labels().codes("topic"))


def test_the_unit_column_is_learnt(scorer):
    assessments = scorer.assess(["aspal berlubang di dahlia", "bak sampah penuh di bakung", "akta lahir belum jadi"])
    assert [a.unit.code for a in assessments] == ["Dinas Pekerjaan Umum", "Dinas Lingkungan Hidup", "Dinas Dukcapil"]


def test_labels_of_new_texts_are_found(scorer):
    rows = labelled_rows(120, seed=99)
    assessments = scorer.assess([row["text"] for row in rows])
    for name in ("topic", "aspect", "sentiment", "urgency", "band", "unit"):
        hits = [getattr(a, name).code == row[name] for a, row in zip(assessments, rows, strict=True)]
        assert np.mean(hits) > 0.9, name


def test_a_code_without_rows_stays_in_the_model_and_is_not_chosen(scorer):
    codes = {code for a in scorer.assess([row["text"] for row in labelled_rows(80, seed=5)]) for code, _ in a.topic.alternatives}
    assert codes <= {"jalan", "sampah", "air_bersih", "kependudukan"}


def test_rows_without_a_label_are_skipped_for_that_task_only(tmp_path):
    rows = labelled_rows(160)
    for i, row in enumerate(rows):
        row["topic"] = row["topic"] if i % 2 else ""
        row["sentiment"] = "nan" if i % 4 else row["sentiment"]
        row["urgency"] = ""
    manifest = _train(tmp_path, rows, ("text", "topic", "aspect", "sentiment", "urgency"))
    kept = len({(row["text"], row["topic"], row["aspect"], row["sentiment"]) for row in rows})
    assert manifest["rows"] == kept == 160
    assert {name: metrics["rows"] for name, metrics in manifest["metrics"].items()} == {
        "topic": 80,
        "aspect": 160,
        "sentiment": 40,
    }


def test_a_unit_with_few_messages_is_not_learnt(tmp_path):
    rows = labelled_rows(80)
    for row in rows[: MIN_ROWS_PER_UNIT - 1]:
        row["unit"] = "Kelurahan Jarang Disebut"
    for row in rows[MIN_ROWS_PER_UNIT : 2 * MIN_ROWS_PER_UNIT]:
        row["unit"] = "Kelurahan Cukup Disebut"
    units = _tasks(_train(tmp_path, rows, ("text", "unit")))["unit"]
    assert "Kelurahan Cukup Disebut" in units
    assert "Kelurahan Jarang Disebut" not in units


def test_columns_may_bear_other_names(tmp_path):
    rows = [{"keluhan": row["text"], "dinas": row["unit"]} for row in labelled_rows(60)]
    data = write_csv(tmp_path / "data.csv", rows)
    options = TrainOptions(data=(data,), columns={"text": "keluhan", "unit": "dinas"}, seed_corpus=False)
    assert list(_tasks(train(options, tmp_path / "model"))) == ["unit"]


def test_several_files_are_one_training_set(tmp_path):
    rows = labelled_rows(64)
    files = tuple(write_csv(tmp_path / f"{i}.csv", rows[i::2], ("text", "topic")) for i in range(2))
    manifest = train(TrainOptions(data=files, seed_corpus=False), tmp_path / "model")
    assert manifest["metrics"]["topic"]["rows"] == 64
    assert set(manifest["data"]) == {"0.csv", "1.csv"}


def test_the_seed_corpus_joins_unless_it_is_left_out(tmp_path):
    labels = load_labels()
    data = write_csv(tmp_path / "data.csv", labelled_rows(10), ("text", "topic"))
    alone = load_rows(TrainOptions(data=(data,), seed_corpus=False), labels)
    joined = load_rows(TrainOptions(data=(data,)), labels)
    assert len(alone) == 10
    assert len(joined) > 5_000
    assert list(joined.columns) == ["text", "topic", "aspect", "sentiment", "urgency", "band", "kinds", "unit", "from_seed"]
    assert joined["from_seed"].sum() == len(joined) - 10
    assert (joined["unit"] == "").all(), "labels a file lacks are empty, not NaN"


def test_equal_rows_count_once(tmp_path):
    data = write_csv(tmp_path / "data.csv", labelled_rows(20) * 3, ("text", "topic"))
    assert len(load_rows(TrainOptions(data=(data,), seed_corpus=False), load_labels())) == 20


# ------------------------------------------------------------------------------------------------ rare labels
def test_a_label_with_a_single_row_trains(tmp_path):
    rows = [row | {"sentiment": "negatif"} for row in labelled_rows(60)]
    rows[7]["sentiment"] = "positif"
    manifest = _train(tmp_path, rows, ("text", "sentiment"))
    assert manifest["metrics"]["sentiment"]["rows"] == 60
    chosen = Scorer.load(tmp_path / "model").assess(["aspal berlubang"])[0].sentiment
    assert chosen.code == "negatif"


def test_a_model_that_never_saw_a_case_flags_nothing(tmp_path):
    rows = [row | {"band": "1" if i % 2 else "0"} for i, row in enumerate(labelled_rows(60))]
    _train(tmp_path, rows, ("text", "band"))
    for assessment in Scorer.load(tmp_path / "model").assess([row["text"] for row in rows]):
        assert not assessment.flagged
        assert assessment.integrity_risk < 0.01


# ------------------------------------------------------------------------------------------------ the same from the same
def test_the_same_data_and_seed_give_the_same_bytes(plain_model, tmp_path):
    train_small(tmp_path / "polos")
    names = [name for name in FILES if name not in {"manifest.json", "card.md"}]  # these two tell the day
    assert [name for name in names if (tmp_path / "polos" / name).read_bytes() != (plain_model / name).read_bytes()] == []
    ours, theirs = (
        json.loads((folder / "manifest.json").read_text(encoding="utf-8")) for folder in (tmp_path / "polos", plain_model)
    )
    assert ours | {"created_at": ""} == theirs | {"created_at": ""}


def test_another_seed_gives_other_weights(tmp_path):
    train_small(tmp_path / "a", n_rows=120, seed=0)
    train_small(tmp_path / "b", n_rows=120, seed=1)
    assert (tmp_path / "a" / "weights.npy").read_bytes() != (tmp_path / "b" / "weights.npy").read_bytes()


# ------------------------------------------------------------------------------------------------ what is written
def test_the_bundle_tells_where_it_came_from(plain_model):
    manifest = load_bundle(plain_model).manifest
    assert manifest["name"] == "polos"
    assert manifest["seed_corpus"] is False
    assert manifest["encoder"] == "none"
    assert list(manifest["data"]) == ["polos.csv"]
    assert len(manifest["data"]["polos.csv"]) == 64


def test_personal_data_enters_neither_the_words_nor_the_card(tmp_path):
    rows = [row | {"text": f"{row['text']} hubungi 081234567890 atau warga.sabar@contoh.id"} for row in labelled_rows(60)]
    _train(tmp_path, rows, ("text", "topic"))
    for path in (tmp_path / "model").iterdir():
        content = path.read_bytes()
        assert b"081234567890" not in content
        assert b"sabar" not in content, path.name


def test_metrics_come_from_rows_the_judge_did_not_see(tmp_path):
    """Every third topic is drawn anew: nobody can foretell those, but a judge that had learnt the rows would know them."""
    draw = np.random.default_rng(0)
    rows = labelled_rows(200)
    topics = sorted({row["topic"] for row in rows})
    for i, row in enumerate(rows):
        row["text"] += f" kata{chr(97 + i % 26)}{chr(97 + i // 26)}q"
        row["topic"] = str(draw.choice(topics)) if i % 3 == 0 else row["topic"]
    manifest = _train(tmp_path, rows, ("text", "topic"))
    assert 0.6 < manifest["metrics"]["topic"]["accuracy"] < 0.8
    known = Scorer.load(tmp_path / "model").assess([row["text"] for row in rows])
    share_known = np.mean([a.topic.code == row["topic"] for a, row in zip(known, rows, strict=True)])
    assert share_known > manifest["metrics"]["topic"]["accuracy"] + 0.05, "if the rows are not learnt, this test shows nothing"


def test_progress_is_told_from_nothing_to_all(tmp_path):
    told: list[tuple[str, int, int]] = []
    data = write_csv(tmp_path / "data.csv", labelled_rows(60), ("text", "topic"))
    options = TrainOptions(data=(data,), seed_corpus=False)
    train(options, tmp_path / "model", lambda what, done, total: told.append((what, done, total)))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[0][1] == 0
    assert told[-1][1] == told[-1][2]
    assert all(what for what, _, _ in told)


# ------------------------------------------------------------------------------------------------ what is refused
def test_no_seed_without_data_is_refused(tmp_path):
    with pytest.raises(SuaraError, match="tidak ada data latih"):
        train(TrainOptions(seed_corpus=False), tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "rows",
    [
        labelled_rows(MIN_ROWS_PER_TASK - 1),
        [row | {"topic": "jalan"} for row in labelled_rows(60)],
        [row | {"topic": ""} for row in labelled_rows(60)],
        [row | {"text": f"jalan rusak nomor {i}"} for i, row in enumerate(labelled_rows(60))],
        [row | {"text": "?" * (i + 1)} for i, row in enumerate(labelled_rows(60))],
    ],
    ids=["too few", "one label only", "no label", "copies of one text", "no words"],
)
def test_too_little_to_learn_from_is_refused(tmp_path, rows):
    with pytest.raises(SuaraError, match=f"terlalu sedikit baris berlabel.*{MIN_ROWS_PER_TASK}"):
        _train(tmp_path, rows, ("text", "topic"))
    assert not (tmp_path / "model").exists()


def test_just_enough_rows_are_enough(tmp_path):
    assert list(_tasks(_train(tmp_path, labelled_rows(MIN_ROWS_PER_TASK), ("text", "topic")))) == ["topic"]


def test_a_task_with_too_few_rows_is_left_out_and_the_others_are_learnt(tmp_path):
    rows = labelled_rows(60)
    for row in rows[MIN_ROWS_PER_TASK - 1 :]:
        row["sentiment"] = ""
    assert list(_tasks(_train(tmp_path, rows, ("text", "topic", "sentiment")))) == ["topic"]


def test_an_unknown_code_names_row_column_and_the_nearest_code(tmp_path):
    rows = labelled_rows(60)
    rows[41]["topic"] = "jalann"
    with pytest.raises(SuaraError) as caught:
        _train(tmp_path, rows, PLAIN_COLUMNS)
    for part in ("data.csv", "baris 43", "kolom 'topic'", "'jalann'", "'jalan'"):
        assert part in str(caught.value)
    assert not (tmp_path / "model").exists()


def test_a_folder_with_other_things_is_refused_before_any_data_is_read(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "surat.txt").write_text("penting", encoding="utf-8")
    with pytest.raises(SuaraError, match="berisi hal lain"):
        train(TrainOptions(data=(tmp_path / "tidak ada.csv",), seed_corpus=False), tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["surat.txt"]


def test_failed_training_leaves_an_older_bundle_in_place(own_model, tmp_path):
    data = write_csv(tmp_path / "sedikit.csv", labelled_rows(5), ("text", "topic"))
    with pytest.raises(SuaraError, match="terlalu sedikit"):
        train(TrainOptions(data=(data,), seed_corpus=False), own_model)
    check_bundle(own_model)


# ------------------------------------------------------------------------------------------------ figures and groups
def test_copies_share_a_group():
    groups = near_duplicate_groups(
        ["Lampu jalan mati di RT 3", "lampu JALAN mati di rt 5!!", "mati lampu jalan di RT 3", "Sampah menumpuk", ""]
    )
    assert groups[0] == groups[2], "the order of words makes no other message"
    assert groups[0] != groups[3]
    assert len(groups) == 5


def test_single_metrics_by_hand():
    probabilities = np.array([[0.9, 0.05, 0.03, 0.02], [0.6, 0.2, 0.1, 0.1], [0.1, 0.7, 0.15, 0.05], [0.4, 0.3, 0.2, 0.1]])
    metrics = single_metrics(probabilities, ["a", "b", "c", "d"], np.array(["a", "b", "b", "d"]))
    assert metrics["rows"] == 4
    assert metrics["accuracy"] == 0.5
    assert metrics["top3"] == 0.75
    # a: precision 1/3, recall 1, F1 1/2; b: precision 1, recall 1/2, F1 2/3; d: 0
    assert metrics["macro_f1"] == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    # surest first: a right, b right, a wrong, a wrong
    assert metrics["coverage_at_95"] == 0.5


def test_yes_no_metrics_by_hand():
    metrics = yes_no_metrics(np.array([0.9, 0.8, 0.4, 0.2]), np.array([True, False, True, False]), 0.5)
    assert metrics["positive"] == 2
    assert (metrics["precision"], metrics["recall"], metrics["f1"]) == (0.5, 0.5, 0.5)
    assert metrics["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    nothing = yes_no_metrics(np.array([0.9, 0.8]), np.array([False, False]), 0.95)
    assert (nothing["precision"], nothing["recall"], nothing["average_precision"]) == (0.0, 0.0, None)
