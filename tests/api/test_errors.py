import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import api.database
from api.settings import Settings
from tests.api.conftest import make_key, serving
from tests.api.messages import ROAD, WASTE, assert_problem, other_connection, stored_rows

URL = "/api/v1/feedback"
JSON = {"content-type": "application/json"}
WORDS = "parit mampet di belakang pasar"  # in every request below, in no answer
ERRORS: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", f"/{WORDS}", {}, 404),
    ("GET", f"/api/v1/{WORDS}", {}, 404),
    ("GET", "/static/../app.py", {}, 404),
    ("GET", "/static/tidak-ada.css", {}, 404),
    ("GET", "/docs", {}, 404),
    ("GET", f"{URL}/{'0' * 26}?q={WORDS}", {}, 404),
    ("GET", f"{URL}/{WORDS}", {}, 422),
    ("PUT", "/api/v1/score", {"json": {"texts": [WORDS]}}, 405),
    ("DELETE", f"{URL}/{'0' * 26}", {}, 405),
    ("PATCH", "/", {"data": {"text": WORDS}}, 405),
    ("POST", "/healthz", {"content": WORDS}, 405),
    ("POST", "/static/suara.css", {"content": WORDS}, 405),
    ("POST", "/api/v1/score", {"content": f'{{"texts": ["{WORDS}"', "headers": JSON}, 422),
    ("POST", "/api/v1/score", {"content": f'{{"texts": ["{WORDS}"]}}', "headers": {"content-type": "text/plain"}}, 422),
    ("POST", "/api/v1/score", {"data": {"texts": WORDS}}, 422),
    ("POST", "/api/v1/score", {"json": {"texts": WORDS}}, 422),
    ("POST", "/api/v1/score", {"json": {"items": [{"id": WORDS, "text": 1}]}}, 422),
    ("POST", "/api/v1/score", {"json": {"texts": [WORDS] * 1_001}}, 413),
    ("POST", "/api/v1/score", {"json": {"texts": [WORDS * 50_000]}}, 413),
    ("POST", URL, {"json": {"text": WORDS, "channel": WORDS}}, 422),
    ("POST", URL, {"json": {"text": WORDS, WORDS: 1}}, 422),
    ("POST", URL, {"json": {"text": WORDS, "received_at": WORDS}}, 422),
    ("POST", "/", {"files": {"text": (f"{WORDS}.txt", WORDS.encode())}}, 422),
    ("POST", "/", {"content": b"--x", "headers": {"content-type": "multipart/form-data"}}, 400),
]


@pytest.fixture(scope="module")
def client_with_key(shared_client: TestClient, shared_headers: dict[str, str]) -> TestClient:
    return TestClient(shared_client.app, headers=shared_headers)


@pytest.mark.parametrize(("method", "path", "request_", "status"), ERRORS, ids=lambda value: str(value)[:45])
def test_every_error_is_a_problem_that_repeats_no_words(
    client_with_key: TestClient, method: str, path: str, request_: dict[str, Any], status: int
) -> None:
    response = client_with_key.request(method, path, **request_)
    assert_problem(response, status, unsaid=(WORDS, "parit", "mampet"))
    assert len(response.content) < 2_000
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-request-id"]


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (URL, {"json": {}}, "body.text", "perlu diisi"),
    (URL, {"json": {"text": ""}}, "body.text", "kosong"),
    (URL, {"json": {"text": "x" * 20_001}}, "body.text", "lebih dari 20000 huruf"),
    (URL, {"json": {"text": 5}}, "body.text", "harus teks"),
    (URL, {"json": {"text": ROAD, "teks": 5}}, "body.teks", "tidak dikenal"),
    (URL, {"json": {"text": ROAD, "channel": "fax"}}, "body.channel", "'media_sosial' atau 'lainnya'"),
    (URL, {"json": {"text": ROAD, "received_at": "kemarin"}}, "body.received_at", "2026-01-31T08:15:00+07:00"),
    (URL, {"json": {"text": ROAD, "received_at": "2026-11-20"}}, "body.received_at", "zona"),
    (URL, {"json": {"text": ROAD, "visibility": "anonim", "reporter": {}}}, "body", "pesan anonim tidak boleh memuat reporter"),
    (URL, {"content": b"{", "headers": JSON}, "body.1", "JSON rusak"),
    (URL, {"json": [ROAD]}, "body", "harus objek JSON"),
    (f"{URL}/{'0' * 26}/dispositions", {"json": {"unit": "dinas", "reason": "ok"}}, "body.reason", "kurang dari 5 huruf"),
    (f"{URL}/{'0' * 26}/corrections", {"json": {"kinds": ["a"] * 11}}, "body.kinds", "lebih dari 10 butir"),
]


@pytest.mark.parametrize(("path", "request_", "where", "words"), WRONG, ids=[f"{where} {words}" for _, _, where, words in WRONG])
def test_what_is_wrong_in_a_request_is_told_in_indonesian(
    client_with_key: TestClient, path: str, request_: dict[str, Any], where: str, words: str
) -> None:
    body = client_with_key.post(path, **request_).json()
    assert body["code"] == "isi_tidak_sah"
    assert f"{where} (" in body["detail"] and words in body["detail"]
    assert words in body["errors"][0]["msg"]


def test_what_is_wrong_in_a_query_is_told_in_indonesian(client_with_key: TestClient) -> None:
    told = client_with_key.get(URL, params={"limit": 0, "overdue": "ya", "state": "beres", "resi": "x"}).json()["errors"]
    assert {item["loc"][-1]: item["msg"] for item in told} == {
        "limit": "paling kecil 1",
        "overdue": "harus true atau false",
        "state": "harus salah satu dari 'diterima', 'diteruskan', 'ditangani', 'selesai' atau 'ditolak'",
        "resi": "tidak dikenal; hapus atau betulkan namanya",
    }


def test_a_wrong_method_names_the_right_ones(shared_client: TestClient) -> None:
    assert shared_client.get("/api/v1/score").headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("permintaan-0001", True), ("a" * 64, True), ("pendek", False), ("a" * 65, False), ("spasi di sini", False)],
)
def test_a_request_id_of_the_caller_is_kept_where_it_is_fit(shared_client: TestClient, given: str, kept: bool) -> None:
    answered = shared_client.get("/api/v1/tidak-ada", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert (answered == given) is kept
    assert len(answered) >= 8


# ------------------------------------------------------------------------------------------------ the database fails
@pytest.fixture
def data_dir(settings: Settings) -> Path:
    return settings.data_dir


@pytest.fixture
def impatient_app(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """An application that waits a twentieth of a second for a locked database."""
    monkeypatch.setattr(api.database, "BUSY_TIMEOUT_MS", 50)
    return app


def test_a_locked_database_is_told_stores_nothing_and_recovers(impatient_app: FastAPI, data_dir: Path) -> None:
    with serving(impatient_app) as client:
        headers = make_key(impatient_app) | {"Idempotency-Key": "kirim-1"}
        body = {"text": ROAD, "external_id": "WA-1"}
        with other_connection(data_dir) as other:
            other.execute("BEGIN IMMEDIATE")
            response = client.post(URL, json=body, headers=headers)
            assert_problem(response, 503, "basis_data_sibuk", unsaid=(ROAD,))
            assert int(response.headers["retry-after"]) > 0
            assert client.get(URL, headers=headers).json() == {"items": [], "next_cursor": None}  # readers go on
            assert client.post("/api/v1/score", json={"texts": [ROAD]}, headers=headers).status_code == 200
            other.execute("ROLLBACK")
        assert set(stored_rows(data_dir).values()) == {0}
        assert [client.post(URL, json=body, headers=headers).status_code for _ in range(2)] == [201, 200]
        assert stored_rows(data_dir) == {"feedback": 1, "assessments": 1, "idempotent_requests": 1}


@pytest.mark.parametrize("table", ["api_keys", "feedback", "assessments", "idempotent_requests"])
def test_a_table_that_is_gone_is_told_stores_nothing_and_recovers(
    client: TestClient, headers: dict[str, str], data_dir: Path, table: str
) -> None:
    headers = headers | {"Idempotency-Key": "kirim-1"}
    with other_connection(data_dir) as other:
        other.execute("PRAGMA legacy_alter_table = ON")  # other tables go on pointing to the name that is gone
        other.execute(f"ALTER TABLE {table} RENAME TO gone")
        assert_problem(client.post(URL, json={"text": ROAD}, headers=headers), 503, "basis_data_sibuk", unsaid=(ROAD, table))
        assert client.get("/healthz").status_code == 200
        other.execute(f"ALTER TABLE gone RENAME TO {table}")
    assert set(stored_rows(data_dir).values()) == {0}
    assert client.post(URL, json={"text": ROAD}, headers=headers).status_code == 201


@pytest.mark.parametrize("table", ["feedback", "assessments", "idempotent_requests"])
def test_a_write_that_fails_midway_leaves_nothing_and_tells_nothing(
    client: TestClient, headers: dict[str, str], data_dir: Path, table: str
) -> None:
    headers = headers | {"Idempotency-Key": "kirim-1"}
    with other_connection(data_dir) as other:
        other.execute(f"CREATE TRIGGER broken AFTER INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'rusak'); END")
        response = client.post(URL, json={"text": ROAD}, headers=headers)
        body = assert_problem(response, 500, "galat_dalam", unsaid=(ROAD, "rusak", "INSERT", "Traceback"))
        assert response.headers["x-request-id"] and response.headers["x-content-type-options"] == "nosniff"
        assert "errors" not in body
        assert set(stored_rows(data_dir).values()) == {0}
        other.execute("DROP TRIGGER broken")
    assert client.post(URL, json={"text": WASTE}, headers=headers).status_code == 201


def test_an_answer_never_promises_what_the_commit_refuses(client: TestClient, headers: dict[str, str], data_dir: Path) -> None:
    with other_connection(data_dir) as other:
        other.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
        other.execute("CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
        other.execute("CREATE TRIGGER broken AFTER INSERT ON feedback BEGIN INSERT INTO children VALUES (1); END")
        response = client.post(URL, json={"text": ROAD}, headers=headers)
        assert_problem(response, 500, "galat_dalam", unsaid=(ROAD,))
        assert set(stored_rows(data_dir).values()) == {0}
        other.execute("DROP TRIGGER broken")
    assert client.post(URL, json={"text": ROAD}, headers=headers).status_code == 201


def test_problem_bodies_are_plain_json(shared_client: TestClient) -> None:
    response = shared_client.get("/tidak-ada")
    assert json.loads(response.content.decode("utf-8")) == {
        "type": "urn:suara-warga:galat:tidak_ditemukan",
        "title": "Tidak ditemukan",
        "status": 404,
        "code": "tidak_ditemukan",
        "detail": "Alamat atau data itu tidak ada.",
    }
