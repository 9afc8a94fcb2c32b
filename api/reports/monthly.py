"""The monthly report of one office: what a month brought, in sections that PDF, XLSX and JSON show alike."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from api.errors import ApiError
from api.reports.context import Context
from api.reports.figures import collect
from api.reports.figures_outside import outside
from api.reports.monthly_sections import method, sections
from api.reports.monthly_sentences import sentences
from api.reports.report import Audience, Report
from api.reports.scope import Scope
from api.reports.sections import Section
from api.routing.repository import units_by_id
from nlp.insight.wording import month as month_name


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """Everything the report says, as its reader may see it."""

    office: str
    unit: str  # '' for the whole office
    audience: Audience
    scope: Scope
    made_on: date
    sentences: tuple[str, ...]  # the five that say the most important things
    sections: tuple[Section, ...]
    method: tuple[str, ...]

    @property
    def title(self) -> str:
        """'Laporan bulanan suara warga, Oktober 2026'."""
        return f"Laporan bulanan suara warga, {month_name(pd.Timestamp(self.scope.since))}"

    @property
    def report(self) -> Report:
        """The same as sentences and tables, for JSON and XLSX."""
        tables = {section.key: section.table for section in self.sections if section.table is not None}
        told = [sentence for section in self.sections for sentence in section.lead]
        return Report(self.title, self.scope, tables, self.sentences, (*told, *self.method))


def monthly(context: Context, audience: Audience, made_on: date) -> MonthlyReport:
    """The report of a context whose scope is one calendar month.

    ApiError 422 for a month that is not over on `made_on`, 404 for one without messages; 422 where it holds too few for
    an audience outside.
    """
    _check(context, made_on)
    figures = collect(context)
    if audience == "luar":
        figures = outside(context, figures)
    units = context.scope.unit_ids
    names = sorted(unit.name for unit in units_by_id(context.session, set(units)).values()) if units is not None else []
    return MonthlyReport(
        office=context.desk.settings.office,
        unit=", ".join(names),
        audience=audience,
        scope=context.scope,
        made_on=made_on,
        sentences=sentences(context.scope, figures),
        sections=sections(context.scope, figures, audience),
        method=method(context, figures, audience),
    )


def _check(context: Context, made_on: date) -> None:
    name = month_name(pd.Timestamp(context.scope.since))
    if context.scope.until > made_on:
        raise ApiError(422, "bulan_belum_berakhir", "Bulan belum berakhir", f"Pilih bulan yang sudah lewat sebelum {name}.")
    if not context.counts(["topic"])["n"].sum():
        raise ApiError(404, "bulan_tanpa_pesan", "Belum ada pesan", f"Tidak ada pesan pada {name}. Pilih bulan lain.")
