"""Read labelled messages, the project's own or an office's, and check every code against the label list."""

import difflib
import re
from pathlib import Path
from typing import Any

import pandas as pd

from nlp import columns
from nlp.columns import find_column
from nlp.errors import SuaraError
from nlp.labels import FAMILIES, Labels, load_labels
from nlp.tables import read_all

CORPUS_DIR = Path(__file__).parent
LABEL_COLUMNS = ("topic", "aspect", "sentiment", "urgency", "band", "kinds", "unit")
MAX_UNIT_CHARS = 200


def parse_columns(option: str | None) -> dict[str, str]:
    """`text=keluhan,unit=dinas` as {contract name: the file's name}; SuaraError for another form or name."""
    return columns.parse_columns(option, ("text", *LABEL_COLUMNS))


def read_labelled(path: Path, labels: Labels, columns: dict[str, str] | None = None) -> pd.DataFrame:
    """Read a labelled table.

    Returns a frame with `text` and, for each label column the file has, that column with codes or '' where there is no
    label; rows without text are left out. Raises SuaraError that names row and column of the first unknown code.
    """
    mapping = columns or {}
    table = read_all(path)
    text = find_column(path, list(table.columns), "text", mapping)
    frame = pd.DataFrame({"text": table[text]})
    for name in LABEL_COLUMNS:
        given = find_column(path, list(table.columns), name, mapping)
        if given is not None:
            frame[name] = _clean(table[given], name)
            _check_codes(path, frame[name], name, given, labels)
    frame = frame[frame["text"].str.strip() != ""]
    if frame.empty:
        raise SuaraError("tidak ada baris berisi teks", where=path.name, remedy="Periksa kolom teksnya.")
    return frame.reset_index(drop=True)


def _clean(column: "pd.Series[Any]", name: str) -> "pd.Series[Any]":
    values = column.str.strip()
    if name != "unit":
        values = values.str.lower()
        values = values.mask(values.isin(["nan", "none", "null", "n/a", "-"]), "")
    if name == "band":
        values = values.str.replace(r"\.0+$", "", regex=True)
    if name == "kinds":
        values = values.map(lambda cell: "|".join(filter(None, re.split(r"[|;,\s]+", cell))))
    return values


def _check_codes(path: Path, column: "pd.Series[Any]", name: str, given: str, labels: Labels) -> None:
    if name == "unit":
        too_long = column[column.str.len() > MAX_UNIT_CHARS]
        if len(too_long):
            raise SuaraError(
                f"nama unit lebih dari {MAX_UNIT_CHARS} huruf",
                where=f"{path.name}, baris {int(too_long.index[0]) + 2}, kolom '{given}'",
                remedy="Periksa kolom yang ditunjuk sebagai unit.",
            )
        return
    known = set(labels.codes(name))
    parts = column.str.split("|") if name == "kinds" else column.map(lambda code: [code])
    for index, codes in parts.items():
        for code in codes:
            if code and code not in known:
                near = difflib.get_close_matches(code, known, n=1)
                hint = f"Mungkin maksudnya '{near[0]}'. " if near else ""
                raise SuaraError(
                    f"kode '{code[:60]}' tidak ada dalam daftar label",
                    where=f"{path.name}, baris {int(str(index)) + 2}, kolom '{given}'",
                    remedy=f"{hint}Kode yang ada: {', '.join(sorted(known))}.",
                )


def read_seed(labels: Labels) -> pd.DataFrame:
    """The seed corpus: all rows of the CSV files beside this module, every label column filled.

    Where an office's own label list lacks a code that the seed uses, the row stays without that label.
    """
    own = load_labels()
    seed = pd.concat([read_labelled(path, own) for path in sorted(CORPUS_DIR.glob("*.csv"))], ignore_index=True)
    for name in FAMILIES:
        if name != "kinds" and labels.codes(name) != own.codes(name):
            seed[name] = seed[name].where(seed[name].isin(labels.codes(name)), "")
    known = set(labels.codes("kinds"))
    seed["kinds"] = seed["kinds"].map(lambda cell: "|".join(code for code in cell.split("|") if code in known))
    return seed
