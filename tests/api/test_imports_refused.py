"""Imports that are refused: files nobody can read, and what is over a limit."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.imports import service
from api.imports.files import BLOCK_BYTES
from api.settings import Settings
from tests.api.conftest import make_key, serving
from tests.api.imports_by_hand import (
    ONE,
    URL,
    change,
    csv_bytes,
    files,
    full_disk,
    many_rows,
    rows_of,
    told,
    upload,
    work,
    xlsx_bytes,
)
from tests.api.messages import ROAD, assert_problem

Headers = dict[str, str]


@pytest.fixture
def data_dir(both_settings: Settings) -> Path:
    return both_settings.data_dir


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
