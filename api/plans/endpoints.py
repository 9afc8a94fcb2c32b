"""/api/v1/actions and /api/v1/targets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.accounts.dependencies import needs
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.dependencies import DeskDep
from api.errors import problems
from api.identifiers import PUBLIC_ID
from api.plans import service
from api.plans.schemas import ActionChange, ActionDetail, ActionIn, ActionPage, TargetIn, TargetOut, TargetPage

router = APIRouter(prefix="/api/v1", tags=["rencana perbaikan"], responses=problems(401, 403, 422, 503))
Reader = Annotated[Principal, Depends(needs(Right.REPORTS))]
Planner = Annotated[Principal, Depends(needs(Right.PLAN))]
PublicId = Annotated[str, Path(pattern=PUBLIC_ID, examples=["01kb4m0c2dq8x5w7t9r3z6y1ha"])]
Limit = Annotated[int, Query(ge=1)]
Cursor = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.post(
    "/actions", operation_id="create_action", status_code=201, summary="Catat tindakan perbaikan", responses=problems(400)
)
def create_action(wanted: ActionIn, session: SessionDep, desk: DeskDep, who: Planner) -> ActionDetail:
    """A new action."""
    return service.add_action(session, desk, who, wanted)


@router.get("/actions", operation_id="list_actions", summary="Tindakan perbaikan, terbaru dahulu")
def list_actions(session: SessionDep, desk: DeskDep, who: Reader, limit: Limit = 20, cursor: Cursor = None) -> ActionPage:
    """Actions."""
    return service.read_actions(session, desk, who, cursor, limit)


@router.get(
    "/actions/{plan_id}", operation_id="get_action", summary="Satu tindakan dan hasilnya sejauh ini", responses=problems(404)
)
def get_action(plan_id: PublicId, session: SessionDep, desk: DeskDep, who: Reader) -> ActionDetail:
    """One action."""
    return service.read_action(session, desk, who, plan_id)


@router.patch(
    "/actions/{plan_id}", operation_id="change_action", summary="Betulkan tanggal tindakan", responses=problems(400, 404)
)
def change_action(plan_id: PublicId, change: ActionChange, session: SessionDep, desk: DeskDep, who: Planner) -> ActionDetail:
    """Other dates, its end among them."""
    return service.change_action(session, desk, who, plan_id, change)


@router.delete(
    "/actions/{plan_id}",
    operation_id="remove_action",
    status_code=204,
    summary="Hapus tindakan yang salah catat",
    responses=problems(404),
)
def remove_action(plan_id: PublicId, session: SessionDep, desk: DeskDep, who: Planner) -> None:
    """An action registered by mistake."""
    service.remove(session, desk, who, "action", plan_id)


@router.post("/targets", operation_id="create_target", status_code=201, summary="Tetapkan target", responses=problems(400))
def create_target(wanted: TargetIn, session: SessionDep, desk: DeskDep, who: Planner) -> TargetOut:
    """A new target."""
    return service.add_target(session, desk, who, wanted)


@router.get("/targets", operation_id="list_targets", summary="Target dan kedudukannya, terbaru dahulu")
def list_targets(session: SessionDep, desk: DeskDep, who: Reader, limit: Limit = 20, cursor: Cursor = None) -> TargetPage:
    """Targets."""
    return service.read_targets(session, desk, who, cursor, limit)


@router.get("/targets/{plan_id}", operation_id="get_target", summary="Satu target dan kedudukannya", responses=problems(404))
def get_target(plan_id: PublicId, session: SessionDep, desk: DeskDep, who: Reader) -> TargetOut:
    """One target."""
    return service.read_target(session, desk, who, plan_id)


@router.delete(
    "/targets/{plan_id}",
    operation_id="remove_target",
    status_code=204,
    summary="Hapus target yang salah catat",
    responses=problems(404),
)
def remove_target(plan_id: PublicId, session: SessionDep, desk: DeskDep, who: Planner) -> None:
    """A target set by mistake."""
    service.remove(session, desk, who, "target", plan_id)
