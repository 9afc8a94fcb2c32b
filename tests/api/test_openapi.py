from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as fuzz_settings
from hypothesis.strategies import booleans
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from starlette.testclient import TestClient

from api.accounts.roles import ROLES
from api.app import create_app
from api.settings import Settings
from tests.api.conftest import make_account, make_key, serving, sign_in
from tests.api.messages import assert_problem


@dataclass(frozen=True)
class FuzzedService:
    settings: Settings
    headers: dict[str, str]
    known: dict[str, Any]  # what stands in a path for something that is there


OPERATIONS = {
    ("get", "/healthz"): "healthz",
    ("get", "/readyz"): "readyz",
    ("post", "/api/v1/score"): "score",
    ("post", "/api/v1/feedback"): "create_feedback",
    ("get", "/api/v1/feedback"): "list_feedback",
    ("get", "/api/v1/feedback/{feedback_id}"): "get_feedback",
    ("post", "/api/v1/feedback/{feedback_id}/corrections"): "correct_feedback",
    ("post", "/api/v1/feedback/{feedback_id}/dispositions"): "dispose_feedback",
    ("post", "/api/v1/feedback/{feedback_id}/state"): "set_feedback_state",
    ("post", "/api/v1/feedback/{feedback_id}/original"): "open_original",
    ("get", "/api/v1/corrections/export"): "export_corrections",
    ("get", "/api/v1/track/{receipt}"): "track",
    ("get", "/api/v1/cases"): "list_cases",
    ("get", "/api/v1/cases/summary"): "summarise_cases",
    ("post", "/api/v1/cases/export"): "export_cases",
    ("get", "/api/v1/cases/{case_id}"): "get_case",
    ("get", "/api/v1/cases/{case_id}/events"): "list_case_events",
    ("post", "/api/v1/cases/{case_id}/notes"): "add_case_note",
    ("post", "/api/v1/cases/{case_id}/state"): "set_case_state",
    ("post", "/api/v1/cases/{case_id}/decision"): "decide_case",
    ("post", "/api/v1/cases/{case_id}/original"): "open_case_original",
    ("post", "/api/v1/cases/{case_id}/reporter-requests"): "request_reporter",
    ("post", "/api/v1/cases/{case_id}/reporter-requests/{request_id}/answer"): "answer_reporter_request",
    ("post", "/api/v1/cases/{case_id}/reporter-requests/{request_id}/open"): "open_reporter",
    ("post", "/api/v1/imports"): "create_import",
    ("get", "/api/v1/imports"): "list_imports",
    ("get", "/api/v1/imports/{import_id}"): "get_import",
    ("get", "/api/v1/imports/{import_id}/events"): "watch_import",
    ("get", "/api/v1/imports/{import_id}/errors"): "get_import_errors",
    ("post", "/api/v1/imports/{import_id}/cancel"): "cancel_import",
    ("get", "/api/v1/reports/trends"): "report_trends",
    ("get", "/api/v1/reports/priorities"): "report_priorities",
    ("get", "/api/v1/reports/themes"): "report_themes",
    ("get", "/api/v1/reports/standards"): "report_standards",
    ("get", "/api/v1/reports/skm"): "report_skm",
    ("get", "/api/v1/reports/people"): "report_people",
    ("get", "/api/v1/reports/changes"): "report_changes",
    ("get", "/api/v1/reports/monthly"): "report_monthly",
    ("post", "/api/v1/actions"): "create_action",
    ("get", "/api/v1/actions"): "list_actions",
    ("get", "/api/v1/actions/{plan_id}"): "get_action",
    ("patch", "/api/v1/actions/{plan_id}"): "change_action",
    ("delete", "/api/v1/actions/{plan_id}"): "remove_action",
    ("post", "/api/v1/targets"): "create_target",
    ("get", "/api/v1/targets"): "list_targets",
    ("get", "/api/v1/targets/{plan_id}"): "get_target",
    ("delete", "/api/v1/targets/{plan_id}"): "remove_target",
    ("post", "/api/v1/surveys"): "create_survey",
    ("get", "/api/v1/surveys"): "list_surveys",
    ("delete", "/api/v1/surveys/{survey_id}"): "remove_survey",
    ("get", "/api/v1/units"): "list_units",
    ("post", "/api/v1/units"): "create_unit",
    ("patch", "/api/v1/units/{code}"): "change_unit",
    ("get", "/api/v1/rules"): "list_rules",
    ("post", "/api/v1/rules"): "create_rule",
    ("patch", "/api/v1/rules/{rule_id}"): "change_rule",
    ("get", "/api/v1/audit"): "list_audit",
    ("post", "/api/v1/session"): "sign_in",
    ("get", "/api/v1/session"): "get_session",
    ("delete", "/api/v1/session"): "sign_out",
    ("post", "/api/v1/session/password"): "change_password",
}
ANYTHING = {
    "feedback_id": "0" * 26,
    "import_id": "0" * 26,
    "case_id": "0" * 26,
    "request_id": "0" * 26,
    "plan_id": "0" * 26,
    "survey_id": "0" * 26,
    "code": "dinas_pu",
    "rule_id": 1,
    "receipt": "K7QF-2M9X-T4BD",
}
FOR_ALL = {("get", "/api/v1/track/{receipt}"), ("post", "/api/v1/session")}  # a citizen has no key, nor has who signs in
SURVEY = b"u1,u2,u3,u4,u5,u6,u7,u8,u9\n4,3,3,4,3,4,3,2,3\n"
FILES = {
    ("post", "/api/v1/imports"): b"text\njalan rusak\n",
    ("post", "/api/v1/surveys"): SURVEY,
}  # bodies that no schema describes
ACTION = {"name": "Tambal jalan", "topic": "jalan", "starts_on": "2026-08-03"}
FITTING = {  # what chance seldom hits: a file, a code of the label list
    ("post", "/api/v1/imports"): {"body": FILES["post", "/api/v1/imports"], "query": {"format": "csv"}},
    ("post", "/api/v1/surveys"): {"body": SURVEY, "query": {"name": "SKM"}},
    ("get", "/api/v1/reports/themes"): {"query": {"topic": "jalan"}},
    ("post", "/api/v1/actions"): {"body": ACTION},
}
PROTECTED = sorted(place for place in OPERATIONS if place[1].startswith("/api/") and place not in FOR_ALL)


@pytest.fixture(scope="module")
def document(shared_client: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = shared_client.get("/openapi.json").json()
    return body


def operation(document: dict[str, Any], place: tuple[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][place[1]][place[0]]
    return found


def test_the_operations_and_their_ids_are_the_known_ones(document: dict[str, Any]) -> None:
    found = {(method, path): o["operationId"] for path, item in document["paths"].items() for method, o in item.items()}
    assert found == OPERATIONS
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("place", sorted(OPERATIONS), ids=" ".join)
def test_every_operation_has_an_indonesian_summary(document: dict[str, Any], place: tuple[str, str]) -> None:
    assert operation(document, place)["summary"]
    assert operation(document, place)["tags"]


@pytest.mark.parametrize("place", PROTECTED, ids=" ".join)
def test_every_operation_but_health_needs_a_key_or_a_session_and_says_so(
    document: dict[str, Any], shared_client: TestClient, place: tuple[str, str]
) -> None:
    known = document["components"]["securitySchemes"]
    schemes = [known[name] for need in operation(document, place)["security"] for name in need]
    assert {(scheme["in"], scheme["name"]) for scheme in schemes} == {("header", "X-API-Key"), ("cookie", "suara_session")}
    assert {"401", "429"} <= set(operation(document, place)["responses"])
    path = place[1].format(**ANYTHING)
    assert_problem(shared_client.request(place[0], path), 401, "kunci_salah")


@pytest.mark.parametrize("place", PROTECTED, ids=" ".join)
def test_every_error_is_described_as_the_problem_it_is(document: dict[str, Any], place: tuple[str, str]) -> None:
    errors = {status: answer for status, answer in operation(document, place)["responses"].items() if status >= "4"}
    assert "422" in errors
    for status, answer in errors.items():
        assert list(answer["content"]) == ["application/problem+json"], status
        assert answer["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert answer["description"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def browser_of_the_examples(app: FastAPI) -> dict[str, str]:
    """Headers of a browser whose account has the password that the example of a change replaces."""
    make_account(app, "loket.timur")
    browser = sign_in(app, "loket.timur")
    cookie = f"suara_session={browser.cookies['suara_session']}"
    return {"Cookie": cookie, "X-CSRF-Token": str(browser.headers["X-CSRF-Token"])}


def test_the_examples_of_every_body_work_one_after_the_other(
    document: dict[str, Any], app: FastAPI, client: TestClient, headers: dict[str, str]
) -> None:
    keys = [headers, make_key(app, role="admin"), make_key(app, role="integrity"), browser_of_the_examples(app)]
    client.post("/api/v1/units", json={"code": "dinas_pu", "name": "Dinas PU"}, headers=keys[1])
    client.post("/api/v1/rules", json={"unit": "dinas_pu", "topic": "sampah"}, headers=keys[1])
    message = client.post("/api/v1/feedback", json={"text": "jalan rusak"}, headers=headers).json()
    case = a_case(client, headers, make_key(app, role="integrity"))
    action = {"plan_id": client.post("/api/v1/actions", json=ACTION, headers=keys[1]).json()["id"]}
    for method, path in sorted(OPERATIONS, reverse=True):  # PATCH, which closes the unit, comes last
        body = operation(document, (method, path)).get("requestBody")
        if body is None or (method, path) in FILES:
            continue
        name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        examples = document["components"]["schemas"][name]["examples"]
        assert examples
        place = path.format(**ANYTHING | {"feedback_id": message["id"]} | case | action)
        for example in examples:
            if "cases" in example:
                example["cases"] = [case["case_id"]]
            tried = {client.request(method, place, json=example, headers=key).status_code for key in keys}
            # 403: not for one of them; 409: the unit is there already
            assert tried & {200, 201, 204, 409} and tried <= {200, 201, 204, 403, 409}, (method, path, example)


def a_case(client: TestClient, desk: dict[str, str], inspector: dict[str, str]) -> dict[str, str]:
    """A case with a request to open its reporter, as they stand in a path."""
    client.post("/api/v1/feedback", json={"text": "jalan rusak", "visibility": "rahasia"}, headers=desk)
    [case] = client.get("/api/v1/cases", headers=inspector).json()["items"]
    place = f"/api/v1/cases/{case['id']}/reporter-requests"
    request = client.post(place, json={"reason": "Perlu keterangan."}, headers=inspector).json()
    return {"case_id": case["id"], "request_id": request["id"]}


def test_answers_have_examples_of_their_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for schema, field in [
        ("FeedbackOut", "id"),
        ("AlternativeOut", "code"),
        ("Problem", "code"),
        ("AssessmentOut", "kinds"),
        ("SessionOut", "role"),
    ]:
        assert schemas[schema]["properties"][field]["examples"]


def test_pages_for_people_are_not_in_the_document(document: dict[str, Any]) -> None:
    assert not [path for path in document["paths"] if not path.startswith(("/api/v1/", "/healthz", "/readyz"))]


# ------------------------------------------------------------------------------------------------ anything a document allows
@pytest.fixture(scope="module", params=[*ROLES, None])
def fuzzed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Iterator[FuzzedService]:
    """An application with a unit, a rule, a message and a case, and the key of each role in turn, at last none."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("fuzz"), model_dir=bundle, log_level="ERROR")
    app = create_app(settings)
    with serving(app) as client:
        admin = make_key(app, role="admin")
        client.post("/api/v1/units", json={"code": "dinas_pu", "name": "Dinas PU"}, headers=admin)
        client.post("/api/v1/rules", json={"unit": "dinas_pu", "topic": "sampah"}, headers=admin)
        message = client.post("/api/v1/feedback", json={"text": "jalan rusak"}, headers=admin).json()
        case = a_case(client, admin, make_key(app, role="integrity"))
        key = make_key(app, role=request.param) if request.param else {"X-API-Key": ""}
        by = key if request.param in ("desk", "admin") else admin
        file = client.post(
            "/api/v1/imports", params={"format": "csv"}, content=FILES["post", "/api/v1/imports"], headers=by
        ).json()
        client.post(f"/api/v1/imports/{file['id']}/cancel", headers=by)  # a stream of its events ends
        known = ANYTHING | {"feedback_id": message["id"], "receipt": message["receipt"], "import_id": file["id"]} | case
        service = FuzzedService(settings, key, known)
    yield service  # each test starts an application of its own on the data


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize("place", sorted(OPERATIONS), ids=" ".join)
def test_whatever_is_sent_gets_an_answer_of_the_document(fuzzed: FuzzedService, place: tuple[str, str]) -> None:
    method, path = place
    operation = schemathesis.openapi.from_asgi("/openapi.json", create_app(fuzzed.settings))[path][method.upper()]
    fitting, unfitting = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    statuses: Counter[int] = Counter()

    def fuzz(n_examples: int) -> None:
        @seed(7)
        @fuzz_settings(
            max_examples=n_examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=fitting | unfitting, of_a_known_one=booleans())
        def send(case: schemathesis.Case[Any], of_a_known_one: bool) -> None:
            if of_a_known_one:
                case.path_parameters = {name: fuzzed.known[name] for name in case.path_parameters or {}}
                for part, value in FITTING.get(place, {}).items():
                    setattr(case, part, value)
            response = case.call_and_validate(headers=fuzzed.headers, checks=CHECKS)
            statuses[response.status_code] += 1

        send()

    fuzz(8)
    if path.startswith("/api/") and not {401, 403} & set(statuses):  # who is turned away needs no more
        fuzz(20)
    if place in PROTECTED:
        assert bool(set(statuses) - {400, 401, 413, 422}) is bool(fuzzed.headers["X-API-Key"])
    else:
        assert (401 if place == ("post", "/api/v1/session") else 200) in statuses
