import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.command_line import suara

README = Path(__file__).parents[2] / "README.md"
IN_TABLE = set(re.findall(r"^\|\s*`(SUARA_[A-Z_]+)`", README.read_text(encoding="utf-8"), re.MULTILINE))
NAMES = {f"SUARA_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_setting_stands_in_the_readme(name: str) -> None:
    assert name in IN_TABLE


@pytest.mark.parametrize("name", sorted(IN_TABLE))
def test_every_setting_of_the_readme_exists(name: str) -> None:
    assert name in NAMES


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_says_what_it_does(field: str) -> None:
    assert Settings.model_fields[field].description


@pytest.mark.parametrize(
    ("name", "given", "field", "meant"),
    [
        ("SUARA_DATA_DIR", "/srv/suara", "data_dir", Path("/srv/suara")),
        ("SUARA_MODEL_DIR", "lain", "model_dir", Path("lain")),
        ("SUARA_DATABASE_URL", "postgresql://u@h/d", "database_url", "postgresql://u@h/d"),
        ("SUARA_MAX_TEXTS", "5", "max_texts", 5),
        ("SUARA_MAX_BODY_BYTES", "2048", "max_body_bytes", 2048),
        ("SUARA_PAGE_LIMIT", "1000", "page_limit", 1000),
        ("SUARA_HTTPS", "true", "https", True),
        ("SUARA_RATE_PER_MINUTE", "90", "rate_per_minute", 90),
        ("SUARA_FIRST_PAGE", "false", "first_page", False),
        ("SUARA_LOG_LEVEL", "debug", "log_level", "DEBUG"),
    ],
)
def test_a_setting_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, field: str, meant: object
) -> None:
    monkeypatch.setenv(name, given)
    assert getattr(Settings(), field) == meant


@pytest.mark.parametrize(
    ("name", "given", "remedy"),
    [
        ("SUARA_MAX_TEXTS", "banyak", "bilangan bulat"),
        ("SUARA_MAX_TEXTS", "0", "lebih dari 0"),
        ("SUARA_MAX_BODY_BYTES", "-7", "lebih dari 0"),
        ("SUARA_PAGE_LIMIT", "4321", "1000"),
        ("SUARA_SESSION_IDLE_MINUTES", "3", "paling kecil 5"),
        ("SUARA_FIRST_PAGE", "mungkin", "true atau false"),
        ("SUARA_LOG_LEVEL", "cerewet", "DEBUG, INFO, WARNING, atau ERROR"),
        ("SUARA_DATABASE_URL", "bukan-url", "sqlite:///"),
        ("SUARA_DATABASE_URL", "mysql://suara:rahasia@h/d", "postgresql://"),
    ],
)
@pytest.mark.parametrize("command", [("key", "create", "--role", "desk", "--name", "loket"), ("serve",), ("demo",)])
def test_a_bad_value_ends_with_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...], name: str, given: str, remedy: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, given)
    ran = suara(*command)
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert name in line and remedy in line
    assert given not in line.replace(remedy, "") or given == "0"  # it may be a password
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("obstacle", ["a file for the folder", "a folder for the file"])
def test_a_database_that_cannot_be_opened_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Path, obstacle: str
) -> None:
    data_dir = tmp_path / "data"
    if obstacle == "a file for the folder":
        data_dir.write_text("bukan folder")
    else:
        (data_dir / "suara.db").mkdir(parents=True)
    monkeypatch.setenv("SUARA_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SUARA_MODEL_DIR", str(bundle))
    for command in (("key", "create", "--role", "desk", "--name", "loket"), ("serve",), ("demo",)):
        ran = suara(*command)
        assert (ran.code, ran.out) == (2, "")
        last_line = ran.err.splitlines()[-1]
        assert str(data_dir) in last_line and "SUARA_DATA_DIR" in last_line
        assert "Traceback" not in ran.err


def test_the_defaults_work_in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with TestClient(create_app()) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 200
    assert (tmp_path / "data" / "suara.db").exists()
