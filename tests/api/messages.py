"""Invented messages that the tiny model reads surely, and what answers are held to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httpx2 import Response

ROAD = "aspal berlubang di melati mawar, alatnya tua dan patah, kecewa sekali kami, warga setempat melapor"
WASTE = "truk sampah tidak datang di kenanga anggrek, sudah dua minggu menunggu, mohon informasinya, warga setempat melapor"
WATER = "air pdam keruh di dahlia teratai, tarifnya terlalu mahal, kecewa sekali kami, warga setempat melapor"
FAMILY_CARD = "kartu keluarga keliru di seruni cempaka, terima kasih bagus sekali, kapan saja boleh, warga setempat melapor"
EXTORTION = "oknum memeras minta uang tanpa kuitansi"
BRIBE = f"cetak ktp tertunda, {EXTORTION}, kecewa sekali kami, {EXTORTION}"
TOPICS = {ROAD: "jalan", WASTE: "sampah", WATER: "air_bersih", FAMILY_CARD: "kependudukan"}

PHONE = "0812-3456-7890"
NIK = "3174015708900002"
TABLES = ("feedback", "assessments", "idempotent_requests")


def assert_problem(response: Response, status: int, code: str | None = None, unsaid: tuple[str, ...] = ()) -> dict[str, object]:
    """Hold an error to RFC 9457 and to our own promises; returns its body."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    assert {"type", "title", "status", "code", "detail"} <= set(body) <= {"type", "title", "status", "code", "detail", "errors"}
    assert body["status"] == status
    assert body["type"] == f"urn:suara-warga:galat:{body['code']}"
    assert body["title"] and body["detail"]
    if code is not None:
        assert body["code"] == code
    for words in unsaid:
        assert words not in response.text
    return body


def stored_rows(data_dir: Path) -> dict[str, int]:
    """How many rows each table of messages holds, as another program sees it."""
    with other_connection(data_dir) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


def other_connection(data_dir: Path) -> closing[sqlite3.Connection]:
    """A connection of another program to the service's database; it commits each statement by itself."""
    return closing(sqlite3.connect(data_dir / "suara.db", isolation_level=None, timeout=1))


def database_bytes(data_dir: Path) -> bytes:
    """All that lies on disk of the database, its write-ahead log too."""
    return b"".join(path.read_bytes() for path in sorted(data_dir.glob("suara.db*")))
