"""/api/v1/surveys."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query

from api.accounts.dependencies import needs
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.dependencies import DeskDep
from api.errors import problems
from api.identifiers import PUBLIC_ID
from api.surveys import service
from api.surveys.schemas import SurveyIn, SurveyOut

router = APIRouter(prefix="/api/v1/surveys", tags=["survei"], responses=problems(401, 403, 422, 503))
Planner = Annotated[Principal, Depends(needs(Right.PLAN))]
FileBody = Annotated[bytes, Body(media_type="application/octet-stream", description="Isi berkas: U1 sampai U9, 1 sampai 4.")]


@router.post("", operation_id="create_survey", status_code=201, summary="Masukkan jawaban SKM", responses=problems(400, 409, 413))
def create_survey(
    wanted: Annotated[SurveyIn, Query()], body: FileBody, session: SessionDep, desk: DeskDep, who: Planner
) -> SurveyOut:
    """Take a survey in."""
    return service.take_in(session, desk, who, wanted, body)


@router.get("", operation_id="list_surveys", summary="Survei yang pernah dimasukkan, terbaru dahulu")
def list_surveys(session: SessionDep, _: Annotated[Any, Depends(needs(Right.REPORTS))]) -> list[SurveyOut]:
    """Surveys."""
    return service.list_surveys(session)


@router.delete(
    "/{survey_id}",
    operation_id="remove_survey",
    status_code=204,
    summary="Hapus survei yang salah masuk",
    responses=problems(404),
)
def remove_survey(
    survey_id: Annotated[str, Path(pattern=PUBLIC_ID, examples=["01kb4m0c2dq8x5w7t9r3z6y1ha"])],
    session: SessionDep,
    desk: DeskDep,
    who: Planner,
) -> None:
    """A file taken in by mistake."""
    service.remove(session, desk, who, survey_id)
