import io
import json
import os
import resource
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stderr
from datetime import UTC, date, datetime, timedelta
from functools import partial
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

import api.database
from api.app import create_app
from api.audit.service import verify
from api.feedback.schemas import FeedbackIn
from api.feedback.tables import Feedback
from api.imports import processing, service
from api.imports.files import BLOCK_BYTES, SealedWriter, destroy_strays, folder_of, open_sealed, path_of
from api.imports.repository import advance
from api.imports.rows import RowDefaults, RowError, as_message
from api.imports.slots import MAX_STREAMS
from api.logs import configure_logs
from api.settings import Settings
from api.vault import Vault, create_key_file
from tests.api.conftest import make_key, serving
from tests.api.imports_by_hand import URL, change, csv_bytes, many_rows, rows_of, told, upload, work, xlsx_bytes
from tests.api.messages import BRIBE, PHONE, ROAD, WASTE, WATER, assert_problem, database_bytes

Headers = dict[str, str]
ONE = csv_bytes(("text",), [(ROAD,)])


@pytest.fixture
def data_dir(both_settings: Settings) -> Path:
    return both_settings.data_dir


@pytest.fixture
def desk_key(both: TestClient) -> Headers:
    return make_key(both.app)


def files(data_dir: Path) -> list[str]:
    return sorted(path.name for path in folder_of(data_dir).glob("*"))


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


# ------------------------------------------------------------------------------------------------ files that are refused
def bomb() -> bytes:
    """A workbook of a few kilobytes that unpacks to 60 million."""
    out = io.BytesIO(xlsx_bytes([["text"], [ROAD]]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/besar.bin", bytes(60_000_000))
    return out.getvalue()


def columns_wide(n: int) -> bytes:
    return csv_bytes(("text", *(f"k{i}" for i in range(1, n))), [(ROAD,)])


REFUSED: list[tuple[str, bytes, dict[str, str], str, str]] = [
    ("empty", b"", {}, "berkas_tidak_terbaca", "berkas kosong"),
    ("empty lines", b"\n\n", {}, "berkas_tidak_terbaca", "berkas kosong"),
    ("utf-16", "text\nbaik\n".encode("utf-16"), {}, "berkas_tidak_terbaca", "UTF-8"),
    ("twin columns", b"text,text\na,b\n", {}, "berkas_tidak_terbaca", "lebih dari sekali"),
    ("201 columns", columns_wide(201), {}, "terlalu_banyak_kolom", "201 kolom"),
    ("600 columns", columns_wide(600), {}, "berkas_tidak_terbaca", "600 kolom"),
    ("no text", b"keluhan,tanggal\na,b\n", {}, "kolom_tidak_ada", "columns text="),
    ("mapped to none", b"text\na\n", {"columns": "district=desa"}, "kolom_tidak_ada", "desa"),
    ("no mapping", b"text\na\n", {"columns": "keluhan"}, "pemetaan_tidak_sah", "text=keluhan"),
    ("unknown name", b"text\na\n", {"columns": "topic=topik"}, "pemetaan_tidak_sah", "text, external_id"),
    ("unknown kind", b"text\na\n", {"format": "parquet"}, "isi_tidak_sah", "format"),
    ("unknown channel", b"text\na\n", {"channel": "merpati"}, "isi_tidak_sah", "channel"),
    ("unknown field", b"text\na\n", {"kolom": "x"}, "isi_tidak_sah", "kolom"),
    ("text for xlsx", b"text\na\n", {"format": "xlsx"}, "berkas_tidak_terbaca", "rusak atau terpotong"),
    ("cut xlsx", xlsx_bytes([["text"], [ROAD]])[:2_000], {"format": "xlsx"}, "berkas_tidak_terbaca", "rusak atau terpotong"),
    ("xlsx for csv", xlsx_bytes([["text"], [ROAD]]), {}, "berkas_tidak_terbaca", "impor.csv"),
    ("xlsx bomb", bomb(), {"format": "xlsx"}, "berkas_tidak_terbaca", "membengkak menjadi 60 MB"),
]


@pytest.mark.parametrize(("content", "params", "code", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_a_file_that_cannot_be_read_is_told_at_once_and_nothing_stays(
    shared_app: FastAPI, shared_client: TestClient, shared_headers: Headers, content: bytes, params: dict[str, str],
    code: str, says: str,
) -> None:  # fmt: skip
    response = shared_client.post(URL, params={"format": "csv"} | params, content=content, headers=shared_headers)
    body = assert_problem(response, 422, code)
    assert says in str(body["detail"])
    assert files(shared_app.state.desk.settings.data_dir) == []
    assert rows_of(shared_app, "SELECT count(*) FROM imports") == [(0,)]


def test_200_columns_are_read(client: TestClient, app: FastAPI, headers: Headers) -> None:
    body = upload(client, headers, columns_wide(200))
    work(app)
    assert told(client, headers, body["id"])["rows_done"] == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"text,district\n" + b"jalan rusak,Damar\n" * 600 + b"a,b,c\n", "impor.csv, baris 602"),
        (b"text\n" + b"jalan rusak\n" * 600 + b'"tak ditutup\n', "susunan CSV rusak"),
        (b"text\n" + b"jalan rusak\n" * 6_000 + b"rus\xffk\n", "baris 6002"),
    ],
)
def test_a_file_broken_far_below_its_header_fails_whole_and_nothing_is_half_stored(
    client: TestClient, app: FastAPI, headers: Headers, content: bytes, says: str
) -> None:
    body = upload(client, headers, content)
    work(app)
    ended = told(client, headers, body["id"])
    assert (ended["state"], ended["rows_done"]) == ("gagal", 0)
    assert says in ended["problem"]
    assert rows_of(app, "SELECT count(*) FROM feedback") == [(0,)]
    assert files(app.state.desk.settings.data_dir) == []


# ------------------------------------------------------------------------------------------------ limits
@pytest.mark.parametrize("declared", [True, False])
def test_a_file_over_the_limit_is_refused_and_its_part_removed(settings: Settings, declared: bool) -> None:
    app = create_app(settings.model_copy(update={"max_import_bytes": 3_000_000}))
    with serving(app) as client:
        headers = make_key(app)
        piece = many_rows(10_000)
        n_pieces = 3_000_000 // len(piece) + 2

        def pieces() -> Iterator[bytes]:
            for _ in range(n_pieces):
                yield piece

        content = piece * n_pieces if declared else pieces()
        response = client.post(URL, params={"format": "csv"}, content=content, headers=headers)
        assert_problem(response, 413, "terlalu_besar")
        assert files(settings.data_dir) == []
        upload(client, headers, piece)  # over the limit of other requests
        assert_problem(client.post("/api/v1/feedback", content=piece * 2, headers=headers), 413, "terlalu_besar")


@contextmanager
def full_disk(n_bytes: int) -> Iterator[Callable[[], None]]:
    """No file may grow past `n_bytes`: the kernel refuses the write, as it does on a full disk (EFBIG for ENOSPC).

    Yields what frees space before the end.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    free = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (soft, hard))
    try:
        yield free
    finally:
        free()


def test_a_full_disk_is_told_leaves_nothing_and_recovers(settings: Settings, client: TestClient, headers: Headers) -> None:
    content = many_rows(60_000)
    assert len(content) > 5 * BLOCK_BYTES
    with full_disk(4 * BLOCK_BYTES):
        response = client.post(URL, params={"format": "csv"}, content=content, headers=headers)
    assert_problem(response, 507, "penyimpanan_penuh", unsaid=("aspal", str(settings.data_dir)))
    assert files(settings.data_dir) == []
    assert client.get(URL, headers=headers).json()["items"] == []
    upload(client, headers, content)


def test_open_imports_of_a_caller_are_limited_and_ended_ones_do_not_count(
    client: TestClient, app: FastAPI, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_OPEN_IMPORTS", 2)
    ids = [upload(client, headers | {"Idempotency-Key": f"k{i}"}, ONE)["id"] for i in range(2)]
    response = client.post(URL, params={"format": "csv"}, content=ONE, headers=headers)
    assert_problem(response, 429, "terlalu_banyak_impor")
    repeat = client.post(URL, params={"format": "csv"}, content=ONE, headers=headers | {"Idempotency-Key": "k1"})
    assert (repeat.status_code, repeat.json()["id"]) == (200, ids[1])
    upload(client, make_key(app, "loket dua"), ONE)
    client.post(f"{URL}/{ids[0]}/cancel", headers=headers)
    upload(client, headers, ONE)


def test_an_import_that_does_not_end_within_a_week_is_failed(client: TestClient, app: FastAPI, headers: Headers) -> None:
    old, new = upload(client, headers, ONE), upload(client, headers, ONE)
    long_ago = (datetime.now(UTC) - timedelta(days=8)).replace(tzinfo=None)
    change(app, "UPDATE imports SET created_at = :at WHERE public_id = :id", at=long_ago.isoformat(" "), id=old["id"])
    work(app)
    assert [told(client, headers, one["id"])["state"] for one in (old, new)] == ["gagal", "selesai"]
    assert "7 hari" in told(client, headers, old["id"])["problem"]


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


# ------------------------------------------------------------------------------------------------ the lease
def test_an_import_in_work_is_left_alone_until_its_lease_runs_out(both: TestClient, desk_key: Headers) -> None:
    body = upload(both, desk_key, ONE)
    statement = "UPDATE imports SET state = 'berjalan', worker = 'lain', lease_until = :until"
    for shift, state in ((timedelta(minutes=1), "berjalan"), (timedelta(minutes=-1), "selesai")):
        change(both.app, statement, until=(datetime.now(UTC) + shift).isoformat(" ").replace("+00:00", "+00"))
        work(both.app)
        assert told(both, desk_key, body["id"])["state"] == state


def test_only_the_holder_of_the_lease_moves_on_and_only_from_where_it_is(both: TestClient, desk_key: Headers) -> None:
    upload(both, desk_key, ONE)
    change(both.app, "UPDATE imports SET state = 'berjalan', worker = 'aku', rows_done = 200")
    [(id_,)] = rows_of(both.app, "SELECT id FROM imports")
    until = datetime.now(UTC)
    with both.app.state.sessions.begin() as session:
        assert not advance(session, id_, "lain", 200, 400, until)
        assert not advance(session, id_, "aku", 0, 200, until)
        assert advance(session, id_, "aku", 200, 400, until)
        assert not advance(session, id_, "aku", 200, 400, until)
    change(both.app, "UPDATE imports SET state = 'dibatalkan'")
    with both.app.state.sessions.begin() as session:
        assert not advance(session, id_, "aku", 400, 600, until)


def test_a_worker_without_the_file_leaves_the_import_to_others(both: TestClient, desk_key: Headers, data_dir: Path) -> None:
    body = upload(both, desk_key, ONE)
    path = path_of(data_dir, body["id"])
    path.rename(path.with_suffix(".jauh"))
    work(both.app)
    assert told(both, desk_key, body["id"])["state"] == "menunggu"
    path.with_suffix(".jauh").rename(path)
    work(both.app)
    assert told(both, desk_key, body["id"])["state"] == "selesai"


# ------------------------------------------------------------------------------------------------ what goes wrong
class OnWait(threading.Event):
    """A worker's wish to stop that does something when the worker waits, and never makes it wait."""

    def __init__(self, then: Any) -> None:
        super().__init__()
        self.then, self.n_waits = then, 0

    def wait(self, timeout: float | None = None) -> bool:
        self.n_waits += 1
        if self.n_waits == 3:
            self.then()
        return self.is_set()


def test_a_locked_database_is_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.database, "BUSY_TIMEOUT_MS", 20)
    app = create_app(settings)
    with serving(app) as client:
        headers = make_key(app)
        body = upload(client, headers, many_rows(300))
        other = api.database.open_engine(settings.resolved_database_url).connect()
        other.exec_driver_sql("BEGIN IMMEDIATE")
        stopping = OnWait(other.close)
        work(app, stopping)
        assert stopping.n_waits >= 3
        ended = told(client, headers, body["id"])
        assert (ended["state"], ended["rows_done"], ended["rows_failed"]) == ("selesai", 300, 0)


@pytest.mark.parametrize("table", ["import_problems", "sealed_originals"])
def test_a_table_that_is_away_for_a_while_is_waited_for(client: TestClient, app: FastAPI, headers: Headers, table: str) -> None:
    body = upload(client, headers, csv_bytes(("text", "channel"), [(ROAD, "web"), (WASTE, "merpati")]))
    with app.state.sessions.begin() as session:
        session.connection().exec_driver_sql("PRAGMA legacy_alter_table = ON")
    change(app, f"ALTER TABLE {table} RENAME TO away")
    stopping = OnWait(lambda: change(app, f"ALTER TABLE away RENAME TO {table}"))
    work(app, stopping)
    assert stopping.n_waits >= 3
    ended = told(client, headers, body["id"])
    assert (ended["state"], ended["rows_done"], ended["rows_failed"]) == ("selesai", 2, 1)
    assert rows_of(app, "SELECT count(*) FROM feedback") == [(1,)]


def test_an_error_nobody_foresaw_fails_that_import_alone_and_is_logged_without_words(
    client: TestClient, app: FastAPI, headers: Headers
) -> None:
    broken = "CREATE TRIGGER broken AFTER INSERT ON feedback WHEN new.district = 'Rawa' BEGIN SELECT RAISE(ABORT, 'rusak'); END"
    change(app, broken)
    first = upload(client, headers, csv_bytes(("text", "district"), [(ROAD, "Damar"), (ROAD, "Rawa")]))
    second = upload(client, headers, ONE)
    with redirect_stderr(io.StringIO()) as log:
        configure_logs("INFO")
        work(app)
    failed = told(client, headers, first["id"])
    assert (failed["state"], failed["rows_done"]) == ("gagal", 0)
    assert "rusak" not in failed["problem"] and "aspal" not in failed["problem"]
    assert told(client, headers, second["id"])["state"] == "selesai"
    [line] = [json.loads(line) for line in log.getvalue().splitlines() if "import failed" in line]
    assert line["error"] == "IntegrityError" and "feedback/repository.py:" in line["where"] and "rusak" not in str(line)


def test_a_file_that_was_changed_or_cut_on_disk_fails(client: TestClient, app: FastAPI, headers: Headers) -> None:
    content = many_rows(25_000)
    ids = [upload(client, headers, content)["id"] for _ in range(3)]
    paths = [path_of(app.state.desk.settings.data_dir, id_) for id_ in ids]
    os.truncate(paths[0], paths[0].stat().st_size - 1)
    os.truncate(paths[1], 32 + BLOCK_BYTES + 28)  # the first block whole, the second gone
    paths[2].write_bytes(paths[0].read_bytes())  # another import's
    work(app)
    assert [told(client, headers, id_)["state"] for id_ in ids] == ["gagal"] * 3
    assert rows_of(app, "SELECT count(*) FROM feedback") == [(0,)]


# ------------------------------------------------------------------------------------------------ sealed files
@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    path = tmp_path_factory.mktemp("kunci") / "kunci.txt"
    create_key_file(path)
    return Vault.read(path)


@pytest.mark.parametrize("n_bytes", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES + 17])
def test_sealed_bytes_come_back_from_any_place(tmp_path: Path, vault: Vault, n_bytes: int) -> None:
    content = os.urandom(n_bytes)
    with SealedWriter(tmp_path, "a", vault) as writer:
        for start in range(0, n_bytes, 300_007):
            writer.write(content[start : start + 300_007])
        writer.finish()
        writer.keep()
    with open_sealed(tmp_path, "a", n_bytes, vault) as file:
        assert file.read() == content
        for place in (0, n_bytes // 2, max(0, n_bytes - 3), n_bytes, n_bytes + 5):
            file.seek(place)
            assert file.read(10) == content[place : place + 10]
        file.seek(-min(4, n_bytes), os.SEEK_END)
        assert file.read() == content[max(0, n_bytes - 4) :]


def test_only_old_files_that_nobody_needs_are_cleared_away(tmp_path: Path, vault: Vault) -> None:
    for name in ("terbuka", "yatim", "baru"):
        with SealedWriter(tmp_path, name, vault) as writer:
            writer.finish()
            writer.keep()
        if name != "baru":
            os.utime(path_of(tmp_path, name), (0, 0))
    destroy_strays(tmp_path, {"terbuka"})
    assert files(tmp_path) == ["baru.tersegel", "terbuka.tersegel"]
