"""Worker processes as an office runs them: killed, stopped, side by side, under a service."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.audit.service import verify
from api.imports.files import folder_of
from api.imports.processing import CHUNK_ROWS
from api.settings import Settings
from tests.api.command_line import suara
from tests.api.conftest import make_key, serving
from tests.api.imports_by_hand import URL, change, many_rows, rows_of, told, upload
from tests.api.log_watch import WATCH
from tests.api.test_logs import real_server

N_ROWS = 6 * CHUNK_ROWS + 50
Headers = dict[str, str]
Process = subprocess.Popen[str]


@contextmanager
def worker(settings: Settings, log: Path) -> Iterator[Process]:
    """`suara worker` in its own process; killed at the end where it still runs."""
    environment = os.environ | {
        "SUARA_DATA_DIR": str(settings.data_dir),
        "SUARA_MODEL_DIR": str(settings.model_dir),
        "SUARA_DATABASE_URL": settings.database_url,
        "OMP_NUM_THREADS": "1",
    }
    with log.open("a") as errors:
        process = subprocess.Popen([sys.executable, "-m", "nlp.cli", "worker"], env=environment, stderr=errors, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait(timeout=30)
            WATCH.hear_file(log)


def wait_until(true: Callable[[], bool], process: Process, within_s: float = 120) -> None:
    """Look every twentieth of a second while the process runs."""
    for _ in range(int(within_s * 20)):
        if true():
            return
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        assert true(), "the process ended too early"
        return
    raise AssertionError(f"not within {within_s} seconds")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def let_time_pass(both: TestClient) -> None:
    """A dead worker's lease has run out."""
    change(both.app, "UPDATE imports SET lease_until = '2026-01-01 00:00:00+00' WHERE state = 'berjalan'")


def n_done(both: TestClient) -> int:
    return int(rows_of(both.app, "SELECT coalesce(sum(rows_done), 0) FROM imports")[0][0])


def assert_each_row_is_in_once(both: TestClient, n_rows: int, n_imports: int = 1) -> None:
    query = "SELECT count(*), count(DISTINCT external_id), min(import_row), max(import_row) FROM feedback GROUP BY import_id"
    assert rows_of(both.app, query) == [(n_rows, n_rows, 1, n_rows)] * n_imports
    assert rows_of(both.app, "SELECT count(*) FROM feedback WHERE external_id NOT LIKE '%-' || import_row") == [(0,)]
    for table in ("assessments", "sealed_originals", "sealed_reporters"):
        assert rows_of(both.app, f"SELECT count(*) FROM {table}") == [(n_rows * n_imports,)]


def test_a_killed_worker_a_stopped_one_and_a_third_take_every_row_in_once(
    both: TestClient, desk_key: Headers, both_settings: Settings, log: Path
) -> None:
    body = upload(both, desk_key, many_rows(N_ROWS))
    with worker(both_settings, log) as first:
        wait_until(lambda: n_done(both) >= CHUNK_ROWS, first)
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait(timeout=30) == -signal.SIGKILL
    killed_at = n_done(both)
    assert killed_at % CHUNK_ROWS == 0 and killed_at < N_ROWS
    assert rows_of(both.app, "SELECT count(*), max(import_row) FROM feedback") == [(killed_at, killed_at)]
    let_time_pass(both)
    with worker(both_settings, log) as second:
        wait_until(lambda: n_done(both) > killed_at, second)
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=60) == 0
    stopped = told(both, desk_key, body["id"])
    assert (stopped["state"], stopped["rows_done"] % CHUNK_ROWS) == ("menunggu", 0) or stopped["state"] == "selesai"
    with worker(both_settings, log) as third:
        wait_until(lambda: told(both, desk_key, body["id"])["state"] == "selesai", third)
        third.send_signal(signal.SIGINT)
        assert third.wait(timeout=60) == 0
    ended = told(both, desk_key, body["id"])
    counts = ("rows_total", "rows_done", "rows_failed", "rows_repeated")
    assert [ended[name] for name in counts] == [N_ROWS, N_ROWS, 0, 0]
    assert_each_row_is_in_once(both, N_ROWS)
    assert list(folder_of(both_settings.data_dir).iterdir()) == []
    with both.app.state.sessions() as session:
        assert verify(session, both.app.state.desk.vault)[1] is None
    for line in log.read_text().splitlines():
        assert "aspal" not in line and "IMPOR" not in line and json.loads(line)["event"]


def test_two_workers_share_the_imports_and_a_cancelled_one_stops_half_way(
    both: TestClient, desk_key: Headers, both_settings: Settings, log: Path
) -> None:
    long = upload(both, desk_key, many_rows(20_000, "PANJANG"))
    with worker(both_settings, log) as one, worker(both_settings, log):
        wait_until(lambda: told(both, desk_key, long["id"])["rows_done"] > 0, one)
        short = upload(both, desk_key, many_rows(30, "PENDEK"))  # the other worker is woken for it
        wait_until(lambda: told(both, desk_key, short["id"])["state"] == "selesai", one)
        assert told(both, desk_key, long["id"])["state"] == "berjalan"
        cancelled = both.post(f"{URL}/{long['id']}/cancel", headers=desk_key).json()
        third = upload(both, desk_key, many_rows(30, "KETIGA"))
        wait_until(lambda: told(both, desk_key, third["id"])["state"] == "selesai", one)
    stayed = told(both, desk_key, long["id"])
    assert (stayed["state"], stayed["rows_done"]) == ("dibatalkan", cancelled["rows_done"])
    assert 0 < stayed["rows_done"] < 20_000
    query = "SELECT count(*) FROM feedback WHERE external_id LIKE 'PANJANG%'"
    assert rows_of(both.app, query) == [(stayed["rows_done"],)]
    assert list(folder_of(both_settings.data_dir).iterdir()) == []


def test_a_database_that_breaks_off_half_way_is_waited_for(postgres_url: str, settings: Settings, log: Path) -> None:
    served = settings.model_copy(update={"database_url": postgres_url})
    with serving(create_app(served)) as client, worker(served, log) as process:
        headers = make_key(client.app)
        body = upload(client, headers, many_rows(N_ROWS))
        for _ in range(2):
            wait_until(lambda: breaks_a_transaction(client), process)
        wait_until(lambda: told(client, headers, body["id"])["state"] == "selesai", process)
        assert_each_row_is_in_once(client, N_ROWS)
    assert "database unavailable" in log.read_text()


def breaks_a_transaction(client: TestClient) -> bool:
    """End the connections of others that are storing rows; whether there was one."""
    storing = "datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL"
    return bool(rows_of(client.app, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {storing}"))


# ------------------------------------------------------------------------------------------------ under the service
def children_of(pid: int) -> list[int]:
    """Processes that any thread of a process started."""
    lists = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for children in lists for child in children.split()]


def events_of(client: httpx.Client, headers: Headers, import_id: str) -> list[dict[str, Any]]:
    with client.stream("GET", f"{URL}/{import_id}/events", headers=headers, timeout=120) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line.startswith("data: ")]


def test_the_service_has_a_worker_of_its_own_that_ends_with_it_however_it_ends(
    settings: Settings, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    headers = {"X-API-Key": suara("key", "create", "--role", "desk", "--name", "loket").out.strip()}
    with real_server(settings.data_dir, settings.model_dir, log) as (client, server):
        body = upload(client, headers, many_rows(450))
        events = events_of(client, headers, body["id"])
        assert (events[-1]["state"], events[-1]["rows_done"]) == ("selesai", 450)
        assert [event["rows_done"] for event in events] == sorted(event["rows_done"] for event in events)
        [child] = children_of(server.pid)
        ends = os.pidfd_open(child)
        server.kill()  # as when memory runs out
        server.wait(timeout=30)
        assert select.select([ends], [], [], 60)[0], "the worker outlived its service"
        os.close(ends)
    for line in log.read_text().splitlines():
        assert "aspal" not in line and "IMPOR" not in line and json.loads(line)["event"]


def test_a_service_that_is_told_to_end_ends_its_worker_in_good_order(
    settings: Settings, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    headers = {"X-API-Key": suara("key", "create", "--role", "desk", "--name", "loket").out.strip()}
    with real_server(settings.data_dir, settings.model_dir, log) as (client, server):
        body = upload(client, headers, many_rows(10))
        assert events_of(client, headers, body["id"])[-1]["state"] == "selesai"  # so the worker runs
        [child] = children_of(server.pid)
        server.terminate()
        assert server.wait(timeout=60) == 0
        assert not Path(f"/proc/{child}").exists()
    assert all(line.startswith("{") for line in log.read_text().splitlines())  # no interpreter that broke down


def test_a_service_with_a_worker_elsewhere_starts_none_and_ends_while_a_stream_is_open(
    settings: Settings, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SUARA_WORKER", "terpisah")
    headers = {"X-API-Key": suara("key", "create", "--role", "desk", "--name", "loket").out.strip()}
    with real_server(settings.data_dir, settings.model_dir, log) as (client, server):
        body = upload(client, headers, many_rows(10))
        with client.stream("GET", f"{URL}/{body['id']}/events", headers=headers) as response:
            lines = response.iter_lines()
            assert next(lines) == "event: progress"
            assert json.loads(next(lines).removeprefix("data: "))["state"] == "menunggu"
            assert children_of(server.pid) == []
            server.terminate()
            assert server.wait(timeout=30) == 0
    assert told_by_a_new_service(settings, headers, body["id"]) == "menunggu"


def told_by_a_new_service(settings: Settings, headers: Headers, import_id: str) -> str:
    with TestClient(create_app(settings)) as client:
        return str(client.get(f"{URL}/{import_id}", headers=headers).json()["state"])
