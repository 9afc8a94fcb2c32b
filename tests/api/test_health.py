import threading

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.settings import Settings
from tests.api.messages import assert_problem


def test_a_running_service_is_healthy_and_ready_without_a_key(shared_client: TestClient) -> None:
    assert (shared_client.get("/healthz").status_code, shared_client.get("/healthz").json()) == (200, {"status": "ok"})
    assert (shared_client.get("/readyz").status_code, shared_client.get("/readyz").json()) == (200, {"ready": True})


def test_without_a_model_it_is_healthy_but_not_ready(client_without_model: TestClient) -> None:
    assert client_without_model.get("/healthz").status_code == 200
    ready = client_without_model.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"ready": False})


def test_it_becomes_ready_when_the_model_has_scored(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    from nlp import Scorer

    may_load, load = threading.Event(), Scorer.load
    monkeypatch.setattr(Scorer, "load", lambda folder: may_load.wait(60) and load(folder))
    with TestClient(app) as client:
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        assert_problem(client.get("/api/v1/feedback"), 401)
        may_load.set()
        assert app.state.desk.scoring.wait(60)
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_not_kept_by_caches(shared_client: TestClient, path: str) -> None:
    assert shared_client.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("damage", ["manifest.json", "weights.npy", "words.txt", "SHA256SUMS", "labels.toml"])
@pytest.mark.parametrize("how", ["missing", "changed"])
def test_a_damaged_model_is_never_ready(settings: Settings, tmp_path: object, damage: str, how: str) -> None:
    import shutil
    from pathlib import Path

    from api.app import create_app

    folder = Path(str(tmp_path)) / "damaged"
    shutil.copytree(settings.model_dir, folder)
    if how == "missing":
        (folder / damage).unlink()
    else:
        (folder / damage).write_bytes(b"bukan " + (folder / damage).read_bytes())
    app = create_app(settings.model_copy(update={"model_dir": folder}))
    with TestClient(app) as client:
        assert not app.state.desk.scoring.wait(60)
        assert client.get("/readyz").status_code == 503
        problem = assert_problem(client.post("/api/v1/score", json={"texts": []}), 401)
        assert problem["code"] == "kunci_salah"
