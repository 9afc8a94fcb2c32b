import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.conftest import make_key, serving
from tests.api.messages import BRIBE, FAMILY_CARD, NIK, PHONE, ROAD, TOPICS, assert_problem, other_connection, stored_rows

URL = "/api/v1/score"
MIB = 1_048_576
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(shared_client: TestClient, shared_headers: dict[str, str]) -> TestClient:
    return TestClient(shared_client.app, headers=shared_headers)


# ------------------------------------------------------------------------------------------------ what comes back
def test_texts_are_assessed_in_their_order(client: TestClient) -> None:
    texts = list(TOPICS) * 5
    random.Random(3).shuffle(texts)
    results = client.post(URL, json={"texts": texts}).json()["results"]
    assert [result["topic"]["code"] for result in results] == [TOPICS[text] for text in texts]
    assert [result["masked_text"] for result in results] == texts
    assert {result["id"] for result in results} == {None}


def test_items_bring_their_ids_back_even_equal_or_empty_ones(client: TestClient) -> None:
    items = [{"id": given_id, "text": text} for given_id, text in zip(["9", "1", "1", "", "ü-π"], [*TOPICS, ROAD], strict=True)]
    results = client.post(URL, json={"items": items}).json()["results"]
    assert [(r["id"], r["topic"]["code"]) for r in results] == [(item["id"], TOPICS[item["text"]]) for item in items]


def test_both_forms_say_the_same_of_the_same_text(client: TestClient) -> None:
    [plain] = client.post(URL, json={"texts": [BRIBE]}).json()["results"]
    [named] = client.post(URL, json={"items": [{"id": "a", "text": BRIBE}]}).json()["results"]
    assert plain | {"id": "a"} == named


def test_codes_come_with_indonesian_names_and_probabilities(client: TestClient) -> None:
    [result] = client.post(URL, json={"texts": [ROAD]}).json()["results"]
    names = {part: (result[part]["code"], result[part]["name"]) for part in ("topic", "aspect", "sentiment", "urgency", "band")}
    assert names == {
        "topic": ("jalan", "Jalan dan jembatan"),
        "aspect": ("sarana", "Sarana dan prasarana"),
        "sentiment": ("negatif", "Negatif"),
        "urgency": ("biasa", "Biasa"),
        "band": ("0", "Tidak ada petunjuk"),
    }
    assert result["unit"] is None  # this model was trained without units
    alternatives = result["topic"]["alternatives"]
    assert alternatives[0]["code"] == "jalan" and len(alternatives) == 3
    assert sorted((a["probability"] for a in alternatives), reverse=True) == [a["probability"] for a in alternatives]
    assert all(0 <= result[part]["probability"] <= 1 for part in names)
    assert result["model"].startswith("small@")
    assert (result["kinds"], result["evidence"], result["problem"]) == ([], [], None)


def test_a_message_about_a_bribe_is_flagged_with_words_from_the_masked_text(client: TestClient) -> None:
    text = f"hubungi {PHONE}, {BRIBE}"
    [result] = client.post(URL, json={"texts": [text]}).json()["results"]
    assert result["band"]["code"] in {"2", "3"} and result["integrity_risk"] > 0.9
    assert result["kinds"] == ["pungli_pemerasan"]
    assert result["decision"] != "auto"
    assert "memeras" in {part["text"] for part in result["evidence"]}
    for part in result["evidence"]:
        assert result["masked_text"][part["start"] : part["end"]] == part["text"]


@pytest.mark.parametrize("personal", [PHONE, NIK, "+62 812 3456 7890", "warga@contoh.id"])
def test_personal_data_does_not_come_back(client: TestClient, personal: str) -> None:
    response = client.post(URL, json={"texts": [f"{ROAD}, hubungi {personal}"]})
    assert response.status_code == 200
    assert personal not in response.text


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "...", "?!", "#REF!", "=SUM(A1:A3)"])
def test_a_text_that_says_nothing_gets_a_problem_and_no_labels(client: TestClient, text: str) -> None:
    results = client.post(URL, json={"texts": [ROAD, text, FAMILY_CARD]}).json()["results"]
    assert [r["topic"] and r["topic"]["code"] for r in results] == ["jalan", None, "kependudukan"]
    assert results[1]["problem"] and results[1]["decision"] == "manual"
    assert all(results[1][part] is None for part in ("aspect", "sentiment", "urgency", "band", "integrity_risk", "unit"))


def test_an_empty_list_is_an_empty_answer(client: TestClient) -> None:
    assert client.post(URL, json={"texts": []}).json() == {"results": []}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=80), max_size=8))
def test_every_text_gets_one_result_whatever_it_holds(
    shared_client: TestClient, shared_headers: dict[str, str], texts: list[str]
) -> None:
    response = shared_client.post(URL, json={"texts": texts}, headers=shared_headers)
    assert response.status_code == 200
    for text, result in zip(texts, response.json()["results"], strict=True):
        assert (result["topic"] is None) == (result["problem"] is not None)
        assert result["problem"] is not None or any(character.isalnum() for character in text)


def test_scoring_stores_nothing(client: TestClient, shared_app: FastAPI) -> None:
    client.post(URL, json={"texts": list(TOPICS)})
    data_dir = shared_app.state.desk.settings.data_dir
    assert set(stored_rows(data_dir).values()) == {0}
    assert ROAD.encode() not in b"".join(path.read_bytes() for path in data_dir.iterdir())


# ------------------------------------------------------------------------------------------------ what is refused
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"texts": None, "items": None},
        {"texts": [ROAD], "items": [{"id": "1", "text": ROAD}]},
        {"texts": [], "items": []},
        {"texts": ROAD},
        {"texts": [1]},
        {"texts": [None]},
        {"items": [{"id": "1"}]},
        {"items": [{"text": ROAD}]},
        {"items": [{"id": 1, "text": ROAD}]},
        {"items": [{"id": "x" * 201, "text": ROAD}]},
        [ROAD],
        ROAD,
        None,
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_a_body_of_another_form_is_refused_without_repeating_it(client: TestClient, body: object) -> None:
    assert_problem(client.post(URL, json=body), 422, "isi_tidak_sah", unsaid=(ROAD, "xxx"))


@pytest.mark.parametrize("body", [b"", b'{"texts": ["jalan', b"{'texts': []}", b"texts=jalan", b'{"texts": ["jalan"]} lagi'])
def test_malformed_json_is_refused(client: TestClient, body: bytes) -> None:
    assert_problem(client.post(URL, content=body, headers=JSON), 422, "isi_tidak_sah", unsaid=("jalan",))


@pytest.mark.parametrize("body", [b'{"texts": ["jalan \xff\xfe"]}', b'{"texts":' + b"[" * 200_000], ids=["not utf-8", "too deep"])
def test_an_unreadable_body_is_refused_in_indonesian(client: TestClient, body: bytes) -> None:
    assert_problem(client.post(URL, content=body, headers=JSON), 400, "isi_tidak_terbaca", unsaid=("jalan", "Bad Request"))


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\udfff", "\\udc00\\ud83d"])
@pytest.mark.parametrize("body", ['{"texts": ["jalan HERE rusak"]}', '{"items": [{"id": "HERE", "text": "jalan rusak"}]}'])
def test_nul_and_lone_surrogates_are_refused(client: TestClient, body: str, escape: str) -> None:
    response = client.post(URL, content=body.replace("HERE", escape), headers=JSON)
    assert_problem(response, 422, "isi_tidak_sah", unsaid=("rusak",))


def test_a_whole_surrogate_pair_is_a_character(client: TestClient) -> None:
    response = client.post(URL, content=b'{"texts": ["jalan \\ud83d\\ude21 rusak"]}', headers=JSON)
    assert response.json()["results"][0]["masked_text"] == "jalan \U0001f621 rusak"


@pytest.mark.parametrize(("n_chars", "status"), [(20_000, 200), (20_001, 422)])
def test_a_text_has_at_most_20_000_characters(client: TestClient, n_chars: int, status: int) -> None:
    text = ("jalan rusak " * 2_000)[:n_chars].ljust(n_chars, "a")
    response = client.post(URL, json={"texts": [ROAD, text]})
    assert response.status_code == status
    if status == 422:
        body = assert_problem(response, 422, "isi_tidak_sah", unsaid=("jalan rusak",))
        assert body["errors"][0]["loc"] == ["body", "texts", 1]  # type: ignore[index]


@pytest.mark.parametrize("form", ["texts", "items"])
@pytest.mark.parametrize(("n_texts", "status"), [(1_000, 200), (1_001, 413)])
def test_at_most_1_000_texts_in_one_request(client: TestClient, form: str, n_texts: int, status: int) -> None:
    body = {"texts": [ROAD] * n_texts} if form == "texts" else {"items": [{"id": str(i), "text": ROAD} for i in range(n_texts)]}
    response = client.post(URL, json=body)
    assert response.status_code == status
    if status == 413:
        assert "1000" in assert_problem(response, 413, "terlalu_banyak")["detail"]  # type: ignore[operator]
    else:
        assert len(response.json()["results"]) == n_texts


def padded(n_bytes: int) -> bytes:
    """A good request of exactly `n_bytes`."""
    return json.dumps({"texts": [ROAD]}).encode().ljust(n_bytes)


def in_parts(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize(("n_bytes", "status"), [(MIB, 200), (MIB + 1, 413), (3 * MIB, 413)])
def test_a_body_has_at_most_one_mebibyte(client: TestClient, n_bytes: int, status: int, chunked: bool) -> None:
    body = padded(n_bytes)
    response = client.post(URL, content=in_parts(body) if chunked else body, headers=JSON)
    sent = response.request.headers
    assert ("content-length" in sent, sent.get("transfer-encoding")) == ((False, "chunked") if chunked else (True, None))
    assert response.status_code == status
    if status == 413:
        assert_problem(response, 413, "terlalu_besar", unsaid=(ROAD,))


# ------------------------------------------------------------------------------------------------ who may ask
def test_a_revoked_key_scores_no_more(client: TestClient, shared_app: FastAPI) -> None:
    headers = make_key(shared_app, "akan dicabut")
    assert client.post(URL, json={"texts": [ROAD]}, headers=headers).status_code == 200
    with other_connection(shared_app.state.desk.settings.data_dir) as connection:
        connection.execute("UPDATE api_keys SET revoked_at = '2026-01-01 00:00:00' WHERE name = 'akan dicabut'")
    assert_problem(client.post(URL, json={"texts": [ROAD]}, headers=headers), 401, "kunci_salah", unsaid=(ROAD,))


@pytest.mark.parametrize("given", ["", "suara", "suara_000000000000_" + "A" * 43, "' OR 1=1 --"])
def test_without_a_valid_key_nothing_is_scored(client: TestClient, given: str) -> None:
    assert_problem(client.post(URL, json={"texts": [ROAD]}, headers={"X-API-Key": given}), 401, "kunci_salah", unsaid=(ROAD,))


def test_a_missing_key_comes_before_a_wrong_body(shared_client: TestClient) -> None:
    assert_problem(shared_client.post(URL, json={"texts": 1}), 401, "kunci_salah")


def test_a_missing_model_is_told_and_can_be_retried(client_without_model: TestClient) -> None:
    response = client_without_model.post(URL, json={"texts": [ROAD]})
    assert_problem(response, 503, "model_belum_siap", unsaid=(ROAD,))
    assert int(response.headers["retry-after"]) > 0


def test_the_number_of_texts_and_the_body_have_settings(tmp_path: Path, bundle: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, model_dir=bundle, max_texts=2, max_body_bytes=500))
    with serving(app) as client:
        headers = make_key(app)
        assert client.post(URL, json={"texts": ["jalan"] * 2}, headers=headers).status_code == 200
        assert_problem(client.post(URL, json={"texts": ["jalan"] * 3}, headers=headers), 413, "terlalu_banyak")
        assert_problem(client.post(URL, json={"texts": ["a" * 500]}, headers=headers), 413, "terlalu_besar")
