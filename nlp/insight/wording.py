"""Numbers and days as Indonesian sentences write them: 1.234 and 12,5 %, 3 Mei 2026."""

import math
from collections.abc import Callable

import pandas as pd

NO_VALUE = "-"
MONTHS = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()


def number(value: float, digits: int = 0) -> str:
    """'1.234', with `digits` decimals '1.234,50'; '-' where there is no finite value.

    >>> number(1234.5, 1)
    '1.234,5'
    """
    if not math.isfinite(value):
        return NO_VALUE
    text = f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))
    return text.lstrip("-") if not text.strip("-0,") else text  # no '-0'


def percent(share: float, digits: int | None = None) -> str:
    """A share of 1 as '12 %', with `digits` decimals '12,5 %'; by default under one percent with one, '0,4 %'.

    >>> percent(0.125, 1)
    '12,5 %'
    """
    if not math.isfinite(share):
        return NO_VALUE
    if digits is None:
        digits = 1 if 0 < share < 0.01 else 0
    return f"{number(100 * share, digits)} %"


def change(ratio: float) -> str:
    """A ratio to what was before, in words: 'turun 30 %', 'naik 5 %', 'tetap'; from threefold on 'menjadi 3,4 kali'."""
    if not math.isfinite(ratio):
        return NO_VALUE
    if ratio >= 3:
        return f"menjadi {number(ratio, 1)} kali"
    size = round(100 * abs(ratio - 1))
    return f"{'naik' if ratio > 1 else 'turun'} {size} %" if size else "tetap"


def interval(low: float, high: float, form: Callable[[float], str] = number) -> str:
    """'20 sampai 70', both ends written by `form`; one value where they read alike."""
    first, last = form(low), form(high)
    return first if first == last else f"{first} sampai {last}"


def day(when: pd.Timestamp) -> str:
    """'3 Mei 2024'."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def span(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """'3 Mei 2024' for one day, else '3 Mei 2024 sampai 5 Mei 2024'."""
    return day(first) if first == last else f"{day(first)} sampai {day(last)}"


def month(when: pd.Timestamp) -> str:
    """'Mei 2024'."""
    return f"{MONTHS[when.month - 1]} {when.year}"
