"""Parts of a printed report: a title, sentences, a chart, and a table whose columns know how they are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from api.reports.report import Table
from nlp.insight.wording import NO_VALUE, day, number

MAX_PRINTED = 10  # rows of a table; XLSX and JSON hold them all
Write = Callable[[Any], str]


def whole(value: float) -> str:
    """'1.234'."""
    return number(value)


def text(value: object) -> str:
    """As it is."""
    return str(value)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a printed table. `width` is its part of the line, 0 for as wide as its words."""

    key: str
    head: str
    write: Write = text
    width: float = 0
    below: str = ""  # another column, written small beneath

    @property
    def is_number(self) -> bool:
        """Whether it stands to the right."""
        return self.write is not text and self.write is not day


@dataclass(frozen=True, slots=True)
class Chart:
    """An SVG and what it says to those who cannot see it."""

    svg: str
    alt: str


@dataclass(frozen=True, slots=True)
class Section:
    """`table` holds what XLSX and JSON show, `columns` what is printed of it (none: the chart shows it)."""

    key: str
    title: str
    lead: tuple[str, ...] = ()
    table: Table | None = None
    columns: tuple[Column, ...] = ()
    chart: Chart | None = None
    empty: str = ""  # said where the table has no row
    starts_page: bool = False

    @property
    def rows(self) -> list[list[tuple[str, str]]]:
        """Printed cells, each with what stands beneath it."""
        if self.table is None:
            return []
        return [[_cell(row, column) for column in self.columns] for row in self.table.frame.head(MAX_PRINTED).to_dict("records")]

    @property
    def n_left_out(self) -> int:
        """Rows that are not printed."""
        return max(0, len(self.table.frame) - MAX_PRINTED) if self.table is not None and self.columns else 0


def _cell(row: dict[Any, Any], column: Column) -> tuple[str, str]:
    below = row.get(column.below) if column.below else None
    return _written(row[column.key], column.write), "" if _is_missing(below) else str(below)


def _written(value: Any, write: Write) -> str:
    return NO_VALUE if _is_missing(value) else write(value)


def _is_missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))


def table_of(frame: pd.DataFrame, heads: dict[str, str]) -> Table:
    """A table of those columns that the frame has: what its reader may not see was taken out."""
    return Table(frame, {key: head for key, head in heads.items() if key in frame})


def printed(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns that the frame has."""
    return tuple(column for column in columns if column.key in frame)
