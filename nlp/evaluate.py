"""Judge a bundle on labelled messages: the figures a desk would ask for, for every label column the file has."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, f1_score

from nlp.batch import Progress
from nlp.classify.calibrate import coverage_at_precision, expected_calibration_error
from nlp.classify.score import Assessment, Scorer
from nlp.corpus import read_labelled
from nlp.errors import SuaraError, reason_of
from nlp.tables import CHUNK_ROWS


def evaluate_file(
    path: Path, model: Path, columns: dict[str, str] | None = None, progress: Progress = lambda *_: None
) -> dict[str, dict[str, Any]]:
    """Figures for each task that both the file and the model have.

    A row without a label counts for the other tasks only. SuaraError when there is nothing to compare.
    """
    scorer = Scorer.load(model)
    rows = read_labelled(path, scorer.bundle.labels, columns)
    assessments: list[Assessment] = []
    for start in range(0, len(rows), CHUNK_ROWS):
        assessments += scorer.assess(rows["text"].iloc[start : start + CHUNK_ROWS].tolist())
        progress(len(assessments), len(rows))
    figures = evaluate_assessments(rows, assessments)
    if not figures:
        raise SuaraError(
            "tidak ada kolom label untuk dibandingkan",
            where=path.name,
            remedy="Beri kolom topic, sentiment, ... atau --columns.",
        )
    return figures


def write_json(path: Path, figures: dict[str, dict[str, Any]]) -> None:
    """Write figures as JSON, making the folder where it is missing; SuaraError where that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise SuaraError("tidak dapat menulis", where=str(path), remedy=f"{reason_of(error)}.") from error


def evaluate_assessments(rows: pd.DataFrame, assessments: list[Assessment]) -> dict[str, dict[str, Any]]:
    """The same from labels (columns named as in the contract) and assessments in the same order."""
    figures: dict[str, dict[str, Any]] = {}
    for name in ("topic", "aspect", "sentiment", "urgency", "unit"):
        kept = [(i, a) for i, a in enumerate(assessments) if name in rows and rows[name].iat[i] and getattr(a, name) is not None]
        if kept:
            answers = rows[name].to_numpy(dtype=object)[[i for i, _ in kept]].astype(str)
            figures[name] = _single(answers, [getattr(a, name) for _, a in kept], scale=name == "urgency")
    if "urgency" in figures:
        figures["urgency"] |= _urgent(rows, assessments)
    if "band" in rows:
        kept = [(i, a) for i, a in enumerate(assessments) if rows["band"].iat[i] and a.integrity_risk is not None]
        if kept:
            bands = rows["band"].to_numpy(dtype=object)[[i for i, _ in kept]].astype(str)
            figures["integrity"] = _integrity(bands, [a for _, a in kept])
    if "kinds" in rows:
        figures |= _kinds(rows, assessments)
    return figures


def _single(answers: npt.NDArray[Any], choices: list[Any], *, scale: bool) -> dict[str, Any]:
    predicted = np.array([choice.code for choice in choices])
    probability = np.array([choice.probability for choice in choices])
    correct = predicted == answers
    figures: dict[str, Any] = {
        "rows": len(answers),
        "accuracy": float(correct.mean()),
        "macro_f1": float(f1_score(answers, predicted, labels=sorted(set(answers)), average="macro", zero_division=0)),
    }
    if not scale:
        top3 = [answer in {code for code, _ in choice.alternatives} for answer, choice in zip(answers, choices, strict=True)]
        figures |= {
            "top3": float(np.mean(top3)),
            "ece": expected_calibration_error(probability, correct),
            "coverage_at_90": coverage_at_precision(probability, correct, 0.90),
            "coverage_at_95": coverage_at_precision(probability, correct, 0.95),
        }
    return figures


def _urgent(rows: pd.DataFrame, assessments: list[Assessment]) -> dict[str, Any]:
    pairs = [(rows["urgency"].iat[i], a.urgency.code) for i, a in enumerate(assessments) if rows["urgency"].iat[i] and a.urgency]
    lowest = "biasa"
    truth, predicted = [t != lowest for t, _ in pairs], [p != lowest for _, p in pairs]
    return {"urgent_f1": float(f1_score(truth, predicted, zero_division=0)), "urgent_rows": int(sum(truth))}


def _integrity(bands: npt.NDArray[Any], assessments: list[Assessment]) -> dict[str, Any]:
    risk = np.array([a.integrity_risk for a in assessments], dtype=np.float64)
    flagged = np.array([a.flagged for a in assessments])
    positive, strong = bands >= "2", bands == "3"
    figures: dict[str, Any] = {
        "rows": len(bands),
        "positive": int(positive.sum()),
        "flagged": int(flagged.sum()),
        "band_accuracy": float((np.array([a.band.code if a.band else "" for a in assessments]) == bands).mean()),
    }
    if positive.any():
        ordered = np.sort(risk[positive])
        at95 = risk >= ordered[int(0.05 * len(ordered))]
        figures |= {
            "average_precision": float(average_precision_score(positive, risk)),
            "precision_at_95_recall": float(positive[at95].mean()),
            "precision": float(positive[flagged].mean()) if flagged.any() else 0.0,
            "recall": float(flagged[positive].mean()),
            "ece": expected_calibration_error(risk, positive),
        }
    if strong.any():
        figures["strong_recall"] = float(flagged[strong].mean())
    return figures


def _kinds(rows: pd.DataFrame, assessments: list[Assessment]) -> dict[str, dict[str, Any]]:
    """Kinds of rows that have some and were flagged; the finding itself is judged under integrity."""
    pairs = [
        (set(rows["kinds"].iat[i].split("|")), set(a.kinds))
        for i, a in enumerate(assessments)
        if rows["kinds"].iat[i] and a.flagged
    ]
    if not pairs:
        return {}
    codes = sorted(set().union(*(truth for truth, _ in pairs)))
    truth = [[code in t for code in codes] for t, _ in pairs]
    predicted = [[code in p for code in codes] for _, p in pairs]
    return {
        "kinds": {
            "rows": len(pairs),
            "macro_f1": float(f1_score(truth, predicted, average="macro", zero_division=0)),
            "micro_f1": float(f1_score(truth, predicted, average="micro", zero_division=0)),
        }
    }
