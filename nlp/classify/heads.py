"""Calibrated linear heads: scikit-learn classifiers whose calibration is folded into their weights.

A linear support vector machine ranks best on short texts with many labels, but its scores are no probabilities. Each
head therefore learns on folds, takes the scores of rows it did not see, fits a logistic regression from those scores
to the labels (Platt 1999; for many classes the matrix scaling of Guo et al. 2017, held back by an L2 penalty), and
multiplies it into the weights. What is kept is one linear map whose softmax or sigmoid is a calibrated probability.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from nlp.classify.probability import sigmoid, softmax

Floats = npt.NDArray[np.float64]
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


Fit = Callable[[npt.NDArray[np.bool_]], tuple[Floats, Floats]]


def fit_with_folds(fit: Fit, x: sp.csr_matrix, folds: npt.NDArray[np.int64], n_jobs: int) -> tuple[Floats, Floats, Floats]:
    """Weights and biases from all rows, and the scores of each row from machines that did not see its fold.

    `fit` takes a mask of the rows to learn from. Folds run in processes, not threads: liblinear draws from one stream of
    random numbers a process, and threads would share it out as they come, so that no two trainings were alike.
    """
    numbers = np.unique(folds)
    masks = [np.ones(len(folds), dtype=bool), *(folds != number for number in numbers)]
    (weights, biases), *parts = Parallel(n_jobs=n_jobs)(delayed(fit)(mask) for mask in masks)
    scores = np.zeros((x.shape[0], len(biases)))
    for number, (fold_weights, fold_biases) in zip(numbers, parts, strict=True):
        held = folds == number
        scores[held] = x[held] @ fold_weights + fold_biases
    return weights, biases, scores


class CalibratedLinearClassifier(BaseEstimator, ClassifierMixin):
    """One code of several, with calibrated probabilities.

    `coef_` is (n_features, n_classes) and `intercept_` (n_classes,): `softmax(x @ coef_ + intercept_)` is
    `predict_proba(x)`. `probabilities_out_of_fold_` holds, for each training row, what a model that saw neither the
    row nor its group gave.
    """

    def __init__(self, *, c: float = 0.3, balance: float = 0.75, n_folds: int = 4, seed: int = 0, n_jobs: int = 2) -> None:
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
            lambda rows: fit_one_of_several(x[rows], answers[rows], self.classes_, **options), x, folds, self.n_jobs
        )
        self.probabilities_out_of_fold_ = np.zeros(scores.shape)
        for fold in np.unique(folds):
            seen, held = folds != fold, folds == fold
            mixing, shift = self._calibrate(scores[seen], answers[seen])
            self.probabilities_out_of_fold_[held] = softmax(scores[held] @ mixing + shift)
        mixing, shift = self._calibrate(scores, answers)
        self.coef_ = weights @ mixing
        self.intercept_ = biases @ mixing + shift
        return self

    def _calibrate(self, scores: Floats, answers: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """A linear map (n_classes, n_classes) and shift from scores to calibrated logits."""
        n = len(self.classes_)
        present = np.searchsorted(self.classes_, np.unique(answers))
        mixing, shift = np.zeros((n, n)), np.full(n, -20.0)  # a class nobody has seen in the calibration rows
        if len(present) == 1:
            shift[present] = 0.0
            return mixing, shift
        model = LogisticRegression(C=1.0, max_iter=300).fit(scores, answers)
        if len(present) == 2:  # scikit-learn keeps one column for two classes
            mixing[:, present[1]], shift[present] = model.coef_[0], [0.0, float(model.intercept_[0])]
        else:
            mixing[:, present], shift[present] = model.coef_.T, model.intercept_
        return mixing, shift

    def decision_function(self, x: sp.csr_matrix) -> Floats:
        """Calibrated logits, (n_rows, n_classes)."""
        return np.asarray(x @ self.coef_ + self.intercept_)

    def predict_proba(self, x: sp.csr_matrix) -> Floats:
        """Calibrated probabilities, (n_rows, n_classes), rows summing to one."""
        return softmax(self.decision_function(x))

    def predict(self, x: sp.csr_matrix) -> npt.NDArray[Any]:
        """The likeliest code of each row."""
        return np.asarray(self.classes_[self.decision_function(x).argmax(axis=1)])


class CalibratedYesNoHeads(BaseEstimator):
    """Several yes/no questions about one row, each with a calibrated probability; for scales and for many labels.

    `fit` takes `targets` of shape (n_rows, n_questions); `sigmoid(x @ coef_ + intercept_)` are the probabilities.
    """

    def __init__(self, *, c: float = 0.3, balance: float = 0.75, n_folds: int = 4, seed: int = 0, n_jobs: int = 2) -> None:
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
            lambda rows: fit_yes_no(x[rows], targets[rows], **options), x, folds, self.n_jobs
        )
        self.probabilities_out_of_fold_ = np.zeros(scores.shape)
        for fold in np.unique(folds):
            seen, held = folds != fold, folds == fold
            slope, shift = self._calibrate(scores[seen], targets[seen])
            self.probabilities_out_of_fold_[held] = sigmoid(scores[held] * slope + shift)
        slope, shift = self._calibrate(scores, targets)
        self.coef_ = weights * slope
        self.intercept_ = biases * slope + shift
        return self

    @staticmethod
    def _calibrate(scores: Floats, targets: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
        slopes, shifts = np.zeros(targets.shape[1]), np.zeros(targets.shape[1])
        for k in range(targets.shape[1]):
            if targets[:, k].all() or not targets[:, k].any():
                shifts[k] = 20.0 if targets[:, k].all() else -20.0
                continue
            model = LogisticRegression(C=100.0).fit(scores[:, [k]], targets[:, k])
            slopes[k], shifts[k] = model.coef_[0, 0], model.intercept_[0]
        return slopes, shifts

    def predict_proba(self, x: sp.csr_matrix) -> Floats:
        """Calibrated probabilities, (n_rows, n_questions)."""
        return sigmoid(x @ self.coef_ + self.intercept_)


def scale_targets(codes: Sequence[str], answers: Sequence[str] | npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """'At least this code' for each code above the lowest, (n_rows, n_codes - 1)."""
    level = np.array([codes.index(answer) for answer in answers])
    return level[:, None] >= np.arange(1, len(codes))[None, :]


def kinds_targets(codes: Sequence[str], answers: Sequence[str] | npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which of `codes` stand in each `a|b` cell, (n_rows, n_codes)."""
    return np.array([[code in answer.split("|") for code in codes] for answer in answers], dtype=bool).reshape(-1, len(codes))
