from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as fuzz_settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from sqlalchemy.orm import sessionmaker
from starlette.testclient import TestClient

from api.accounts.service import create_key
from api.app import create_app
from api.database import migrate, open_engine
from api.settings import Settings
from tests.api.conftest import READY_WITHIN_S
from tests.api.messages import assert_problem


@dataclass(frozen=True)
class FuzzedService:
    app: FastAPI
    headers: dict[str, str]


OPERATIONS = {
    ("get", "/healthz"): "healthz",
    ("get", "/readyz"): "readyz",
    ("post", "/api/v1/score"): "score",
    ("post", "/api/v1/feedback"): "create_feedback",
    ("get", "/api/v1/feedback"): "list_feedback",
    ("get", "/api/v1/feedback/{feedback_id}"): "get_feedback",
}
PROTECTED = sorted(place for place in OPERATIONS if place[1].startswith("/api/"))


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
def test_every_operation_but_health_needs_a_key_and_says_so(
    document: dict[str, Any], shared_client: TestClient, place: tuple[str, str]
) -> None:
    [scheme] = [name for need in operation(document, place)["security"] for name in need]
    assert document["components"]["securitySchemes"][scheme]["name"] == "X-API-Key"
    assert "401" in operation(document, place)["responses"]
    body = {"texts": [], "text": "jalan"} if place[0] == "post" else None
    path = place[1].replace("{feedback_id}", "0" * 26)
    assert_problem(shared_client.request(place[0], path, json=body), 401, "kunci_salah")


@pytest.mark.parametrize("place", PROTECTED, ids=" ".join)
def test_every_error_is_described_as_the_problem_it_is(document: dict[str, Any], place: tuple[str, str]) -> None:
    errors = {status: answer for status, answer in operation(document, place)["responses"].items() if status >= "4"}
    assert "422" in errors
    for status, answer in errors.items():
        assert list(answer["content"]) == ["application/problem+json"], status
        assert answer["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert answer["description"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize("place", [p for p in PROTECTED if p[0] == "post"], ids=" ".join)
def test_the_examples_of_a_body_work(
    document: dict[str, Any], client: TestClient, headers: dict[str, str], place: tuple[str, str]
) -> None:
    reference = operation(document, place)["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    examples = document["components"]["schemas"][reference.rsplit("/", 1)[1]]["examples"]
    assert examples
    for example in examples:
        assert client.post(place[1], json=example, headers=headers).status_code in {200, 201}


def test_answers_have_examples_of_their_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for schema, field in [("FeedbackOut", "id"), ("AlternativeOut", "code"), ("Problem", "code"), ("AssessmentOut", "kinds")]:
        assert schemas[schema]["properties"][field]["examples"]


def test_pages_for_people_are_not_in_the_document(document: dict[str, Any]) -> None:
    assert not [path for path in document["paths"] if not path.startswith(("/api/v1/", "/healthz", "/readyz"))]


# ------------------------------------------------------------------------------------------------ anything a document allows
@pytest.fixture
def fuzzed(settings: Settings) -> FuzzedService:
    """An application that schemathesis starts by itself, with a key made before."""
    engine = open_engine(settings.resolved_database_url)
    migrate(engine)
    with sessionmaker(engine).begin() as session:
        key = create_key(session, "coba", "desk")
    engine.dispose()
    return FuzzedService(create_app(settings.model_copy(update={"log_level": "ERROR"})), {"X-API-Key": key})


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize(("with_key", "n_examples"), [(True, 80), (False, 15)], ids=["with a key", "without"])
@pytest.mark.parametrize("place", sorted(OPERATIONS), ids=" ".join)
def test_whatever_is_sent_gets_an_answer_of_the_document(
    fuzzed: FuzzedService, place: tuple[str, str], with_key: bool, n_examples: int
) -> None:
    method, path = place
    operation = schemathesis.openapi.from_asgi("/openapi.json", fuzzed.app)[path][method.upper()]
    assert fuzzed.app.state.scoring.wait(READY_WITHIN_S)
    fitting, unfitting = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    statuses: Counter[int] = Counter()

    @seed(7)
    @fuzz_settings(
        max_examples=n_examples if path.startswith("/api/") else 10,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=fitting | unfitting)
    def send(case: schemathesis.Case) -> None:
        headers = fuzzed.headers if with_key else {"X-API-Key": ""}
        response = case.call_and_validate(headers=headers, checks=CHECKS)
        statuses[response.status_code] += 1

    send()
    if path.startswith("/api/"):
        assert bool({200, 201, 404, 409} & set(statuses)) is with_key
    else:
        assert set(statuses) == {200}
