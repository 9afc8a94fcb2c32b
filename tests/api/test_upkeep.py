"""Once a day the worker destroys what is to be destroyed, and themes keep their identity; counts are made where none are."""

import random
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.upkeep import Upkeep
from tests.api.conftest import make_key, serving
from tests.api.messages import ROAD

TELL = (
    "aspal berlubang",
    "ban pecah",
    "mohon ditambal",
    "lubang dalam",
    "pengendara jatuh",
    "aspal mengelupas",
    "tambalan lepas",
)
PLACES = ("pasar", "sekolah", "lapangan", "jembatan", "balai", "pertigaan", "gapura", "tikungan")


def upkeep_of(client: TestClient) -> Upkeep:
    app = client.app
    assert isinstance(app, FastAPI)
    return Upkeep(app.state.desk, app.state.sessions)


def potholes(client: TestClient, n: int, seed: int, day: datetime) -> None:
    draw = random.Random(seed)
    for _ in range(n):
        told = (
            f"jalan kampung rusak dekat {draw.choice(PLACES)}, {', '.join(draw.sample(TELL, 4))} sejak {draw.randint(2, 90)} hari"
        )
        body = {"text": told, "received_at": day.isoformat()}
        assert client.post("/api/v1/feedback", json=body).status_code == 201


@pytest.fixture
def client_with_key(both: TestClient) -> TestClient:
    app = both.app
    assert isinstance(app, FastAPI)
    both.headers.update(make_key(app, role="integrity"))
    return both


def themes(client: TestClient) -> dict[str, str]:
    rows = client.get("/api/v1/reports/themes", params={"topic": "jalan"}).json()["tables"]["tema"]
    return {row["id"]: row["name"] for row in rows}


def test_a_theme_keeps_its_identity_next_month(client_with_key: TestClient) -> None:
    now = datetime.now(UTC)
    potholes(client_with_key, 40, 1, now - timedelta(days=10))
    upkeep_of(client_with_key)()
    first = themes(client_with_key)
    assert first
    with time_machine.travel(now + timedelta(days=31), tick=True):
        potholes(client_with_key, 40, 2, datetime.now(UTC) - timedelta(days=5))
        upkeep_of(client_with_key)()
        later = themes(client_with_key)
    assert set(first.items()) <= set(later.items())


def test_originals_are_destroyed_on_the_first_call_of_a_day_alone(client_with_key: TestClient) -> None:
    upkeep = upkeep_of(client_with_key)
    one = client_with_key.post("/api/v1/feedback", json={"text": ROAD}).json()["id"]

    def opened() -> int:
        desk = make_key(client_with_key.app, role="desk")  # type: ignore[arg-type]
        why = {"reason": "Perlu alamat lengkap."}
        return client_with_key.post(f"/api/v1/feedback/{one}/original", json=why, headers=desk).status_code

    upkeep()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=366), tick=True):
        upkeep.done_on = upkeep.desk.calendar.day_of(datetime.now(UTC))
        upkeep()
        assert opened() == 200
        upkeep.done_on -= timedelta(days=1)
        upkeep()
        assert opened() == 410


def test_a_database_without_counts_is_counted_when_the_service_starts(both_settings: Settings) -> None:
    with serving(create_app(both_settings)) as client:
        client.headers.update(make_key(client.app, role="integrity"))  # type: ignore[arg-type]
        for _ in range(3):
            client.post("/api/v1/feedback", json={"text": ROAD})
        with client.app.state.sessions.begin() as session:  # type: ignore[attr-defined]
            session.execute(text("DELETE FROM daily_counts"))
        headers = dict(client.headers)
    with serving(create_app(both_settings)) as client:
        tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
        rows = client.get("/api/v1/reports/trends", params={"until": tomorrow}, headers=headers).json()["tables"]["deret"]
    assert sum(row["n"] or 0 for row in rows) == 3
