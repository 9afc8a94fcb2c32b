"""Numbers as Indonesians write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.insight.wording import change, interval, number, percent


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234567, 0, "1.234.567"),
        (1234.5, 1, "1.234,5"),
        (0.04, 2, "0,04"),
        (-1200, 0, "-1.200"),
        (-0.01, 1, "0,0"),
        (math.nan, 0, "-"),
    ],
)
def test_number(value: float, digits: int, text: str) -> None:
    assert number(value, digits) == text


def test_percent() -> None:
    assert percent(0.125, 1) == "12,5 %"
    assert percent(0.93) == "93 %"
    assert percent(12.345) == "1.234 %"
    assert percent(math.inf) == "-"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.7, "turun 30 %"),
        (1.05, "naik 5 %"),
        (1.001, "tetap"),
        (0.999, "tetap"),
        (2.5, "naik 150 %"),
        (3.44, "menjadi 3,4 kali"),
        (math.nan, "-"),
    ],
)
def test_change(ratio: float, text: str) -> None:
    assert change(ratio) == text


def test_interval() -> None:
    assert interval(20, 70) == "20 sampai 70"
    assert interval(0.5, 0.9, change) == "turun 50 % sampai turun 10 %"
    assert interval(20.1, 20.2) == "20"


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_number_reads_back(value: float, digits: int) -> None:
    text = number(value, digits)
    assert float(text.replace(".", "").replace(",", ".")) == pytest.approx(value, abs=0.6 * 10**-digits)
    assert text not in {"-0", "-0,0"}
