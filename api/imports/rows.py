"""Rows of a file as messages to take in, or the reason why one cannot be. Knows no database."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

import pandas as pd
from pydantic import ValidationError

from api.faults import words_for
from api.feedback.schemas import CLOCK_LEEWAY, FeedbackIn
from nlp.moments import EARLIEST_YEAR, FORMS, read_moment
from nlp.tables import Source, as_text, read_chunks

COLUMNS = ("text", "external_id", "received_at", "district", "channel", "visibility")
MAX_PROBLEM_CHARS = 200
SHEET_ROW = "sheet_row"  # where a row stands in the file as a spreadsheet shows it; the header is row 1


class RowError(Exception):
    """Why a row is not taken in; its words are not repeated."""


@dataclass(frozen=True, slots=True)
class RowDefaults:
    """What holds where a row says nothing: its channel, and the time zone of a moment without one."""

    channel: str | None
    zone: tzinfo


def read_rows(
    source: Source, columns: dict[str, str], *, chunk_rows: int, skip: int = 0
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """(number of the first row, rows) of each chunk after `skip` rows; the first row under the header has number 1.

    A row is {name of `COLUMNS`: cell} and its `SHEET_ROW`, cells as text but for `received_at`, which a sheet may hold as
    a date. Empty rows are left out and not counted, as in a CSV. Raises SuaraError as `read_chunks` does.
    """
    number, sheet_row = 1, 2
    for frame in read_chunks(source, chunk_rows=chunk_rows):
        chosen = frame[list(columns.values())].set_axis(list(columns), axis="columns")
        texts = chosen.apply(as_text)
        cells = texts.assign(received_at=chosen["received_at"]) if "received_at" in columns else texts
        cells = cells.assign(**{SHEET_ROW: range(sheet_row, sheet_row + len(cells))})
        sheet_row += len(cells)
        rows = cells[_is_filled(texts, frame)].to_dict("records")
        left = rows[max(0, skip + 1 - number) :]
        if left:
            yield number + len(rows) - len(left), left
        number += len(rows)


def _is_filled(texts: pd.DataFrame, frame: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows hold anything; only those without text are looked at whole."""
    filled = texts["text"].str.strip() != ""
    if not filled.all():
        others = frame[~filled].apply(as_text).apply(lambda column: column.str.strip() != "")
        filled[~filled] = others.any(axis=1)
    return filled


def count_rows(source: Source, columns: dict[str, str]) -> int:
    """How many rows there are; reads the whole file, so that a mistake in its last line shows before anything is stored."""
    return sum(len(rows) for _, rows in read_rows(source, columns, chunk_rows=5_000))


def as_message(row: dict[str, Any], defaults: RowDefaults, now: datetime) -> FeedbackIn:
    """The message of a row; RowError where it cannot be taken in."""
    if not row["text"].strip():
        raise RowError("text: kosong")
    fields = {name: cell.strip() for name, cell in row.items() if name not in ("text", "received_at", SHEET_ROW) and cell.strip()}
    for name in ("channel", "visibility"):
        if name in fields:
            fields[name] = re.sub(r"\s+", "_", fields[name].casefold())
    moment = _moment(row.get("received_at"), defaults.zone, now)
    try:
        return FeedbackIn.model_validate({"channel": defaults.channel, **fields, "text": row["text"], "received_at": moment})
    except ValidationError as error:
        raise RowError(_reason(error)) from None


def _reason(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"{fault['loc'][0]}: {words_for(fault)}"[:MAX_PROBLEM_CHARS]


def _moment(cell: Any, zone: tzinfo, now: datetime) -> datetime | None:
    """ISO 8601, or day/month/year with or without a time; local where no zone is given. None for an empty cell."""
    if cell is None:  # the file has no such column
        return None
    if isinstance(cell, datetime):
        moment = cell
    elif isinstance(cell, date):
        moment = datetime.combine(cell, time())
    else:
        given = (cell if isinstance(cell, str) else as_text(pd.Series([cell], dtype=object))[0]).strip()
        if not given:
            return None
        try:
            moment = read_moment(given)
        except ValueError:
            raise RowError(f"received_at: bukan tanggal; pakai {FORMS}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise RowError("received_at: di luar kalender") from None
    if moment.year < EARLIEST_YEAR or moment > now + CLOCK_LEEWAY:
        raise RowError(f"received_at: sebelum tahun {EARLIEST_YEAR} atau di masa depan")
    return moment
