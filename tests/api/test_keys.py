import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from api.accounts.roles import ROLES
from api.settings import Settings
from tests.api.command_line import suara
from tests.api.conftest import make_key
from tests.api.messages import assert_problem, database_bytes, other_connection

URL = "/api/v1/feedback"


def changed(key: str, place: int) -> str:
    """The key with another letter at `place`."""
    letter = "1" if key[place] == "0" else "0"
    return key[:place] + letter + key[place + 1 :] if place != -1 else key[:-1] + letter


@pytest.mark.parametrize("role", ROLES)
def test_a_key_of_each_role_opens_the_door(app: FastAPI, client: TestClient, role: str) -> None:
    headers = make_key(app, f"untuk {role}", role)
    assert re.fullmatch(r"suara_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", headers["X-API-Key"])
    assert client.get(URL, headers=headers).status_code == 200


def test_two_keys_of_one_name_both_open(app: FastAPI, client: TestClient) -> None:
    keys = [make_key(app, "loket") for _ in range(2)]
    assert keys[0] != keys[1]
    assert [client.get(URL, headers=headers).status_code for headers in keys] == [200, 200]


def test_the_secret_is_stored_as_its_hash_alone(client: TestClient, headers: dict[str, str], settings: Settings) -> None:
    key = headers["X-API-Key"]
    secret = key.split("_", 2)[2]
    assert client.get(URL, headers=headers).status_code == 200
    on_disk = database_bytes(settings.data_dir)
    assert hashlib.sha256(secret.encode()).hexdigest().encode() in on_disk
    assert secret.encode() not in on_disk


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: changed(key, 6),
        lambda key: changed(key, 19),
        lambda key: changed(key, -1),
        lambda key: key[:-1],
        lambda key: key + "A",
        lambda key: key.upper(),
        lambda key: key.split("_", 2)[1],
        lambda key: key.split("_", 2)[2],
        lambda key: key.replace("suara_", "", 1),
        lambda key: f"{key},{key}",
        lambda key: f"Bearer {key}",
    ],
    ids=["prefix", "secret", "last", "shorter", "longer", "upper", "prefix only", "secret only", "bare", "twice", "bearer"],
)
def test_a_key_that_is_not_whole_opens_nothing(client: TestClient, headers: dict[str, str], spoil: object) -> None:
    key = headers["X-API-Key"]
    given = spoil(key)  # type: ignore[operator]
    response = client.get(URL, headers={"X-API-Key": given})
    assert_problem(response, 401, "kunci_salah", unsaid=(key, given))


def test_missing_wrong_unknown_and_revoked_keys_are_told_alike(app: FastAPI, client: TestClient, settings: Settings) -> None:
    revoked, valid = make_key(app, "dicabut"), make_key(app, "berlaku")
    with other_connection(settings.data_dir) as connection:
        connection.execute("UPDATE api_keys SET revoked_at = '2026-01-01 00:00:00' WHERE name = 'dicabut'")
    wrong = {"X-API-Key": changed(valid["X-API-Key"], 25)}
    unknown = {"X-API-Key": "suara_000000000000_" + "A" * 43}
    answers = [client.get(URL, headers=headers) for headers in ({}, revoked, wrong, unknown)]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {'ApiKey realm="suara-warga"'}
    assert client.get(URL, headers=valid).status_code == 200


@pytest.mark.parametrize("where", ["query", "authorization", "cookie", "body"])
def test_a_key_counts_only_in_its_header(client: TestClient, headers: dict[str, str], where: str) -> None:
    key = headers["X-API-Key"]
    request = {
        "query": {"params": {"X-API-Key": key}},
        "authorization": {"headers": {"Authorization": f"Bearer {key}"}},
        "cookie": {"headers": {"Cookie": f"X-API-Key={key}"}},
        "body": {"json": {"X-API-Key": key, "texts": ["jalan"]}},
    }[where]
    assert_problem(client.post("/api/v1/score", **request), 401, "kunci_salah", unsaid=(key,))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ limits, expiry, revocation
@pytest.fixture
def on_command_line(both_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUARA_DATA_DIR", str(both_settings.data_dir))
    monkeypatch.setenv("SUARA_DATABASE_URL", both_settings.database_url)


def test_scopes_narrow_what_a_role_grants(both: TestClient) -> None:
    headers = make_key(both.app, scopes=["score", "feedback.read"])
    assert both.post("/api/v1/score", json={"texts": ["jalan"]}, headers=headers).status_code == 200
    assert both.get(URL, headers=headers).status_code == 200
    assert_problem(both.post(URL, json={"text": "jalan"}, headers=headers), 403, "tidak_berhak")


def test_a_key_with_days_opens_until_they_are_over(both: TestClient) -> None:
    noon = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        headers, lasting = make_key(both.app, days=30), make_key(both.app)
        clock.move_to(noon + timedelta(days=30) - timedelta(seconds=1))
        assert both.get(URL, headers=headers).status_code == 200
        clock.shift(timedelta(seconds=1))
        assert_problem(both.get(URL, headers=headers), 401, "kunci_salah")
        assert both.get(URL, headers=lasting).status_code == 200


@pytest.mark.usefixtures("on_command_line")
def test_a_key_is_made_listed_and_revoked_on_the_command_line(both: TestClient) -> None:
    both.post("/api/v1/units", json={"code": "dinas_pu", "name": "Dinas PU"}, headers=make_key(both.app, "pengelola", "admin"))
    options = ("--unit", "dinas_pu", "--scope", "score", "--scope", "feedback.read", "--days", "7")
    key = suara("key", "create", "--role", "desk", "--name", "Loket PU", *options).out.strip()
    _, prefix, secret = key.split("_", 2)
    assert both.get("/api/v1/session", headers={"X-API-Key": key}).json()["units"] == ["dinas_pu"]
    listed = suara("key", "list").out
    header, _, line = listed.splitlines()
    row = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    expiry, used = row.pop("berlaku sampai"), row.pop("terakhir dipakai")
    assert row == {
        **{"awalan": prefix, "nama": "Loket PU", "peran": "desk"},
        **{"hak": "feedback.read,score", "unit": "dinas_pu", "dicabut": "-"},
    }
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", expiry) and used != "-"
    assert secret not in listed and hashlib.sha256(secret.encode()).hexdigest() not in listed
    assert suara("key", "revoke", prefix).out == f"Kunci {prefix} (Loket PU) dicabut.\n"
    assert suara("key", "revoke", prefix).code == 0
    assert_problem(both.get(URL, headers={"X-API-Key": key}), 401, "kunci_salah")
    assert suara("key", "list").out.splitlines()[2].endswith("UTC")
    with both.app.state.sessions.begin() as session:
        events = session.execute(text("SELECT action, details FROM audit_events WHERE object_type = 'key' ORDER BY id")).all()
    assert [event[0] for event in events] == ["key.created", "key.created", "key.revoked"]
    assert not [event for event in events if secret in event[1]]


@pytest.mark.usefixtures("on_command_line")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "--role", "desk", "--name", "x", "--scope", "audit.read"), ("--scope", "feedback.read")),
        (("create", "--role", "desk", "--name", "x", "--unit", "dinas_x"), ("--unit", "dinas_x")),
        (("create", "--role", "desk", "--name", "x", "--days", "0"), ("--days", "3650")),
        (("create", "--role", "desk", "--name", "x", "--days", "99999999"), ("--days", "3650")),
        (("revoke", "000000000000"), ("suara key list",)),
    ],
)
def test_what_a_key_cannot_have_is_refused_in_one_line(
    both: TestClient, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ran = suara("key", *arguments)
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert all(word in line for word in words)
    with both.app.state.sessions.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM api_keys")) == 0
        assert session.scalar(text("SELECT count(*) FROM audit_events WHERE action = 'key.created'")) == 0
