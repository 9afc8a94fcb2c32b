import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from nlp.insight.intervals import newcombe, poisson, wilson


def test_wilson_of_8_of_10_is_as_printed():
    low, high = wilson(8, 10)
    assert (round(float(low), 3), round(float(high), 3)) == (0.490, 0.943)


def test_wilson_is_that_of_statsmodels_and_stays_within_0_and_1():
    hits, n = np.array([0, 1, 5, 10, 137]), np.array([10, 10, 10, 10, 400])
    np.testing.assert_allclose(wilson(hits, n), proportion_confint(hits, n, method="wilson"), atol=1e-12)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == 1


def test_nothing_seen_tells_nothing():
    assert tuple(map(float, wilson(0, 0))) == (0, 1)
    assert tuple(map(float, newcombe(0, 0, 5, 10))) == (-1, 1)


def test_newcombes_own_example():
    low, high = newcombe(56, 70, 48, 80)
    assert (round(float(low), 4), round(float(high), 4)) == (0.0524, 0.3339)


def test_differences_turn_with_their_order():
    low, high = newcombe(3, 20, 9, 15)
    other_low, other_high = newcombe(9, 15, 3, 20)
    assert (float(low), float(high)) == pytest.approx((-float(other_high), -float(other_low)))


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390)])
def test_poisson_ends_are_those_of_the_tables(count, low, high):
    assert poisson(count) == pytest.approx((low, high), abs=5e-4)
