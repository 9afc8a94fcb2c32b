"""Imports: files taken in row by row, repeats, and who may see one."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.audit.service import verify
from api.feedback.schemas import FeedbackIn
from api.feedback.tables import Feedback
from api.imports import processing
from api.imports.files import BLOCK_BYTES, folder_of
from api.imports.rows import RowDefaults, RowError, as_message
from api.imports.slots import MAX_STREAMS
from api.settings import Settings
from tests.api.conftest import make_key, serving
from tests.api.imports_by_hand import ONE, URL, csv_bytes, files, many_rows, rows_of, told, upload, work, xlsx_bytes
from tests.api.messages import BRIBE, PHONE, ROAD, WASTE, WATER, assert_problem, database_bytes

Headers = dict[str, str]


@pytest.fixture
def data_dir(both_settings: Settings) -> Path:
    return both_settings.data_dir


# ------------------------------------------------------------------------------------------------ a file, taken in
def test_a_csv_is_taken_in_row_by_row(both: TestClient, desk_key: Headers, data_dir: Path) -> None:
    rows = [
        (f"{ROAD}, hubungi {PHONE}", "20/11/2025 08.15", "Damar Barat", "A-1"),
        (WASTE, "2025-11-20T08:15:00+09:00", "", "A-2"),
        (WATER, "2025-11-20", "Rawa Indah", ""),
        (BRIBE, "", "", ""),
    ]
    body = upload(
        both,
        desk_key,
        csv_bytes(("keluhan", "tanggal", "district", "external_id"), rows),
        columns="text=keluhan,received_at=tanggal",
        channel="surat",
    )
    assert (body["state"], body["rows_done"], body["rows_total"], body["problem"]) == ("menunggu", 0, None, None)
    assert body["columns"] == {
        "text": "keluhan",
        "received_at": "tanggal",
        "district": "district",
        "external_id": "external_id",
    }
    work(both.app)
    ended = told(both, desk_key, body["id"])
    counts = ("rows_total", "rows_done", "rows_failed", "rows_repeated")
    assert (ended["state"], *(ended[name] for name in counts)) == ("selesai", 4, 4, 0, 0)
    assert ended["rows_per_second"] > 0 and ended["seconds_left"] is None and ended["ended_at"] >= ended["started_at"]
    *found, bribe = both.get("/api/v1/feedback", headers=desk_key).json()["items"][::-1]
    assert [item["external_id"] for item in found] == ["A-1", "A-2", None]
    assert rows_of(both.app, "SELECT DISTINCT channel FROM feedback") == [("surat",)]
    assert [datetime.fromisoformat(item["received_at"]) for item in found] == [
        datetime(2025, 11, 20, 1, 15, tzinfo=UTC),
        datetime(2025, 11, 19, 23, 15, tzinfo=UTC),
        datetime(2025, 11, 19, 17, 0, tzinfo=UTC),
    ]
    assert found[0]["masked_text"].startswith(ROAD) and PHONE not in found[0]["masked_text"]
    assert [item["district"] for item in found] == ["Damar Barat", None, "Rawa Indah"]
    assert bribe["restricted"] and bribe["masked_text"] is None
    assert rows_of(both.app, "SELECT import_row, channel FROM feedback ORDER BY id") == [(n, "surat") for n in (1, 2, 3, 4)]
    original = both.post(
        f"/api/v1/feedback/{found[0]['id']}/original", json={"reason": "Perlu nomornya."}, headers=desk_key
    ).json()
    assert original["text"] == rows[0][0]
    assert files(data_dir) == []


def test_an_xlsx_is_taken_in_with_its_dates_and_without_its_empty_rows(both: TestClient, desk_key: Headers) -> None:
    content = xlsx_bytes(
        [
            ["text", "received_at", "external_id", "lain"],
            [ROAD, datetime(2025, 11, 20, 8, 15), 17, None],
            [None, None, None, None],
            [WASTE, date(2025, 11, 21), 18.0, "catatan"],
            [None, None, None, "catatan"],
        ]
    )
    body = upload(both, desk_key, content, format="xlsx")
    work(both.app)
    ended = told(both, desk_key, body["id"])
    assert (ended["state"], ended["rows_total"], ended["rows_done"], ended["rows_failed"]) == ("selesai", 3, 3, 1)
    assert rows_of(both.app, "SELECT external_id, import_row FROM feedback ORDER BY id") == [("17", 1), ("18", 2)]
    assert both.get(f"{URL}/{body['id']}/errors", headers=desk_key).text == "baris,alasan\n5,text: kosong\n"


def test_nothing_of_the_words_is_in_the_clear_while_the_file_waits(
    settings: Settings, client: TestClient, headers: Headers
) -> None:
    body = upload(client, headers, many_rows(20_000))
    [path] = folder_of(settings.data_dir).iterdir()
    assert path.stat().st_mode & 0o777 == 0o600 and path.stat().st_size > BLOCK_BYTES
    on_disk = path.read_bytes() + database_bytes(settings.data_dir)
    for words in (b"aspal", b"sampah", b"IMPOR-", b"Desa", b"external_id,"):
        assert words not in on_disk
    client.post(f"{URL}/{body['id']}/cancel", headers=headers)
    assert not path.exists()


def test_who_did_it_stands_in_the_audit_trail(both: TestClient, desk_key: Headers) -> None:
    done, stopped = upload(both, desk_key, ONE), upload(both, desk_key, ONE)
    both.post(f"{URL}/{stopped['id']}/cancel", headers=desk_key)
    work(both.app)
    everything = both.get("/api/v1/audit", headers=make_key(both.app, role="admin")).json()["items"][::-1]
    events = [event for event in everything if event["action"].startswith("import.")]
    assert [(e["action"], e["object_id"], e["actor_name"]) for e in events] == [
        ("import.started", done["id"], "loket"),
        ("import.started", stopped["id"], "loket"),
        ("import.cancelled", stopped["id"], "loket"),
        ("import.ended", done["id"], "Suara Warga"),
    ]
    assert events[3]["details"] == {"state": "selesai", "rows_done": 1, "rows_failed": 0, "rows_repeated": 0}
    with both.app.state.sessions() as session:
        assert verify(session, both.app.state.desk.vault) == (len(everything), None)


def test_rows_known_by_their_external_id_are_counted_and_not_stored_again(both: TestClient, desk_key: Headers) -> None:
    first = both.post("/api/v1/feedback", json={"text": ROAD, "external_id": "A-1"}, headers=desk_key).json()
    content = csv_bytes(("text", "external_id"), [(WASTE, "A-1"), (WASTE, "A-2"), (WATER, "A-2"), (WATER, ""), (WATER, "")])
    body = upload(both, desk_key, content)
    work(both.app)
    ended = told(both, desk_key, body["id"])
    assert (ended["rows_done"], ended["rows_repeated"], ended["rows_failed"]) == (5, 2, 0)
    assert rows_of(both.app, "SELECT external_id, import_row FROM feedback ORDER BY id") == [
        ("A-1", None),
        ("A-2", 2),
        (None, 4),
        (None, 5),
    ]
    assert both.get(f"/api/v1/feedback/{first['id']}", headers=desk_key).json()["masked_text"] == ROAD


def test_a_repeat_of_a_rahasia_row_is_known_to_its_sender_by_file_and_by_message(both: TestClient, desk_key: Headers) -> None:
    content = csv_bytes(("text", "external_id", "visibility"), [(ROAD, "R-1", "Rahasia")])
    bodies = [upload(both, desk_key, content) for _ in range(2)]
    work(both.app)
    assert [told(both, desk_key, body["id"])["rows_repeated"] for body in bodies] == [0, 1]
    message = {"text": ROAD, "external_id": "R-1", "visibility": "rahasia"}
    assert both.post("/api/v1/feedback", json=message, headers=desk_key).status_code == 200
    assert rows_of(both.app, "SELECT visibility FROM feedback") == [("rahasia",)]


def test_a_number_that_somebody_else_sends_at_the_same_moment_is_a_repeat_and_the_other_rows_are_in(
    settings: Settings, postgres_url: str
) -> None:
    with serving(create_app(settings.model_copy(update={"database_url": postgres_url}))) as client:
        headers = make_key(client.app)
        body = upload(client, headers, csv_bytes(("text", "external_id"), [(ROAD, "A-1"), (WASTE, "A-2"), (WATER, "A-3")]))
        sent: list[int] = []

        def send_first(session: Session, *_: object) -> None:
            if not sent and any(isinstance(row, Feedback) for row in session.new):
                sent.append(0)  # the message below is stored by the same kind of session
                answer = client.post("/api/v1/feedback", json={"text": BRIBE, "external_id": "A-2"}, headers=headers)
                sent[0] = answer.status_code

        event.listen(client.app.state.sessions, "before_flush", send_first)
        work(client.app)
        assert sent == [201]
        ended = told(client, headers, body["id"])
        assert (ended["state"], ended["rows_done"], ended["rows_repeated"], ended["rows_failed"]) == ("selesai", 3, 1, 0)
        query = "SELECT external_id, import_row FROM feedback ORDER BY external_id"
        assert rows_of(client.app, query) == [("A-1", 1), ("A-2", None), ("A-3", 3)]
        assert rows_of(client.app, "SELECT sum(n) FROM daily_counts") == [(3,)]
        for table in ("assessments", "sealed_originals", "sealed_reporters"):
            assert rows_of(client.app, f"SELECT count(*) FROM {table}") == [(3,)]


# ------------------------------------------------------------------------------------------------ rows that are not
def test_rows_that_cannot_be_taken_in_are_told_by_number_and_the_others_are_in(both: TestClient, desk_key: Headers) -> None:
    rows = [
        (ROAD, "", "", ""),
        ("", "", "web", ""),
        ("  ", "", "", "Damar"),
        (ROAD, "31/02/2025", "", ""),
        (ROAD, "", "merpati", ""),
        ("a" * 20_001, "", "", ""),
        (ROAD, "", "", "x" * 101),
        (f"{ROAD}\x00", "", "", ""),
        (WASTE, "1/2/2025 7:05", "Media Sosial", "Damar"),
    ]
    body = upload(both, desk_key, csv_bytes(("text", "received_at", "channel", "district"), rows))
    work(both.app)
    ended = told(both, desk_key, body["id"])
    assert (ended["state"], ended["rows_done"], ended["rows_failed"]) == ("selesai", 9, 7)
    response = both.get(f"{URL}/{body['id']}/errors", headers=desk_key)
    assert response.headers["content-type"].startswith("text/csv")
    assert response.headers["content-disposition"] == f'attachment; filename="galat-{body["id"]}.csv"'
    lines = response.text.splitlines()
    assert lines[:2] == ["baris,alasan", "3,text: kosong"]
    assert [line.split(",", 1)[0] for line in lines[1:]] == ["3", "4", "5", "6", "7", "8", "9"]
    assert "bukan tanggal" in lines[3] and "'media_sosial' atau 'lainnya'" in lines[4] and "lebih dari 20000 huruf" in lines[5]
    assert all(words not in response.text for words in ("merpati", "aspal", "xxx", "31/02"))
    stored = rows_of(both.app, "SELECT import_row, channel FROM feedback ORDER BY id")
    assert stored == [(1, None), (9, "media_sosial")]


def test_of_many_wrong_rows_the_first_are_kept_and_all_are_counted(
    client: TestClient, app: FastAPI, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "MAX_PROBLEMS", 5)
    monkeypatch.setattr(processing, "CHUNK_ROWS", 3)
    body = upload(client, headers, csv_bytes(("text", "channel"), [(ROAD, "merpati")] * 8))
    work(app)
    assert told(client, headers, body["id"])["rows_failed"] == 8
    lines = client.get(f"{URL}/{body['id']}/errors", headers=headers).text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "3", "4", "5", "6"]


JAKARTA = RowDefaults(None, ZoneInfo("Asia/Jakarta"))
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("", None),
        ("20/11/2026", "2026-11-19T17:00:00+00:00"),
        ("20-11-2026 08.15", "2026-11-20T01:15:00+00:00"),
        ("3/4/2026 23:59:58", "2026-04-03T16:59:58+00:00"),
        ("20.11.2026, 08:15", "2026-11-20T01:15:00+00:00"),
        (" 2026-11-20 ", "2026-11-19T17:00:00+00:00"),
        ("2026-11-20T08:15:00Z", "2026-11-20T08:15:00+00:00"),
        ("2026-11-20 08:15+09:00", "2026-11-19T23:15:00+00:00"),
        ("2026-11-27T12:00:00Z", "2026-11-27T12:00:00+00:00"),
        (datetime(2026, 11, 20, 8, 15), "2026-11-20T01:15:00+00:00"),
        (date(2026, 11, 20), "2026-11-19T17:00:00+00:00"),
        (float("nan"), None),
    ],
    ids=str,
)
def test_moments_are_read_as_offices_write_them(cell: Any, moment: str | None) -> None:
    read = as_message({"text": ROAD, "received_at": cell}, JAKARTA, NOW).received_at
    assert read == (None if moment is None else datetime.fromisoformat(moment))


@pytest.mark.parametrize(
    "cell", ["kemarin", "30/02/2026", "13/13/2026", "1/1/26", "45981", "31/12/1989", "2026-11-27T12:00:01Z", "0001-01-01", True]
)
def test_moments_that_are_none_or_out_of_range_are_told(cell: Any) -> None:
    with pytest.raises(RowError, match="received_at"):
        as_message({"text": ROAD, "received_at": cell}, JAKARTA, NOW)


CELL = st.one_of(st.text(st.characters(), max_size=40), st.sampled_from(["web", "publik", "20/11/2026", "9999-12-31"]))


@given(st.fixed_dictionaries(dict.fromkeys(("text", "external_id", "received_at", "district", "channel", "visibility"), CELL)))
def test_any_row_is_a_message_or_a_short_reason(row: dict[str, Any]) -> None:
    try:
        assert isinstance(as_message(row, JAKARTA, NOW), FeedbackIn)
    except RowError as problem:
        assert 0 < len(str(problem)) <= 200 and str(problem).split(":")[0] in row


# ------------------------------------------------------------------------------------------------ repeats
def test_a_repeat_gets_the_first_import_and_another_file_is_refused(both: TestClient, desk_key: Headers, data_dir: Path) -> None:
    headers = desk_key | {"Idempotency-Key": "kirim-1"}
    first = upload(both, headers, ONE)
    repeat = both.post(URL, params={"format": "csv"}, content=ONE, headers=headers)
    assert (repeat.status_code, repeat.json()) == (200, first)
    assert repeat.headers["location"] == f"{URL}/{first['id']}"
    for content, params in ((ONE + b"lagi\n", {}), (ONE, {"channel": "web"}), (ONE, {"columns": "text=text,district=text"})):
        response = both.post(URL, params={"format": "csv"} | params, content=content, headers=headers)
        assert_problem(response, 409, "idempotency_key_dipakai")
    assert len(files(data_dir)) == 1
    work(both.app)
    again = both.post(URL, params={"format": "csv"}, content=ONE, headers=headers)
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (200, first["id"], "selesai")
    assert files(data_dir) == [] and rows_of(both.app, "SELECT count(*) FROM feedback") == [(1,)]
    assert upload(both, make_key(both.app, "loket dua") | {"Idempotency-Key": "kirim-1"}, ONE)["id"] != first["id"]


def test_repeats_at_the_same_moment_store_one_import(both: TestClient, desk_key: Headers, data_dir: Path) -> None:
    headers, start = desk_key | {"Idempotency-Key": "kirim-1"}, threading.Barrier(4)

    def send(_: int) -> tuple[int, str]:
        start.wait(timeout=30)
        response = both.post(URL, params={"format": "csv"}, content=ONE, headers=headers)
        return response.status_code, response.json()["id"]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(send, range(4)))
    assert sorted(status for status, _ in answers) == [200, 200, 200, 202]
    assert len({id_ for _, id_ in answers}) == len(files(data_dir)) == 1


# ------------------------------------------------------------------------------------------------ who sees what
def test_an_import_is_for_whoever_started_it_and_the_admin(both: TestClient, desk_key: Headers) -> None:
    mine = upload(both, desk_key, ONE)["id"]
    other, admin = make_key(both.app, "loket dua"), make_key(both.app, role="admin")
    theirs = upload(both, other, ONE)["id"]
    for method, path in (("GET", ""), ("GET", "/events"), ("GET", "/errors"), ("POST", "/cancel")):
        assert_problem(both.request(method, f"{URL}/{mine}{path}", headers=other), 404, "impor_tidak_ada")
        for role in ("manager", "integrity"):
            assert_problem(both.request(method, f"{URL}/{mine}{path}", headers=make_key(both.app, role=role)), 403)
    assert told(both, desk_key, mine)["state"] == told(both, admin, mine)["state"] == "menunggu"
    lists = [[i["id"] for i in both.get(URL, headers=h).json()["items"]] for h in (desk_key, other, admin)]
    assert lists == [[mine], [theirs], [theirs, mine]]
    assert_problem(both.get(URL, params={"cursor": theirs}, headers=desk_key), 404)
    assert_problem(both.post(URL, params={"format": "csv"}, content=ONE, headers=make_key(both.app, role="manager")), 403)


def test_pages_go_from_new_to_old(both: TestClient, desk_key: Headers) -> None:
    ids = [upload(both, desk_key, ONE)["id"] for _ in range(5)]
    met: list[str] = []
    cursor: dict[str, str] = {}
    for n_items in (2, 2, 1):
        page = both.get(URL, params={"limit": 2, **cursor}, headers=desk_key).json()
        assert len(page["items"]) == n_items
        met += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert met == ids[::-1] and cursor == {"cursor": None}


def test_cancelling_ends_it_once_and_takes_its_file_away(both: TestClient, desk_key: Headers, data_dir: Path) -> None:
    body = upload(both, desk_key, ONE)
    answers = [both.post(f"{URL}/{body['id']}/cancel", headers=desk_key).json() for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["state"] == "dibatalkan"
    assert files(data_dir) == []
    work(both.app)
    assert rows_of(both.app, "SELECT count(*) FROM feedback") == [(0,)]
    done = upload(both, desk_key, ONE)
    work(both.app)
    assert both.post(f"{URL}/{done['id']}/cancel", headers=desk_key).json()["state"] == "selesai"


def test_events_of_an_ended_import_tell_its_end_and_close(both: TestClient, desk_key: Headers) -> None:
    body = upload(both, desk_key, ONE)
    work(both.app)
    response = both.get(f"{URL}/{body['id']}/events", headers=desk_key)
    assert response.headers["content-type"].startswith("text/event-stream")
    event, data, *rest = response.text.splitlines()
    assert event == "event: progress" and not any(rest)
    assert json.loads(data.removeprefix("data: ")) == told(both, desk_key, body["id"])


def test_streams_are_limited_and_their_places_given_back(client: TestClient, app: FastAPI, headers: Headers) -> None:
    body = upload(client, headers, ONE)
    work(app)
    for _ in range(MAX_STREAMS + 1):
        assert client.get(f"{URL}/{body['id']}/events", headers=headers).status_code == 200
    with ExitStack() as others:
        for _ in range(MAX_STREAMS):
            others.enter_context(app.state.import_slots.streams.one())
        assert_problem(client.get(f"{URL}/{body['id']}/events", headers=headers), 503, "sedang_ramai")
