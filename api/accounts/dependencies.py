"""Who a request comes from, and whether that may do what it asks."""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader

from api.accounts import service
from api.accounts import sessions as logins
from api.accounts.lockout import Lockout
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.dependencies import SettingsDep
from api.errors import ApiError
from api.rate_limits import RateLimits

COOKIE = "suara_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="Kunci dari 'suara key create'.")
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description=f"Kuki dari POST /api/v1/session. Permintaan selain GET juga memerlukan kepala {CSRF_HEADER}.",
)
Cookie = Annotated[str | None, Depends(_cookie)]


def current_principal(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    after: BackgroundTasks,
    given: Annotated[str | None, Depends(_header)],
    cookie: Cookie,
) -> Principal:
    """The caller by its key, else by its cookie; ApiError 401 without a valid one, 403 without CSRF token, 429 too often."""
    if given is None and cookie:
        login, account = logins.check_session(session, settings, cookie)
        if request.method not in _SAFE_METHODS:
            logins.check_csrf(cookie, request.headers.get(CSRF_HEADER))
        if logins.is_seen_due(login):
            after.add_task(logins.note_seen, request.app.state.sessions, login.id)
        who = logins.principal_of(session, account)
    else:
        key = service.check_key(session, given)
        if service.is_use_due(key):
            after.add_task(service.note_use, request.app.state.sessions, key.id)
        who = service.principal_of_key(session, key)
    _rate_limits(request).count_caller(who)
    return who


CallerDep = Annotated[Principal, Depends(current_principal)]


def needs(right: Right) -> Callable[..., Principal]:
    """A dependency: the caller, who holds `right`; ApiError 401 or 403 otherwise."""

    def allowed(who: CallerDep) -> Principal:
        if not who.may(right):
            raise ApiError(
                403,
                "tidak_berhak",
                "Tidak berhak",
                f"Peran {who.role} dengan hak yang diberikan kepadanya tidak memuat '{right}'. Hubungi pengelola.",
            )
        return who

    return allowed


def own_token(who: CallerDep, cookie: Cookie) -> str:
    """The cookie of a caller that signed in; ApiError 403 for a key."""
    if who.kind != "account" or cookie is None:
        raise ApiError(403, "hanya_akun", "Hanya untuk akun", "Alamat ini untuk akun yang masuk, bukan untuk kunci API.")
    return cookie


def count_address(request: Request) -> None:
    """Count a request that needs no key by where it comes from; ApiError 429 too often."""
    _rate_limits(request).count_address(request.client.host if request.client else "-")


def _rate_limits(request: Request) -> RateLimits:
    limits: RateLimits = request.app.state.rate_limits
    return limits


def _lockout(request: Request) -> Lockout:
    lockout: Lockout = request.app.state.lockout
    return lockout


LockoutDep = Annotated[Lockout, Depends(_lockout)]
