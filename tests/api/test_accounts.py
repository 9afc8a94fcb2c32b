"""`suara account`: what its commands change for somebody who signs in."""

import io
import os
import pty
import subprocess
import sys

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from api.accounts.permissions import RIGHTS_OF_ROLE, Right
from api.accounts.roles import ROLES
from api.audit.service import verify
from api.settings import Settings
from tests.api.command_line import Ran, suara
from tests.api.conftest import PASSWORD, make_account, make_key, sign_in
from tests.api.messages import assert_problem

NAME = "loket.timur"
NEW = "payung merah di teras"


@pytest.fixture(autouse=True)
def environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands use the database of the test's application."""
    both = "both" in request.fixturenames
    settings: Settings = request.getfixturevalue("both_settings" if both else "settings")
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SUARA_DATABASE_URL", settings.database_url)


def account(command: str, *arguments: str, username: str | None = NAME, password: str | None = None) -> Ran:
    """Run `suara account COMMAND`, with a password on standard input where one is given."""
    name = () if username is None else ("--username", username)
    if password is None:
        return suara("account", command, *name, *arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(password + "\n"))
        return suara("account", command, *name, *arguments, "--password-stdin")


def units(app: FastAPI, *codes: str) -> None:
    admin = TestClient(app, headers=make_key(app, role="admin"))
    for code in codes:
        assert admin.post("/api/v1/units", json={"code": code, "name": code.title()}).status_code == 201


def refused(ran: Ran, *words: str) -> None:
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert all(word in line for word in words), line


# ------------------------------------------------------------------------------------------------ add
@pytest.mark.parametrize("role", ROLES)
def test_an_account_of_each_role_signs_in_with_the_rights_of_its_role(app: FastAPI, client: TestClient, role: str) -> None:
    ran = account("add", "--role", role, password=PASSWORD)
    assert (ran.code, ran.out, ran.err) == (0, f"Akun {NAME} ditambahkan.\n", "")
    assert sign_in(app).get("/api/v1/session").json()["rights"] == sorted(RIGHTS_OF_ROLE[role])


def test_units_and_scopes_narrow_an_account(both: TestClient) -> None:
    units(both.app, "dinas_pu", "dinas_air")
    ran = account(
        *("add", "--role", "desk", "--unit", "dinas_pu", "--unit", "dinas_air"),
        *("--scope", "feedback.read", "--scope", "score"),
        password=PASSWORD,
    )
    assert ran.code == 0
    browser = sign_in(both.app)
    me = browser.get("/api/v1/session").json()
    assert (me["units"], me["rights"]) == (["dinas_air", "dinas_pu"], ["feedback.read", "score"])
    assert_problem(browser.post("/api/v1/feedback", json={"text": "jalan"}), 403, "tidak_berhak")


def test_a_limited_account_sees_the_messages_of_its_unit_alone(both: TestClient) -> None:
    units(both.app, "dinas_pu", "dinas_air")
    desk = make_key(both.app)
    ids = [both.post("/api/v1/feedback", json={"text": f"jalan {i}"}, headers=desk).json()["id"] for i in range(3)]
    for id_, unit in zip(ids, ("dinas_pu", "dinas_air"), strict=False):
        sent = both.post(f"/api/v1/feedback/{id_}/dispositions", json={"unit": unit, "reason": "uji batas"}, headers=desk)
        assert sent.status_code == 201
    make_account(both.app, units=["dinas_pu"])
    browser = sign_in(both.app)

    def seen() -> list[int]:
        return [ids.index(item["id"]) for item in browser.get("/api/v1/feedback").json()["items"]]

    assert seen() == [0]
    assert account("limit", "--unit", "dinas_air").code == 0
    assert seen() == [1]
    assert account("limit", "--all-units").code == 0
    assert seen() == [2, 1, 0]


def test_a_limited_account_goes_on_through_its_list_while_it_sends_messages_elsewhere(both: TestClient) -> None:
    units(both.app, "dinas_pu", "dinas_air")
    desk, limited = make_key(both.app), make_key(both.app, "loket pu", units=["dinas_pu"])

    def send_on(id_: str, unit: str, who: dict[str, str]) -> None:
        body = {"unit": unit, "reason": "uji batas"}
        assert both.post(f"/api/v1/feedback/{id_}/dispositions", json=body, headers=who).status_code == 201

    ids = [both.post("/api/v1/feedback", json={"text": f"jalan {i}"}, headers=desk).json()["id"] for i in range(4)]
    for id_ in ids:
        send_on(id_, "dinas_pu", desk)
    first = both.get("/api/v1/feedback", params={"limit": 2}, headers=limited).json()
    send_on(first["next_cursor"], "dinas_air", limited)
    rest = both.get("/api/v1/feedback", params={"cursor": first["next_cursor"]}, headers=limited).json()
    assert [item["id"] for item in rest["items"]] == ids[1::-1]
    # a report that is secret to it is no place in its list, whatever unit it lies with
    secret = both.post("/api/v1/feedback", json={"text": "jalan", "visibility": "rahasia"}, headers=desk).json()["id"]
    assert_problem(both.get("/api/v1/feedback", params={"cursor": secret}, headers=limited), 404, "pesan_tidak_ada")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--role", "kepala"), ("--role", *ROLES)),
        (("--role", "manager", "--scope", "feedback.write"), ("--scope", "feedback.read", "score")),
        (("--role", "desk", "--scope", "apa saja"), ("--scope", *sorted(RIGHTS_OF_ROLE["desk"]))),
        (("--role", "desk", "--unit", "dinas_x"), ("--unit", "dinas_pu")),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(
    app: FastAPI, client: TestClient, arguments: tuple[str, ...], words: object
) -> None:
    units(app, "dinas_pu")
    refused(account("add", *arguments, password=PASSWORD), *words)  # type: ignore[misc]
    assert NAME not in account("list", username=None).out


@pytest.mark.parametrize("username", ["", "a", "Loket", "loket timur", "-loket", "x" * 61, "lok\x1b[31met"], ids=repr)
def test_an_unfit_name_is_refused(client: TestClient, username: str) -> None:
    refused(account("add", "--role", "desk", username=username, password=PASSWORD), "--username", "loket.timur")


@pytest.mark.parametrize("password", ["pendek", "", "x" * 201], ids=["short", "empty", "long"])
def test_a_weak_password_is_refused(client: TestClient, password: str) -> None:
    refused(account("add", "--role", "desk", password=password), "12 sampai 200")


def test_a_name_is_given_once(both: TestClient) -> None:
    make_account(both.app)
    refused(account("add", "--role", "desk", password=NEW), NAME, "sudah ada")
    assert sign_in(both.app, password=PASSWORD).get("/api/v1/session").status_code == 200


def test_an_account_without_a_password_cannot_sign_in_with_one(app: FastAPI, client: TestClient) -> None:
    assert account("add", "--role", "desk", "--no-password").code == 0
    for password in ("None", "x", PASSWORD):
        answer = client.post("/api/v1/session", json={"username": NAME, "password": password})
        assert_problem(answer, 401, "masuk_salah")


def test_without_a_terminal_the_remedy_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    refused(account("add", "--role", "desk"), "--password-stdin")


@pytest.mark.parametrize(("typed", "code"), [((PASSWORD, PASSWORD), 0), ((PASSWORD, NEW), 2)])
def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(
    app: FastAPI, client: TestClient, typed: tuple[str, str], code: int
) -> None:
    terminal, stdin = pty.openpty()
    command = [sys.executable, "-m", "nlp.cli", "account", "add", "--username", NAME, "--role", "desk"]
    run = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    os.close(stdin)
    assert run.stdout and run.stderr
    try:
        for words, answer in zip(("Kata sandi: ", "Sekali lagi: "), typed, strict=True):
            shown = run.stderr.read(len(words)).decode()
            while not shown.endswith(words):
                shown += (more := run.stderr.read(1).decode())
                assert more, shown
            assert PASSWORD not in shown
            os.write(terminal, f"{answer}\n".encode())
        out, _ = run.communicate(timeout=60)
    finally:
        run.kill()
        run.wait()
        os.close(terminal)
    assert run.returncode == code
    assert PASSWORD not in out.decode()
    answer = client.post("/api/v1/session", json={"username": NAME, "password": PASSWORD})
    assert answer.status_code == (201 if code == 0 else 401)


# ------------------------------------------------------------------------------------------------ afterwards
def test_disabling_ends_sessions_at_once_until_enabled(both: TestClient) -> None:
    make_account(both.app)
    browser = sign_in(both.app)
    assert account("disable").out == f"Akun {NAME} dinonaktifkan.\n"
    assert_problem(browser.get("/api/v1/session"), 401, "sesi_berakhir")
    assert account("enable").code == 0
    assert_problem(browser.get("/api/v1/session"), 401, "sesi_berakhir")
    assert sign_in(both.app).get("/api/v1/session").status_code == 200


def test_a_new_password_from_the_command_line_ends_sessions(both: TestClient) -> None:
    make_account(both.app)
    browser = sign_in(both.app)
    refused(account("password", password="pendek"), "12")
    assert browser.get("/api/v1/session").status_code == 200
    assert account("password", password=NEW).code == 0
    assert_problem(browser.get("/api/v1/session"), 401, "sesi_berakhir")
    assert sign_in(both.app, password=NEW).get("/api/v1/session").status_code == 200


def test_unlocking_lets_a_waiting_account_in_while_the_service_runs(both: TestClient) -> None:
    make_account(both.app)
    given = {"username": NAME, "password": "bukan yang benar"}
    assert [both.post("/api/v1/session", json=given).status_code for _ in range(6)] == [401] * 5 + [429]
    assert "UTC" in account("list", username=None).out
    assert account("unlock").code == 0
    assert "UTC" not in account("list", username=None).out
    assert sign_in(both.app).get("/api/v1/session").status_code == 200


def test_the_list_shows_everything_but_secrets(both: TestClient) -> None:
    units(both.app, "dinas_pu")
    make_account(both.app, "kepala", "manager")
    make_account(both.app, NAME, "desk", units=["dinas_pu"], scopes=["score"])
    account("disable", username="kepala")
    account("link", "--subject", "orang-17")
    header, *lines = account("list", username=None).out.splitlines()
    assert header.split("\t") == ["nama", "peran", "hak", "unit", "oidc", "keadaan", "ditunda sampai"]
    assert [line.split("\t") for line in lines] == [
        ["kepala", "manager", "semua", "semua", "-", "nonaktif", "-"],
        [NAME, "desk", "score", "dinas_pu", "terhubung", "aktif", "-"],
    ]


@pytest.mark.parametrize(
    "arguments",
    [("disable",), ("enable",), ("unlock",), ("limit", "--all-units"), ("link", "--subject", "orang-17")],
    ids=" ".join,
)
def test_an_unknown_account_is_told(client: TestClient, arguments: tuple[str, ...]) -> None:
    refused(account(*arguments), NAME, "suara account list")


@pytest.mark.parametrize("arguments", [(), ("--all-units", "--unit", "dinas_pu")])
def test_lifting_a_limit_must_be_said(app: FastAPI, client: TestClient, arguments: tuple[str, ...]) -> None:
    make_account(app)
    refused(account("limit", *arguments), "--unit", "--all-units")


def test_one_person_of_the_provider_is_one_account(both: TestClient) -> None:
    for name in ("kepala", NAME):
        make_account(both.app, name)
    assert account("link", "--subject", "orang-17").code == 0
    refused(account("link", "--subject", "orang-17", username="kepala"), "--subject")
    refused(account("link", "--subject", "", username="kepala"), "--subject")


def test_every_change_is_in_an_audit_trail_that_holds(both: TestClient) -> None:
    units(both.app, "dinas_pu")
    account("add", "--role", "desk", password=PASSWORD)
    for arguments in (("disable",), ("enable",), ("unlock",), ("limit", "--unit", "dinas_pu"), ("link", "--subject", "orang-17")):
        account(*arguments)
    account("password", password=NEW)
    with both.app.state.sessions.begin() as session:
        query = "SELECT action, actor_kind, details FROM audit_events WHERE object_type = 'account' ORDER BY id"
        events = session.execute(text(query)).all()
        assert verify(session, both.app.state.desk.vault)[1] is None
    actions = ("created", "disabled", "enabled", "unlocked", "limited", "linked")
    assert [event[0] for event in events] == [*(f"account.{action}" for action in actions), "password.changed"]
    assert {event[1] for event in events} == {"system"}
    assert not [event for event in events if PASSWORD in event[2] or NEW in event[2]]


def test_every_right_can_be_a_scope_of_some_role() -> None:
    assert set(Right) == set().union(*RIGHTS_OF_ROLE.values())
