"""Thresholds and honesty figures against cases small enough to work out by hand, and rules that hold for any rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.classify.calibrate import (
    MIN_ROWS_PER_LABEL,
    NEVER,
    coverage_at_precision,
    expected_calibration_error,
    routing_thresholds,
    threshold_for_f1,
    threshold_for_precision,
    threshold_for_recall,
)
from nlp.classify.probability import monotone, sigmoid, softmax

# Few different probabilities, so that ties are common: messages whose words a model does not know all score alike.
ROWS = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), min_size=1, max_size=30)
LEVELS = st.sampled_from([0.5, 0.7, 0.8, 0.9, 0.95, 1.0])


def _arrays(rows: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in rows]), np.array([flag for _, flag in rows])


# ------------------------------------------------------------------------------------------------ calibration error
def test_calibration_error_is_zero_where_shares_equal_probabilities():
    probability = np.repeat([0.25, 0.75], 8)
    correct = np.array([True] * 2 + [False] * 6 + [True] * 6 + [False] * 2)
    assert expected_calibration_error(probability, correct, n_bins=2) == pytest.approx(0.0)


def test_calibration_error_by_hand():
    probability = np.array([0.9, 0.9, 0.2, 0.4])
    correct = np.array([True, False, False, True])
    # two bins of two rows: |mean(.2, .4) - 1/2| = .2 and |mean(.9, .9) - 1/2| = .4, mean .3
    assert expected_calibration_error(probability, correct, n_bins=2) == pytest.approx(0.3)


def test_calibration_error_with_fewer_rows_than_bins_takes_a_bin_a_row():
    assert expected_calibration_error(np.array([0.7, 0.1]), np.array([True, False])) == pytest.approx((0.3 + 0.1) / 2)


def test_calibration_error_without_rows_is_zero():
    assert expected_calibration_error(np.zeros(0), np.zeros(0, bool)) == 0.0


@given(ROWS)
def test_calibration_error_lies_between_zero_and_one(rows):
    assert 0.0 <= expected_calibration_error(*_arrays(rows)) <= 1.0


# ------------------------------------------------------------------------------------------------ precision
def test_threshold_for_precision_by_hand():
    probability = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    correct = np.array([True, True, True, False, True])
    # right among the surest n, with one more counted wrong: 1/2, 2/3, 3/4, 3/5, 4/6
    assert threshold_for_precision(probability, correct, 0.75) == 0.7
    assert threshold_for_precision(probability, correct, 0.6) == 0.5
    assert threshold_for_precision(probability, correct, 0.76) == NEVER


def test_a_handful_of_lucky_rows_sets_no_threshold():
    assert threshold_for_precision(np.full(18, 0.99), np.ones(18, bool), 0.95) == NEVER
    assert threshold_for_precision(np.full(19, 0.99), np.ones(19, bool), 0.95) == 0.99


def test_rows_of_one_probability_stand_or_fall_together():
    probability = np.full(60, 0.7)
    correct = np.array([True] * 30 + [False] * 30)  # at and above .7 half is right, whatever order the rows come in
    assert threshold_for_precision(probability, correct, 0.9) == NEVER
    assert coverage_at_precision(probability, correct, 0.9) == 0.0


def test_threshold_without_rows_is_never():
    assert threshold_for_precision(np.zeros(0), np.zeros(0, bool), 0.5) == NEVER
    assert NEVER > 1


@given(ROWS, LEVELS)
def test_precision_holds_at_and_above_the_threshold(rows, precision):
    probability, correct = _arrays(rows)
    chosen = probability >= threshold_for_precision(probability, correct, precision)
    if chosen.any():
        assert correct[chosen].sum() / (chosen.sum() + 1) >= precision


@given(ROWS, LEVELS, LEVELS)
def test_a_higher_precision_never_lowers_the_threshold(rows, one, other):
    probability, correct = _arrays(rows)
    low, high = sorted((one, other))
    assert threshold_for_precision(probability, correct, low) <= threshold_for_precision(probability, correct, high)


# ------------------------------------------------------------------------------------------------ recall
@pytest.mark.parametrize(("recall", "threshold"), [(1.0, 0.1), (0.8, 0.1), (0.75, 0.3), (0.5, 0.5), (0.25, 0.7)])
def test_threshold_for_recall_by_hand(recall, threshold):
    probability = np.array([0.7, 0.5, 0.3, 0.1, 0.9, 0.2])
    positive = np.array([True, True, True, True, False, False])
    assert threshold_for_recall(probability, positive, recall) == threshold


def test_recall_of_95_of_100_misses_exactly_five():
    probability, positive = np.arange(100) / 100, np.ones(100, bool)
    assert (probability < threshold_for_recall(probability, positive, 0.95)).sum() == 5


def test_without_a_positive_row_nothing_is_flagged():
    assert threshold_for_recall(np.array([0.2, 0.9]), np.zeros(2, bool), 0.95) == NEVER


@given(ROWS, LEVELS)
def test_recall_holds_at_and_above_the_threshold(rows, recall):
    probability, positive = _arrays(rows)
    threshold = threshold_for_recall(probability, positive, recall)
    if positive.any():
        assert (probability[positive] >= threshold).mean() >= recall - 1e-9
        assert threshold in probability[positive]


@given(ROWS, LEVELS, LEVELS)
def test_a_higher_recall_never_raises_the_threshold(rows, one, other):
    probability, positive = _arrays(rows)
    low, high = sorted((one, other))
    assert threshold_for_recall(probability, positive, high) <= threshold_for_recall(probability, positive, low)


# ------------------------------------------------------------------------------------------------ F1
def test_threshold_for_f1_by_hand():
    probability = np.array([0.9, 0.8, 0.6, 0.4])
    positive = np.array([True, False, True, False])
    # F1 of the surest n: 2/3, 2/4, 4/5, 4/6
    assert threshold_for_f1(probability, positive) == 0.6


def test_threshold_for_f1_without_positive_rows_is_a_half():
    assert threshold_for_f1(np.array([0.1, 0.9]), np.zeros(2, bool)) == 0.5


@given(ROWS)
def test_no_other_probability_gives_a_better_f1(rows):
    probability, positive = _arrays(rows)
    if not positive.any():
        return

    def f1(threshold: float) -> float:
        chosen = probability >= threshold
        return 2 * (chosen & positive).sum() / (chosen.sum() + positive.sum())

    assert f1(threshold_for_f1(probability, positive)) == pytest.approx(max(f1(p) for p in probability))


# ------------------------------------------------------------------------------------------------ coverage
@pytest.mark.parametrize(("precision", "coverage"), [(1.0, 0.4), (0.75, 0.8), (0.6, 1.0)])
def test_coverage_by_hand(precision, coverage):
    probability = np.array([0.5, 0.9, 0.8, 0.7, 0.6])
    correct = np.array([False, True, True, False, True])
    # surest first: right, right, wrong, right, wrong -> 1, 1, 2/3, 3/4, 3/5
    assert coverage_at_precision(probability, correct, precision) == pytest.approx(coverage)


def test_coverage_is_zero_where_the_surest_row_is_wrong_or_there_is_none():
    assert coverage_at_precision(np.array([0.9, 0.1]), np.array([False, False]), 0.9) == 0.0
    assert coverage_at_precision(np.zeros(0), np.zeros(0, bool), 0.9) == 0.0


@given(ROWS, LEVELS, LEVELS)
def test_a_higher_precision_never_covers_more(rows, one, other):
    probability, correct = _arrays(rows)
    low, high = sorted((one, other))
    assert coverage_at_precision(probability, correct, high) <= coverage_at_precision(probability, correct, low)


@given(ROWS, LEVELS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, level, shuffle):
    mixed = list(rows)
    shuffle.shuffle(mixed)
    for figure in (threshold_for_precision, coverage_at_precision, threshold_for_recall):
        assert figure(*_arrays(rows), level) == figure(*_arrays(mixed), level)
    assert threshold_for_f1(*_arrays(rows)) == threshold_for_f1(*_arrays(mixed))


# ------------------------------------------------------------------------------------------------ routing
def test_routing_gives_a_sure_label_its_own_threshold_and_a_wrong_one_none():
    n = 2 * MIN_ROWS_PER_LABEL
    top = np.linspace(0.6, 0.99, n)
    rows_a, rows_b = np.stack([top, 1 - top], axis=1), np.stack([1 - top, top], axis=1)
    answers = np.array(["a"] * n + ["a", "b"] * (n // 2))  # 'a' is always right, 'b' every second time
    thresholds = routing_thresholds(np.concatenate([rows_a, rows_b]), ["a", "b"], answers, precision=0.95)
    assert thresholds["auto"]["a"] == pytest.approx(0.6)
    assert thresholds["auto"]["b"] == NEVER
    assert thresholds["suggest"] == pytest.approx(0.6), "with two labels the right one is always among the first three"


def test_a_label_with_few_rows_borrows_the_threshold_of_all_and_at_least_nine_tenths():
    n = MIN_ROWS_PER_LABEL
    top = np.append(np.linspace(0.5, 0.8, 2 * n), np.full(n - 1, 0.7))
    probabilities = np.stack([top, 1 - top], axis=1)
    probabilities[2 * n :] = probabilities[2 * n :, ::-1]
    answers = np.array(["banyak"] * (2 * n) + ["sedikit"] * (n - 1))
    auto = routing_thresholds(probabilities, ["banyak", "sedikit"], answers)["auto"]
    assert auto["banyak"] == pytest.approx(0.5)
    assert auto["sedikit"] == 0.9


# ------------------------------------------------------------------------------------------------ probabilities
@given(st.lists(st.lists(st.floats(-800, 800), min_size=3, max_size=3), min_size=1, max_size=8))
def test_softmax_and_sigmoid_give_probabilities_for_any_logits(logits):
    rows = np.array(logits)
    assert np.allclose(softmax(rows).sum(axis=1), 1.0)
    both = sigmoid(rows) + sigmoid(-rows)
    assert np.allclose(both, 1.0)
    assert ((sigmoid(rows) >= 0) & (sigmoid(rows) <= 1)).all()


def test_softmax_and_sigmoid_by_hand():
    assert softmax(np.log([[1.0, 2.0, 5.0]])) == pytest.approx(np.array([[0.125, 0.25, 0.625]]))
    assert sigmoid(np.log([[3.0]])) == pytest.approx(np.array([[0.75]]))


def test_monotone_lets_no_higher_step_be_likelier_than_a_lower_one():
    assert monotone(np.array([[0.4, 0.6, 0.2], [0.9, 0.5, 0.7]])).tolist() == [[0.4, 0.4, 0.2], [0.9, 0.5, 0.5]]
