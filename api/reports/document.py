"""The monthly report as PDF (PDF/UA-1, A4) by Typst. The same report gives the same bytes."""

import json
import re
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd

from api.reports.monthly import MonthlyReport
from api.reports.sections import Section
from nlp.insight.wording import day, number

# What the font that Typst carries can show; PDF/UA allows no character without a shape. Everything else becomes '?'.
_UNSHOWN = re.compile(
    "[^\u0020-\u007e\u00a0-\u00ac\u00ae-\u024f\u1e00-\u1eff\u2010-\u2026\u2030-\u2040\u20a0-\u20bf\u2200-\u226f]"
)
_BEFORE_UNIT = re.compile("(?<=[0-9]) (?=%|pesan)")
TEMPLATE = Path(__file__).with_name("laporan.typ")
AUDIENCES = {
    "dalam": "Untuk dalam kantor. Jangan dibagikan ke luar.",
    "luar": "Untuk luar kantor. Angka kecil disamarkan.",
}


def as_pdf(report: MonthlyReport) -> bytes:
    """The printed report, dated by the day on which it was made."""
    import typst

    made = datetime.combine(report.made_on, time(), UTC)
    files: Any = typst_files(report)  # the package's type hints know no dict
    return typst.compile(files, ignore_system_fonts=True, pdf_standards=["ua-1"], timestamp=made)


def typst_files(report: MonthlyReport) -> dict[str, bytes]:
    """What Typst reads: the template, its data, the charts."""
    charts = {_file(section): _shown(section.chart.svg).encode() for section in report.sections if section.chart}
    data = json.dumps(_shown(template_data(report)), ensure_ascii=False).encode()
    return {"main.typ": TEMPLATE.read_bytes(), "laporan.json": data, **charts}


def _shown(value: Any) -> Any:
    """Every text in it as the font can show it; a number's unit never begins a line."""
    if isinstance(value, str):
        return _BEFORE_UNIT.sub("\u00a0", _UNSHOWN.sub("?", value))
    if isinstance(value, dict):
        return {name: _shown(item) for name, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list) else value


def template_data(report: MonthlyReport) -> dict[str, Any]:
    """What the template shows, all of it text as it is to be read."""
    made_on = report.made_on
    return {
        "office": report.office,
        "unit": report.unit,
        "signer": report.unit or report.office,
        "title": report.title,
        "cover": f"Dibuat {day(pd.Timestamp(made_on))}. {AUDIENCES[report.audience]}",
        "made": {"year": made_on.year, "month": made_on.month, "day": made_on.day},
        "footer": AUDIENCES[report.audience],
        "sentences": list(report.sentences),
        "sections": [_section(section) for section in report.sections],
        "method": list(report.method),
    }


def _section(section: Section) -> dict[str, Any]:
    # a section that only a chart would show says so too where there is none
    is_empty = section.table is not None and (section.table.frame.empty or not (section.chart or section.columns))
    return {
        "title": section.title,
        "starts_page": section.starts_page,
        "lead": list(section.lead),
        "chart": {"file": _file(section), "alt": section.chart.alt} if section.chart else None,
        "columns": [{"head": c.head, "width": c.width, "number": c.is_number} for c in section.columns],
        "rows": [[{"text": text, "below": below} for text, below in row] for row in section.rows],
        "left_out": f"{number(section.n_left_out)} baris lain ada dalam berkas XLSX." if section.n_left_out else "",
        "empty": section.empty if is_empty else "",
    }


def _file(section: Section) -> str:
    return f"{section.key}.svg"
