"""A report: sentences and tables, the same numbers as JSON, CSV, XLSX and on pages; small cells hidden for outside."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from api.reports.scope import Scope
from api.spreadsheet import safe_cell
from nlp.insight.small_cells import TOTAL, is_small, suppress

Audience = Literal["dalam", "luar"]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a report. `heads`: name of each column as the contract has it, and as people read it.

    `n_column` and `keys` say what is counted by what, so that the table can be made safe for outside the office; a table
    without them holds what stays inside. `has_totals`: whether outside the sums over each key are told as well.
    """

    frame: pd.DataFrame
    heads: dict[str, str]
    n_column: str | None = None
    keys: Sequence[str] = ()
    has_totals: bool = True

    def for_outside(self) -> "Table | None":
        """Counts alone, small ones hidden; None for a table that stays inside."""
        if self.n_column is None:
            return None
        keys = list(self.keys)
        if self.frame.empty:
            safe = self.frame[[*keys, self.n_column]]
        else:
            # a district of somebody's file may bear the name that totals have
            frame = self.frame[[*keys, self.n_column]].replace({name: {TOTAL: f"{TOTAL} (nama)"} for name in keys})
            margins = None if self.has_totals else ()
            safe = suppress(frame, self.n_column, keys, margins).drop(columns="hidden")
        return Table(safe, {name: self.heads[name] for name in safe.columns}, self.n_column, self.keys)

    @property
    def hides_total(self) -> bool:
        """Whether a table for outside keeps its grand total to itself; then no sentence may tell it either."""
        if self.frame.empty or self.n_column is None:
            return False
        last = self.frame.iloc[-1]
        return bool(last[list(self.keys)].eq(TOTAL).all() and pd.isna(last[self.n_column]))


@dataclass(frozen=True, slots=True)
class Report:
    """What one report says. `sentences` are Indonesian; `private` ones tell of counts too small for outside, or may do so.

    `told_counts`: what `sentences` tell, or leave to be taken from one another; a small one keeps them inside.
    """

    title: str
    scope: Scope
    tables: dict[str, Table]
    sentences: tuple[str, ...] = ()
    private: tuple[str, ...] = field(default=())
    told_counts: tuple[float, ...] = ()

    def for_audience(self, audience: Audience) -> "Report":
        """The report as that audience may have it."""
        if audience == "dalam":
            return self
        tables = {name: safe for name, table in self.tables.items() if (safe := table.for_outside()) is not None}
        hides = is_small(*self.told_counts) or any(table.hides_total for table in tables.values())
        return Report(self.title, self.scope, tables, () if hides else self.sentences)

    @property
    def all_sentences(self) -> list[str]:
        """Every sentence, those for everybody first."""
        return [*self.sentences, *self.private]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: days as dates, what is missing as None."""
    return [{name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return None if value is pd.NaT else value.date().isoformat()
    if value is pd.NaT or value is pd.NA or value is None:
        return None
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_csv(table: Table) -> bytes:
    """UTF-8 with a mark that spreadsheets know it by; cells that begin like a formula are kept from being one."""
    columns = [pd.Series([_whole(_cell(value)) for value in table.frame[key]], dtype=object) for key in table.heads]
    frame = pd.concat(columns, axis=1, keys=list(table.heads.values()))
    text: str = frame.to_csv(index=False, lineterminator="\r\n")
    return f"\ufeff{text}".encode()


def _whole(value: Any) -> Any:
    """A whole number without decimals: '6.0' is sixty to a spreadsheet that groups thousands by points."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _cell(value: Any) -> Any:
    value = _plain(value)
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return safe_cell(value) if isinstance(value, str) else value


def as_xlsx(report: Report) -> bytes:
    """A workbook: the sentences on the first sheet, then a sheet a table."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, wrap = book.add_format({"bold": True, "text_wrap": True, "valign": "top"}), book.add_format({"text_wrap": True})
        cover = book.add_worksheet("Ringkasan")
        cover.set_column(0, 0, 100)
        cover.write(0, 0, report.title, bold)
        for row, sentence in enumerate(report.all_sentences, 2):
            cover.write(row, 0, sentence, wrap)
        for name, table in report.tables.items():
            sheet = book.add_worksheet(name[:31])
            sheet.freeze_panes(1, 0)
            for column, (key, head) in enumerate(table.heads.items()):
                cells = [_cell(value) for value in table.frame[key]]
                sheet.write(0, column, head, bold)
                sheet.set_column(column, column, min(60, max([len(head), *(len(str(cell)) for cell in cells[:200])]) + 2))
                for row, cell in enumerate(cells, 1):
                    if cell is not None:
                        sheet.write(row, column, cell)
    return out.getvalue()
