"""What goes in and out of the reports."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.plans.schemas import AreaIn
from api.reports.report import Audience, Report, records
from api.reports.scope import Wanted
from api.routing.schemas import UnitCode

MAX_DAYS = 1_100
Dimension = Literal["topic", "aspect", "unit", "district", "channel", "sentiment", "urgency", "band"]
AUDIENCE = "luar: hanya cacah, yang di bawah 5 disembunyikan. JSON bawaannya dalam, CSV dan XLSX bawaannya luar."
MONTHLY_AUDIENCE = "luar: angka kecil disamarkan di mana pun. JSON bawaannya dalam, PDF dan XLSX bawaannya luar."


class ReportQuery(AreaIn):
    """A part of the messages, a window of local days, and a form."""

    model_config = ConfigDict(extra="forbid")

    since: date | None = Field(default=None, description="Hari pertama; bawaan: 84 hari sebelum until.")
    until: date | None = Field(default=None, description="Hari sesudah hari terakhir; bawaan: hari ini.")
    format: Literal["json", "csv", "xlsx"] = "json"
    table: Annotated[str, Field(pattern="^[a-z_]{1,40}$")] | None = Field(
        default=None, description="Tabel untuk CSV; bawaan: yang pertama."
    )
    audience: Literal["dalam", "luar"] | None = Field(default=None, description=AUDIENCE)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        until = self.until or date.max
        if self.since is not None and not self.since < until:
            raise ValueError("since harus sebelum until")
        if self.since is not None and self.until is not None and (until - self.since).days > MAX_DAYS:
            raise ValueError(f"jendela paling panjang {MAX_DAYS} hari")
        if (self.until is not None and self.until < date(1980, 1, 1)) or (
            self.since is not None and self.since < date(1980, 1, 1)
        ):
            raise ValueError("tanggal paling awal 1980-01-01")
        return self

    def window(self, today: date, days: int = 84) -> tuple[date, date]:
        """First day and the day after the last one."""
        until = min(self.until or today, today + timedelta(days=1))
        since = self.since or until - timedelta(days=days)
        return (max(since, until - timedelta(days=MAX_DAYS)), until) if since < until else (until - timedelta(days=1), until)

    @property
    def wanted(self) -> Wanted:
        """The part of the messages."""
        return Wanted(self.topic, self.aspect, self.unit, self.district)

    @property
    def audience_of_form(self) -> Literal["dalam", "luar"]:
        """Who the answer is for: files leave the office easily."""
        return self.audience or ("dalam" if self.format == "json" else "luar")


class TrendsQuery(ReportQuery):
    """A trend by one dimension."""

    by: Dimension | Literal["semua"] = Field(default="topic", description="Dimensi; semua: seluruh pesan bersama.")
    every: Literal["D", "W", "M"] = Field(default="W", description="Hari, minggu, atau bulan.")


class MonthlyQuery(BaseModel):
    """A month that is over, for the whole office or one unit, and a form."""

    model_config = ConfigDict(extra="forbid")

    month: Annotated[str, Field(pattern=r"^(19[89][0-9]|20[0-9][0-9])-(0[1-9]|1[0-2])$", examples=["2026-10"])]
    unit: UnitCode | None = Field(default=None, description="Kode unit; bawaan: seluruh instansi.")
    format: Literal["json", "pdf", "xlsx"] = "json"
    audience: Audience | None = Field(default=None, description=MONTHLY_AUDIENCE)

    @property
    def window(self) -> tuple[date, date]:
        """The month's first day and the first of the next."""
        first = date.fromisoformat(f"{self.month}-01")
        return first, (first + timedelta(days=31)).replace(day=1)

    @property
    def audience_of_form(self) -> Audience:
        """Who the answer is for: files leave the office easily."""
        return self.audience or ("dalam" if self.format == "json" else "luar")


class PrioritiesQuery(ReportQuery):
    """A ranking of improvement areas."""

    place: Literal["unit", "district"] = "district"
    budget: Annotated[int, Field(ge=1, le=100)] = Field(default=5, description="Banyak area yang sanggup diperbaiki.")


class ThemesQuery(ReportQuery):
    """Themes inside a topic, which must be named."""

    topic: Annotated[str, Field(max_length=40)]


class ReportOut(BaseModel):
    """A report. Each table is a list of rows; docs/laporan.md says what the columns are."""

    title: str
    since: date
    until: date = Field(description="Hari sesudah hari terakhir.")
    sentences: list[str]
    tables: dict[str, list[dict[str, Any]]]


def report_out(report: Report) -> ReportOut:
    """A report for HTTP."""
    return ReportOut(
        title=report.title,
        since=report.scope.since,
        until=report.scope.until,
        sentences=report.all_sentences,
        tables={name: records(table.frame[list(table.heads)]) for name, table in report.tables.items()},
    )
