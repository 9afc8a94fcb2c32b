"""Figures of an evaluation against a table small enough to work out by hand."""

import json

import pandas as pd
import pytest

from nlp.classify.score import Assessment, Choice
from nlp.corpus import read_labelled
from nlp.errors import SuaraError
from nlp.evaluate import evaluate_assessments, evaluate_file, write_json
from nlp.labels import load_labels
from tests.bundles import labelled_rows, write_csv


def _choice(*alternatives: tuple[str, float]) -> Choice:
    return Choice(*alternatives[0], alternatives)


def _assessment(**parts: object) -> Assessment:
    return Assessment(masked_text="x", decision="manual", model="m", **parts)


def _figures(assessments: list[Assessment], **columns: list[str]) -> dict[str, dict[str, object]]:
    return evaluate_assessments(pd.DataFrame({"text": ["x"] * len(assessments), **columns}), assessments)


def test_one_of_several_by_hand():
    figures = _figures(
        [
            _assessment(topic=_choice(("jalan", 0.9), ("sampah", 0.05), ("listrik", 0.02))),
            _assessment(topic=_choice(("sampah", 0.6), ("jalan", 0.3), ("listrik", 0.05))),
            _assessment(topic=_choice(("sampah", 0.8), ("jalan", 0.1), ("listrik", 0.05))),
            _assessment(topic=_choice(("air", 0.5), ("jalan", 0.2), ("listrik", 0.1))),
            _assessment(topic=_choice(("jalan", 1.0), ("air", 0.0), ("listrik", 0.0))),  # the row has no label
            _assessment(problem="teks kosong"),  # the model said nothing
        ],
        topic=["jalan", "jalan", "sampah", "sampah", "", "jalan"],
    )
    assert list(figures) == ["topic"]
    assert figures["topic"] == {
        "rows": 4,
        "accuracy": 0.5,
        # jalan: precision 1, recall 1/2; sampah: precision 1/2, recall 1/2; 'air' is nobody's answer and does not count
        "macro_f1": pytest.approx((2 / 3 + 1 / 2) / 2),
        "top3": 0.75,
        "ece": pytest.approx((0.1 + 0.6 + 0.2 + 0.5) / 4),
        "coverage_at_90": 0.5,
        "coverage_at_95": 0.5,
    }


def test_urgency_by_hand():
    codes = ["biasa", "biasa", "tinggi", "tinggi", "biasa"]
    figures = _figures(
        [_assessment(urgency=Choice(code, 0.9)) for code in codes],
        urgency=["biasa", "tinggi", "darurat", "tinggi", ""],
    )
    assert figures == {
        "urgency": {
            "rows": 4,
            "accuracy": 0.5,
            "macro_f1": pytest.approx((2 / 3 + 1 / 2 + 0) / 3),
            # urgent at all: three are, two are found, nothing else is called so
            "urgent_f1": pytest.approx(0.8),
            "urgent_rows": 3,
        }
    }


def test_integrity_by_hand():
    found = [("0", 0.1), ("0", 0.05), ("2", 0.6), ("2", 0.7), ("3", 0.8), ("1", 0.4), ("1", 0.3), ("3", 0.9)]
    figures = _figures(
        [
            *(_assessment(band=Choice(code, 0.9), integrity_risk=risk) for code, risk in found),
            _assessment(problem="teks kosong"),
        ],
        band=["0", "0", "1", "2", "3", "3", "3", "", "3"],  # one row has no label, one has no text
    )
    assert figures == {
        "integrity": {
            "rows": 7,
            "positive": 4,
            "flagged": 3,
            "band_accuracy": pytest.approx(4 / 7),
            # by falling risk: yes, yes, no, yes, yes, no, no
            "average_precision": pytest.approx((1 + 1 + 3 / 4 + 4 / 5) / 4),
            "precision_at_95_recall": 0.8,
            "precision": pytest.approx(2 / 3),
            "recall": 0.5,
            "ece": pytest.approx((0.1 + 0.05 + 0.6 + 0.3 + 0.2 + 0.6 + 0.7) / 7),
            "strong_recall": pytest.approx(1 / 3),
        }
    }


def test_integrity_without_a_case_counts_the_false_flags_and_claims_nothing():
    figures = _figures(
        [
            _assessment(band=Choice("2", 0.9), integrity_risk=0.9),
            _assessment(band=Choice("0", 0.9), integrity_risk=0.1),
        ],
        band=["0", "1"],
    )
    assert figures == {"integrity": {"rows": 2, "positive": 0, "flagged": 1, "band_accuracy": 0.0}}


def test_kinds_are_judged_where_a_case_was_flagged():
    flagged = {"band": Choice("2", 0.9), "integrity_risk": 0.9}
    figures = _figures(
        [
            _assessment(**flagged, kinds=("pungli", "suap")),
            _assessment(**flagged, kinds=("pungli",)),
            _assessment(**flagged, kinds=("pungli",)),  # the row has no kinds
            _assessment(band=Choice("0", 0.9), integrity_risk=0.1),  # not flagged
        ],
        kinds=["pungli", "pungli|suap", "", "suap"],
    )
    # pungli: twice right. suap: once wrong, once missed.
    assert figures["kinds"] == {"rows": 2, "macro_f1": 0.5, "micro_f1": pytest.approx(2 * 2 / (2 * 2 + 1 + 1))}


def test_a_label_column_the_model_does_not_know_is_left_out():
    assert _figures([_assessment(topic=_choice(("jalan", 0.9)))], sentiment=["negatif"], unit=["Dinas"]) == {}


def test_a_file_is_judged_as_its_rows_are(scorer, unit_model, tmp_path):
    rows = labelled_rows(60, seed=31)
    for row in rows[::3]:
        row["topic"] = ""
    path = write_csv(tmp_path / "uji.csv", rows)
    told: list[tuple[int, int | None]] = []
    figures = evaluate_file(path, unit_model, progress=lambda done, total: told.append((done, total)))
    table = read_labelled(path, load_labels())
    assert figures == evaluate_assessments(table, scorer.assess(table["text"].tolist()))
    assert list(figures) == ["topic", "aspect", "sentiment", "urgency", "unit", "integrity", "kinds"]
    assert (figures["topic"]["rows"], figures["aspect"]["rows"]) == (40, 60)
    assert figures["unit"]["accuracy"] > 0.9
    assert told[-1] == (60, 60)


def test_columns_may_bear_other_names(unit_model, tmp_path):
    rows = [{"keluhan": row["text"], "bidang": row["topic"], "topic": "bukan kode"} for row in labelled_rows(12)]
    figures = evaluate_file(write_csv(tmp_path / "uji.csv", rows), unit_model, {"text": "keluhan", "topic": "bidang"})
    assert figures["topic"]["rows"] == 12


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("text\nsampah\n", "tidak ada kolom label"),
        ("text,topic\nsampah,\n", "tidak ada kolom label"),
        ("text,topic\n,sampah\n", "tidak ada baris berisi teks"),
        ("text,topic\nsampah,smpah\n", "'smpah' tidak ada"),
    ],
)
def test_nothing_to_compare_is_told(unit_model, tmp_path, content, says):
    (tmp_path / "uji.csv").write_text(content, encoding="utf-8")
    with pytest.raises(SuaraError, match=says):
        evaluate_file(tmp_path / "uji.csv", unit_model)


def test_figures_are_written_as_json_in_a_new_folder(tmp_path):
    write_json(tmp_path / "a" / "b.json", {"topic": {"rows": 4, "accuracy": 0.5}})
    assert json.loads((tmp_path / "a" / "b.json").read_text(encoding="utf-8")) == {"topic": {"rows": 4, "accuracy": 0.5}}
