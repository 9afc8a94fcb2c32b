"""Make a report for whoever asks: what they may see, in the form they want."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.desk import Desk
from api.errors import ApiError
from api.reports import priorities, standards, themes, trends
from api.reports.changes import changes
from api.reports.context import Context
from api.reports.document import as_pdf
from api.reports.monthly import monthly
from api.reports.report import Audience, Report, as_csv, as_xlsx
from api.reports.schemas import MonthlyQuery, PrioritiesQuery, ReportOut, ReportQuery, ThemesQuery, TrendsQuery, report_out
from api.reports.scope import Wanted, scope_of
from api.surveys.service import satisfaction
from nlp.errors import SuaraError

Answer = ReportOut | tuple[bytes, str, str]
"""A body for JSON, or a file with its media type and name."""

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read_trends(session: Session, desk: Desk, who: Principal, wanted: TrendsQuery) -> Answer:
    """Trends by one dimension."""
    by = None if wanted.by == "semua" else wanted.by
    return _answer(session, desk, who, wanted, lambda context: trends.trends(context, by, wanted.every))


def read_priorities(session: Session, desk: Desk, who: Principal, wanted: PrioritiesQuery) -> Answer:
    """Where to improve first."""
    return _answer(session, desk, who, wanted, lambda context: priorities.priorities(context, wanted.place, wanted.budget))


def read_themes(session: Session, desk: Desk, who: Principal, wanted: ThemesQuery) -> Answer:
    """Themes inside a topic."""
    return _answer(session, desk, who, wanted, lambda context: themes.themes(context, wanted.topic))


def read_standards(session: Session, desk: Desk, who: Principal, wanted: ReportQuery) -> Answer:
    """Service standards."""
    return _answer(session, desk, who, wanted, standards.standards)


def read_people(session: Session, desk: Desk, who: Principal, wanted: ReportQuery) -> Answer:
    """Training needs, praise, savings."""
    return _answer(session, desk, who, wanted, standards.people)


def read_satisfaction(session: Session, desk: Desk, who: Principal, wanted: ReportQuery) -> Answer:
    """The survey beside messages."""
    return _answer(session, desk, who, wanted, satisfaction)


def read_changes(session: Session, desk: Desk, who: Principal, wanted: ReportQuery) -> Answer:
    """Drift and floods."""
    return _answer(session, desk, who, wanted, changes)


def read_monthly(session: Session, desk: Desk, who: Principal, wanted: MonthlyQuery) -> Answer:
    """The report of one month."""
    scope = scope_of(session, desk.labels, who, wanted.window, Wanted(unit=wanted.unit))
    today = desk.calendar.day_of(datetime.now(UTC))
    report = monthly(Context(session, desk, scope), wanted.audience_of_form, today)
    name = "-".join(["laporan", wanted.month, *([wanted.unit] if wanted.unit else []), report.audience])
    if wanted.format == "pdf":
        return as_pdf(report), PDF, f"{name}.pdf"
    if wanted.format == "xlsx":
        return as_xlsx(report.report), XLSX, f"{name}.xlsx"
    return report_out(report.report)


def _answer(session: Session, desk: Desk, who: Principal, wanted: ReportQuery, make: Callable[[Context], Report]) -> Answer:
    window = wanted.window(desk.calendar.day_of(datetime.now(UTC)))
    scope = scope_of(session, desk.labels, who, window, wanted.wanted)
    report = _for_audience(make(Context(session, desk, scope)), wanted.audience_of_form)
    if wanted.format == "json":
        return report_out(report)
    name = f"{report.title.lower().replace(' ', '-')}-{scope.since}-{scope.until}"
    if wanted.format == "xlsx":
        return as_xlsx(report), XLSX, f"{name}.xlsx"
    table = wanted.table or next(iter(report.tables), "")
    if table not in report.tables:
        there = ", ".join(report.tables) or "tidak ada untuk luar kantor"
        raise ApiError(422, "tabel_tidak_ada", "Tabel tidak ada", f"Tabel laporan ini: {there}.")
    return as_csv(report.tables[table]), "text/csv", f"{name}-{table}.csv"


def _for_audience(report: Report, audience: Audience) -> Report:
    """The report as that audience may have it; ApiError 422 where it holds more counts than can be proved safe."""
    try:
        return report.for_audience(audience)
    except SuaraError as error:
        raise ApiError(
            422,
            "terlalu_besar_untuk_luar",
            "Tabel terlalu besar untuk luar kantor",
            "Perpendek jendela, minta tiap minggu atau bulan, saring, atau pakai audience=dalam.",
        ) from error
