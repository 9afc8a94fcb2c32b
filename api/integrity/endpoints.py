"""/api/v1/cases: all of it needs the right to view cases, and most a right more."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.accounts.dependencies import needs
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.dependencies import DeskDep
from api.errors import problems
from api.feedback.schemas import OpeningIn, OriginalOut
from api.identifiers import PUBLIC_ID
from api.integrity import decisions, export, reporters, service
from api.integrity.schemas import (
    EXAMPLE_ID,
    CaseDetail,
    CaseEventPage,
    CaseFilter,
    CasePage,
    CaseStateIn,
    CaseSummary,
    DecisionIn,
    ExportIn,
    ExportOut,
    NoteIn,
    ReporterAnswerIn,
    ReporterOut,
    ReporterRequestIn,
    ReporterRequestOut,
)

router = APIRouter(
    prefix="/api/v1/cases",
    tags=["perkara integritas"],
    responses=problems(401, 403, 422, 503),
    dependencies=[Depends(needs(Right.CASE_VIEW))],
)
CaseId = Annotated[str, Path(pattern=PUBLIC_ID, examples=[EXAMPLE_ID])]
RequestId = Annotated[str, Path(pattern=PUBLIC_ID, examples=[EXAMPLE_ID])]
Viewer = Annotated[Principal, Depends(needs(Right.CASE_VIEW))]
Marker = Annotated[Principal, Depends(needs(Right.CASE_MARK))]
Opener = Annotated[Principal, Depends(needs(Right.CASE_ORIGINAL))]
Asker = Annotated[Principal, Depends(needs(Right.CASE_REPORTER))]
Exporter = Annotated[Principal, Depends(needs(Right.CASE_EXPORT))]


@router.get("", operation_id="list_cases", summary="Daftar perkara integritas", responses=problems(404))
def list_cases(session: SessionDep, desk: DeskDep, who: Viewer, wanted: Annotated[CaseFilter, Query()]) -> CasePage:
    """One page of cases."""
    return service.read_page(session, desk, who, wanted)


@router.get("/summary", operation_id="summarise_cases", summary="Banyak perkara menurut status, jenis, dan umur")
def summarise_cases(session: SessionDep, desk: DeskDep, who: Viewer) -> CaseSummary:
    """Counts."""
    return service.summarise(session, desk, who)


@router.post(
    "/export",
    operation_id="export_cases",
    summary="Ekspor perkara terpilih untuk lembaga pemeriksa; dicatat",
    responses={
        200: {"model": ExportOut, "content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV atau JSON"},
        **problems(400, 404, 409, 413),
    },
)
def export_cases(wanted: ExportIn, session: SessionDep, desk: DeskDep, who: Exporter) -> Response:
    """A file of cases."""
    content, media_type = export.export(session, desk, who, wanted)
    name = f"perkara-{desk.calendar.day_of(datetime.now(UTC))}.{wanted.format}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/{case_id}", operation_id="get_case", summary="Satu perkara dengan petunjuk dan jejaknya", responses=problems(404))
def get_case(case_id: CaseId, session: SessionDep, desk: DeskDep, who: Viewer) -> CaseDetail:
    """One case."""
    return service.read(session, desk, who, case_id)


@router.get(
    "/{case_id}/events", operation_id="list_case_events", summary="Jejak perkara, terbaru dahulu", responses=problems(404)
)
def list_case_events(
    case_id: CaseId,
    session: SessionDep,
    desk: DeskDep,
    who: Viewer,
    limit: Annotated[int, Query(ge=1)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> CaseEventPage:
    """One page of events."""
    return service.read_events(session, desk, who, case_id, cursor, limit)


@router.post(
    "/{case_id}/notes",
    operation_id="add_case_note",
    status_code=201,
    summary="Tulis catatan pada perkara",
    responses=problems(400, 404, 409),
)
def add_case_note(case_id: CaseId, given: NoteIn, session: SessionDep, desk: DeskDep, who: Marker) -> CaseDetail:
    """A note."""
    return decisions.add_note(session, desk, who, case_id, given)


@router.post(
    "/{case_id}/state",
    operation_id="set_case_state",
    summary="Ubah status pemeriksaan; yang sudah diputus ditinjau kembali dengan alasan",
    responses=problems(400, 404, 409),
)
def set_case_state(case_id: CaseId, wanted: CaseStateIn, session: SessionDep, desk: DeskDep, who: Marker) -> CaseDetail:
    """Say how far the examination is."""
    return decisions.set_state(session, desk, who, case_id, wanted)


@router.post(
    "/{case_id}/decision", operation_id="decide_case", summary="Putuskan perkara dengan alasan", responses=problems(400, 404, 409)
)
def decide_case(case_id: CaseId, given: DecisionIn, session: SessionDep, desk: DeskDep, who: Marker) -> CaseDetail:
    """What comes of a case."""
    return decisions.decide(session, desk, who, case_id, given)


@router.post(
    "/{case_id}/original",
    operation_id="open_case_original",
    summary="Buka teks asli dengan alasan; pembukaan dicatat",
    responses=problems(400, 404, 409, 410),
)
def open_case_original(case_id: CaseId, why: OpeningIn, session: SessionDep, desk: DeskDep, who: Opener) -> OriginalOut:
    """Open the sealed words."""
    return decisions.open_original(session, desk, who, case_id, why)


@router.post(
    "/{case_id}/reporter-requests",
    operation_id="request_reporter",
    status_code=201,
    summary="Minta izin membuka identitas pelapor",
    responses=problems(400, 404, 409),
)
def request_reporter(
    case_id: CaseId, given: ReporterRequestIn, session: SessionDep, desk: DeskDep, who: Asker
) -> ReporterRequestOut:
    """Ask to see who reported."""
    return reporters.ask(session, desk, who, case_id, given)


@router.post(
    "/{case_id}/reporter-requests/{request_id}/answer",
    operation_id="answer_reporter_request",
    summary="Setujui atau tolak permintaan orang lain",
    responses=problems(400, 404, 409),
)
def answer_reporter_request(
    case_id: CaseId, request_id: RequestId, given: ReporterAnswerIn, session: SessionDep, desk: DeskDep, who: Asker
) -> ReporterRequestOut:
    """A second person's answer."""
    return reporters.answer(session, desk, who, case_id, request_id, given)


@router.post(
    "/{case_id}/reporter-requests/{request_id}/open",
    operation_id="open_reporter",
    summary="Buka identitas pelapor, sekali, sesudah disetujui orang kedua; dicatat",
    responses=problems(404, 409, 410),
)
def open_reporter(case_id: CaseId, request_id: RequestId, session: SessionDep, desk: DeskDep, who: Asker) -> ReporterOut:
    """Who reported."""
    return reporters.open_reporter(session, desk, who, case_id, request_id)
