"""Thresholds for a stated cost, and how honest probabilities are. All from rows a model did not see."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NEVER = 1.01  # a threshold no probability reaches
MIN_ROWS_PER_LABEL = 20  # with fewer rows a label borrows the threshold of all labels together


def expected_calibration_error(probability: Floats, correct: npt.NDArray[np.bool_], n_bins: int = 10) -> float:
    """Mean gap between probability and share correct over bins of equal size (Guo et al. 2017), 0 to 1."""
    if not len(probability):
        return 0.0
    order = np.argsort(probability, kind="stable")
    gaps = [
        abs(probability[part].mean() - correct[part].mean()) * len(part)
        for part in np.array_split(order, min(n_bins, len(order)))
        if len(part)
    ]
    return float(sum(gaps) / len(probability))


def _ends_of_ties(descending: Floats) -> npt.NDArray[np.bool_]:
    """Which places of probabilities in falling order a threshold can cut behind: the last of each run of equal ones."""
    return np.append(descending[1:] != descending[:-1], True)


def threshold_for_precision(probability: Floats, correct: npt.NDArray[np.bool_], precision: float) -> float:
    """Lowest threshold at and above which at least `precision` of the rows are correct; NEVER if there is none.

    One row more is counted wrong than was seen wrong, so that a handful of lucky rows sets no threshold.
    """
    order = np.argsort(-probability, kind="stable")
    right = np.cumsum(correct[order])
    share = right / (np.arange(1, len(order) + 1) + 1)
    reached = np.flatnonzero((share >= precision) & _ends_of_ties(probability[order]))
    return float(probability[order[reached[-1]]]) if len(reached) else NEVER


def threshold_for_recall(probability: Floats, positive: npt.NDArray[np.bool_], recall: float) -> float:
    """Highest threshold at and above which at least `recall` of the positive rows lie; NEVER without positive rows."""
    ordered = np.sort(probability[positive])
    if not len(ordered):
        return NEVER
    allowed_misses = int(np.floor((1 - recall) * len(ordered) + 1e-9))
    return float(ordered[allowed_misses])


def threshold_for_f1(probability: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """Threshold with the best F1 of the positive rows; 0.5 without any."""
    if not positive.any():
        return 0.5
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(positive[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + positive.sum()) * _ends_of_ties(probability[order])
    return float(probability[order[int(f1.argmax())]])


def coverage_at_precision(probability: Floats, correct: npt.NDArray[np.bool_], precision: float) -> float:
    """Largest share of rows, taken from the surest down, of which at least `precision` are correct."""
    if not len(probability):
        return 0.0
    order = np.argsort(-probability, kind="stable")
    right = np.cumsum(correct[order])
    share = right / np.arange(1, len(right) + 1)
    reached = np.flatnonzero((share >= precision) & _ends_of_ties(probability[order]))
    return float((reached[-1] + 1) / len(right)) if len(reached) else 0.0


def routing_thresholds(
    probabilities: Floats,
    codes: Sequence[str],
    answers: npt.NDArray[Any],
    *,
    precision: float = 0.95,
    top3: float = 0.9,
) -> dict[str, Any]:
    """Thresholds for routing by one task.

    `auto`: for each code the probability from which a message may go its way untouched (at least `precision` of such
    rows were right). `suggest`: the probability from which the right code is among the first three in at least `top3`.
    """
    best = probabilities.argmax(axis=1)
    top = probabilities.max(axis=1)
    predicted = np.asarray(codes)[best]
    correct = predicted == answers
    overall = threshold_for_precision(top, correct, precision)
    auto = {}
    for k, code in enumerate(codes):
        rows = best == k
        enough = rows.sum() >= MIN_ROWS_PER_LABEL
        auto[code] = threshold_for_precision(top[rows], correct[rows], precision) if enough else max(overall, 0.9)
    third = np.argsort(-probabilities, axis=1)[:, :3]
    in_top3 = (np.asarray(codes)[third] == answers[:, None]).any(axis=1)
    return {"auto": auto, "suggest": threshold_for_precision(top, in_top3, top3)}
