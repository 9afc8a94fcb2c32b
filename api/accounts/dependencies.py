"""The key a request came with."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader

from api.accounts.service import check_key
from api.accounts.tables import ApiKey
from api.database import SessionDep

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="Kunci dari 'suara key create'.")


def require_key(session: SessionDep, given: Annotated[str | None, Depends(_header)]) -> ApiKey:
    """The caller's key; ApiError 401 without a valid one."""
    return check_key(session, given)


KeyDep = Annotated[ApiKey, Depends(require_key)]
