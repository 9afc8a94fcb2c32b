"""Improvement actions and targets: registered, followed, told plainly; surveys beside them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.api.conftest import make_key
from tests.api.messages import ROAD, WASTE, assert_problem

NOW = datetime(2026, 11, 20, 10, tzinfo=ZoneInfo("Asia/Jakarta"))
TODAY = NOW.date()
ACTION = {"name": "Tambah truk angkut", "topic": "sampah", "district": "Damar", "starts_on": "2026-10-02", "target_ratio": 0.6}
TARGET = {
    "name": "Laporan sampah selesai tepat waktu",
    "measure": "share_kept",
    "should_rise": True,
    "baseline": 0.5,
    "baseline_on": "2026-10-01",
    "target": 0.9,
    "due_on": "2026-12-31",
    "topic": "sampah",
}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def manager(both: TestClient) -> TestClient:
    """A service with two units, asked by a manager."""
    admin = make_key(_app(both), role="admin")
    for code in ("dlh", "pu"):
        both.post("/api/v1/units", json={"code": code, "name": f"Dinas {code.upper()}"}, headers=admin)
    both.headers.update(make_key(_app(both), "kepala", "manager"))
    return both


def _app(client: TestClient) -> FastAPI:
    app = client.app
    assert isinstance(app, FastAPI)
    return app


def created(client: TestClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


# ------------------------------------------------------------------------------------------------ actions
def test_an_action_is_registered_listed_and_audited(manager: TestClient) -> None:
    action = created(manager, "actions", ACTION | {"cost_rupiah": 850_000_000, "unit": "dlh"})
    assert (action["topic"], action["district"], action["unit"], action["by"]) == ("sampah", "Damar", "dlh", "kepala")
    assert action["effect"]["verdict"] == "data kurang" and action["effect"]["reasons"]
    assert action["effect"]["ratio"] is None and action["effect"]["target_met"] is None
    assert manager.get(f"/api/v1/actions/{action['id']}").json() == action
    [listed] = manager.get("/api/v1/actions").json()["items"]
    assert listed == {name: value for name, value in action.items() if name != "effect"}
    admin = make_key(_app(manager), role="admin")
    [event] = manager.get("/api/v1/audit", params={"action": "action.added"}, headers=admin).json()["items"]
    assert (event["object_id"], event["details"]["name"]) == (action["id"], ACTION["name"])


def test_the_dates_of_an_action_are_put_right_and_audited(manager: TestClient) -> None:
    url = f"/api/v1/actions/{created(manager, 'actions', ACTION | {'full_from': '2026-10-16'})['id']}"
    changed = manager.patch(url, json={"full_from": None, "ends_on": "2026-11-15"}).json()
    assert (changed["starts_on"], changed["full_from"], changed["ends_on"]) == ("2026-10-02", None, "2026-11-15")
    assert manager.get(url).json() == changed
    body = assert_problem(manager.patch(url, json={"ends_on": "2026-10-02"}), 422, "urutan_tanggal")
    assert "starts_on, full_from, lalu ends_on" in body["detail"]
    for wrong in ({}, {"starts_on": None}, {"topic": "jalan"}):
        assert_problem(manager.patch(url, json=wrong), 422, "isi_tidak_sah")
    assert manager.get(url).json() == changed
    admin = make_key(_app(manager), role="admin")
    [event] = manager.get("/api/v1/audit", params={"action": "action.changed"}, headers=admin).json()["items"]
    assert event["details"] == {"full_from": "2026-10-16 -> -", "ends_on": "- -> 2026-11-15"}


@pytest.mark.parametrize(("kind", "plan"), [("action", ACTION), ("target", TARGET)])
def test_a_plan_registered_by_mistake_is_removed_and_its_name_stays_in_the_trail(
    manager: TestClient, kind: str, plan: dict[str, Any]
) -> None:
    mistaken, kept = created(manager, f"{kind}s", plan), created(manager, f"{kind}s", plan)
    url = f"/api/v1/{kind}s/{mistaken['id']}"
    assert manager.delete(url).status_code == 204
    assert [item["id"] for item in manager.get(f"/api/v1/{kind}s").json()["items"]] == [kept["id"]]
    assert_problem(manager.get(url), 404, "rencana_tidak_ada")
    assert_problem(manager.delete(url), 404, "rencana_tidak_ada")
    admin = make_key(_app(manager), role="admin")
    [event] = manager.get("/api/v1/audit", params={"action": f"{kind}.removed"}, headers=admin).json()["items"]
    assert (event["object_id"], event["details"]) == (mistaken["id"], {"name": plan["name"]})


def test_an_action_that_worked_is_told_so_and_against_its_target(client: TestClient, app: FastAPI) -> None:
    desk = make_key(app)
    starts = date(2026, 10, 2)
    for week in range(-14, 7):  # 10 a week in both places; after the action 3 in Damar
        for place, n in (("Damar", 10 if week < 0 else 3), ("Cemara", 10)):
            for k in range(n):
                day = starts + timedelta(days=7 * week + k % 7)
                body = {
                    "text": WASTE,
                    "district": place,
                    "received_at": f"{day}T09:00:00+07:00",
                    "external_id": f"{week} {place} {k}",
                }
                assert client.post("/api/v1/feedback", json=body, headers=desk).status_code == 201
    client.headers.update(make_key(app, "kepala", "manager"))
    effect = created(client, "actions", ACTION)["effect"]
    assert effect["verdict"] == "membaik"
    assert effect["compared"] is True
    assert effect["ratio_low"] < 0.3 < effect["ratio_high"] < 1
    assert effect["target_met"] is True
    assert 20 < effect["avoided"] < 80
    assert sum(week["target"] for week in effect["weeks"]) == 14 * 10 + 7 * 3
    worse = created(client, "actions", ACTION | {"expected": "more", "target_ratio": 1.2})["effect"]
    assert (worse["verdict"], worse["target_met"]) == ("memburuk", False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"topic": None, "district": None}, "isi_tidak_sah"),
        ({"topic": "cuaca"}, "label_tidak_dikenal"),
        ({"unit": "tidak_ada"}, "unit_tidak_dikenal"),
        ({"ends_on": "2026-10-01"}, "isi_tidak_sah"),
        ({"cost_rupiah": -1}, "isi_tidak_sah"),
        ({"name": "x"}, "isi_tidak_sah"),
        ({"starts_on": "0001-01-01"}, "isi_tidak_sah"),
        ({"ends_on": "9999-12-31"}, "isi_tidak_sah"),
    ],
    ids=str,
)
def test_an_action_that_makes_no_sense_is_refused(manager: TestClient, change: dict[str, Any], code: str) -> None:
    body = {name: value for name, value in (ACTION | change).items() if value is not None}
    assert_problem(manager.post("/api/v1/actions", json=body), 422, code)
    assert manager.get("/api/v1/actions").json()["items"] == []


def test_plans_come_in_pages_from_the_newest_on(manager: TestClient) -> None:
    ids = [created(manager, "actions", ACTION | {"name": f"Tindakan {n}"})["id"] for n in range(5)]
    met: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = manager.get("/api/v1/actions", params={"limit": 2} | cursor).json()
        met += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert met == ids[::-1]


# ------------------------------------------------------------------------------------------------ targets
def test_a_target_without_data_says_so(manager: TestClient) -> None:
    target = created(manager, "targets", TARGET)
    assert (target["progress"]["status"], target["progress"]["value"]) == ("data kurang", None)
    assert target["progress"]["expected"] == pytest.approx(0.5 + 0.4 * 49 / 91)  # 49 of 91 days are over yesterday
    assert manager.get(f"/api/v1/targets/{target['id']}").json() == target
    assert manager.get("/api/v1/targets").json()["items"] == [target]


def test_a_target_that_is_reached_is_measured_on_its_own_messages(manager: TestClient) -> None:
    for n in range(12):
        received = f"2026-11-{2 + n % 5:02}T09:00:00+07:00"
        body = {"text": WASTE if n < 11 else ROAD, "received_at": received, "external_id": f"S-{n}"}
        one = manager.post("/api/v1/feedback", json=body, headers=make_key(_app(manager), f"loket {n}")).json()
        desk = make_key(_app(manager), f"petugas {n}")
        step = {"unit": "dlh", "reason": "Sesuai tugas.", "deadline_on": "2026-11-18"}
        manager.post(f"/api/v1/feedback/{one['id']}/dispositions", json=step, headers=desk)
        with time_machine.travel(datetime(2026, 11, 10, 9, tzinfo=ZoneInfo("Asia/Jakarta"))):
            manager.post(f"/api/v1/feedback/{one['id']}/state", json={"state": "selesai"}, headers=desk)
    progress = created(manager, "targets", TARGET)["progress"]
    assert (progress["status"], progress["value"], progress["n"]) == ("tercapai", 1.0, 11)
    assert progress["done"] == pytest.approx(1.25)
    assert "target tercapai" in progress["sentence"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"measure": "kebahagiaan"}, "target_tidak_sah"),
        ({"due_on": "2026-09-01"}, "target_tidak_sah"),
        ({"should_rise": False}, "target_tidak_sah"),
        ({"measure": "index", "baseline": 70, "target": 80, "aspect": "waktu"}, "target_tidak_sah"),
        ({"window_days": 3}, "isi_tidak_sah"),
        ({"baseline_on": "0001-01-01"}, "isi_tidak_sah"),
        ({"measure": "index", "baseline": 70, "target": 80, "district": "Damar"}, "isi_tidak_sah"),
    ],
    ids=str,
)
def test_a_target_that_makes_no_sense_is_refused(manager: TestClient, change: dict[str, Any], code: str) -> None:
    assert_problem(manager.post("/api/v1/targets", json=TARGET | change), 422, code)
    assert manager.get("/api/v1/targets").json()["items"] == []


def test_a_week_of_messages_is_enough_for_a_target_and_a_window_hardly_recorded_is_not(manager: TestClient) -> None:
    desk = make_key(_app(manager))
    for n in range(1, 8):
        body = {"text": WASTE, "received_at": (NOW - timedelta(days=n)).isoformat(), "external_id": f"S-{n}"}
        assert manager.post("/api/v1/feedback", json=body, headers=desk).status_code == 201
    fewer = TARGET | {"measure": "count", "should_rise": False, "baseline": 40, "target": 20}
    week = created(manager, "targets", fewer | {"window_days": 7})["progress"]
    assert (week["status"], week["value"], week["n"]) == ("tercapai", 7, 7)
    # seven days of 28: that few came only says that the service has just begun, or that nobody fed it
    month = created(manager, "targets", fewer | {"window_days": 28})["progress"]
    assert (month["status"], month["value"], month["n"]) == ("data kurang", None, 7)


# ------------------------------------------------------------------------------------------------ surveys
@pytest.mark.parametrize("day", ["0001-01-01", "1600-01-01", "9999-12-31"])
def test_a_survey_of_an_impossible_day_is_refused(manager: TestClient, day: str) -> None:
    answer = manager.post("/api/v1/surveys", params={"name": "SKM", "day": day}, content=survey_file([[3] * 9]))
    assert_problem(answer, 422, "isi_tidak_sah")


def survey_file(rows: list[list[int]], unit: str = "Dinas DLH") -> bytes:
    head = ",".join(f"U{n}" for n in range(1, 10)) + ",unit"
    return "\n".join([head, *(",".join(map(str, row)) + f",{unit}" for row in rows)]).encode()


def test_a_survey_gives_the_index_worked_on_paper(manager: TestClient) -> None:
    answers = [[3, 3, 3, 3, 3, 3, 3, 3, 3], [4, 4, 4, 4, 4, 4, 4, 4, 4], [3, 3, 3, 3, 3, 3, 3, 3, 4]]
    response = manager.post("/api/v1/surveys", params={"name": "SKM November"}, content=survey_file(answers))
    assert response.status_code == 201, response.text
    assert (response.json()["n_respondents"], response.json()["by"]) == (3, "kepala")
    assert manager.get("/api/v1/surveys").json() == [response.json()]
    until = (TODAY + timedelta(days=1)).isoformat()
    body = manager.get("/api/v1/reports/skm", params={"until": until}).json()
    [whole] = body["tables"]["ikm"]
    # element means: eight of 10/3 and one of 11/3, each weighs a ninth; 25 times their mean
    assert whole["index"] == pytest.approx(25 * (8 * 10 / 3 + 11 / 3) / 9)
    assert whole["grade"] == "B"
    assert [row["unit"] for row in body["tables"]["unit"]] == ["Dinas DLH"]
    assert [row["element"] for row in body["tables"]["unsur"]] == [f"U{n}" for n in range(1, 10)]
    assert body["sentences"][0].startswith("IKM 84,26 dari 3 responden")


def test_a_wrong_survey_is_told_by_its_cell_and_the_same_file_is_not_taken_twice(manager: TestClient) -> None:
    wrong = survey_file([[3] * 9, [3, 3, 5, 3, 3, 3, 3, 3, 3]])
    body = assert_problem(manager.post("/api/v1/surveys", params={"name": "SKM"}, content=wrong), 422, "survei_tidak_terbaca")
    assert "baris 3" in str(body["detail"]) and "U3" in str(body["detail"])
    good = survey_file([[3] * 9])
    assert manager.post("/api/v1/surveys", params={"name": "SKM"}, content=good).status_code == 201
    assert_problem(manager.post("/api/v1/surveys", params={"name": "SKM lagi"}, content=good), 409, "survei_sudah_ada")
    assert len(manager.get("/api/v1/surveys").json()) == 1


def test_a_survey_taken_in_by_mistake_is_removed_with_its_answers(manager: TestClient) -> None:
    kept, mistaken = survey_file([[4] * 9] * 3), survey_file([[1] * 9] * 5)
    ids = [
        manager.post("/api/v1/surveys", params={"name": f"SKM {n}"}, content=file).json()["id"]
        for n, file in enumerate((kept, mistaken))
    ]
    url = f"/api/v1/surveys/{ids[1]}"
    limited = make_key(_app(manager), "satu unit", "manager", units=("dlh",))
    assert_problem(manager.delete(url, headers=limited), 403, "tidak_untuk_satu_unit")
    assert manager.delete(url).status_code == 204
    assert_problem(manager.delete(url), 404, "survei_tidak_ada")
    assert [survey["id"] for survey in manager.get("/api/v1/surveys").json()] == ids[:1]
    until = (TODAY + timedelta(days=1)).isoformat()
    [whole] = manager.get("/api/v1/reports/skm", params={"until": until}).json()["tables"]["ikm"]
    assert (whole["n_respondents"], whole["index"]) == (3, 100)
    admin = make_key(_app(manager), role="admin")
    [event] = manager.get("/api/v1/audit", params={"action": "survey.removed"}, headers=admin).json()["items"]
    assert event["details"] == {"name": "SKM 1", "respondents": 5}
    assert manager.post("/api/v1/surveys", params={"name": "SKM 1"}, content=mistaken).status_code == 201  # may come again
