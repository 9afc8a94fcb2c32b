import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.conftest import make_key, serving
from tests.api.messages import (
    BRIBE,
    FAMILY_CARD,
    NIK,
    PHONE,
    ROAD,
    TOPICS,
    WASTE,
    assert_problem,
    database_bytes,
    stored_rows,
)

URL = "/api/v1/feedback"
JSON = {"content-type": "application/json"}
Headers = dict[str, str]


@pytest.fixture
def data_dir(settings: Settings) -> Path:
    return settings.data_dir


def send(client: TestClient, headers: Headers, text: str = ROAD, **fields: Any) -> dict[str, Any]:
    response = client.post(URL, json={"text": text, **fields}, headers=headers)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


# ------------------------------------------------------------------------------------------------ taking in and reading
def test_a_message_is_assessed_stored_and_found_again(client: TestClient, headers: Headers) -> None:
    message = {
        "text": ROAD,
        "channel": "whatsapp",
        "district": "  Damar Barat ",
        "received_at": "2026-11-20T08:15:00+07:00",
        "external_id": "WA-17",
    }
    response = client.post(URL, json=message, headers=headers)
    assert response.status_code == 201
    created = response.json()
    assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{26}", created["id"])
    assert response.headers["location"] == f"{URL}/{created['id']}"
    assert created["masked_text"] == ROAD
    assert (created["channel"], created["district"], created["external_id"]) == ("whatsapp", "Damar Barat", "WA-17")
    assert datetime.fromisoformat(created["received_at"]) == datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
    assert created["assessment"]["topic"]["code"] == "jalan"
    detail = client.get(response.headers["location"], headers=headers).json()
    assert detail == created | {"dispositions": [], "corrections": [], "similar": []}
    assert client.get(URL, headers=headers).json() == {"items": [created], "next_cursor": None}


def test_only_the_text_is_needed_and_the_time_is_now(client: TestClient, headers: Headers) -> None:
    before = datetime.now(UTC)
    created = send(client, headers)
    assert before <= datetime.fromisoformat(created["received_at"]) <= datetime.now(UTC)
    assert (created["channel"], created["district"], created["external_id"]) == (None, None, None)


@pytest.mark.parametrize("text", list(TOPICS))
def test_the_stored_assessment_is_the_one_of_scoring_and_its_integrity_part_not_for_a_desk(
    app: FastAPI, client: TestClient, headers: Headers, text: str
) -> None:
    [scored] = client.post("/api/v1/score", json={"texts": [text]}, headers=headers).json()["results"]
    del scored["id"]
    created = send(client, headers, text)
    integrity = make_key(app, role="integrity")
    assert client.get(f"{URL}/{created['id']}", headers=integrity).json()["assessment"] == scored
    assert created["assessment"] == scored | {"band": None, "integrity_risk": None, "kinds": [], "evidence": []}


def test_a_message_outlives_the_process(settings: Settings) -> None:
    first = create_app(settings)
    with serving(first) as client:
        headers = make_key(first)
        location = f"{URL}/{send(client, headers, ROAD)['id']}"
        before = client.get(location, headers=headers).json()
    with serving(create_app(settings)) as client:
        assert client.get(location, headers=headers).json() == before


def test_a_text_that_says_nothing_is_kept_with_its_problem(client: TestClient, headers: Headers) -> None:
    created = send(client, headers, "?!")
    assert created["assessment"]["problem"] and created["assessment"]["topic"] is None
    assert created["assessment"]["decision"] == "manual"


@pytest.mark.parametrize(
    "personal", [PHONE, PHONE.replace("-", ""), "+62 812 3456 7890", NIK, "31.7401.570890.0002", "warga@contoh.id"]
)
def test_personal_data_is_in_no_answer_and_not_on_disk(
    client: TestClient, headers: Headers, data_dir: Path, personal: str
) -> None:
    text = f"{ROAD}, hubungi {personal} ya"
    request = {"text": text, "external_id": "SMS-1"}
    with_key = headers | {"Idempotency-Key": "kirim-1"}
    answers = [client.post(URL, json=request, headers=with_key) for _ in range(2)]
    answers += [client.get(URL, headers=headers), client.get(answers[0].headers["location"], headers=headers)]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]
    assert all(personal not in answer.text and "hubungi [" in answer.text for answer in answers)
    on_disk = database_bytes(data_dir)
    assert b"hubungi [" in on_disk  # the message itself was found, so its personal data would be
    assert personal.encode() not in on_disk
    assert (data_dir / "suara.db-wal").exists()


def test_personal_data_of_a_refused_message_is_not_on_disk(client: TestClient, headers: Headers, data_dir: Path) -> None:
    client.post(URL, json={"text": f"hubungi {PHONE}", "channel": "merpati"}, headers=headers)
    assert PHONE.encode() not in database_bytes(data_dir)
    assert set(stored_rows(data_dir).values()) == {0}


# ------------------------------------------------------------------------------------------------ what is refused
@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"text": 7}, "text"),
        ({"text": "a" * 20_001}, "text"),
        ({"channel": "merpati"}, "channel"),
        ({"channel": ""}, "channel"),
        ({"district": "   "}, "district"),
        ({"district": "x" * 101}, "district"),
        ({"external_id": ""}, "external_id"),
        ({"external_id": "x" * 201}, "external_id"),
        ({"received_at": "2026-11-20T08:15:00"}, "received_at"),
        ({"received_at": "2026-11-20"}, "received_at"),
        ({"received_at": "kemarin"}, "received_at"),
        ({"received_at": "0001-01-01T00:00:00+14:00"}, "received_at"),
        ({"received_at": "0001-01-01T01:00:01Z", "district": "Damar"}, "received_at"),
        ({"received_at": "3000-01-01T00:00:00Z"}, "received_at"),
        ({"received_at": "9999-12-31T23:59:59-12:00"}, "received_at"),
        ({"nama_pelapor": "Sri Rejeki"}, "nama_pelapor"),
        ({"masked_text": "lain"}, "masked_text"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(
    client: TestClient, headers: Headers, data_dir: Path, fields: dict[str, Any], where: str
) -> None:
    response = client.post(URL, json={"text": ROAD, **fields}, headers=headers)
    unsaid = (ROAD, *(value for value in fields.values() if isinstance(value, str) and len(value) > 3))
    body = assert_problem(response, 422, "isi_tidak_sah", unsaid=unsaid)
    assert [error["loc"] for error in body["errors"]] == [["body", where]]  # type: ignore[attr-defined]
    assert set(stored_rows(data_dir).values()) == {0}


@pytest.mark.parametrize(("days", "status"), [(-400, 201), (0.9, 201), (1.1, 422), (3_650, 422)])
def test_a_message_does_not_come_from_the_future(
    client: TestClient, headers: Headers, data_dir: Path, days: float, status: int
) -> None:
    moment = datetime.now(UTC) + timedelta(days=days)
    response = client.post(URL, json={"text": ROAD, "received_at": moment.isoformat()}, headers=headers)
    assert response.status_code == status
    assert stored_rows(data_dir)["feedback"] == (status == 201)


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\udfff"])
@pytest.mark.parametrize("field", ["text", "district", "external_id"])
def test_nul_and_lone_surrogates_are_refused_and_nothing_is_stored(
    client: TestClient, headers: Headers, data_dir: Path, field: str, escape: str
) -> None:
    body = f'{{"text": "jalan rusak", "{field}": "Damar {escape} Barat"}}'
    response = client.post(URL, content=body.encode(), headers=headers | JSON)
    assert_problem(response, 422, "isi_tidak_sah", unsaid=("rusak", "Damar"))
    assert set(stored_rows(data_dir).values()) == {0}


@pytest.mark.parametrize("name", ["\\ud800", "\\u0000", "x" * 5_000, "hubungi saya di 081234567890"])
def test_the_name_of_an_unknown_field_is_not_repeated_at_length(client: TestClient, headers: Headers, name: str) -> None:
    response = client.post(URL, content=f'{{"text": "jalan", "{name}": 1}}'.encode(), headers=headers | JSON)
    assert_problem(response, 422, "isi_tidak_sah", unsaid=("0812",))
    assert len(response.content) < 2_000


@pytest.mark.parametrize(("method", "path"), [("POST", URL), ("GET", URL), ("GET", f"{URL}/{'0' * 26}")])
def test_no_message_without_a_key(client: TestClient, data_dir: Path, method: str, path: str) -> None:
    body = {"text": ROAD} if method == "POST" else None
    assert_problem(client.request(method, path, json=body), 401, "kunci_salah", unsaid=(ROAD,))
    assert set(stored_rows(data_dir).values()) == {0}


def test_an_unknown_message_is_not_found(client: TestClient, headers: Headers) -> None:
    send(client, headers)
    assert_problem(client.get(f"{URL}/{'0' * 26}", headers=headers), 404, "pesan_tidak_ada")


def test_without_a_model_nothing_is_stored(client_without_model: TestClient, tmp_path: Path) -> None:
    assert_problem(client_without_model.post(URL, json={"text": ROAD}), 503, "model_belum_siap", unsaid=(ROAD,))
    assert set(stored_rows(tmp_path / "data").values()) == {0}


# ------------------------------------------------------------------------------------------------ repeats
def test_a_repeated_external_id_gets_the_first_answer(client: TestClient, headers: Headers, data_dir: Path) -> None:
    first = send(client, headers, ROAD, external_id="WA-1")
    again = client.post(URL, json={"text": WASTE, "external_id": "WA-1"}, headers=headers)
    assert (again.status_code, again.json()) == (200, first)
    assert again.headers["location"] == f"{URL}/{first['id']}"
    assert stored_rows(data_dir)["feedback"] == 1


def test_a_repeated_idempotency_key_gets_the_first_answer(client: TestClient, headers: Headers, data_dir: Path) -> None:
    headers = headers | {"Idempotency-Key": "kirim-1"}
    answers = [client.post(URL, json={"text": ROAD, "channel": "sms"}, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert answers[1].json() == answers[2].json() == answers[0].json()
    assert stored_rows(data_dir) == {"feedback": 1, "assessments": 1, "idempotent_requests": 1}


@pytest.mark.parametrize("other", [{"text": WASTE}, {"text": ROAD, "channel": "sms"}, {"text": ROAD, "external_id": "A"}])
def test_an_idempotency_key_is_not_used_for_another_body(
    client: TestClient, headers: Headers, data_dir: Path, other: dict[str, str]
) -> None:
    headers = headers | {"Idempotency-Key": "kirim-1"}
    first = send(client, headers)
    assert_problem(client.post(URL, json=other, headers=headers), 409, "idempotency_key_dipakai", unsaid=(WASTE, ROAD))
    assert stored_rows(data_dir) == {"feedback": 1, "assessments": 1, "idempotent_requests": 1}
    assert client.post(URL, json={"text": ROAD}, headers=headers).json() == first


def test_each_api_key_has_its_own_idempotency_keys(app: FastAPI, client: TestClient) -> None:
    desks = [make_key(app, name) | {"Idempotency-Key": "kirim-1"} for name in ("loket satu", "loket dua")]
    ids = [send(client, headers, text)["id"] for headers, text in zip(desks, (ROAD, WASTE), strict=True)]
    assert len(set(ids)) == 2
    repeats = [client.post(URL, json={"text": text}, headers=h) for h, text in zip(desks, (ROAD, WASTE), strict=True)]
    assert [(r.status_code, r.json()["id"]) for r in repeats] == [(200, ids[0]), (200, ids[1])]


@pytest.mark.parametrize("idempotency_key", ["", "x" * 201])
def test_an_idempotency_key_has_1_to_200_characters(client: TestClient, headers: Headers, idempotency_key: str) -> None:
    response = client.post(URL, json={"text": ROAD}, headers=headers | {"Idempotency-Key": idempotency_key})
    assert_problem(response, 422, "isi_tidak_sah", unsaid=(ROAD,))


@pytest.mark.parametrize("by", ["idempotency key", "external id", "both"])
def test_repeats_at_the_same_moment_store_one_row(client: TestClient, headers: Headers, data_dir: Path, by: str) -> None:
    n_threads, n_rounds = 8, 6
    start = Barrier(n_threads)

    def repeat(round_: int) -> tuple[int, str]:
        body = {"text": ROAD} | ({"external_id": f"WA-{round_}"} if by != "idempotency key" else {})
        key = {"Idempotency-Key": f"kirim-{round_}"} if by != "external id" else {}
        start.wait(timeout=30)
        response = client.post(URL, json=body, headers=headers | key)
        return response.status_code, response.json()["id"]

    for round_ in range(n_rounds):
        with ThreadPoolExecutor(n_threads) as threads:
            answers = list(threads.map(repeat, [round_] * n_threads))
        assert sorted(status for status, _ in answers) == [200] * (n_threads - 1) + [201]
        assert len({public_id for _, public_id in answers}) == 1
    rows = stored_rows(data_dir)
    assert rows["feedback"] == rows["assessments"] == n_rounds
    assert rows["idempotent_requests"] == (n_rounds if by != "external id" else 0)


def test_different_messages_at_the_same_moment_are_all_stored(client: TestClient, headers: Headers, data_dir: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda i: send(client, headers, external_id=f"WA-{i}")["id"], range(40)))
    assert len(set(ids)) == stored_rows(data_dir)["feedback"] == 40


# ------------------------------------------------------------------------------------------------ lists
def test_pages_go_from_new_to_old_and_meet_each_message_once_while_new_ones_come(client: TestClient, headers: Headers) -> None:
    texts = [*TOPICS, BRIBE]
    earlier = [send(client, headers, texts[i % 5])["id"] for i in range(23)]
    met: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        page = client.get(URL, params={"limit": 5, **cursor}, headers=headers).json()
        met += [item["id"] for item in page["items"]]
        send(client, headers, FAMILY_CARD)
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 5
        cursor = {"cursor": page["next_cursor"]}
    assert met == earlier[::-1]


@pytest.mark.parametrize("n_messages", [0, 1, 4, 5])
def test_the_last_page_says_so(client: TestClient, headers: Headers, n_messages: int) -> None:
    for _ in range(n_messages):
        send(client, headers)
    page = client.get(URL, params={"limit": 4}, headers=headers).json()
    assert len(page["items"]) == min(n_messages, 4)
    assert (page["next_cursor"] is None) == (n_messages <= 4)


def test_a_page_is_capped_and_has_a_default_length(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"page_limit": 30}))
    with serving(app) as client:
        headers = make_key(app)
        for _ in range(32):
            send(client, headers)
        lengths = [
            len(client.get(URL, params=params, headers=headers).json()["items"])
            for params in ({}, {"limit": 1}, {"limit": 30}, {"limit": 31}, {"limit": 10**30})
        ]
    assert lengths == [20, 1, 30, 30, 30]


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"limit": "0"}, 422),
        ({"limit": "-1"}, 422),
        ({"limit": "banyak"}, 422),
        ({"cursor": "bukan-kursor"}, 422),
        ({"cursor": "' OR 1=1 --"}, 422),
        ({"cursor": ""}, 422),
        ({"cursor": "0" * 26}, 404),
    ],
)
def test_a_bad_place_in_the_list_is_refused(client: TestClient, headers: Headers, params: dict[str, str], status: int) -> None:
    send(client, headers)
    assert_problem(client.get(URL, params=params, headers=headers), status)


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"urgency": "urgent"}, "label_tidak_dikenal", "darurat"),
        ({"topic": "jln"}, "label_tidak_dikenal", "jalan"),
        ({"aspect": "lama"}, "label_tidak_dikenal", "waktu"),
        ({"sentiment": "marah"}, "label_tidak_dikenal", "negatif"),
        ({"unit": "dukcapil"}, "unit_tidak_dikenal", "/api/v1/units"),
    ],
)
def test_a_slip_in_a_filter_is_told_and_not_taken_for_a_day_without_messages(
    client: TestClient, headers: Headers, params: dict[str, str], code: str, words: str
) -> None:
    body = assert_problem(client.get(URL, params=params, headers=headers), 422, code)
    assert words in str(body["detail"])
    assert client.get(URL, params={"unit": "-"}, headers=headers).json() == {"items": [], "next_cursor": None}


def test_received_long_ago_does_not_change_the_order_of_arrival(client: TestClient, headers: Headers) -> None:
    now = datetime.now(UTC)
    ids = [send(client, headers, received_at=(now - timedelta(days=days)).isoformat())["id"] for days in (1, 400, 0)]
    assert [item["id"] for item in client.get(URL, headers=headers).json()["items"]] == ids[::-1]
