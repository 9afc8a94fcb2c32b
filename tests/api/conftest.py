"""A trained model once a session; a fresh database, application and key for each test that stores something."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast
from unittest.mock import patch
from uuid import uuid4

import pytest
import structlog
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from starlette.testclient import TestClient

from api.accounts import passwords
from api.accounts.administration import add_account
from api.accounts.grants import read_grant
from api.accounts.principal import SYSTEM
from api.accounts.service import create_key
from api.app import create_app
from api.database import migrate, open_engine
from api.settings import Settings
from tests.api.log_watch import WATCH, WatchedFile
from tests.bundles import train_small
from tests.database_server import postgresql

READY_WITHIN_S = 60
PASSWORD = "gerobak biru di simpang"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own SUARA_ variables must not change what a test sees."""
    for name in {f"SUARA_{field.upper()}" for field in Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """argon2 with the least memory and time, so that signing in does not slow the tests; test_sessions tests the real one."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with patch.object(passwords, "_hasher", quick), patch.object(passwords, "_NOBODYS_HASH", quick.hash("siapa pun")):
        yield


@pytest.fixture(scope="session", autouse=True)
def logs_without_peoples_words() -> Iterator[None]:
    """At the end, no line that the service logged in the whole run holds a number or a word of the messages."""
    factory = structlog.WriteLoggerFactory
    with patch.object(structlog, "WriteLoggerFactory", lambda file: factory(cast(TextIO, WatchedFile(file)))):
        yield
    assert WATCH.told == []


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny model: four topics, words that mark an aspect, a feeling, an urgency, a band."""
    folder = tmp_path_factory.mktemp("models") / "small"
    train_small(folder)
    return folder


@contextmanager
def serving(app: FastAPI) -> Iterator[TestClient]:
    """The application, started and with its model ready."""
    with TestClient(app) as client:
        assert app.state.desk.scoring.wait(READY_WITHIN_S), "the model did not load"
        yield client


def make_key(app: FastAPI, name: str = "loket", role: str = "desk", **limits: Any) -> dict[str, str]:
    """Headers with a new key of a started application; `limits`: scopes, units, days."""
    days = limits.pop("days", None)
    with app.state.sessions.begin() as session:
        return {"X-API-Key": create_key(session, app.state.desk.vault, SYSTEM, name, read_grant(role, **limits), days)}


def make_account(app: FastAPI, username: str = "loket.timur", role: str = "desk", **limits: Any) -> None:
    """An account with the password PASSWORD; `limits`: scopes, units."""
    with app.state.sessions.begin() as session:
        add_account(session, app.state.desk.vault, SYSTEM, username, read_grant(role, **limits), PASSWORD)


def sign_in(app: FastAPI, username: str = "loket.timur", password: str = PASSWORD) -> TestClient:
    """A browser of its own that has signed in to a started application; it sends its CSRF token with every request."""
    browser = TestClient(app)
    answer = browser.post("/api/v1/session", json={"username": username, "password": password})
    assert answer.status_code == 201, answer.text
    browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return browser


@pytest.fixture
def settings(tmp_path: Path, bundle: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model_dir=bundle)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a running PostgreSQL with a migrated database named `template`."""
    with postgresql() as url:
        _create_database(url, "template")
        engine = open_engine(_of(url, "template"))
        migrate(engine)
        engine.dispose()
        yield url


@contextmanager
def fresh_database(postgres_server: str) -> Iterator[str]:
    """URL of a new migrated database, dropped at the end."""
    name = f"t{uuid4().hex}"
    _create_database(postgres_server, name, "TEMPLATE template")
    yield _of(postgres_server, name)
    _statement(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a fresh migrated database."""
    with fresh_database(postgres_server) as url:
        yield url


def _of(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _create_database(url: str, name: str, options: str = "") -> None:
    _statement(url, f"CREATE DATABASE {name} {options}")


def _statement(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def both_settings(request: pytest.FixtureRequest, tmp_path: Path, bundle: Path) -> Settings:
    """Settings for each database in turn."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return Settings(data_dir=tmp_path / "data", model_dir=bundle, database_url=url)


@pytest.fixture
def both(both_settings: Settings) -> Iterator[TestClient]:
    """The service on each database in turn; its application is `both.app`."""
    with serving(create_app(both_settings)) as client:
        yield client


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with serving(app) as client:
        yield client


@pytest.fixture
def headers(app: FastAPI, client: TestClient) -> dict[str, str]:
    return make_key(app)


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> FastAPI:
    """One application for tests that store nothing."""
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("shared"), model_dir=bundle))


@pytest.fixture(scope="session")
def shared_client(shared_app: FastAPI) -> Iterator[TestClient]:
    with serving(shared_app) as client:
        yield client


@pytest.fixture(scope="session")
def shared_headers(shared_app: FastAPI, shared_client: TestClient) -> dict[str, str]:
    return make_key(shared_app)


@pytest.fixture
def client_without_model(tmp_path: Path) -> Iterator[TestClient]:
    """A service whose model folder is missing; it holds a key named in `client.headers`."""
    app = create_app(Settings(data_dir=tmp_path / "data", model_dir=tmp_path / "nowhere"))
    with TestClient(app) as client:
        app.state.desk.scoring.wait(READY_WITHIN_S)
        client.headers.update(make_key(app))
        yield client


@pytest.fixture
def desk_key(both: TestClient) -> dict[str, str]:
    """A desk's key on each database in turn."""
    assert isinstance(both.app, FastAPI)
    return make_key(both.app)
