import csv
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

import api.commands
from api.accounts.roles import ROLES
from api.app import create_app
from api.settings import Settings
from tests.api.command_line import suara
from tests.api.conftest import serving
from tests.api.messages import PHONE, ROAD, assert_problem, other_connection, stored_rows

KEY = re.compile(r"suara_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\n")


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SUARA_MODEL_DIR", str(settings.model_dir))


def n_keys(settings: Settings) -> int:
    with other_connection(settings.data_dir) as connection:
        count: int = connection.execute("SELECT count(*) FROM api_keys").fetchone()[0]
    return count


# ------------------------------------------------------------------------------------------------ suara key create
def test_key_create_prints_the_key_alone_and_it_opens_the_service(settings: Settings) -> None:
    ran = suara("key", "create", "--role", "desk", "--name", "Loket utama")
    assert ran.code == 0 and ran.err == ""
    assert KEY.fullmatch(ran.out)
    with serving(create_app(settings)) as client:
        headers = {"X-API-Key": ran.out.strip()}
        assert client.post("/api/v1/score", json={"texts": [ROAD]}, headers=headers).status_code == 200
        assert_problem(client.post("/api/v1/score", json={"texts": [ROAD]}, headers={"X-API-Key": ran.out[:-2]}), 401)


def test_a_key_made_while_the_service_runs_opens_it_at_once(settings: Settings) -> None:
    with serving(create_app(settings)) as client:
        key = suara("key", "create", "--role", "manager", "--name", "Kepala").out.strip()
        assert client.get("/api/v1/feedback", headers={"X-API-Key": key}).status_code == 200


@pytest.mark.parametrize("first", [("key", "list"), ("account", "list"), ("audit", "verify"), ("retention",)])
def test_a_new_data_folder_is_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SUARA_DATA_DIR", str(tmp_path / "data"))
    assert suara(*first).code == 0
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_the_installed_command_makes_a_key(settings: Settings) -> None:
    command = [str(Path(sys.executable).with_name("suara")), "key", "create", "--role", "desk", "--name", "loket"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert KEY.fullmatch(ran.stdout)
    assert n_keys(settings) == 1


@pytest.mark.parametrize("role", ["kepala", "", "Desk", "desk "])
def test_key_create_refuses_an_unknown_role_and_names_the_known_ones(settings: Settings, role: str) -> None:
    ran = suara("key", "create", "--role", role, "--name", "loket")
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert all(known in line for known in (*ROLES, "--role"))
    assert n_keys(settings) == 0


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "dua\nbaris", "\x1b[31mmerah"], ids=repr)
def test_key_create_refuses_an_unfit_name(settings: Settings, name: str) -> None:
    ran = suara("key", "create", "--role", "desk", "--name", name)
    assert (ran.code, ran.out) == (2, "")
    assert "--name" in ran.err and "\x1b[31mmerah" not in ran.err
    assert n_keys(settings) == 0


@pytest.mark.parametrize("arguments", [(), ("--role", "desk"), ("--name", "loket")])
def test_key_create_asks_for_what_is_missing(arguments: tuple[str, ...]) -> None:
    ran = suara("key", "create", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


# ------------------------------------------------------------------------------------------------ suara serve
@pytest.mark.parametrize("model", ["missing", "empty"])
def test_serve_without_a_model_ends_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    folder = tmp_path / "no-model"
    if model == "empty":
        folder.mkdir()
    monkeypatch.setenv("SUARA_MODEL_DIR", str(folder))
    ran = suara("serve", "--port", "0")
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert "suara train" in line and str(folder) in line


def test_serve_on_a_port_in_use_ends_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ran = suara("serve", "--port", port)
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert f"127.0.0.1:{port}" in line and "--port" in line


def test_a_database_that_does_not_answer_is_told_with_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUARA_DATABASE_URL", "postgresql://meja@127.0.0.1:1/suara")
    ran = suara("audit", "verify")
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert "PostgreSQL" in line and "folder" not in line


# ------------------------------------------------------------------------------------------------ suara demo
def test_demo_loads_its_messages_once(settings: Settings) -> None:
    first, second = suara("demo"), suara("demo")
    assert first.code == second.code == 0
    n_messages = stored_rows(settings.data_dir)["feedback"]
    assert n_messages >= 50
    assert stored_rows(settings.data_dir) == {"feedback": n_messages, "assessments": n_messages, "idempotent_requests": 0}
    assert first.out == f"{n_messages} pesan contoh dimuat, 0 sudah ada.\n"
    assert second.out == f"0 pesan contoh dimuat, {n_messages} sudah ada.\n"


def test_demo_messages_are_spread_over_days_channels_and_districts(settings: Settings) -> None:
    suara("demo")
    with other_connection(settings.data_dir) as connection:
        query = "SELECT count(DISTINCT date(received_at)), count(DISTINCT channel), count(DISTINCT district) FROM feedback"
        n_days, n_channels, n_districts = connection.execute(query).fetchone()
    assert n_days >= 30 and n_channels >= 5 and n_districts >= 3


def test_demo_stores_all_or_nothing(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "messages.csv"
    rows = [f'demo-{day},{day},web,Rawa Indah,"{ROAD} {PHONE}"' for day in (4, 3, 2, 1, "kemarin")]
    broken.write_text("\n".join(["external_id,received_on_day,channel,district,text", *rows]))
    monkeypatch.setattr(api.commands, "DEMO_FILE", broken)
    with pytest.raises(ValueError, match="kemarin") as error:
        suara("demo")
    assert ROAD not in str(error.value)
    assert set(stored_rows(settings.data_dir).values()) == {0}


def test_a_database_error_does_not_quote_what_was_to_be_stored(settings: Settings) -> None:
    suara("key", "create", "--role", "desk", "--name", "loket")
    with other_connection(settings.data_dir) as connection:
        connection.execute("CREATE TRIGGER broken AFTER INSERT ON feedback BEGIN SELECT RAISE(ABORT, 'rusak'); END")
    with api.commands.DEMO_FILE.open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    with pytest.raises(IntegrityError) as error:
        suara("demo")
    assert "rusak" in str(error.value)
    assert first["text"] not in str(error.value) and first["external_id"] not in str(error.value)


def test_demo_without_a_model_ends_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUARA_MODEL_DIR", str(tmp_path / "no-model"))
    ran = suara("demo")
    assert (ran.code, ran.out) == (2, "")
    assert "suara train" in ran.err
