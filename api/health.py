"""/healthz: the process answers. /readyz: a canned text was scored and the database answers."""

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import text

from api.database import SessionDep
from api.dependencies import ScoringDep

router = APIRouter(tags=["keadaan"])


class Health(BaseModel):
    """Whether the process runs."""

    status: str


class Readiness(BaseModel):
    """Whether messages can be taken in."""

    ready: bool


@router.get("/healthz", operation_id="healthz", summary="Apakah proses hidup")
async def healthz() -> Health:
    """Answer at once, also while the threads are busy scoring."""
    return Health(status="ok")


@router.get("/readyz", operation_id="readyz", summary="Apakah siap menilai", responses={503: {"model": Readiness}})
def readyz(response: Response, session: SessionDep, scoring: ScoringDep) -> Readiness:
    """503 until the model has scored a canned text."""
    session.execute(text("SELECT 1"))
    if not scoring.ready:
        response.status_code = 503
    return Readiness(ready=scoring.ready)
