"""A trained model once a session; a fresh database, application and key for each test that stores something."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.accounts.service import create_key
from api.app import create_app
from api.settings import Settings
from tests.bundles import train_small

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
        assert app.state.scoring.wait(READY_WITHIN_S), "the model did not load"
        yield client


def make_key(app: FastAPI, name: str = "loket", role: str = "desk") -> dict[str, str]:
    """Headers with a new key of a started application."""
    with app.state.sessions.begin() as session:
        return {"X-API-Key": create_key(session, name, role)}


@pytest.fixture
def settings(tmp_path: Path, bundle: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model_dir=bundle)


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
        app.state.scoring.wait(READY_WITHIN_S)
        client.headers.update(make_key(app))
        yield client
