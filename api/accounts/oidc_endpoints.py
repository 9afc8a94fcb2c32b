"""/api/v1/session/oidc: there only where a provider is set."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.accounts import oidc as service
from api.accounts.dependencies import count_address
from api.accounts.endpoints import set_session_cookie
from api.database import SessionDep
from api.dependencies import SettingsDep, VaultDep
from api.errors import problems

FLOW_COOKIE = "suara_oidc"
PATH = "/api/v1/session/oidc"
# A redirect would still count as coming from the provider's site, and SameSite=Strict would hold the new cookie back
SIGNED_IN = """<!doctype html>
<html lang="id"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>Suara Warga</title>
<p>Anda sudah masuk. <a href="/">Lanjutkan</a></p></html>
"""

router = APIRouter(prefix=PATH, tags=["akun"], responses=problems(422, 502, 503), dependencies=[Depends(count_address)])


def _provider(request: Request) -> service.Provider:
    provider: service.Provider = request.app.state.oidc
    return provider


ProviderDep = Annotated[service.Provider, Depends(_provider)]
Given = Annotated[str | None, Query(max_length=4_000)]


@router.get(
    "",
    operation_id="begin_oidc",
    status_code=302,
    summary="Masuk lewat penyedia OIDC",
    response_class=RedirectResponse,
)
def begin_oidc(settings: SettingsDep, provider: ProviderDep) -> RedirectResponse:
    """Send the browser to the provider."""
    url, flow = provider.begin()
    answer = RedirectResponse(url, status_code=302)
    # Lax: the provider sends the browser back, which counts as coming from another site
    answer.set_cookie(
        FLOW_COOKIE, flow, max_age=service.FLOW_S, path=PATH, httponly=True, samesite="lax", secure=settings.secure_cookies
    )
    return answer


@router.get(
    "/callback",
    operation_id="finish_oidc",
    summary="Jawaban penyedia OIDC",
    response_class=HTMLResponse,
    responses=problems(400, 403),
)
def finish_oidc(
    session: SessionDep,
    settings: SettingsDep,
    vault: VaultDep,
    provider: ProviderDep,
    flow: Annotated[str | None, Cookie(alias=FLOW_COOKIE, include_in_schema=False)] = None,
    state: Given = None,
    code: Given = None,
) -> Response:
    """Sign in whom the provider names."""
    token = service.sign_in(session, settings, vault, provider, flow, (state, code))
    answer = HTMLResponse(SIGNED_IN)
    set_session_cookie(answer, settings, token)
    answer.delete_cookie(FLOW_COOKIE, path=PATH, httponly=True, samesite="lax", secure=settings.secure_cookies)
    return answer
