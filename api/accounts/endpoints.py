"""/api/v1/session."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.accounts import sessions as service
from api.accounts.dependencies import COOKIE, CallerDep, Cookie, LockoutDep, count_address, own_token
from api.accounts.schemas import PasswordChange, SessionOut, SignIn
from api.database import SessionDep, SessionsDep
from api.dependencies import SettingsDep, VaultDep
from api.errors import problems
from api.settings import Settings

router = APIRouter(prefix="/api/v1/session", tags=["akun"], responses=problems(401, 422, 503))
OwnToken = Annotated[str, Depends(own_token)]


def set_session_cookie(response: Response, settings: Settings, token: str) -> None:
    """Hand a session to the browser: not to its scripts, not to requests from other sites, until it is closed."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/", secure=settings.secure_cookies)


@router.post(
    "",
    operation_id="sign_in",
    status_code=201,
    summary="Masuk dengan nama akun dan kata sandi",
    responses=problems(400, 413),
    dependencies=[Depends(count_address)],
)
def sign_in(
    given: SignIn,
    response: Response,
    session: SessionDep,
    sessions: SessionsDep,
    settings: SettingsDep,
    vault: VaultDep,
    lockout: LockoutDep,
) -> SessionOut:
    """A session for a name and a password."""
    token, answer = service.sign_in(session, settings, vault, lockout, sessions, given)
    set_session_cookie(response, settings, token)
    return answer


@router.get("", operation_id="get_session", summary="Siapa pemakai ini dan apa haknya")
def get_session(session: SessionDep, settings: SettingsDep, who: CallerDep, cookie: Cookie) -> SessionOut:
    """Who am I."""
    return service.read_session(session, settings, who, cookie)


@router.delete("", operation_id="sign_out", status_code=204, summary="Keluar", responses=problems(403))
def sign_out(
    response: Response, session: SessionDep, settings: SettingsDep, vault: VaultDep, who: CallerDep, own: OwnToken
) -> None:
    """End the session."""
    service.sign_out(session, vault, who, own)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/", secure=settings.secure_cookies)


@router.post(
    "/password",
    operation_id="change_password",
    status_code=204,
    summary="Ganti kata sandi sendiri; sesi lain berakhir",
    responses=problems(400, 403, 413),
)
def change_password(
    given: PasswordChange,
    session: SessionDep,
    sessions: SessionsDep,
    settings: SettingsDep,
    vault: VaultDep,
    lockout: LockoutDep,
    own: OwnToken,
) -> None:
    """Another password."""
    service.change_password(session, settings, vault, lockout, sessions, own, given)
