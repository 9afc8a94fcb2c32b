"""Numbers as Indonesians write them: 1.234 and 12,5 %."""

import math
from collections.abc import Callable

NO_VALUE = "-"


def number(value: float, digits: int = 0) -> str:
    """'1.234', with `digits` decimals '1.234,50'; '-' where there is no finite value.

    >>> number(1234.5, 1)
    '1.234,5'
    """
    if not math.isfinite(value):
        return NO_VALUE
    text = f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))
    return text.lstrip("-") if not text.strip("-0,") else text  # no '-0'


def percent(share: float, digits: int = 0) -> str:
    """A share of 1 as '12 %', with `digits` decimals '12,5 %'.

    >>> percent(0.125, 1)
    '12,5 %'
    """
    return number(100 * share, digits) + " %" if math.isfinite(share) else NO_VALUE


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
