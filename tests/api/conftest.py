"""A trained model once a session; a fresh database, application and key for each test that stores something."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url
from starlette.testclient import TestClient

from api.accounts.service import create_key
from api.accounts.tables import ApiKey, ApiKeyUnit
from api.app import create_app
from api.database import migrate, open_engine
from api.routing.tables import Unit
from api.settings import Settings
from tests.bundles import train_small
from tests.database_server import postgresql

READY_WITHIN_S = 60


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own SUARA_ variables must not change what a test sees."""
    for name in {f"SUARA_{field.upper()}" for field in Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)


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


def make_key(
    app: FastAPI, name: str = "loket", role: str = "desk", *, scopes: list[str] | None = None, units: tuple[str, ...] = ()
) -> dict[str, str]:
    """Headers with a new key of a started application, narrowed to some rights of its role and to units where given."""
    with app.state.sessions.begin() as session:
        key = create_key(session, name, role)
        session.flush()
        stored = session.scalars(select(ApiKey).where(ApiKey.prefix == key.split("_")[1])).one()
        stored.scopes = scopes
        for unit in session.scalars(select(Unit).where(Unit.code.in_(units))):
            session.add(ApiKeyUnit(api_key_id=stored.id, unit_id=unit.id))
    return {"X-API-Key": key}


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


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a fresh migrated database."""
    name = f"t{uuid4().hex}"
    _create_database(postgres_server, name, "TEMPLATE template")
    yield _of(postgres_server, name)
    _statement(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


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
