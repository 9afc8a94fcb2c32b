import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import time_machine
from pydantic import SecretStr
from sqlalchemy import text
from starlette.testclient import TestClient

from api.accounts import administration
from api.accounts.principal import SYSTEM
from api.app import create_app
from api.settings import Settings
from nlp.errors import SuaraError
from tests.api.conftest import make_account, serving
from tests.api.messages import assert_problem
from tests.api.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, oidc_provider

URL = "/api/v1/session/oidc"
CALLBACK = f"http://testserver{URL}/callback"
NAME = "loket.timur"


@pytest.fixture(scope="module")
def running() -> Iterator[OidcProvider]:
    with oidc_provider(CALLBACK) as provider:
        yield provider


@pytest.fixture
def provider(running: OidcProvider, monkeypatch: pytest.MonkeyPatch) -> OidcProvider:
    """The provider with nothing spoilt."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running.subject, running.spoilt, running.signs_with = "orang-17", {}, "key"
    return running


def with_oidc(settings: Settings, issuer: str, **changes: Any) -> Settings:
    given = {
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SecretStr(CLIENT_SECRET),
        "oidc_redirect_url": CALLBACK,
    }
    return settings.model_copy(update=given | changes)


@pytest.fixture
def linked(both_settings: Settings, provider: OidcProvider) -> Iterator[TestClient]:
    """The service on each database in turn with an account linked to the person who signs in."""
    app = create_app(with_oidc(both_settings, provider.issuer))
    with serving(app) as client:
        client.follow_redirects = False
        make_account(app, NAME)
        with app.state.sessions.begin() as session:
            administration.link_account(session, app.state.desk.vault, SYSTEM, NAME, "orang-17")
        yield client


def at_provider(browser: TestClient) -> str:
    """Where the provider sends the browser back to, after it was sent there."""
    sent = browser.get(URL)
    assert sent.status_code == 302, sent.text
    back: str = httpx.get(sent.headers["location"], trust_env=False).headers["location"]
    return back


def test_whom_the_provider_names_is_signed_in(linked: TestClient) -> None:
    sent = linked.get(URL)
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert {name: len(asked[name][0]) >= 43 for name in ("state", "nonce", "code_challenge")} == dict.fromkeys(
        ("state", "nonce", "code_challenge"), True
    )
    assert "; HttpOnly; Max-Age=600; Path=/api/v1/session/oidc; SameSite=lax" in sent.headers["set-cookie"]
    answer = linked.get(httpx.get(sent.headers["location"], trust_env=False).headers["location"])
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html") and 'href="/"' in answer.text
    assert "suara_session" in linked.cookies and "suara_oidc" not in linked.cookies
    me = linked.get("/api/v1/session").json()
    assert (me["name"], me["role"]) == (NAME, "desk")
    headers = {"X-CSRF-Token": me["csrf_token"]}
    assert linked.post("/api/v1/score", json={"texts": ["jalan"]}, headers=headers).status_code == 200
    with linked.app.state.sessions.begin() as session:  # type: ignore[attr-defined]
        query = text("SELECT details FROM audit_events WHERE action = 'session.opened'")
        assert session.scalars(query).all() == ['{"how": "oidc"}']


@pytest.mark.parametrize("why", ["not linked", "disabled"])
def test_who_has_no_account_here_is_told_so(linked: TestClient, provider: OidcProvider, why: str) -> None:
    if why == "not linked":
        provider.subject = "orang-18"
    else:
        with linked.app.state.sessions.begin() as session:  # type: ignore[attr-defined]
            administration.disable_account(session, linked.app.state.desk.vault, SYSTEM, NAME)  # type: ignore[attr-defined]
    assert_problem(linked.get(at_provider(linked)), 403, "akun_tidak_terhubung", unsaid=("orang-1",))
    assert "suara_session" not in linked.cookies


@pytest.mark.parametrize(
    "how", ["no cookie", "other browser", "other state", "no state", "no code", "denied", "too late", "forged"]
)
def test_an_answer_to_another_question_signs_nobody_in(linked: TestClient, provider: OidcProvider, how: str) -> None:
    n_tokens = provider.n_tokens
    back = at_provider(linked)
    code, state = (parse_qs(urlsplit(back).query)[name][0] for name in ("code", "state"))
    if how in ("no cookie", "other browser"):
        linked.cookies.clear()
    if how == "other browser":
        linked.get(URL)
    if how == "forged":
        linked.cookies.clear()
        linked.cookies.set("suara_oidc", "eyJzdGF0ZSI6IngifQ.aaaaaa.AAAA")
    query = {
        "other state": {"code": code, "state": state[:-1]},
        "no state": {"code": code},
        "no code": {"state": state},
        "denied": {"error": "access_denied", "state": state},
    }.get(how, {"code": code, "state": state})
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=601 if how == "too late" else 0)):
        answer = linked.get(f"{URL}/callback", params=query)
    assert_problem(answer, 400, "oidc_salah", unsaid=(code, state))
    assert "suara_session" not in linked.cookies
    assert provider.n_tokens == n_tokens


@pytest.mark.parametrize(
    "spoilt",
    [
        {"nonce": "lain"},
        {"nonce": None},
        {"aud": "layanan-lain"},
        {"aud": None},
        {"iss": "https://masuk.lain.example"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_proves_nothing(
    settings: Settings, provider: OidcProvider, spoilt: dict[str, Any]
) -> None:
    provider.spoilt = spoilt
    refused_by(settings, provider)


@pytest.mark.filterwarnings("ignore:JWS algorithm")
@pytest.mark.parametrize("signs_with", ["other", "none", "secret"])
def test_a_token_that_the_provider_did_not_sign_proves_nothing(
    settings: Settings, provider: OidcProvider, signs_with: str
) -> None:
    provider.signs_with = signs_with
    refused_by(settings, provider)


def refused_by(settings: Settings, provider: OidcProvider) -> None:
    with serving(create_app(with_oidc(settings, provider.issuer))) as browser:
        browser.follow_redirects = False
        answer = browser.get(at_provider(browser))
        assert_problem(answer, 502, "oidc_gagal", unsaid=("orang-17", CLIENT_SECRET))
        assert "suara_session" not in browser.cookies


def test_a_code_works_once(linked: TestClient) -> None:
    back = at_provider(linked)
    flow = linked.cookies["suara_oidc"]
    assert linked.get(back).status_code == 200
    assert_problem(linked.get(back), 400, "oidc_salah")
    linked.cookies.set("suara_oidc", flow, domain="testserver.local", path=URL)
    assert_problem(linked.get(back), 502, "oidc_gagal")


@pytest.mark.parametrize("issuer", ["other", "gone"])
def test_without_its_provider_the_service_says_so(settings: Settings, provider: OidcProvider, issuer: str) -> None:
    address = {"other": provider.issuer + "/", "gone": "http://127.0.0.1:9"}[issuer]
    with serving(create_app(with_oidc(settings, address))) as client:
        assert_problem(client.get(URL), 502, "oidc_gagal")


def test_without_a_provider_the_addresses_are_not_there(shared_client: TestClient) -> None:
    for path in (URL, f"{URL}/callback"):
        assert_problem(shared_client.get(path), 404)


def test_the_document_tells_of_the_addresses_where_they_are(settings: Settings, provider: OidcProvider) -> None:
    with serving(create_app(with_oidc(settings, provider.issuer))) as client:
        paths = client.get("/openapi.json").json()["paths"]
        assert paths[URL]["get"]["operationId"] == "begin_oidc" and paths[f"{URL}/callback"]["get"]["summary"]
        answers = [client.get(URL, follow_redirects=False).status_code for _ in range(31)]
    assert answers == [302] * 30 + [429]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"oidc_client_id": ""}, "SUARA_OIDC_CLIENT_ID"),
        ({"oidc_redirect_url": ""}, "SUARA_OIDC_REDIRECT_URL"),
        ({"oidc_issuer": "http://masuk.contoh.example"}, "https://"),
    ],
)
def test_half_a_setting_stops_the_service_with_the_remedy(settings: Settings, changes: dict[str, Any], names: str) -> None:
    with pytest.raises(SuaraError, match=names):
        create_app(with_oidc(settings, "https://masuk.contoh.example", **changes))


@pytest.mark.parametrize("module", ["authlib.integrations.httpx_client", "itsdangerous", "httpx2"])
def test_without_the_extra_the_install_line_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SuaraError) as error:
        create_app(with_oidc(settings, "https://masuk.contoh.example"))
    assert "pip install --constraint constraints.txt '.[oidc]'" in str(error.value)
    extras = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"{module.partition(".")[0]}"' in next(line for line in extras.splitlines() if line.startswith("oidc ="))
