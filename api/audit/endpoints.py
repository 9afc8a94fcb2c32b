"""GET /api/v1/audit."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.accounts.dependencies import needs
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.audit import service
from api.audit.schemas import AuditPage
from api.database import SessionDep
from api.dependencies import SettingsDep
from api.errors import problems

router = APIRouter(prefix="/api/v1/audit", tags=["jejak audit"], responses=problems(401, 403, 422, 503))


@router.get("", operation_id="list_audit", summary="Jejak audit, terbaru dahulu")
def list_audit(
    session: SessionDep,
    settings: SettingsDep,
    who: Annotated[Principal, Depends(needs(Right.AUDIT))],
    limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    action: Annotated[str | None, Query(max_length=60, pattern="^[a-z_.]+$")] = None,
) -> AuditPage:
    """One page of events."""
    return service.read_page(session, who, cursor, min(limit, settings.page_limit), action)
