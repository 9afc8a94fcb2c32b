"""MESSAGES of a file that `suara score` wrote: a table on somebody's disk, read as the service reads its own."""

from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from nlp.columns import find_column
from nlp.errors import SuaraError
from nlp.moments import EARLIEST_YEAR, FORMS, read_moment
from nlp.tables import read_all

COLUMNS = ("received_at", "closed_at", "deadline_on", "unit", "district", "channel")
"""What a scored file may say besides its scores; `nlp.columns.parse_columns` leads from these names to the file's."""
LABELS = ("topic", "aspect", "sentiment", "urgency", "band")
ZONE = ZoneInfo("Asia/Jakarta")
_DAYS = {"received_at": "received_day", "closed_at": "closed_day", "deadline_on": "deadline_on"}
_HEADER_ROWS = 1  # rows are named as a spreadsheet numbers them


def read_scored(path: Path, columns: dict[str, str] | None = None, zone: tzinfo = ZONE) -> pd.DataFrame:
    """MESSAGES of a scored file (CSV, XLSX or Parquet), by day of receipt; `columns` as {name of COLUMNS: the file's name}.

    Columns: `day` and `received_day` (local date in `zone`; a moment without a zone is local), `text` (masked), the labels,
    `unit`, `district`, `channel` ('' where the file lacks them), `topic_probability` and `decision` where the file has
    them. `closed_day` and `deadline_on` (NaT where empty) and with both `is_settled` and `is_late`, where the file has them.
    Rows without text are left out. SuaraError for a file that is not scored, a column that is missing, and the first
    cell that holds no date, by row and column.
    """
    table, given = read_all(path), columns or {}
    _require_scores(path, table)
    table = table[table["masked_text"].str.strip() != ""]
    found = {name: find_column(path, list(table.columns), name, given, where="kolom") for name in COLUMNS}
    if found["received_at"] is None:
        raise SuaraError(
            f"kolom tanggal terima 'received_at' tidak ada; yang ada: {', '.join(table.columns[:12])}",
            where=path.name,
            remedy="Sebutkan kolomnya, misalnya received_at=tanggal.",
        )
    frame = pd.DataFrame({"text": table["masked_text"], **{name: table[name].str.strip() for name in LABELS}})
    for name in ("unit", "district", "channel"):
        column = found[name]
        frame[name] = "" if column is None else table[column].str.strip()
    for name, day in _DAYS.items():
        column = found[name]
        if column is not None:
            frame[day] = _days(table[column], path, zone, may_be_empty=name != "received_at")
    return _with_more(frame, table).sort_values("day", kind="stable").reset_index(drop=True)


def _require_scores(path: Path, table: pd.DataFrame) -> None:
    for name in ("masked_text", *LABELS):
        if name not in table:
            raise SuaraError(
                f"kolom '{name}' tidak ada, jadi berkas ini belum dinilai",
                where=path.name,
                remedy="Nilai dahulu: suara score FILE --out FILE.",
            )


def _with_more(frame: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The frame with `day` and what follows from its other columns."""
    more: dict[str, Any] = {"day": frame["received_day"]}
    if "topic_probability" in table:
        more["topic_probability"] = pd.to_numeric(table["topic_probability"], errors="coerce")
    if "decision" in table:
        more["decision"] = table["decision"]
    if "closed_day" in frame:
        more["is_settled"] = frame["closed_day"].notna()
        if "deadline_on" in frame:
            more["is_late"] = frame["closed_day"] > frame["deadline_on"]
    return frame.assign(**more)


def _days(cells: "pd.Series[Any]", path: Path, zone: tzinfo, *, may_be_empty: bool) -> "pd.Series[Any]":
    """Local dates of cells; empty ones NaT where that may be."""
    days: list[datetime | None] = []
    for row, cell in cells.str.strip().items():
        if not cell and may_be_empty:
            days.append(None)
            continue
        day = _day(cell, zone)
        if day is None:
            raise SuaraError(
                f"'{cell[:40]}' bukan tanggal sejak {EARLIEST_YEAR}" if cell else "tanggal kosong",
                where=f"{path.name}, baris {int(str(row)) + 1 + _HEADER_ROWS}, kolom '{cells.name}'",
                remedy=f"Tulis seperti {FORMS}.",
            )
        days.append(day)
    return pd.to_datetime(pd.Series(days, index=cells.index, dtype=object))


def _day(cell: str, zone: tzinfo) -> datetime | None:
    """The local date of a cell; None where it holds none."""
    try:
        moment = read_moment(cell)
        local = moment if moment.tzinfo is None else moment.astimezone(zone)
    except (ValueError, OverflowError):
        return None
    return local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) if local.year >= EARLIEST_YEAR else None
