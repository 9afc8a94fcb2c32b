"""The calibrated heads: scikit-learn's contract, probabilities that mean what they say, folds that do not leak."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.metrics import log_loss

from nlp.classify.calibrate import expected_calibration_error
from nlp.classify.heads import (
    CalibratedLinearClassifier,
    CalibratedYesNoHeads,
    fold_of_rows,
    kinds_targets,
    scale_targets,
)
from nlp.classify.probability import sigmoid, softmax

N_ROWS = 3_000


def _noisy_rows(n_rows: int, n_classes: int, *, seed: int) -> tuple[sp.csr_matrix, np.ndarray]:
    """Rows, and codes drawn by chances that are a softmax of a linear map of the row: nobody can be right every time."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n_rows, 12))
    chances = softmax(x @ draw.normal(scale=0.5, size=(12, n_classes)))
    answers = (chances.cumsum(axis=1) > draw.random((n_rows, 1))).argmax(axis=1)
    return sp.csr_matrix(x), np.array([f"kode_{k}" for k in answers])


@pytest.fixture(scope="module")
def noisy() -> tuple[sp.csr_matrix, np.ndarray]:
    return _noisy_rows(N_ROWS, 4, seed=3)


@pytest.fixture(scope="module")
def fitted(noisy) -> CalibratedLinearClassifier:
    return CalibratedLinearClassifier(seed=5).fit(*noisy)


@pytest.mark.parametrize("head", [CalibratedLinearClassifier, CalibratedYesNoHeads])
def test_clone_keeps_every_parameter_and_no_fitted_state(head, noisy):
    x, answers = noisy
    given = {"block_ends": (5, 12), "block_shares": (1.0, 0.5), "c": 0.7, "balance": 0.2, "n_folds": 3, "seed": 11, "n_jobs": 1}
    model = head(**given)
    model.fit(x, answers if head is CalibratedLinearClassifier else (answers == "kode_1")[:, None])
    copy = clone(model)
    assert copy.get_params() == given
    assert not hasattr(copy, "coef_")


def test_set_params_changes_what_is_learnt(noisy):
    x, answers = noisy
    weak = CalibratedLinearClassifier().set_params(c=1e-4, n_jobs=1).fit(x, answers)
    strong = CalibratedLinearClassifier().set_params(c=10.0, n_jobs=1).fit(x, answers)
    assert not np.allclose(weak.coef_, strong.coef_)


def test_probabilities_are_the_softmax_of_one_linear_map(fitted, noisy):
    x, _ = noisy
    probabilities = fitted.predict_proba(x)
    assert probabilities.shape == (N_ROWS, 4)
    assert np.allclose(probabilities.sum(axis=1), 1.0)
    assert np.allclose(probabilities, softmax(x @ fitted.coef_ + fitted.intercept_))
    assert np.array_equal(fitted.predict(x), fitted.classes_[probabilities.argmax(axis=1)])


def test_yes_no_probabilities_are_the_sigmoid_of_one_linear_map(noisy):
    x, answers = noisy
    targets = np.stack([answers == "kode_0", answers <= "kode_1"], axis=1)
    heads = CalibratedYesNoHeads(seed=2).fit(x, targets)
    assert heads.coef_.shape == (12, 2)
    assert np.allclose(heads.predict_proba(x), sigmoid(x @ heads.coef_ + heads.intercept_))
    assert ((heads.predict_proba(x) > 0.5) == targets).mean() > 0.7


def test_out_of_fold_probabilities_are_honest_on_noisy_labels(fitted, noisy):
    _, answers = noisy
    held_out = fitted.probabilities_out_of_fold_
    predicted = fitted.classes_[held_out.argmax(axis=1)]
    accuracy = (predicted == answers).mean()
    assert 0.4 < accuracy < 0.85, "the noise must leave the head unsure, or this test shows nothing"
    assert expected_calibration_error(held_out.max(axis=1), predicted == answers) < 0.04
    assert abs(held_out.max(axis=1).mean() - accuracy) < 0.03


def test_probabilities_stay_honest_on_rows_never_seen():
    x, answers = _noisy_rows(6_000, 3, seed=8)
    head = CalibratedLinearClassifier(seed=1).fit(x[:3_000], answers[:3_000])
    probabilities = head.predict_proba(x[3_000:])
    correct = head.predict(x[3_000:]) == answers[3_000:]
    assert expected_calibration_error(probabilities.max(axis=1), correct) < 0.04


def test_yes_no_probabilities_are_honest_on_noisy_labels(noisy):
    x, answers = noisy
    targets = np.stack([answers == "kode_0", answers <= "kode_1"], axis=1)
    held_out = CalibratedYesNoHeads(seed=2).fit(x, targets).probabilities_out_of_fold_
    for k in range(2):
        assert expected_calibration_error(held_out[:, k], targets[:, k]) < 0.04


def test_pure_noise_gets_no_confidence():
    draw = np.random.default_rng(0)
    x = sp.csr_matrix(draw.normal(size=(600, 200)))
    answers = draw.choice(["ya", "tidak", "entah"], 600)
    head = CalibratedLinearClassifier(seed=0, n_jobs=1).fit(x, answers)
    assert log_loss(answers, head.probabilities_out_of_fold_, labels=head.classes_) < 1.2
    assert head.probabilities_out_of_fold_.max(axis=1).mean() < 0.5


@pytest.mark.parametrize("n_rare", [1, 2])
@pytest.mark.parametrize("n_common_classes", [1, 2, 3])
def test_a_class_absent_from_a_fold_still_gives_finite_probabilities(n_rare, n_common_classes):
    draw = np.random.default_rng(4)
    answers = np.array([f"biasa_{i % n_common_classes}" for i in range(60)] + ["langka"] * n_rare)
    x = sp.csr_matrix(draw.normal(size=(len(answers), 6)) + 3.0 * (answers == "langka")[:, None])
    groups = np.append(np.arange(60), np.full(n_rare, 60))  # the rare rows are copies: one fold holds them all
    head = CalibratedLinearClassifier(seed=0, n_jobs=1).fit(x, answers, groups)
    assert list(head.classes_) == sorted(set(answers))
    for probabilities in (head.probabilities_out_of_fold_, head.predict_proba(x)):
        assert np.isfinite(probabilities).all()
        assert np.allclose(probabilities.sum(axis=1), 1.0)
    rare = list(head.classes_).index("langka")
    even_share = 1 / len(head.classes_)
    assert head.probabilities_out_of_fold_[-1, rare] <= even_share + 1e-9, "a model that saw no row of the class cannot expect it"


def test_questions_with_only_one_answer_are_answered_so():
    x = sp.csr_matrix(np.random.default_rng(1).normal(size=(40, 5)))
    targets = np.stack([np.ones(40, bool), np.zeros(40, bool), np.arange(40) % 2 == 0], axis=1)
    heads = CalibratedYesNoHeads(n_jobs=1).fit(x, targets)
    probabilities = heads.predict_proba(x)
    assert (probabilities[:, 0] > 0.999).all()
    assert (probabilities[:, 1] < 0.001).all()
    assert np.isfinite(heads.probabilities_out_of_fold_).all()


def test_one_answer_only_is_refused():
    x = sp.csr_matrix(np.eye(8))
    with pytest.raises(ValueError, match="at least two different labels"):
        CalibratedLinearClassifier().fit(x, ["sama"] * 8)


@pytest.mark.parametrize("seed", range(5))
def test_groups_never_straddle_folds(seed):
    groups = np.random.default_rng(seed).integers(0, 40, 500)
    folds = fold_of_rows(groups, 4, seed)
    assert set(folds) == {0, 1, 2, 3}
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1


@pytest.mark.parametrize("head", [CalibratedLinearClassifier, CalibratedYesNoHeads])
def test_copies_in_one_group_do_not_teach_the_model_that_judges_them(head):
    """Random rows, each there twice with its own random answer: judged honestly, they cannot be foretold."""
    draw = np.random.default_rng(6)
    once, answers = draw.normal(size=(150, 300)), draw.choice([False, True], 150)
    x, y, groups = sp.csr_matrix(np.repeat(once, 2, axis=0)), np.repeat(answers, 2), np.repeat(np.arange(150), 2)

    def share_foretold(groups_given: np.ndarray) -> float:
        model = head(c=1.0, balance=0.0, n_jobs=1).fit(x, y if head is CalibratedLinearClassifier else y[:, None], groups_given)
        return float(((model.probabilities_out_of_fold_[:, -1] > 0.5) == y).mean())

    assert share_foretold(groups) < 0.65
    assert share_foretold(np.arange(300)) > 0.8, "without groups the copies leak; if not, this test shows nothing"


@pytest.mark.parametrize("head", [CalibratedLinearClassifier, CalibratedYesNoHeads])
def test_the_same_seed_gives_the_same_weights_on_any_number_of_cores(head):
    """On more features than rows, as texts have: there the solver draws random numbers."""
    x, draw = sp.random(300, 3_000, 0.02, format="csr", rng=0), np.random.default_rng(0)
    y = draw.choice(["a", "b", "c", "d"], 300) if head is CalibratedLinearClassifier else draw.random((300, 4)) > 0.5
    once, *others = [head(seed=5, n_jobs=n_jobs).fit(x, y) for n_jobs in (1, 2, 2)]
    for other in others:
        assert other.coef_.tobytes() == once.coef_.tobytes()
        assert other.intercept_.tobytes() == once.intercept_.tobytes()
        assert other.probabilities_out_of_fold_.tobytes() == once.probabilities_out_of_fold_.tobytes()


def test_another_seed_deals_other_folds(noisy, fitted):
    other = CalibratedLinearClassifier(seed=6, n_jobs=1).fit(*noisy)
    assert not np.array_equal(other.probabilities_out_of_fold_, fitted.probabilities_out_of_fold_)


def test_scale_targets_ask_at_least_this_much():
    assert scale_targets(("biasa", "tinggi", "darurat"), ["darurat", "biasa", "tinggi"]).tolist() == [
        [True, True],
        [False, False],
        [True, False],
    ]


def test_kinds_targets_read_every_code_of_a_cell():
    assert kinds_targets(("a", "b", "c"), ["a|c", "b"]).tolist() == [[True, False, True], [False, True, False]]
    assert kinds_targets(("a", "b"), []).shape == (0, 2)
