"""Shrinkage formulas on three areas, worked on paper."""

import numpy as np
import pytest

from nlp.insight.shrinkage import shrunk_rates, shrunk_shares


def _array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_shares_of_three_areas() -> None:
    # p = 20/60; S = 20 (.1-1/3)^2 + 20 (.2-1/3)^2 + 20 (.7-1/3)^2 = 4.1333; S / (2/9) - 2 = 16.6
    # room = 60 - 1200/60 - 2 = 38; correlation = .43684; prior counts as 1.28916 messages, .42972 of them events
    found = shrunk_shares(_array(2, 4, 14), _array(20, 20, 20))
    assert found is not None
    assert found.first == pytest.approx(_array(2.42972, 4.42972, 14.42972), abs=1e-5)
    assert found.share == pytest.approx(_array(2.42972, 4.42972, 14.42972) / 21.28916, abs=1e-5)


def test_rates_of_three_areas() -> None:
    # m = 60/30 = 2; S = 10 (1.5^2 + 1^2 + 2.5^2) = 95; variance = (95 - 2 * 2) / (30 - 300/30) = 4.55
    # shape 4 / 4.55 = .87912, rate 2 / 4.55 = .43956
    found = shrunk_rates(_array(5, 10, 45), _array(10, 10, 10))
    assert found is not None
    assert found.rate == pytest.approx(_array(5.87912, 10.87912, 45.87912) / 10.43956, abs=1e-5)


def test_differences_that_chance_explains_nearly_vanish() -> None:
    shares = shrunk_shares(_array(4, 5, 6), _array(10, 10, 10))
    rates = shrunk_rates(_array(9, 10, 11), _array(1, 1, 1))
    assert shares is not None
    assert rates is not None
    assert np.ptp(shares.share) < 0.06  # .2 as counted
    assert np.ptp(rates.rate) < 0.6  # 2 as counted


def test_three_angry_messages_do_not_stand_out() -> None:
    found = shrunk_shares(_array(3, 60, 20, 30, 10), _array(3, 100, 100, 100, 100))
    assert found is not None
    assert found.share[0] < found.share[1] + 0.05
    assert found.share[1] == pytest.approx(0.6, abs=0.03)  # a hundred messages keep their own share


def test_an_area_without_messages_gets_the_pooled_share() -> None:
    found = shrunk_shares(_array(2, 14, 0), _array(20, 20, 0))
    assert found is not None
    assert found.share[2] == pytest.approx(0.4)


@pytest.mark.parametrize("events", [_array(0, 0), _array(5, 5)])
def test_shares_without_difference_are_none(events: np.ndarray) -> None:
    assert shrunk_shares(events, _array(5, 5)) is None


def test_one_area_is_its_own_whole() -> None:
    shares, rates = shrunk_shares(_array(2), _array(10)), shrunk_rates(_array(7), _array(2))
    assert shares is not None
    assert rates is not None
    assert shares.share == pytest.approx(_array(0.2))
    assert rates.rate == pytest.approx(_array(3.5))
    assert shrunk_rates(_array(0), _array(2)) is None
