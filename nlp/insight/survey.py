"""Read answers to a satisfaction survey (SKM): nine elements, 1 to 4, a row a respondent; every mistake told by its cell."""

import re
from typing import Any

import numpy as np
import pandas as pd

from nlp.errors import SuaraError
from nlp.tables import as_text

ELEMENTS = tuple(f"U{number}" for number in range(1, 10))
"""The elements of PermenPANRB 14/2017; an aspect of the label list names the one it is about."""
_ELEMENT = re.compile(r"(?:u|unsur)[\s_.\-]*0?([1-9])(?:\D.*)?", re.IGNORECASE | re.DOTALL)
_OTHERS = {
    "unit": ("unit", "unit layanan", "unit pelayanan"),
    "topic": ("topic", "topik"),
    "day": ("day", "tanggal", "hari"),
}
_MISSING = ("", "-", "nan", "none", "null", "n/a")
_HEADER_ROWS = 1  # rows are named as a spreadsheet numbers them


def read_survey(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Survey answers of a table as `nlp.tables.read_all` gives it; `source` is what errors call it, a file's name.

    Element columns may be called `u1`, `U_1`, `Unsur 1` or `U1 Persyaratan`. Returns columns U1 to U9 (float, NaN where
    an answer is missing), `unit` and `topic` ('' where missing) and `day` (datetime64, NaT where missing); a respondent
    without any answer is left out. SuaraError for a column that is missing or double, and for the first answer that is
    no whole number from 1 to 4 and the first day that is none, by row and column.
    """
    columns = _find_columns(table, source)
    frame = pd.DataFrame(index=table.index)
    for element in ELEMENTS:
        frame[element] = _answers(_cells(table, columns[element]), columns[element], source)
    for name in ("unit", "topic"):
        frame[name] = _cells(table, columns[name]) if name in columns else ""
    frame["day"] = _days(_cells(table, columns["day"]), columns["day"], source) if "day" in columns else pd.NaT
    kept = frame[frame[list(ELEMENTS)].notna().any(axis=1)]
    if kept.empty:
        raise SuaraError("tidak ada jawaban", where=source, remedy="Isi sedikitnya satu baris dengan angka 1 sampai 4.")
    return kept.reset_index(drop=True)


def _find_columns(table: pd.DataFrame, source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in map(str, table.columns):
        match = _ELEMENT.fullmatch(column.strip())
        plain = " ".join(column.lower().replace("_", " ").split())
        names = [f"U{match.group(1)}"] if match else [name for name, known in _OTHERS.items() if plain in known]
        for name in names:
            if name in found:
                raise SuaraError(
                    f"kolom '{found[name]}' dan '{column}' sama-sama berarti {name}", where=source, remedy="Sisakan satu saja."
                )
            found[name] = column
    missing = [element for element in ELEMENTS if element not in found]
    if missing:
        raise SuaraError(
            f"kolom unsur {', '.join(missing)} tidak ada",
            where=source,
            remedy="Beri kolom U1 sampai U9; unsur yang tidak ditanyakan boleh berisi sel kosong.",
        )
    return found


def _cells(table: pd.DataFrame, column: str) -> "pd.Series[Any]":
    return as_text(table[column]).str.strip()


def _answers(cells: "pd.Series[Any]", column: str, source: str) -> "pd.Series[float]":
    missing = cells.str.lower().isin(_MISSING)
    answers = pd.to_numeric(cells.mask(missing).str.replace(r"[.,]0+$", "", regex=True), errors="coerce")
    wrong = ~missing & ~answers.isin([1, 2, 3, 4])
    _refuse(cells, wrong, column, source, "bukan 1, 2, 3, atau 4", "Perbaiki sel itu, atau kosongkan bila tidak dijawab.")
    return answers.astype(np.float64)


def _days(cells: "pd.Series[Any]", column: str, source: str) -> "pd.Series[Any]":
    missing = cells.str.lower().isin(_MISSING)
    days = pd.to_datetime(cells.mask(missing).str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    wrong = ~missing & days.isna()
    _refuse(cells, wrong, column, source, "bukan tanggal", "Tulis tanggal sebagai 2026-01-31, atau kosongkan.")
    return days


def _refuse(cells: "pd.Series[Any]", wrong: "pd.Series[bool]", column: str, source: str, what: str, remedy: str) -> None:
    places = np.flatnonzero(wrong.to_numpy())
    if len(places):
        more = f" (dan {len(places) - 1} sel lain)" if len(places) > 1 else ""
        shown = str(cells.iloc[places[0]])[:40]
        where = f"{source}, baris {places[0] + 1 + _HEADER_ROWS}, kolom '{column}'"
        raise SuaraError(f"'{shown}' {what}{more}", where=where, remedy=remedy)
