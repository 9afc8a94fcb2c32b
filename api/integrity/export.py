"""Hand cases to an institution: chosen ones, an allow-list of fields, as CSV or JSON; every export is written down."""

import csv
import io
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.audit.service import record
from api.desk import Desk
from api.errors import ApiError
from api.feedback.tables import Feedback
from api.identifiers import new_public_id
from api.integrity import repository
from api.integrity.access import require_unlimited
from api.integrity.cases import add_event
from api.integrity.schemas import REFERENCE_PLACE, ExportIn, ExportOut, ExportRow
from api.integrity.service import codes_of
from api.integrity.states import DECISION_NAMES, STATE_NAMES
from api.integrity.tables import IntegrityCase
from api.routing.repository import units_by_id
from api.routing.tables import Unit
from api.scoring.schemas import AssessmentOut
from api.spreadsheet import safe_cell

MAX_CHARS = {"recipient": 200, "purpose": 500}


def export(session: Session, desk: Desk, who: Principal, wanted: ExportIn) -> tuple[str, str]:
    """(content, media type) of the wanted cases in the wanted order, each once.

    ApiError 403 for somebody limited to units, 404 where a case is not there: nothing is exported then.
    """
    require_unlimited(who)
    ids = list(dict.fromkeys(wanted.cases))
    found = repository.chosen(session, ids, who.units)
    if len(found) < len(ids):
        raise ApiError(
            404, "perkara_tidak_ada", "Perkara tidak ditemukan", "Ada nomor perkara yang tidak dikenal; tak ada yang diekspor."
        )
    recipient, purpose = (desk.scoring.masked(getattr(wanted, name))[:limit] for name, limit in MAX_CHARS.items())
    units = units_by_id(session, {row.unit_id for _, row in found.values() if row.unit_id})
    record(
        session,
        desk.vault,
        who,
        "case.exported",
        ("case_export", new_public_id()),
        cases=ids,
        recipient=recipient,
        purpose=purpose,
        format=wanted.format,
    )
    for id_ in sorted(ids):
        add_event(session, found[id_][0], who, "diekspor", note=purpose, recipient=recipient)
    rows = [_row(desk, *found[id_], units) for id_ in ids]
    if wanted.format == "csv":
        return _as_csv(rows), "text/csv; charset=utf-8"
    today = desk.calendar.day_of(datetime.now(UTC))
    whole = ExportOut(tanggal=today, penerima=recipient, tujuan=purpose, perkara=rows)
    return whole.model_dump_json(), "application/json"


def _row(desk: Desk, case: IntegrityCase, row: Feedback, units: dict[int, Unit]) -> ExportRow:
    labels, calendar = desk.labels, desk.calendar
    is_secret = row.visibility == "rahasia"
    evidence = AssessmentOut.model_validate(row.assessments[0].content).evidence
    return ExportRow(
        referensi=case.public_id[REFERENCE_PLACE:],
        tanggal_terima=calendar.day_of(row.received_at),
        topik=labels.name("topic", row.topic) if row.topic else "",
        jenis="; ".join(labels.name("kinds", code) for code in codes_of(case)),
        tingkat=labels.name("band", row.band) if row.band else "",
        teks=row.masked_text,
        kata_petunjuk="; ".join(f"{item.role}: {item.text}" for item in evidence),
        wilayah=(row.district or "") if not is_secret else "",  # a small place may tell who reported
        unit=units[row.unit_id].name if row.unit_id else "",
        penanganan="Rahasia" if is_secret else "Biasa",
        status=STATE_NAMES[case.state],  # type: ignore[index]  # what is stored came from that table
        putusan=DECISION_NAMES[case.decision] if case.decision else "",  # type: ignore[index]
        tanggal_putusan=calendar.day_of(case.decided_at) if case.decided_at else None,
    )


def _as_csv(rows: list[ExportRow]) -> str:
    """RFC 4180 with a byte order mark, so that spreadsheets read it as UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(ExportRow.model_fields)
    writer.writerows([safe_cell(value) for value in row.model_dump(mode="json").values()] for row in rows)
    return "\ufeff" + file.getvalue()
