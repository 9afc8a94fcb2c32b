"""Calibrated linear heads: scikit-learn classifiers whose calibration is folded into their weights.

A linear support vector machine ranks best on short texts with many labels, but its scores are no probabilities. Each
head therefore learns on folds, takes the scores of rows it did not see, fits how far they can be trusted (Platt 1999 for
yes and no; for one of several a temperature, Guo et al. 2017), and multiplies that into the weights. What is kept is one
linear map whose softmax or sigmoid is a calibrated probability.

Columns may come in blocks (words, cues, meaning). Each block has machines of its own; their scores, brought to one
scale, are added with fixed shares and calibrated together. Shares learnt on folds of the training rows trusted words
more than a stranger's messages deserve (docs/experiments.md).
"""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from joblib import Parallel, delayed
from scipy.optimize import minimize_scalar
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from nlp.classify.probability import sigmoid, softmax

Floats = npt.NDArray[np.float64]
MAX_FACTOR = 10.0  # of scores with spread 1: rows that no fold gets wrong must not give certainty
ABSENT_SCORE = -1.0  # score of a class that a fold's training rows lack: what a support vector machine gives a clear no


def fold_of_rows(groups: npt.NDArray[Any], n_folds: int, seed: int) -> npt.NDArray[np.int64]:
    """Fold number of every row, at random, rows of one group (near-duplicates) together."""
    _, group_of_row = np.unique(groups, return_inverse=True)
    folds = np.random.default_rng(seed).integers(0, n_folds, size=group_of_row.max() + 1)
    return np.asarray(folds[group_of_row])


def _fit_svc(x: sp.csr_matrix, y: npt.NDArray[Any], weights: dict[Any, float], c: float, seed: int) -> LinearSVC:
    machine = LinearSVC(C=c, class_weight=weights, random_state=seed, tol=0.01, max_iter=2_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits of a score change nothing after calibration
        return machine.fit(x, y)


def fit_one_of_several(
    x: sp.csr_matrix, answers: npt.NDArray[Any], classes: npt.NDArray[Any], *, c: float, balance: float, seed: int
) -> tuple[Floats, Floats]:
    """One class against the rest, for each class: weights (n_features, n_classes), biases.

    A class that is 1/n as frequent as the mean class weighs n**balance times as much: 0 weighs every row alike, 1 every
    class. A class that the rows lack gets ABSENT_SCORE.
    """
    present, counts = np.unique(answers, return_counts=True)
    weight = dict(zip(present, (counts.mean() / counts) ** balance, strict=True))
    weights, biases = np.zeros((x.shape[1], len(classes))), np.full(len(classes), ABSENT_SCORE)
    if len(present) == 1:
        biases[np.searchsorted(classes, present[0])] = -ABSENT_SCORE
        return weights, biases
    machine = _fit_svc(x, answers, weight, c, seed)
    place = np.searchsorted(classes, machine.classes_)
    if len(present) == 2:  # one machine answers for both
        weights[:, place] = np.stack([-machine.coef_[0], machine.coef_[0]], axis=1)
        biases[place] = [-machine.intercept_[0], machine.intercept_[0]]
    else:
        weights[:, place], biases[place] = machine.coef_.T, machine.intercept_
    return weights, biases


def fit_yes_no(x: sp.csr_matrix, targets: npt.NDArray[np.bool_], *, c: float, balance: float, seed: int) -> tuple[Floats, Floats]:
    """One machine for each column of `targets` (n_rows, n_questions): weights (n_features, n_questions), biases."""
    no_yes = np.array([False, True])
    fitted = [fit_one_of_several(x, targets[:, k], no_yes, c=c, balance=balance, seed=seed) for k in range(targets.shape[1])]
    return np.stack([w[:, 1] for w, _ in fitted], axis=1), np.array([b[1] for _, b in fitted])


Fit = Callable[[sp.csr_matrix, npt.NDArray[Any]], tuple[Floats, Floats]]


def fit_with_folds(
    fit: Fit,
    x: sp.csr_matrix,
    targets: npt.NDArray[Any],
    block_ends: Sequence[int],
    folds: npt.NDArray[np.int64],
    n_jobs: int,
) -> tuple[list[Floats], Floats, Floats]:
    """Machines for each block: weights (block's features, n_outputs) a block, biases (n_blocks, n_outputs), and scores
    (n_blocks, n_rows, n_outputs) of each row from machines that did not see its fold.

    `fit` takes a block's columns, the targets, and which rows to learn from. Processes, not threads: liblinear keeps its
    random numbers in one global place, and threads would make weights differ from run to run.
    """
    blocks = [x[:, start:end] for start, end in pairwise([0, *block_ends])]
    numbers = np.unique(folds)
    masks = [np.ones(len(folds), dtype=bool), *(folds != number for number in numbers)]
    fitted = Parallel(n_jobs=n_jobs)(delayed(fit)(block[mask], targets[mask]) for block in blocks for mask in masks)
    weights, biases, scores = [], [], []
    for block, start in zip(blocks, range(0, len(fitted), len(masks)), strict=True):
        whole, *parts = fitted[start : start + len(masks)]
        weights.append(whole[0])
        biases.append(whole[1])
        scores.append(np.zeros((x.shape[0], len(whole[1]))))
        for number, (part_weights, part_biases) in zip(numbers, parts, strict=True):
            held = folds == number
            scores[-1][held] = block[held] @ part_weights + part_biases
    return weights, np.stack(biases), np.stack(scores)


def _block_factors(scores: Floats, shares: Sequence[float]) -> Floats:
    """What to multiply each block's scores (n_blocks, n_rows, n_outputs) with so that they count by `shares`; a block that
    says the same of every row counts nothing.
    """
    spread = scores.std(axis=(1, 2))
    wanted = np.asarray(shares or np.ones(len(scores)), float)
    return np.asarray(np.divide(wanted, spread, out=np.zeros(len(scores)), where=spread > 1e-9))


class CalibratedLinearClassifier(BaseEstimator, ClassifierMixin):
    """One code of several, with calibrated probabilities.

    `block_ends` are the columns behind each block of features, `block_shares` how much each block counts (1 each).

    `coef_` is (n_features, n_classes) and `intercept_` (n_classes,): `softmax(x @ coef_ + intercept_)` is
    `predict_proba(x)`. `probabilities_out_of_fold_` holds, for each training row, what a model that saw neither the
    row nor its group gave.
    """

    def __init__(
        self,
        *,
        block_ends: tuple[int, ...] = (),
        block_shares: tuple[float, ...] = (),
        c: float = 0.3,
        balance: float = 0.75,
        n_folds: int = 4,
        seed: int = 0,
        n_jobs: int = 2,
    ) -> None:
        self.block_ends = block_ends
        self.block_shares = block_shares
        self.c = c
        self.balance = balance
        self.n_folds = n_folds
        self.seed = seed
        self.n_jobs = n_jobs

    def fit(self, x: sp.csr_matrix, y: Sequence[str] | npt.NDArray[Any], groups: npt.NDArray[Any] | None = None) -> Self:
        """Fit on rows `x` and codes `y`; ValueError with fewer than two different codes."""
        answers = np.asarray(y)
        self.classes_ = np.unique(answers)
        if len(self.classes_) < 2:
            raise ValueError("a classifier needs at least two different labels")
        options: dict[str, Any] = {"c": self.c, "balance": self.balance, "seed": self.seed}
        folds = fold_of_rows(np.arange(len(answers)) if groups is None else groups, self.n_folds, self.seed)
        weights, biases, scores = fit_with_folds(
            partial(fit_one_of_several, classes=self.classes_, **options),
            x,
            answers,
            self.block_ends or (x.shape[1],),
            folds,
            self.n_jobs,
        )
        correct = np.searchsorted(self.classes_, answers)
        factors = _block_factors(scores, self.block_shares)
        summed = np.tensordot(factors, scores, axes=1)
        self.probabilities_out_of_fold_ = np.zeros(summed.shape)
        for fold in np.unique(folds):
            seen, held = folds != fold, folds == fold
            self.probabilities_out_of_fold_[held] = softmax(summed[held] * fit_temperature(summed[seen], correct[seen]))
        factors = factors * fit_temperature(summed, correct)
        self.coef_ = np.concatenate([block * factor for block, factor in zip(weights, factors, strict=True)])
        self.intercept_ = factors @ biases
        return self

    def decision_function(self, x: sp.csr_matrix) -> Floats:
        """Calibrated logits, (n_rows, n_classes)."""
        return np.asarray(x @ self.coef_ + self.intercept_)

    def predict_proba(self, x: sp.csr_matrix) -> Floats:
        """Calibrated probabilities, (n_rows, n_classes), rows summing to one."""
        return softmax(self.decision_function(x))

    def predict(self, x: sp.csr_matrix) -> npt.NDArray[Any]:
        """The likeliest code of each row."""
        return np.asarray(self.classes_[self.decision_function(x).argmax(axis=1)])


def fit_temperature(scores: Floats, correct: npt.NDArray[np.int64]) -> float:
    """The factor that makes the softmax of `scores` (n_rows, n_classes) most likely; `correct` is each answer's column."""
    hit = scores[np.arange(len(correct)), correct]

    def loss(factor: float) -> float:
        scaled = scores * factor
        top = scaled.max(axis=1)
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - factor * hit).sum())

    return float(minimize_scalar(loss, bounds=(0.0, MAX_FACTOR), method="bounded").x)


class CalibratedYesNoHeads(BaseEstimator):
    """Several yes/no questions about one row, each with a calibrated probability; for scales and for many labels.

    `block_ends` are the columns behind each block of features, `block_shares` how much each block counts (1 each).

    `fit` takes `targets` of shape (n_rows, n_questions); `sigmoid(x @ coef_ + intercept_)` are the probabilities.
    """

    def __init__(
        self,
        *,
        block_ends: tuple[int, ...] = (),
        block_shares: tuple[float, ...] = (),
        c: float = 0.3,
        balance: float = 0.75,
        n_folds: int = 4,
        seed: int = 0,
        n_jobs: int = 2,
    ) -> None:
        self.block_ends = block_ends
        self.block_shares = block_shares
        self.c = c
        self.balance = balance
        self.n_folds = n_folds
        self.seed = seed
        self.n_jobs = n_jobs

    def fit(self, x: sp.csr_matrix, targets: npt.NDArray[np.bool_], groups: npt.NDArray[Any] | None = None) -> Self:
        """Fit all questions."""
        options: dict[str, Any] = {"c": self.c, "balance": self.balance, "seed": self.seed}
        folds = fold_of_rows(np.arange(len(targets)) if groups is None else groups, self.n_folds, self.seed)
        weights, biases, scores = fit_with_folds(
            partial(fit_yes_no, **options),
            x,
            targets,
            self.block_ends or (x.shape[1],),
            folds,
            self.n_jobs,
        )
        factors = _block_factors(scores, self.block_shares)
        summed = np.tensordot(factors, scores, axes=1)
        self.probabilities_out_of_fold_ = np.zeros(targets.shape)
        for fold in np.unique(folds):
            seen, held = folds != fold, folds == fold
            slopes, shifts = fit_platt(summed[seen], targets[seen])
            self.probabilities_out_of_fold_[held] = sigmoid(summed[held] * slopes + shifts)
        slopes, shifts = fit_platt(summed, targets)
        self.coef_ = np.concatenate([block * factor for block, factor in zip(weights, factors, strict=True)]) * slopes
        self.intercept_ = (factors @ biases) * slopes + shifts
        return self

    def predict_proba(self, x: sp.csr_matrix) -> Floats:
        """Calibrated probabilities, (n_rows, n_questions)."""
        return sigmoid(x @ self.coef_ + self.intercept_)


def fit_platt(scores: Floats, targets: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """A slope and a shift for each column of `scores` (n_rows, n_questions)."""
    slopes, shifts = np.zeros(targets.shape[1]), np.zeros(targets.shape[1])
    for k in range(targets.shape[1]):
        if targets[:, k].all() or not targets[:, k].any():
            shifts[k] = 20.0 if targets[:, k].all() else -20.0
            continue
        model = LogisticRegression(C=100.0).fit(scores[:, [k]], targets[:, k])
        slopes[k], shifts[k] = model.coef_[0, 0], model.intercept_[0]
    return slopes, shifts


def scale_targets(codes: Sequence[str], answers: Sequence[str] | npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """'At least this code' for each code above the lowest, (n_rows, n_codes - 1)."""
    level = np.array([codes.index(answer) for answer in answers])
    return level[:, None] >= np.arange(1, len(codes))[None, :]


def kinds_targets(codes: Sequence[str], answers: Sequence[str] | npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which of `codes` stand in each `a|b` cell, (n_rows, n_codes)."""
    return np.array([[code in answer.split("|") for code in codes] for answer in answers], dtype=bool).reshape(-1, len(codes))
