"""Requests that are wrong, late, or come while the database or the disk fails: a stable code, and nothing half-stored."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Connection, create_engine, text
from starlette.testclient import TestClient

import api.database
from api.app import create_app
from api.database import Base
from api.imports.processing import CHUNK_ROWS
from api.settings import Settings
from tests.api.conftest import PASSWORD, make_account, make_key, serving
from tests.api.imports_by_hand import URL as IMPORTS
from tests.api.imports_by_hand import OnWait, change, csv_bytes, full_disk, many_rows, rows_of, told, upload, work
from tests.api.integrity_room import CASES, FEEDBACK, REASON, Office, open_office
from tests.api.messages import BRIBE, ROAD, WASTE, assert_problem, other_connection

JSON = {"content-type": "application/json"}
Request = tuple[str, str, dict[str, Any]]
Stored = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def office(both: TestClient) -> Office:
    return open_office(both)


def stored(office: Office) -> Stored:
    """Every row of every table, but for what notes that a key was used."""
    tables = (table for table in Base.metadata.sorted_tables if table.name != "api_keys")
    return {table.name: sorted(rows_of(office.app, f"SELECT * FROM {table.name}"), key=repr) for table in tables}


def places(office: Office) -> tuple[str, str]:
    """A message that the desk works on, and a case."""
    return f"{FEEDBACK}/{office.send(ROAD)['id']}", f"{CASES}/{office.open_case(BRIBE)}"


# ------------------------------------------------------------------------------------------------ what is sent
def wrong_requests(message: str, case: str) -> list[tuple[str, str, bytes, int, str]]:
    """(method, path, body, status, code) of requests by people who may send them."""
    untrue = (422, "isi_tidak_sah")
    return [
        ("POST", FEEDBACK, f'{{"text": "{ROAD}"'.encode(), *untrue),
        ("POST", FEEDBACK, b"", *untrue),
        ("POST", FEEDBACK, b'{"text": "jalan \xff"}', 400, "isi_tidak_terbaca"),
        ("POST", FEEDBACK, b'{"text": "' + b"jalan rusak " * 870_000 + b'"}', 413, "terlalu_besar"),
        ("POST", FEEDBACK, b'{"text": "jalan", "reporter": {"name": "Sri \\ud800"}}', *untrue),
        ("POST", FEEDBACK, b'{"text": "jalan", "reporter": {"name": "Sri \\u0000"}}', *untrue),
        ("POST", FEEDBACK, b'{"text": "jalan", "reporter": ["Sri"]}', *untrue),
        ("POST", FEEDBACK, b'{"text": "jalan", "visibility": "samar"}', *untrue),
        ("POST", f"{message}/corrections", b'{"topic": "jalanan"}', 422, "label_tidak_dikenal"),
        ("POST", f"{message}/corrections", b'{"topic": "\\u0000"}', 422, "label_tidak_dikenal"),
        ("POST", f"{message}/corrections", b'{"topic": "\\ud800"}', *untrue),
        ("POST", f"{message}/corrections", b'{"topic": "sampah", "kinds": ["gratis"]}', 422, "label_tidak_dikenal"),
        ("POST", f"{message}/corrections", b'{"topic": "sampah", "band": "4"}', 422, "label_tidak_dikenal"),
        ("POST", f"{message}/corrections", b'{"topic": 7}', *untrue),
        ("POST", f"{message}/corrections", b'{"topic": "sampah", "kinds": "suap_percaloan"}', *untrue),
        ("POST", f"{message}/corrections", b'{"topic": "sampah", "note": "catatan \\udfff"}', *untrue),
        ("POST", f"{message}/corrections", b'{"topic": "sampah"', *untrue),
        ("POST", f"{message}/dispositions", b'{"unit": "dinas_laut", "reason": "Sesuai tugas."}', 422, "unit_tidak_dikenal"),
        ("POST", f"{message}/dispositions", b'{"unit": "dinas_pu", "reason": "Sesuai \\u0000"}', *untrue),
        ("POST", f"{message}/dispositions", b'{"unit": ["dinas_pu"], "reason": "Sesuai tugas."}', *untrue),
        ("POST", f"{message}/state", b'{"state": "hilang"}', *untrue),
        ("POST", f"{message}/original", b'{"reason": "perlu \\ud800 sekali"}', *untrue),
        ("POST", f"{case}/notes", b'{"note": "dicek \\udfff"}', *untrue),
        ("POST", f"{case}/state", b'{"state": "diputus"}', *untrue),
        ("POST", f"{case}/decision", b'{"decision": "bersalah", "reason": "Sesuai bukti."}', *untrue),
        ("POST", f"{case}/reporter-requests", b'{"reason": "\\u0000\\u0000\\u0000\\u0000\\u0000"}', *untrue),
        ("POST", f"{CASES}/export", b'{"cases": "semua", "recipient": "KPK", "purpose": "Diperiksa."}', *untrue),
        ("POST", "/api/v1/rules", b'{"unit": "dinas_pu", "topic": "jalanan"}', 422, "label_tidak_dikenal"),
        ("POST", "/api/v1/rules", b'{"unit": "dinas_pu", "keyword": "got \\u0000"}', *untrue),
        ("POST", "/api/v1/units", b'{"code": "dlh", "name": "Dinas \\ud800"}', *untrue),
        ("POST", "/api/v1/session", b'{"username": "loket\\u0000", "password": "gerobak biru"}', *untrue),
        ("POST", "/api/v1/session", b'{"username": "loket", "password": "gerobak \\ud800 biru"}', *untrue),
        ("GET", f"{FEEDBACK}?q=got%00", b"", *untrue),
        ("GET", f"{FEEDBACK}?topic=%00", b"", *untrue),
        ("GET", f"{FEEDBACK}?unit=%00", b"", *untrue),
        ("GET", f"/api/v1/track/{'%00' * 12}", b"", 404, "tanda_terima_tidak_ada"),
    ]


def test_a_wrong_request_has_its_code_and_changes_nothing(office: Office) -> None:
    message, case = places(office)
    before = stored(office)
    for method, path, body, status, code in wrong_requests(message, case):
        who = office.inspector if path.startswith(CASES) else office.desk if path.startswith(FEEDBACK) else office.admin
        response = office.client.request(method, path, content=body, headers=who | JSON)
        assert (response.status_code, response.json()["code"]) == (status, code), (path, body[:60], response.text)
        assert_problem(response, status, code, unsaid=("aspal", "Sri", "gerobak"))
    assert stored(office) == before


def test_a_key_that_ran_out_changes_nothing_anywhere(office: Office) -> None:
    message, case = places(office)
    noon = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        spent = {role: make_key(office.app, f"lama {role}", role, days=1) for role in ("desk", "integrity")}
        before = stored(office)
        clock.move_to(noon + timedelta(days=1))
        for method, path, request in writes(message, case):
            response = office.client.request(
                method, path, headers=spent["integrity" if path.startswith(CASES) else "desk"], **request
            )
            assert_problem(response, 401, "kunci_salah", unsaid=("aspal",))
    assert stored(office) == before


# ------------------------------------------------------------------------------------------------ the database is away
def writes(message: str, case: str) -> list[Request]:
    """One of each kind of write."""
    return [
        ("POST", FEEDBACK, {"json": {"text": WASTE, "external_id": "WA-7"}}),
        ("POST", f"{message}/corrections", {"json": {"urgency": "darurat"}}),
        ("POST", f"{message}/dispositions", {"json": {"unit": "dukcapil", "reason": REASON}}),
        ("POST", f"{message}/state", {"json": {"state": "ditangani"}}),
        ("POST", f"{message}/original", {"json": {"reason": REASON}}),
        ("POST", IMPORTS, {"params": {"format": "csv"}, "content": csv_bytes(("text",), [(ROAD,)])}),
        ("POST", f"{case}/notes", {"json": {"note": "dicek"}}),
        ("POST", f"{case}/state", {"json": {"state": "diperiksa"}}),
        ("POST", f"{case}/reporter-requests", {"json": {"reason": REASON}}),
        ("POST", f"{case}/original", {"json": {"reason": REASON}}),
        ("POST", f"{case}/decision", {"json": {"decision": "ditutup", "reason": REASON}}),
    ]


def send_all(office: Office, requests: list[Request]) -> list[Any]:
    """Answers; each request by somebody who may."""
    people = [office.inspector if path.startswith(CASES) else office.desk for _, path, _ in requests]
    return [office.client.request(m, path, headers=who, **r) for who, (m, path, r) in zip(people, requests, strict=True)]


def assert_away(responses: list[Any]) -> None:
    for response in responses:
        assert_problem(response, 503, "basis_data_sibuk", unsaid=("aspal", "SELECT", "psycopg", "sqlite"))
        assert int(response.headers["retry-after"]) > 0


def assert_back(office: Office, requests: list[Request]) -> None:
    assert [response.status_code for response in send_all(office, requests)] == [
        201,
        201,
        201,
        200,
        200,
        202,
        201,
        200,
        201,
        200,
        200,
    ]


def test_every_write_to_a_locked_database_is_told_and_works_afterwards(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.database, "BUSY_TIMEOUT_MS", 20)
    with serving(create_app(settings)) as client:
        office = open_office(client)
        make_account(office.app)
        requests = writes(*places(office))
        before = stored(office)
        with other_connection(settings.data_dir) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert_away(send_all(office, requests))
            assert_away([client.post("/api/v1/session", json={"username": "loket.timur", "password": PASSWORD})])
            assert client.get(FEEDBACK, headers=office.desk).status_code == 200  # readers go on
        assert stored(office) == before
        assert list((settings.data_dir / "imports").iterdir()) == []
        assert_back(office, requests)


@contextmanager
def beside(url: str) -> Iterator[Connection]:
    """A connection of somebody else to the same server, each statement by itself."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


OTHERS = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


def test_a_database_that_is_gone_is_told_and_found_again_without_a_restart(
    settings: Settings, postgres_url: str, postgres_server: str
) -> None:
    """Every connection is cut and no new one accepted, as while a server restarts."""
    name = postgres_url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
    with (
        serving(create_app(settings.model_copy(update={"database_url": postgres_url}))) as client,
        beside(postgres_server) as other,
    ):
        office = open_office(client)
        message, case = places(office)
        requests, before = writes(message, case), stored(office)
        other.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        assert other.scalar(text(OTHERS.format(name)))
        reads: list[Request] = [("GET", path, {}) for path in (FEEDBACK, message, CASES, case, "/readyz", "/api/v1/units")]
        assert_away(send_all(office, [*requests, *reads]))
        assert client.get("/healthz").status_code == 200
        other.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        assert stored(office) == before
        assert_back(office, requests)


@pytest.mark.parametrize("table", ["feedback", "sealed_originals", "audit_events", "daily_counts", "idempotent_requests"])
def test_a_connection_cut_in_the_middle_of_a_write_stores_nothing(settings: Settings, postgres_url: str, table: str) -> None:
    """The write waits for a locked table; there its connection is cut."""
    with serving(create_app(settings.model_copy(update={"database_url": postgres_url}))) as client, beside(postgres_url) as other:
        office = open_office(client)
        message, _ = places(office)
        keyed = office.desk | {"Idempotency-Key": "kirim-1"}
        before = stored(office)

        def write() -> Any:
            if table == "audit_events":
                return client.post(f"{message}/state", json={"state": "selesai"}, headers=office.desk)
            return client.post(FEEDBACK, json={"text": WASTE}, headers=keyed)

        with ThreadPoolExecutor(1) as threads:
            lock = create_engine(postgres_url)
            with lock.connect() as holder:
                holder.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))  # readers go on, writers wait
                answer = threads.submit(write)
                waiting = "datname = current_database() AND wait_event_type = 'Lock'"
                cut = text(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {waiting}")
                wait_for(lambda: bool(other.scalar(cut)))
                response = answer.result(timeout=30)
            lock.dispose()
        assert_away([response])
        assert stored(office) == before
        assert write().status_code in {200, 201}


def wait_for(true: Callable[[], bool]) -> None:
    never = threading.Event()
    for _ in range(600):
        if true():
            return
        never.wait(0.05)
    raise AssertionError("not within half a minute")


def test_more_requests_than_connections_are_told_to_come_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """All connections are taken by others, and none comes back in time."""
    with serving(create_app(settings)) as client:
        office = open_office(client)
        pool = office.app.state.sessions.kw["bind"].pool
        monkeypatch.setattr(pool, "_timeout", 0.05)
        taken = [pool.connect() for _ in range(pool.size() + pool._max_overflow)]
        assert_away(send_all(office, [("POST", FEEDBACK, {"json": {"text": WASTE}})]))
        for connection in taken:
            connection.close()
        assert send_all(office, [("POST", FEEDBACK, {"json": {"text": WASTE}})])[0].status_code == 201


# ------------------------------------------------------------------------------------------------ the disk is full
def test_a_disk_that_is_full_during_an_import_stores_whole_chunks_alone_and_the_import_goes_on(settings: Settings) -> None:
    with serving(create_app(settings)) as client:
        office = open_office(client)
        body = upload(client, office.desk, many_rows(900))
        change(office.app, "PRAGMA wal_checkpoint(TRUNCATE)")
        with full_disk(3_500_000) as free_space:
            seen: list[tuple[int, int]] = []

            def look_and_free_space() -> None:
                seen.extend(rows_of(office.app, "SELECT (SELECT count(*) FROM feedback), rows_done FROM imports"))
                free_space()

            work(office.app, OnWait(look_and_free_space))
        [(n_messages, n_done)] = seen
        assert n_messages == n_done and n_done % CHUNK_ROWS == 0 and 0 < n_done < 900
        ended = told(client, office.desk, body["id"])
        assert (ended["state"], ended["rows_done"], ended["rows_failed"]) == ("selesai", 900, 0)
        query = "SELECT count(*), count(DISTINCT import_row), max(import_row) FROM feedback"
        assert rows_of(office.app, query) == [(900, 900, 900)]


def test_a_message_for_a_full_disk_is_told_to_come_again(settings: Settings) -> None:
    with serving(create_app(settings)) as client:
        office = open_office(client)
        requests = writes(*places(office))
        before = stored(office)
        with full_disk((settings.data_dir / "suara.db-wal").stat().st_size - 8_192):
            assert_away(send_all(office, requests[:5]))
        assert stored(office) == before
        assert_back(office, requests)
