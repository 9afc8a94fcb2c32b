"""Imports when things go wrong: whose turn it is, databases away, files changed; and how a waiting file is sealed."""

import io
import json
import os
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import api.database
from api.app import create_app
from api.imports.files import BLOCK_BYTES, SealedWriter, destroy_strays, open_sealed, path_of
from api.imports.repository import advance
from api.logs import configure_logs
from api.settings import Settings
from api.vault import Vault, create_key_file
from tests.api.conftest import make_key, serving
from tests.api.imports_by_hand import (
    ONE,
    OnWait,
    change,
    csv_bytes,
    files,
    many_rows,
    rows_of,
    told,
    upload,
    work,
)
from tests.api.messages import ROAD, WASTE

Headers = dict[str, str]


@pytest.fixture
def data_dir(both_settings: Settings) -> Path:
    return both_settings.data_dir


# ------------------------------------------------------------------------------------------------ the lease
def test_an_import_in_work_is_left_alone_until_its_lease_runs_out(both: TestClient, desk_key: Headers) -> None:
    body = upload(both, desk_key, ONE)
    statement = "UPDATE imports SET state = 'berjalan', worker = 'lain', lease_until = :until"
    for shift, state in ((timedelta(minutes=1), "berjalan"), (timedelta(minutes=-1), "selesai")):
        change(both.app, statement, until=(datetime.now(UTC) + shift).isoformat(" ").replace("+00:00", "+00"))
        work(both.app)
        assert told(both, desk_key, body["id"])["state"] == state


def test_only_the_holder_of_the_lease_moves_on_and_only_from_where_it_is(both: TestClient, desk_key: Headers) -> None:
    upload(both, desk_key, ONE)
    change(both.app, "UPDATE imports SET state = 'berjalan', worker = 'aku', rows_done = 200")
    [(id_,)] = rows_of(both.app, "SELECT id FROM imports")
    until = datetime.now(UTC)
    with both.app.state.sessions.begin() as session:
        assert not advance(session, id_, "lain", 200, 400, until)
        assert not advance(session, id_, "aku", 0, 200, until)
        assert advance(session, id_, "aku", 200, 400, until)
        assert not advance(session, id_, "aku", 200, 400, until)
    change(both.app, "UPDATE imports SET state = 'dibatalkan'")
    with both.app.state.sessions.begin() as session:
        assert not advance(session, id_, "aku", 400, 600, until)


def test_a_worker_without_the_file_leaves_the_import_to_others(both: TestClient, desk_key: Headers, data_dir: Path) -> None:
    body = upload(both, desk_key, ONE)
    path = path_of(data_dir, body["id"])
    path.rename(path.with_suffix(".jauh"))
    work(both.app)
    assert told(both, desk_key, body["id"])["state"] == "menunggu"
    path.with_suffix(".jauh").rename(path)
    work(both.app)
    assert told(both, desk_key, body["id"])["state"] == "selesai"


# ------------------------------------------------------------------------------------------------ what goes wrong
def test_a_locked_database_is_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.database, "BUSY_TIMEOUT_MS", 20)
    app = create_app(settings)
    with serving(app) as client:
        headers = make_key(app)
        body = upload(client, headers, many_rows(300))
        other = api.database.open_engine(settings.resolved_database_url).connect()
        other.exec_driver_sql("BEGIN IMMEDIATE")
        stopping = OnWait(other.close)
        work(app, stopping)
        assert stopping.n_waits >= 3
        ended = told(client, headers, body["id"])
        assert (ended["state"], ended["rows_done"], ended["rows_failed"]) == ("selesai", 300, 0)


@pytest.mark.parametrize("table", ["import_problems", "sealed_originals"])
def test_a_table_that_is_away_for_a_while_is_waited_for(client: TestClient, app: FastAPI, headers: Headers, table: str) -> None:
    body = upload(client, headers, csv_bytes(("text", "channel"), [(ROAD, "web"), (WASTE, "merpati")]))
    with app.state.sessions.begin() as session:
        session.connection().exec_driver_sql("PRAGMA legacy_alter_table = ON")
    change(app, f"ALTER TABLE {table} RENAME TO away")
    stopping = OnWait(lambda: change(app, f"ALTER TABLE away RENAME TO {table}"))
    work(app, stopping)
    assert stopping.n_waits >= 3
    ended = told(client, headers, body["id"])
    assert (ended["state"], ended["rows_done"], ended["rows_failed"]) == ("selesai", 2, 1)
    assert rows_of(app, "SELECT count(*) FROM feedback") == [(1,)]


def test_an_error_nobody_foresaw_fails_that_import_alone_and_is_logged_without_words(
    client: TestClient, app: FastAPI, headers: Headers
) -> None:
    broken = "CREATE TRIGGER broken AFTER INSERT ON feedback WHEN new.district = 'Rawa' BEGIN SELECT RAISE(ABORT, 'rusak'); END"
    change(app, broken)
    first = upload(client, headers, csv_bytes(("text", "district"), [(ROAD, "Damar"), (ROAD, "Rawa")]))
    second = upload(client, headers, ONE)
    with redirect_stderr(io.StringIO()) as log:
        configure_logs("INFO")
        work(app)
    failed = told(client, headers, first["id"])
    assert (failed["state"], failed["rows_done"]) == ("gagal", 0)
    assert "rusak" not in failed["problem"] and "aspal" not in failed["problem"]
    assert told(client, headers, second["id"])["state"] == "selesai"
    [line] = [json.loads(line) for line in log.getvalue().splitlines() if "import failed" in line]
    assert line["error"] == "IntegrityError" and "feedback/repository.py:" in line["where"] and "rusak" not in str(line)


def test_a_file_that_was_changed_or_cut_on_disk_fails(client: TestClient, app: FastAPI, headers: Headers) -> None:
    content = many_rows(25_000)
    ids = [upload(client, headers, content)["id"] for _ in range(3)]
    paths = [path_of(app.state.desk.settings.data_dir, id_) for id_ in ids]
    os.truncate(paths[0], paths[0].stat().st_size - 1)
    os.truncate(paths[1], 32 + BLOCK_BYTES + 28)  # the first block whole, the second gone
    paths[2].write_bytes(paths[0].read_bytes())  # another import's
    work(app)
    assert [told(client, headers, id_)["state"] for id_ in ids] == ["gagal"] * 3
    assert rows_of(app, "SELECT count(*) FROM feedback") == [(0,)]


# ------------------------------------------------------------------------------------------------ sealed files
@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    path = tmp_path_factory.mktemp("kunci") / "kunci.txt"
    create_key_file(path)
    return Vault.read(path)


@pytest.mark.parametrize("n_bytes", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES + 17])
def test_sealed_bytes_come_back_from_any_place(tmp_path: Path, vault: Vault, n_bytes: int) -> None:
    content = os.urandom(n_bytes)
    with SealedWriter(tmp_path, "a", vault) as writer:
        for start in range(0, n_bytes, 300_007):
            writer.write(content[start : start + 300_007])
        writer.finish()
        writer.keep()
    with open_sealed(tmp_path, "a", n_bytes, vault) as file:
        assert file.read() == content
        for place in (0, n_bytes // 2, max(0, n_bytes - 3), n_bytes, n_bytes + 5):
            file.seek(place)
            assert file.read(10) == content[place : place + 10]
        file.seek(-min(4, n_bytes), os.SEEK_END)
        assert file.read() == content[max(0, n_bytes - 4) :]


def test_only_old_files_that_nobody_needs_are_cleared_away(tmp_path: Path, vault: Vault) -> None:
    for name in ("terbuka", "yatim", "baru"):
        with SealedWriter(tmp_path, name, vault) as writer:
            writer.finish()
            writer.keep()
        if name != "baru":
            os.utime(path_of(tmp_path, name), (0, 0))
    destroy_strays(tmp_path, {"terbuka"})
    assert files(tmp_path) == ["baru.tersegel", "terbuka.tersegel"]
