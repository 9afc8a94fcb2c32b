"""What each role may ask of each endpoint, about its own unit and another's; one table, every endpoint in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.accounts.roles import ROLES
from api.app import create_app
from api.settings import Settings
from tests.api.conftest import make_key, serving
from tests.api.messages import BRIBE, ROAD
from tests.api.test_openapi import OPERATIONS, SURVEY

TEXT = {"text": ROAD}
WHY = {"reason": "Perlu untuk pemeriksaan."}
# operation: (body or query, "own unit / other unit" by role in the order of ROLES: desk, manager, integrity, admin).
# A number alone: the unit makes no difference. '-': without a key.
TABLE: dict[str, tuple[dict[str, Any], str, str, str, str]] = {
    "score": ({"json": {"texts": [ROAD]}}, "200", "200", "200", "200"),
    "create_feedback": ({"json": TEXT}, "201", "403", "201", "201"),
    "list_feedback": ({}, "200", "200", "200", "200"),
    "get_feedback": ({}, "200/404", "200/404", "200/404", "200/404"),
    "correct_feedback": ({"json": {"topic": "jalan"}}, "201/404", "403", "201/404", "201/404"),
    "dispose_feedback": ({"json": {"unit": "dlh"} | WHY}, "201/404", "403", "201/404", "201/404"),
    "set_feedback_state": ({"json": {"state": "ditangani"}}, "200/404", "403", "200/404", "200/404"),
    "open_original": ({"json": WHY}, "200/404", "403/404", "403/404", "403/404"),
    "export_corrections": ({}, "403", "403", "403", "200"),
    "create_import": ({"params": {"format": "csv"}, "content": b"text\njalan rusak\n"}, "202", "403", "403", "202"),
    "list_imports": ({}, "200", "403", "403", "200"),
    "get_import": ({}, "404", "403", "403", "200"),
    "watch_import": ({}, "404", "403", "403", "200"),
    "get_import_errors": ({}, "404", "403", "403", "200"),
    "cancel_import": ({}, "404", "403", "403", "200"),
    "list_cases": ({}, "403", "403", "200", "403"),
    "summarise_cases": ({}, "403", "403", "200", "403"),
    "export_cases": (
        {"json": {"cases": ["CASE"], "purpose": "Pemeriksaan.", "recipient": "Inspektorat"}}, "403", "403", "403", "403",
    ),
    "get_case": ({}, "403", "403", "200/404", "403"),
    "list_case_events": ({}, "403", "403", "200/404", "403"),
    "add_case_note": ({"json": {"note": "Sudah ditelaah."}}, "403", "403", "201/404", "403"),
    "set_case_state": ({"json": {"state": "diperiksa"}}, "403", "403", "200/404", "403"),
    "decide_case": ({"json": {"decision": "terverifikasi"} | WHY}, "403", "403", "403", "403"),
    "open_case_original": ({"json": WHY}, "403", "403", "403/404", "403"),
    "request_reporter": ({"json": WHY}, "403", "403", "403", "403"),
    "answer_reporter_request": ({"json": {"answer": "setuju"}}, "403", "403", "403", "403"),
    "open_reporter": ({}, "403", "403", "403", "403"),
    "list_units": ({}, "200", "200", "200", "200"),
    "create_unit": ({"json": {"code": "baru", "name": "Dinas Baru"}}, "403", "403", "403", "201"),
    "change_unit": ({"json": {"name": "Dinas Lain"}}, "403", "403", "403", "200"),
    "list_rules": ({}, "200", "200", "200", "200"),
    "create_rule": ({"json": {"unit": "dlh", "topic": "jalan"}}, "403", "403", "403", "201"),
    "change_rule": ({"json": {"is_active": True}}, "403", "403", "403", "200"),
    "list_audit": ({}, "403", "403", "403", "200"),
    **{
        f"report_{name}": ({"params": {"topic": "jalan"}} if name == "themes" else {}, "200", "200", "200", "200")
        for name in ("trends", "priorities", "themes", "standards", "skm", "people", "changes")
    },
    "report_monthly": ({"params": {"month": "2020-01"}}, "404", "404", "404", "404"),  # a month without messages
    "create_action": (
        {"json": {"name": "Tambal jalan", "topic": "jalan", "starts_on": "2026-08-03", "unit": "UNIT"}},
        "403", "201/403", "403", "201/403",
    ),
    "list_actions": ({}, "200", "200", "200", "200"),
    "get_action": ({}, "200/404", "200/404", "200/404", "200/404"),
    "change_action": ({"json": {"ends_on": "2026-12-01"}}, "403", "200/404", "403", "200/404"),
    "remove_action": ({}, "403", "204/404", "403", "204/404"),
    "create_target": (
        {
            "json": {
                "name": "Tepat waktu", "measure": "share_kept", "should_rise": True, "baseline": 0.7, "baseline_on": "2026-07-01",
                "target": 0.9, "due_on": "2026-12-31", "unit": "UNIT",
            }
        },
        "403", "201/403", "403", "201/403",
    ),
    "list_targets": ({}, "200", "200", "200", "200"),
    "get_target": ({}, "200/404", "200/404", "200/404", "200/404"),
    "remove_target": ({}, "403", "204/404", "403", "204/404"),
    "create_survey": ({"params": {"name": "SKM"}, "content": SURVEY}, "403", "201", "403", "201"),
    "list_surveys": ({}, "200", "200", "200", "200"),
    "remove_survey": ({}, "403", "403", "403", "403"),  # a file tells of every unit
    "get_session": ({}, "200", "200", "200", "200"),
}  # fmt: skip
OPEN_TO_ALL = {"healthz", "readyz", "track", "sign_in"}
OF_A_SESSION = {"sign_out", "change_password"}  # a key has none; tests/api/test_sessions.py
PLACES = {operation: place for place, operation in OPERATIONS.items()}


@dataclass(frozen=True)
class World:
    """A service with a message, a case, an action and a target in each of two units, and a key of each role for one."""

    client: TestClient
    keys: dict[str, dict[str, str]]
    ids: dict[str, dict[str, str]]  # 'own' and 'other' to what stands in a path


def _in_a_unit(client: TestClient, admin: dict[str, str], inspector: dict[str, str], unit: str) -> dict[str, str]:
    step = {"unit": unit} | WHY
    message = client.post("/api/v1/feedback", json=TEXT, headers=admin).json()["id"]
    client.post(f"/api/v1/feedback/{message}/dispositions", json=step, headers=admin)
    reported = client.post("/api/v1/feedback", json={"text": BRIBE}, headers=admin).json()["id"]
    assert client.post(f"/api/v1/feedback/{reported}/dispositions", json=step, headers=inspector).status_code == 201
    case = client.get("/api/v1/cases", headers=inspector).json()["items"][0]["id"]
    request = client.post(f"/api/v1/cases/{case}/reporter-requests", json=WHY, headers=inspector).json()["id"]
    plans = {}
    for kind in ("action", "target"):
        body = TABLE[f"create_{kind}"][0]["json"] | {"unit": unit}
        # one to read and change, and one that each role may try to remove
        for name in (kind, *(f"remove_{kind}_{role}" for role in ROLES)):
            plans[name] = client.post(f"/api/v1/{kind}s", json=body, headers=admin).json()["id"]
    file = client.post("/api/v1/imports", params={"format": "csv"}, content=b"text\njalan\n", headers=admin).json()["id"]
    client.post(f"/api/v1/imports/{file}/cancel", headers=admin)  # a stream of its events ends
    return {
        "feedback_id": message, "case_id": case, "request_id": request, "import_id": file,
        "survey_id": "0" * 26, "code": "dlh", "rule_id": "1", "unit": unit,
    } | plans  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, bundle: Any) -> Iterator[World]:
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("rights"), model_dir=bundle, log_level="ERROR"))
    with serving(app) as client:
        yield _made(app, client)


def _made(app: FastAPI, client: TestClient) -> World:
    admin, inspector = make_key(app, role="admin"), make_key(app, role="integrity")
    for code in ("dlh", "pu"):
        client.post("/api/v1/units", json={"code": code, "name": f"Dinas {code}"}, headers=admin)
    client.post("/api/v1/rules", json={"unit": "dlh", "topic": "sampah"}, headers=admin)
    ids = {"own": _in_a_unit(client, admin, inspector, "dlh"), "other": _in_a_unit(client, admin, inspector, "pu")}
    keys = {role: make_key(app, f"terbatas {role}", role, units=("dlh",)) for role in ROLES}
    return World(client, keys, ids)


def _filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, ids) for item in value]
    return {"CASE": ids["case_id"], "UNIT": ids["unit"]}.get(value, value) if isinstance(value, str) else value


def test_every_endpoint_stands_in_the_table() -> None:
    assert set(TABLE) | OPEN_TO_ALL | OF_A_SESSION == set(OPERATIONS.values())


@pytest.mark.parametrize("unit", ["own", "other"])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", TABLE)
def test_what_a_role_limited_to_a_unit_may_ask(world: World, operation: str, role: str, unit: str) -> None:
    request, *statuses = TABLE[operation]
    wanted = statuses[ROLES.index(role)].split("/")
    expected = int(wanted[0] if unit == "own" else wanted[-1])
    method, path = PLACES[operation]
    ids = world.ids[unit]
    plan = {"plan_id": ids.get(f"{operation}_{role}") or ids["action" if "actions" in path else "target"]}
    answer = world.client.request(method, path.format(**ids | plan), headers=world.keys[role], **_filled(request, ids))
    again = {201: {200, 201, 409}, 202: {200, 202, 409, 429}}.get(expected, {expected})  # made by the other unit's turn
    assert answer.status_code in again, answer.text


@pytest.mark.parametrize("operation", TABLE)
def test_nothing_without_a_key(world: World, operation: str) -> None:
    method, path = PLACES[operation]
    ids = world.ids["own"] | {"plan_id": world.ids["own"]["action"]}
    answer = world.client.request(method, path.format(**ids), **_filled(TABLE[operation][0], ids))
    assert answer.status_code == 401
    assert answer.json()["code"] == "kunci_salah"


def test_a_limited_desk_that_tries_numbers_is_given_no_other_units_message(world: World) -> None:
    admin_text = {"text": f"{ROAD} milik unit lain", "external_id": "PU-7"}
    app = world.client.app
    assert isinstance(app, FastAPI)
    admin = make_key(app, role="admin")
    theirs = world.client.post("/api/v1/feedback", json=admin_text, headers=admin).json()
    world.client.post(f"/api/v1/feedback/{theirs['id']}/dispositions", json={"unit": "pu"} | WHY, headers=admin)
    answer = world.client.post("/api/v1/feedback", json=TEXT | {"external_id": "PU-7"}, headers=world.keys["desk"])
    assert (answer.status_code, answer.json()["code"]) == (409, "nomor_dipakai")
    assert "unit lain" not in answer.text and theirs["receipt"] not in answer.text
