"""Numbers and dates as Indonesian sentences write them."""

import pandas as pd

_MONTHS = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()


def number(value: float, decimals: int = 0) -> str:
    """1234.5 as '1.234,5'."""
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def percent(share: float) -> str:
    """.614 as '61 %'; under one percent with a decimal."""
    return f"{number(100 * share, 1 if 0 < share < 0.01 else 0)} %"


def day(when: pd.Timestamp) -> str:
    """'3 Mei 2024'."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def span(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """'3 Mei 2024' for one day, else '3 Mei 2024 sampai 5 Mei 2024'."""
    return day(first) if first == last else f"{day(first)} sampai {day(last)}"
