from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from starlette.testclient import TestClient

from api.accounts.permissions import Right
from api.feedback.tables import SealedReporter
from tests.api.integrity_room import CASES, REASON, Headers, Office, key_with, open_office
from tests.api.messages import BRIBE, NIK, PHONE, assert_problem

REPORTER = {"name": "Sri Rejeki", "contact": PHONE, "identity_number": NIK}
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@pytest.fixture
def office(both: TestClient) -> Office:
    return open_office(both)


@pytest.fixture
def one_office(client: TestClient) -> Office:
    return open_office(client)


def ask(office: Office, case: str, who: Headers | None = None) -> str:
    """The place of a new request."""
    request = office.post(f"{CASES}/{case}/reporter-requests", who, 201, reason=REASON)
    assert (request["state"], request["is_mine"], request["reason"]) == ("menunggu", True, REASON)
    return f"{CASES}/{case}/reporter-requests/{request['id']}"


def refuse(office: Office, place: str, status: int, code: str, who: Headers | None = None, **body: Any) -> None:
    response = office.client.post(place, json=body or None, headers=who or office.inspector)
    assert_problem(response, status, code, unsaid=("Sri", PHONE, NIK))


# ------------------------------------------------------------------------------------------------ the way
def test_with_a_second_persons_consent_the_asker_looks_once(office: Office) -> None:
    case = office.open_case(reporter=REPORTER)
    place = ask(office, case)
    refuse(office, f"{place}/open", 409, "permintaan_tidak_sesuai")
    answered = office.post(f"{place}/answer", office.colleague, answer="setuju", note="Alasannya cukup.")
    assert (answered["state"], answered["is_mine"], answered["answered_by"]) == ("disetujui", False, "inspektorat")
    refuse(office, f"{place}/open", 403, "hanya_pemohon", office.colleague)
    opened = office.post(f"{place}/open")
    assert {name: opened[name] for name in REPORTER} == REPORTER
    assert opened["is_recorded"] is True
    refuse(office, f"{place}/open", 409, "permintaan_tidak_sesuai")
    shown = office.get(f"{CASES}/{case}")
    assert [request["state"] for request in shown["reporter_requests"]] == ["dibuka"]
    steps = [(event["kind"], event["note"]) for event in shown["events"][::-1]]
    assert steps[1:] == [
        ("pelapor_diminta", REASON),
        ("pelapor_disetujui", "Alasannya cukup."),
        ("pelapor_dibuka", REASON),
    ]
    actions = [event["action"] for event in office.audited()][::-1]
    assert actions[-3:] == ["reporter.requested", "reporter.agreed", "reporter.opened"]


def test_nobody_answers_their_own_request_and_a_namesake_is_another_person(office: Office) -> None:
    place = ask(office, office.open_case(reporter=REPORTER))
    refuse(office, f"{place}/answer", 403, "perlu_orang_kedua", answer="setuju")
    assert office.post(f"{place}/answer", office.colleague, answer="setuju")["state"] == "disetujui"  # of the same name
    refuse(office, f"{place}/answer", 409, "permintaan_tidak_sesuai", office.colleague, answer="tolak")


def test_a_refused_request_opens_nothing_and_may_be_asked_anew(office: Office) -> None:
    case = office.open_case(reporter=REPORTER)
    place = ask(office, case)
    refuse(office, f"{CASES}/{case}/reporter-requests", 409, "permintaan_sudah_ada", reason=REASON)
    office.post(f"{place}/answer", office.colleague, answer="tolak")
    refuse(office, f"{place}/open", 409, "permintaan_tidak_sesuai")
    again = ask(office, case)
    theirs = ask(office, case, office.colleague)  # each person has a request of their own
    office.post(f"{theirs}/answer", answer="setuju")
    refuse(office, f"{again}/open", 409, "permintaan_tidak_sesuai")
    assert office.post(f"{theirs}/open", office.colleague)["name"] == "Sri Rejeki"


@pytest.mark.parametrize(
    ("answered_after", "opened_after", "opens"),
    [
        (timedelta(days=2, hours=23), timedelta(hours=23), True),
        (timedelta(hours=1), timedelta(hours=24), False),
        (timedelta(days=3), timedelta(0), False),
    ],
)
def test_requests_expire(one_office: Office, answered_after: timedelta, opened_after: timedelta, opens: bool) -> None:
    case = one_office.open_case(reporter=REPORTER)
    with time_machine.travel(NOON, tick=False):
        place = ask(one_office, case)
    with time_machine.travel(NOON + answered_after, tick=False):
        answered = one_office.client.post(f"{place}/answer", json={"answer": "setuju"}, headers=one_office.colleague)
        assert answered.status_code == (200 if answered_after < timedelta(days=3) else 409)
    with time_machine.travel(NOON + answered_after + opened_after, tick=False):
        assert one_office.client.post(f"{place}/open", headers=one_office.inspector).status_code == (200 if opens else 409)
        if not opens:
            [request] = one_office.get(f"{CASES}/{case}")["reporter_requests"]
            assert request["state"] == "kedaluwarsa"
            ask(one_office, case)


def test_of_several_openings_at_one_moment_one_succeeds(office: Office) -> None:
    place = ask(office, office.open_case(reporter=REPORTER))
    office.post(f"{place}/answer", office.colleague, answer="setuju")
    start = Barrier(4)

    def open_it(_: int) -> int:
        start.wait(timeout=30)
        return office.client.post(f"{place}/open", headers=office.inspector).status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(open_it, range(4))) == [200, 409, 409, 409]


def test_a_request_belongs_to_its_case_and_to_those_with_the_right(one_office: Office) -> None:
    case, other = one_office.open_case(), one_office.open_case()
    request = ask(one_office, case).rsplit("/", 1)[1]
    refuse(one_office, f"{CASES}/{other}/reporter-requests/{request}/answer", 404, "permintaan_tidak_ada", answer="setuju")
    viewer = key_with(one_office, Right.CASE_VIEW, Right.CASE_MARK)
    assert one_office.get(f"{CASES}/{case}", viewer)["reporter_requests"] == []
    refuse(one_office, f"{CASES}/{case}/reporter-requests/{request}/answer", 403, "tidak_berhak", viewer, answer="setuju")
    assert len(one_office.get(f"{CASES}/{case}", one_office.colleague)["reporter_requests"]) == 1


# ------------------------------------------------------------------------------------------------ whether somebody is recorded
def without_ids(answer: Any) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers of an answer, with what differs between any two requests left out."""
    body = answer.json()
    for name in ("id", "created_at", "expires_at", "answered_at", "at"):
        body.pop(name, None)
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, str(body), headers


@pytest.mark.parametrize("visibility", ["publik", "rahasia"])
def test_before_the_last_step_a_message_without_a_reporter_is_treated_alike(office: Office, visibility: str) -> None:
    told: dict[str, list[Any]] = {}
    for name, fields in {"with": {"reporter": REPORTER}, "without": {}, "empty": {"reporter": {}}}.items():
        with time_machine.travel(NOON, tick=False):
            taken = office.client.post(
                "/api/v1/feedback", json={"text": BRIBE, "visibility": visibility, **fields}, headers=office.desk
            )
            assert taken.status_code == 201
            case = office.case_of(taken.json())
            asked = office.client.post(f"{CASES}/{case}/reporter-requests", json={"reason": REASON}, headers=office.inspector)
            place = f"{CASES}/{case}/reporter-requests/{asked.json()['id']}"
            steps: list[Callable[[], Any]] = [
                lambda place=place: office.client.post(f"{place}/open", headers=office.inspector),
                lambda place=place: office.client.post(f"{place}/answer", json={"answer": "setuju"}, headers=office.inspector),
                lambda place=place: office.client.post(f"{place}/answer", json={"answer": "setuju"}, headers=office.colleague),
                lambda place=place: office.client.post(f"{place}/open", headers=office.colleague),
            ]
            told[name] = [without_ids(asked), *(without_ids(step()) for step in steps), len(taken.content)]
            shown = office.get(f"{CASES}/{case}")
            told[name] += [set(shown), len(shown["events"])]
            opened = office.post(f"{place}/open")
            told[name].append([event["kind"] for event in office.get(f"{CASES}/{case}")["events"]])
        assert opened["is_recorded"] is (name == "with")
        if name != "with":
            assert opened["notice"] == "Pelapor tidak tercatat."
            assert (opened["name"], opened["contact"], opened["identity_number"]) == (None, None, None)
    assert told["with"] == told["without"] == told["empty"]


def test_what_is_sealed_has_one_size_whoever_reported(office: Office) -> None:
    longest = {"name": "\u0001" * 120, "contact": "😀" * 120, "identity_number": '"' * 40}
    for fields in ({}, {"reporter": REPORTER}, {"reporter": longest}, {"visibility": "rahasia"}, {"visibility": "anonim"}):
        office.send(BRIBE, **fields)
    with office.app.state.sessions() as session:
        assert len({len(row.sealed) for row in session.query(SealedReporter)}) == 1
    places = [ask(office, case["id"]) for case in office.get(CASES)["items"]]
    names = []
    for place in places:
        office.post(f"{place}/answer", office.colleague, answer="setuju")
        names.append(office.post(f"{place}/open")["name"])
    assert names == [None, None, longest["name"], REPORTER["name"], None]


def test_destroyed_reporters_are_told_of_alike_and_an_attempt_is_not_used_up(one_office: Office) -> None:
    cases = [one_office.open_case(**fields) for fields in ({"reporter": REPORTER}, {})]
    places = [ask(one_office, case) for case in cases]
    for place in places:
        one_office.post(f"{place}/answer", one_office.colleague, answer="setuju")
    with one_office.app.state.sessions.begin() as session:
        session.query(SealedReporter).delete()
    for place in places:
        refuse(one_office, f"{place}/open", 410, "pelapor_dimusnahkan")
    for case in cases:
        assert [request["state"] for request in one_office.get(f"{CASES}/{case}")["reporter_requests"]] == ["disetujui"]


def test_no_other_answer_holds_the_reporter(office: Office) -> None:
    message = office.send(BRIBE, reporter=REPORTER, received_at="2026-11-20T08:15:00+07:00")
    case = office.case_of(message)
    place = ask(office, case)
    office.post(f"{place}/answer", office.colleague, answer="setuju")
    office.post(f"{place}/open")
    answers = [
        office.client.get(path, headers=who)
        for path in (f"/api/v1/feedback/{message['id']}", "/api/v1/feedback", f"{CASES}/{case}", CASES, "/api/v1/audit")
        for who in (office.inspector, office.colleague, *office.outsiders.values())
    ]
    answers.append(office.client.post(f"{CASES}/{case}/original", json={"reason": REASON}, headers=office.inspector))
    assert not [part for answer in answers for part in ("Sri", "Rejeki", PHONE, NIK) if part in answer.text]
