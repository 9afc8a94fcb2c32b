"""Who a request comes from, and whether that may do what it asks."""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request
from fastapi.security import APIKeyHeader

from api.accounts import service
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.errors import ApiError

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="Kunci dari 'suara key create'.")


def current_principal(
    request: Request, session: SessionDep, after: BackgroundTasks, given: Annotated[str | None, Depends(_header)]
) -> Principal:
    """The caller; ApiError 401 without a valid key."""
    key = service.check_key(session, given)
    if service.is_use_due(key):
        after.add_task(service.note_use, request.app.state.sessions, key.id)
    return service.principal_of_key(session, key)


def needs(right: Right) -> Callable[..., Principal]:
    """A dependency: the caller, who holds `right`; ApiError 401 or 403 otherwise."""

    def allowed(who: Annotated[Principal, Depends(current_principal)]) -> Principal:
        if not who.may(right):
            raise ApiError(
                403,
                "tidak_berhak",
                "Tidak berhak",
                f"Peran {who.role} dengan hak yang diberikan kepadanya tidak memuat '{right}'. Hubungi pengelola.",
            )
        return who

    return allowed
