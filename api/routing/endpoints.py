"""/api/v1/units and /api/v1/rules."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.accounts.dependencies import needs
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.dependencies import ScoringDep, VaultDep
from api.errors import problems
from api.routing import service
from api.routing.schemas import RuleChange, RuleIn, RuleOut, UnitChange, UnitIn, UnitOut

router = APIRouter(prefix="/api/v1", tags=["penerusan"], responses=problems(401, 403, 422, 503))
Reader = Annotated[Principal, Depends(needs(Right.READ))]
Editor = Annotated[Principal, Depends(needs(Right.EDIT_ROUTING))]
Code = Annotated[str, Path(pattern="^[a-z0-9_-]{1,60}$")]
RuleId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/units", operation_id="list_units", summary="Daftar unit")
def list_units(session: SessionDep, _: Reader) -> list[UnitOut]:
    """Every unit."""
    return service.list_units(session)


@router.post("/units", operation_id="create_unit", status_code=201, summary="Tambah unit", responses=problems(400, 409))
def create_unit(wanted: UnitIn, session: SessionDep, vault: VaultDep, who: Editor) -> UnitOut:
    """A new unit."""
    return service.add_unit(session, vault, who, wanted)


@router.patch("/units/{code}", operation_id="change_unit", summary="Ubah unit", responses=problems(400, 404, 409))
def change_unit(code: Code, change: UnitChange, session: SessionDep, vault: VaultDep, who: Editor) -> UnitOut:
    """Rename, close or reopen a unit."""
    return service.change_unit(session, vault, who, code, change)


@router.get("/rules", operation_id="list_rules", summary="Aturan penerusan menurut urutan")
def list_rules(session: SessionDep, _: Reader) -> list[RuleOut]:
    """Every rule."""
    return service.list_rules(session)


@router.post("/rules", operation_id="create_rule", status_code=201, summary="Tambah aturan penerusan", responses=problems(400))
def create_rule(wanted: RuleIn, session: SessionDep, vault: VaultDep, scoring: ScoringDep, who: Editor) -> RuleOut:
    """A new rule."""
    return service.add_rule(session, vault, scoring.labels, who, wanted)


@router.patch("/rules/{rule_id}", operation_id="change_rule", summary="Ubah aturan penerusan", responses=problems(400, 404))
def change_rule(rule_id: RuleId, change: RuleChange, session: SessionDep, vault: VaultDep, who: Editor) -> RuleOut:
    """Switch a rule on or off, or move it."""
    return service.change_rule(session, vault, who, rule_id, change)
