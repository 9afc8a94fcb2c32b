import hashlib
import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.accounts.roles import ROLES
from api.settings import Settings
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
