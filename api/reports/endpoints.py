"""/api/v1/reports."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.accounts.dependencies import needs
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.dependencies import DeskDep
from api.errors import problems
from api.reports import service
from api.reports.schemas import MonthlyQuery, PrioritiesQuery, ReportOut, ReportQuery, ThemesQuery, TrendsQuery

FILES: dict[int | str, dict[str, Any]] = {
    200: {"model": ReportOut, "content": {"text/csv": {}, service.XLSX: {}}, "description": "Laporan; berkas bila diminta"}
}
MONTHLY_FILES: dict[int | str, dict[str, Any]] = {200: FILES[200] | {"content": {service.PDF: {}, service.XLSX: {}}}}
router = APIRouter(prefix="/api/v1/reports", tags=["laporan"], responses=problems(401, 403, 422, 503) | FILES)
Reader = Annotated[Principal, Depends(needs(Right.REPORTS))]
Asked = Annotated[ReportQuery, Query()]


def _sent(answer: service.Answer) -> ReportOut | Response:
    if isinstance(answer, ReportOut):
        return answer
    body, media_type, name = answer
    return Response(body, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/trends", operation_id="report_trends", summary="Tren, yang naik, dan titik ubah", response_model=ReportOut)
def report_trends(wanted: Annotated[TrendsQuery, Query()], session: SessionDep, desk: DeskDep, who: Reader) -> Any:
    """Trends."""
    return _sent(service.read_trends(session, desk, who, wanted))


@router.get(
    "/priorities", operation_id="report_priorities", summary="Yang perlu diperbaiki lebih dahulu", response_model=ReportOut
)
def report_priorities(wanted: Annotated[PrioritiesQuery, Query()], session: SessionDep, desk: DeskDep, who: Reader) -> Any:
    """Priorities."""
    return _sent(service.read_priorities(session, desk, who, wanted))


@router.get("/themes", operation_id="report_themes", summary="Tema di dalam satu topik", response_model=ReportOut)
def report_themes(wanted: Annotated[ThemesQuery, Query()], session: SessionDep, desk: DeskDep, who: Reader) -> Any:
    """Themes."""
    return _sent(service.read_themes(session, desk, who, wanted))


@router.get("/standards", operation_id="report_standards", summary="Standar layanan dan umur pesan", response_model=ReportOut)
def report_standards(wanted: Asked, session: SessionDep, desk: DeskDep, who: Reader) -> Any:
    """Service standards."""
    return _sent(service.read_standards(session, desk, who, wanted))


@router.get("/skm", operation_id="report_skm", summary="IKM dan suara warga tentang unsur yang sama", response_model=ReportOut)
def report_skm(wanted: Asked, session: SessionDep, desk: DeskDep, who: Reader) -> Any:
    """Satisfaction."""
    return _sent(service.read_satisfaction(session, desk, who, wanted))


@router.get("/people", operation_id="report_people", summary="Pelatihan, pujian, penghematan", response_model=ReportOut)
def report_people(wanted: Asked, session: SessionDep, desk: DeskDep, who: Reader) -> Any:
    """People."""
    return _sent(service.read_people(session, desk, who, wanted))


@router.get(
    "/changes", operation_id="report_changes", summary="Kebutuhan yang bergeser dan banjir pesan", response_model=ReportOut
)
def report_changes(wanted: Asked, session: SessionDep, desk: DeskDep, who: Reader) -> Any:
    """Drift and floods."""
    return _sent(service.read_changes(session, desk, who, wanted))


@router.get(
    "/monthly",
    operation_id="report_monthly",
    summary="Laporan bulanan siap ditandatangani",
    response_model=ReportOut,
    responses=problems(404) | MONTHLY_FILES,
)
def report_monthly(wanted: Annotated[MonthlyQuery, Query()], session: SessionDep, desk: DeskDep, who: Reader) -> Any:
    """The monthly report."""
    return _sent(service.read_monthly(session, desk, who, wanted))
