"""Daily counts stay true whatever happens to messages, in the transaction in which it happens."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
import time_machine
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.reports import repository
from api.reports.counting import recount
from api.reports.scope import Scope
from api.settings import Settings
from nlp.insight.frames import DIMENSIONS, MEASURES
from tests.api.conftest import make_key, serving
from tests.api.messages import BRIBE, FAMILY_CARD, ROAD, WASTE, WATER, assert_problem

URL = "/api/v1/feedback"
EVERY = ("day", *DIMENSIONS)


@pytest.fixture
def service(both: TestClient) -> TestClient:
    """Two units, waste sent to the first by rule, and a desk's key."""
    admin = make_key(_app(both), role="admin")
    for code in ("dlh", "pdam"):
        both.post("/api/v1/units", json={"code": code, "name": f"Dinas {code}"}, headers=admin)
    both.post("/api/v1/rules", json={"unit": "dlh", "topic": "sampah"}, headers=admin)
    both.headers.update(make_key(_app(both), role="integrity"))
    return both


def _app(client: TestClient) -> FastAPI:
    app = client.app
    assert isinstance(app, FastAPI)
    return app


def counts(client: TestClient, *by: str, **only: Any) -> pd.DataFrame:
    with _app(client).state.sessions() as session:
        return repository.counts(session, by, Scope(date(2026, 1, 1), date(2027, 1, 1), **only))


def totals(client: TestClient, *by: str) -> dict[Any, tuple[int, ...]]:
    frame = counts(client, *by)
    frame = frame[frame[list(MEASURES)].any(axis=1)]
    return {row[: len(by)]: row[len(by) :] for row in frame.itertuples(index=False, name=None)}


def send(client: TestClient, words: str = WASTE, received_at: str = "2026-11-02T08:00:00+07:00", **fields: Any) -> str:
    response = client.post(URL, json={"text": words, "received_at": received_at, **fields})
    assert response.status_code in {200, 201}, response.text
    return str(response.json()["id"])


@time_machine.travel("2026-11-10T09:00:00+07:00", tick=True)  # in time for the standard of 14 working days
def test_a_message_is_counted_once_under_what_leads_and_moves_with_it(service: TestClient) -> None:
    one = send(service)
    assert totals(service, "day", "topic", "unit") == {(pd.Timestamp("2026-11-02"), "sampah", "Dinas dlh"): (1, 0, 0, 0)}
    service.post(f"{URL}/{one}/corrections", json={"topic": "air_bersih", "urgency": "darurat"})
    service.post(f"{URL}/{one}/dispositions", json={"unit": "pdam", "reason": "Pipa bocor."})
    assert totals(service, "topic", "unit", "urgency") == {("air_bersih", "Dinas pdam", "darurat"): (1, 0, 0, 0)}
    service.post(f"{URL}/{one}/state", json={"state": "selesai"})
    assert totals(service, "topic") == {("air_bersih",): (1, 0, 1, 0)}
    service.post(f"{URL}/{one}/state", json={"state": "ditangani"})
    assert totals(service, "topic") == {("air_bersih",): (1, 0, 0, 0)}


def test_a_day_begins_at_the_offices_midnight(service: TestClient) -> None:
    for moment in ("2026-11-02T16:59:59Z", "2026-11-02T17:00:00Z"):
        send(service, received_at=moment)
    assert set(totals(service, "day")) == {(pd.Timestamp("2026-11-02"),), (pd.Timestamp("2026-11-03"),)}


def test_counts_are_made_anew_when_the_office_moves_to_another_zone(both_settings: Settings) -> None:
    """23.30 in Jakarta is the next day in Jayapura; a correction there must not leave one day with -1."""
    days = []
    for zone in ("Asia/Jakarta", "Asia/Jayapura", "Asia/Jayapura"):
        with serving(create_app(both_settings.model_copy(update={"timezone": zone}))) as client:
            client.headers.update(make_key(_app(client), f"kunci {zone} {len(days)}", "integrity"))
            if not days:
                one = send(client, received_at="2026-11-02T16:30:00Z")
                send(client, WATER, visibility="rahasia")
            days.append({day: n for (day,), (n, *_) in totals(client, "day").items()})
            if len(days) == 2:
                assert client.post(f"{URL}/{one}/corrections", json={"topic": "air_bersih"}).status_code == 201
    assert days == [{pd.Timestamp("2026-11-02"): 1}, *[{pd.Timestamp("2026-11-03"): 1}] * 2]


def test_a_settled_message_past_its_deadline_is_late(service: TestClient) -> None:
    step = {"unit": "pdam", "reason": "Pipa bocor.", "deadline_on": "2026-11-03"}
    one, other = send(service, ROAD), send(service, ROAD)
    service.post(f"{URL}/{one}/dispositions", json=step)
    service.post(f"{URL}/{other}/dispositions", json=step | {"deadline_on": (date.today() + timedelta(days=2)).isoformat()})
    for public_id in (one, other):
        service.post(f"{URL}/{public_id}/state", json={"state": "selesai"})
    assert totals(service) == {(): (2, 0, 2, 1)}


def test_a_deadline_before_the_message_came_is_refused(service: TestClient) -> None:
    one = send(service, ROAD, received_at="2026-11-02T01:00:00Z")
    step = {"unit": "pdam", "reason": "Pipa bocor."}
    refused = service.post(f"{URL}/{one}/dispositions", json=step | {"deadline_on": "2026-11-01"})
    assert_problem(refused, 422, "batas_sebelum_diterima")
    assert service.post(f"{URL}/{one}/dispositions", json=step | {"deadline_on": "2026-11-02"}).status_code == 201
    assert totals(service, "unit") == {("Dinas pdam",): (1, 0, 0, 0)}


def test_a_repeat_of_the_same_place_is_counted_as_one(service: TestClient) -> None:
    for district in ("Damar Barat", "Damar Barat", "Damar Timur"):
        send(service, ROAD, district=district)
    assert totals(service, "district") == {("Damar Barat",): (2, 1, 0, 0), ("Damar Timur",): (1, 0, 0, 0)}


def test_what_is_rahasia_is_not_counted(service: TestClient) -> None:
    send(service, BRIBE)
    send(service, BRIBE, visibility="rahasia")
    assert totals(service) == {(): (1, 0, 0, 0)}


def test_a_refused_or_repeated_message_is_not_counted(service: TestClient) -> None:
    for _ in range(3):
        send(service, external_id="WA-1")
    assert service.post(URL, json={"text": WASTE, "channel": "merpati"}).status_code == 422
    assert totals(service) == {(): (1, 0, 0, 0)}


def test_only_one_place_can_be_asked_for(service: TestClient) -> None:
    for district in ("Damar Barat", "Damar Timur"):
        send(service, ROAD, district=district)
    assert counts(service, "topic", district="Damar Timur")["n"].tolist() == [1]
    assert counts(service, "topic", unit_ids=frozenset({1})).empty


def test_after_a_busy_day_the_counts_are_those_of_a_recount(service: TestClient) -> None:
    def work(n: int) -> None:
        draw = random.Random(n)
        words = draw.choice((ROAD, WASTE, WATER, FAMILY_CARD, BRIBE))
        day = f"2026-11-{draw.randint(1, 5):02}T09:00:00+07:00"
        # a repeat is as visible as the first: a rahasia one of other words would be a message of its own
        visibility = random.Random(n % 25).choice(("publik", "anonim", "rahasia"))
        one = send(service, words, day, external_id=f"WA-{n % 25}", district=draw.choice(("A", "B")), visibility=visibility)
        for _ in range(3):
            path, body = draw.choice(
                [
                    ("corrections", {"topic": draw.choice(("jalan", "sampah")), "band": draw.choice("01")}),
                    (
                        "dispositions",
                        {"unit": draw.choice(("dlh", "pdam")), "reason": "Sesuai tugas.", "deadline_on": "2026-11-05"},
                    ),
                    ("state", {"state": draw.choice(("selesai", "ditangani"))}),
                ]
            )
            assert service.post(f"{URL}/{one}/{path}", json=body).status_code in {200, 201, 409}

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(40)))
    kept = totals(service, *EVERY)
    assert sum(measures[0] for measures in kept.values()) > 8 and len(kept) > 5
    assert min(min(measures) for measures in kept.values()) >= 0
    app = _app(service)
    n_messages = sum(recount(app.state.sessions, app.state.desk.calendar.zone))
    assert n_messages == 25
    assert totals(service, *EVERY) == kept
