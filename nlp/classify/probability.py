"""From logits to probabilities; shared by training and scoring."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def softmax(logits: npt.NDArray[np.floating[Any]]) -> Floats:
    """Row-wise softmax, shape kept."""
    shifted = np.exp(np.asarray(logits, np.float64) - np.max(logits, axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def sigmoid(logits: npt.NDArray[np.floating[Any]]) -> Floats:
    """Logistic function without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * np.asarray(logits, np.float64))))


def monotone(at_least: Floats) -> Floats:
    """Probabilities of 'at least' questions made to fall along the scale, (n_rows, n_questions)."""
    return np.minimum.accumulate(at_least, axis=1)
