import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis.strategies import text
from pwdlib import PasswordHash
from sqlalchemy import text as sql
from starlette.testclient import TestClient

from api.accounts import administration, passwords
from api.accounts.lockout import MAX_NAMES, NONE, Failures, Lockout, delay_after, stored_failures
from api.accounts.passwords import fault_of, hash_password, is_right
from api.accounts.permissions import RIGHTS_OF_ROLE
from api.accounts.principal import SYSTEM
from api.app import create_app
from api.errors import ApiError
from api.settings import Settings
from tests.api.conftest import PASSWORD, make_account, make_key, serving, sign_in
from tests.api.messages import assert_problem, database_bytes

URL = "/api/v1/session"
NEW = "payung merah di teras"
NAME = "loket.timur"
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def attempt(client: TestClient, username: str = NAME, password: str = "bukan yang benar") -> int:
    return client.post(URL, json={"username": username, "password": password}).status_code


def audited(app: FastAPI) -> list[tuple[str, str]]:
    """(action, details) of the events about accounts, the first first."""
    query = "SELECT action, details FROM audit_events WHERE object_type = 'account' ORDER BY id"
    with app.state.sessions.begin() as session:
        return [(row[0], row[1]) for row in session.execute(sql(query))]


# ------------------------------------------------------------------------------------------------ passwords
@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("x" * 11, False),
        ("x" * 12, True),
        ("x" * 200, True),
        ("x" * 201, False),
        ("Loket.Pasar.12", False),
        ("loket.pasar.13", True),
    ],
)
def test_a_password_is_long_and_not_the_name(password: str, fits: bool) -> None:
    assert (fault_of(password, "loket.pasar.12") is None) is fits


def test_a_password_is_hashed_as_rfc_9106_recommends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHash.recommended())
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_right(PASSWORD, stored) and not is_right(NEW, stored)


def test_a_password_is_stored_as_argon2id_and_salted() -> None:
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first.startswith("$argon2id$") and first != second
    assert is_right(PASSWORD, first) and is_right(PASSWORD, second)
    assert not is_right(PASSWORD + " ", first) and not is_right(PASSWORD, None)


def test_one_password_typed_on_two_keyboards_is_the_same() -> None:
    assert is_right("kafe\u0301 di pojok jalan", hash_password("kaf\u00e9 di pojok jalan"))


# ------------------------------------------------------------------------------------------------ in, inside, out
def test_signing_in_gives_a_cookie_for_this_browser_alone(both: TestClient) -> None:
    app = both.app
    make_account(app)
    answer = both.post(URL, json={"username": f" {NAME.upper()} ", "password": PASSWORD})
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"suara_session=[A-Za-z0-9_-]{43}; HttpOnly; Path=/; SameSite=strict", cookie)
    body = answer.json()
    assert (body["name"], body["role"], body["units"]) == (NAME, "desk", None)
    assert body["rights"] == sorted(RIGHTS_OF_ROLE["desk"])
    assert both.get(URL).json() == body
    assert both.get("/api/v1/feedback").status_code == 200


def test_the_cookie_and_the_password_are_stored_as_hashes_alone(app: FastAPI, client: TestClient, settings: Settings) -> None:
    make_account(app)
    token = sign_in(app).cookies["suara_session"]
    on_disk = database_bytes(settings.data_dir)
    assert hashlib.sha256(token.encode()).hexdigest().encode() in on_disk
    assert token.encode() not in on_disk and PASSWORD.encode() not in on_disk


@pytest.mark.parametrize(("mode", "https", "secure"), [("demo", None, False), ("demo", True, True), ("kantor", None, True)])
def test_the_cookie_travels_over_https_alone_in_an_office(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, mode: str, https: bool | None, secure: bool
) -> None:
    settings.open_vault()
    keys = settings.demo_key_file.rename(tmp_path_factory.mktemp("elsewhere") / "kunci.txt")
    app = create_app(settings.model_copy(update={"mode": mode, "https": https, "encryption_key_file": keys}))
    with serving(app) as client:
        make_account(app)
        answer = client.post(URL, json={"username": NAME, "password": PASSWORD})
        assert ("; Secure" in answer.headers["set-cookie"]) is secure


def test_wrong_unknown_disabled_and_passwordless_are_told_alike(both: TestClient) -> None:
    app = both.app
    for name in (NAME, "nonaktif"):
        make_account(app, name)
    with app.state.sessions.begin() as session:
        administration.disable_account(session, app.state.desk.vault, SYSTEM, "nonaktif")
    tried = [(NAME, NEW), ("tidak.ada", PASSWORD), ("nonaktif", PASSWORD), (PASSWORD, PASSWORD), (NAME, "x")]
    answers = [both.post(URL, json={"username": name, "password": password}) for name, password in tried]
    for answer in answers:
        assert_problem(answer, 401, "masuk_salah", unsaid=(PASSWORD, NEW))
        assert "set-cookie" not in answer.headers
    assert len({answer.text for answer in answers}) == 1


@hypothesis_settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(username=text(max_size=110), password=text(max_size=210))
def test_whatever_is_typed_gets_an_answer(shared_client: TestClient, username: str, password: str) -> None:
    shared_client.app.state.rate_limits._address_storage.reset()  # type: ignore[attr-defined]
    assert attempt(shared_client, username, password) in (401, 422, 429)


def test_what_changes_something_needs_the_csrf_token(both: TestClient) -> None:
    make_account(both.app)
    browser = sign_in(both.app)
    message = {"text": "jalan rusak"}
    for token in ("", "0" * 64, "\u00e9"):
        answer = browser.post("/api/v1/feedback", json=message, headers={"X-CSRF-Token": token.encode("latin-1")})
        assert_problem(answer, 403, "csrf_salah")
    assert browser.post("/api/v1/feedback", json=message).status_code == 201
    other = sign_in(both.app)
    answer = browser.post("/api/v1/feedback", json=message, headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]})
    assert_problem(answer, 403, "csrf_salah")
    del browser.headers["X-CSRF-Token"]
    assert browser.get("/api/v1/feedback").status_code == 200
    assert_problem(browser.delete(URL), 403, "csrf_salah")


def test_a_key_needs_no_csrf_token_and_wins_over_the_cookie(both: TestClient) -> None:
    make_account(both.app)
    browser = sign_in(both.app)
    del browser.headers["X-CSRF-Token"]
    key = make_key(both.app, "Kepala", "manager")
    me = browser.get(URL, headers=key).json()
    assert (me["name"], me["role"], me["csrf_token"], me["expires_at"]) == ("Kepala", "manager", None, None)
    assert browser.post("/api/v1/score", json={"texts": ["jalan"]}, headers=key).status_code == 200
    assert_problem(browser.delete(URL, headers=key), 403, "hanya_akun")
    assert_problem(browser.post(f"{URL}/password", json={"current_password": PASSWORD, "new_password": NEW}, headers=key), 403)
    assert_problem(browser.get(URL, headers={"X-API-Key": "suara_salah"}), 401, "kunci_salah")


def test_signing_out_ends_the_session_for_good(both: TestClient) -> None:
    make_account(both.app)
    browser, other = sign_in(both.app), sign_in(both.app)
    token = browser.cookies["suara_session"]
    answer = browser.delete(URL)
    assert answer.status_code == 204 and not answer.content
    assert "suara_session" not in browser.cookies
    assert_problem(both.get(URL, headers={"Cookie": f"suara_session={token}"}), 401, "sesi_berakhir")
    assert other.get(URL).status_code == 200


@pytest.mark.parametrize("cookie", ["A" * 43, "x", '"\\377"', "A" * 4_000])
def test_a_cookie_that_is_none_of_ours_opens_nothing(shared_client: TestClient, cookie: str) -> None:
    assert_problem(shared_client.get(URL, headers={"Cookie": f"suara_session={cookie}"}), 401, "sesi_berakhir", unsaid=(cookie,))


# ------------------------------------------------------------------------------------------------ how long it lasts
def test_a_session_ends_after_half_an_hour_without_use(both: TestClient) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        make_account(both.app)
        used, idle = sign_in(both.app), sign_in(both.app)
        for minutes in (29, 58):
            clock.move_to(NOON + timedelta(minutes=minutes))
            assert used.get(URL).status_code == 200
        assert_problem(idle.get(URL), 401, "sesi_berakhir")
        clock.move_to(NOON + timedelta(minutes=58 + 30))
        assert_problem(used.get(URL), 401, "sesi_berakhir")


def test_a_session_ends_after_ten_hours_however_busy(both: TestClient) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        make_account(both.app)
        browser = sign_in(both.app)
        assert browser.get(URL).json()["expires_at"] == "2026-03-02T15:00:00Z"
        for minutes in range(20, 600, 20):
            clock.move_to(NOON + timedelta(minutes=minutes))
            assert browser.get(URL).status_code == 200
        clock.move_to(NOON + timedelta(hours=10))
        assert_problem(browser.get(URL), 401, "sesi_berakhir")


def test_sessions_that_ended_are_removed_and_an_account_holds_twenty(both: TestClient) -> None:
    def n_sessions() -> int:
        with both.app.state.sessions.begin() as session:
            return int(session.scalar(sql("SELECT count(*) FROM login_sessions")))

    with time_machine.travel(NOON, tick=False) as clock:
        make_account(both.app)
        first = sign_in(both.app)
        for _ in range(20):
            sign_in(both.app)
        assert n_sessions() == 20
        assert first.get(URL).status_code == 401
        clock.move_to(NOON + timedelta(minutes=31))
        sign_in(both.app)
        assert n_sessions() == 1


# ------------------------------------------------------------------------------------------------ another password
def test_another_password_ends_the_other_sessions(both: TestClient) -> None:
    make_account(both.app)
    browser, other = sign_in(both.app), sign_in(both.app)
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert browser.post(f"{URL}/password", json=change).status_code == 204
    assert browser.get(URL).status_code == 200
    assert_problem(other.get(URL), 401, "sesi_berakhir")
    assert attempt(both, NAME, PASSWORD) == 401
    assert attempt(both, NAME, NEW) == 201


@pytest.mark.parametrize(
    ("current", "new", "status", "code"),
    [
        ("bukan yang benar", NEW, 403, "kata_sandi_salah"),
        (PASSWORD, "pendek", 422, "kata_sandi_lemah"),
        (PASSWORD, "LOKET.UTARA.BARAT", 422, "kata_sandi_lemah"),
    ],
)
def test_a_password_that_is_refused_changes_nothing(
    app: FastAPI, client: TestClient, current: str, new: str, status: int, code: str
) -> None:
    make_account(app, "loket.utara.barat")
    browser = sign_in(app, "loket.utara.barat")
    answer = browser.post(f"{URL}/password", json={"current_password": current, "new_password": new})
    assert_problem(answer, status, code, unsaid=(current, new))
    assert attempt(client, "loket.utara.barat", PASSWORD) == 201


def test_guessing_the_present_password_counts_as_failing_to_sign_in(both: TestClient) -> None:
    make_account(both.app)
    browser = sign_in(both.app)
    change = {"current_password": "bukan yang benar", "new_password": NEW}
    statuses = [browser.post(f"{URL}/password", json=change).status_code for _ in range(6)]
    assert statuses == [403] * 5 + [429]
    assert attempt(both, NAME, PASSWORD) == 429


# ------------------------------------------------------------------------------------------------ lock-out
@pytest.mark.parametrize(("n", "minutes"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (12, 60), (100_000, 60)])
def test_the_delay_doubles_from_the_fifth_failure_up_to_an_hour(n: int, minutes: int) -> None:
    assert delay_after(n) == timedelta(minutes=minutes)
    assert stored_failures(n, Failures(n, NOON).until) == Failures(n, NOON)


def test_a_day_without_failures_begins_anew() -> None:
    assert Failures(7, NOON).and_one(NOON + timedelta(hours=23)).n == 8
    assert Failures(7, NOON).and_one(NOON + timedelta(hours=24)).n == 1
    assert NONE.and_one(NOON) == Failures(1, NOON)


@pytest.mark.parametrize("name", [NAME, "tidak.ada"])
def test_a_name_waits_longer_and_longer_whether_it_is_known_or_not(both: TestClient, name: str) -> None:
    make_account(both.app)
    with time_machine.travel(NOON, tick=False) as clock:
        assert [attempt(both, name) for _ in range(6)] == [401] * 5 + [429]
        answer = both.post(URL, json={"username": name, "password": PASSWORD})
        assert_problem(answer, 429, "masuk_ditunda", unsaid=(name,))
        assert answer.headers["retry-after"] == "60"
        clock.shift(timedelta(seconds=59))
        assert attempt(both, name, PASSWORD) == 429
        clock.shift(timedelta(seconds=1))
        assert attempt(both, name) == 401  # the sixth failure: two minutes
        clock.shift(timedelta(seconds=90))
        assert both.post(URL, json={"username": name, "password": PASSWORD}).headers["retry-after"] == "30"
        clock.shift(timedelta(seconds=30))
        assert attempt(both, name, PASSWORD) == (201 if name == NAME else 401)


def test_the_answers_for_a_known_and_an_unknown_name_are_the_same_letter_by_letter(app: FastAPI, client: TestClient) -> None:
    make_account(app)
    with time_machine.travel(NOON, tick=False):
        seen = []
        for name in (NAME, "tidak.ada"):
            answers = [client.post(URL, json={"username": name, "password": "bukan yang benar"}) for _ in range(7)]
            ours = {"x-request-id"}
            seen.append([(a.status_code, a.text, {k: v for k, v in a.headers.items() if k not in ours}) for a in answers])
    assert seen[0] == seen[1]


@pytest.mark.parametrize("stored", [NONE, Failures(3, NOON)])
def test_of_many_guesses_at_once_only_as_many_are_tried_as_one_by_one(stored: Failures) -> None:
    lockout = Lockout()

    def is_tried(_: int) -> bool:
        try:
            lockout.begin(NAME, stored, NOON)
        except ApiError as error:
            assert error.code == "masuk_ditunda"
            return False
        return True

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(is_tried, range(200))) == 5 - stored.n


def test_names_that_are_typed_take_a_bounded_room_and_are_not_kept() -> None:
    lockout = Lockout()
    for i in range(MAX_NAMES + 5):
        lockout.begin(f"siapa-{i}", NONE, NOON)
    assert len(lockout._names) == MAX_NAMES
    assert b"siapa" not in b"".join(lockout._names)


def test_a_right_password_sets_the_count_back(both: TestClient) -> None:
    make_account(both.app)
    for _ in range(3):
        assert [attempt(both) for _ in range(4)] == [401] * 4
        assert attempt(both, NAME, PASSWORD) == 201
        both.app.state.rate_limits._address_storage.reset()


def test_a_lock_outlives_a_restart_and_other_processes_see_it(both_settings: Settings) -> None:
    with serving(create_app(both_settings)) as first, serving(create_app(both_settings)) as second:
        make_account(first.app)
        assert [attempt(first) for _ in range(3)] + [attempt(second) for _ in range(2)] == [401] * 5
        assert attempt(first) == attempt(second) == 429
    with serving(create_app(both_settings)) as third:
        assert attempt(third, NAME, PASSWORD) == 429


def test_unlocking_and_a_new_password_let_an_account_in_at_once(both: TestClient) -> None:
    app = both.app
    make_account(app)
    with time_machine.travel(NOON) as clock:
        for help_ in (
            lambda session, vault: administration.unlock_account(session, vault, SYSTEM, NAME),
            lambda session, vault: administration.replace_password(session, vault, SYSTEM, NAME, PASSWORD),
        ):
            assert [attempt(both) for _ in range(6)] == [401] * 5 + [429]
            with app.state.sessions.begin() as session:
                help_(session, app.state.desk.vault)
            assert attempt(both, NAME, PASSWORD) == 201
            clock.shift(timedelta(minutes=5))


# ------------------------------------------------------------------------------------------------ what is written down
def test_signing_in_failing_changing_and_leaving_are_in_the_audit_trail(both: TestClient) -> None:
    make_account(both.app)
    attempt(both)
    attempt(both, "sandi yang salah kotak")
    browser = sign_in(both.app)
    browser.post(f"{URL}/password", json={"current_password": PASSWORD, "new_password": NEW})
    browser.delete(URL)
    events = audited(both.app)
    assert [action for action, _ in events] == [
        *("account.created", "session.refused", "session.opened", "password.changed", "session.closed")
    ]
    written = " ".join(details for _, details in events)
    assert not [words for words in (PASSWORD, NEW, "bukan yang benar", "sandi yang salah kotak") if words in written]
