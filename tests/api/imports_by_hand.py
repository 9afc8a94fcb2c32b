"""Files to import, made by code, and what is looked at while they are worked on."""

import csv
import io
import random
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from api.imports.files import folder_of
from api.imports.processing import ImportWorker
from tests.api.messages import ROAD, TOPICS

URL = "/api/v1/imports"
Headers = dict[str, str]


def csv_bytes(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()


def xlsx_bytes(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def many_rows(n_rows: int, name: str = "IMPOR") -> bytes:
    """A CSV of `n_rows` messages in a hundred places; each has an external_id with its own number."""
    draw = random.Random(3)
    texts = [*TOPICS]
    rows = [(f"{draw.choice(texts)} nomor {i}", f"{name}-{i}", f"Desa {i % 100}") for i in range(1, n_rows + 1)]
    return csv_bytes(("text", "external_id", "district"), rows)


def upload(client: Any, headers: Headers, content: bytes, **params: str) -> dict[str, Any]:
    response = client.post(URL, params={"format": "csv", **params}, content=content, headers=headers)
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    assert response.headers["location"] == f"{URL}/{body['id']}"
    return body


def work(app: FastAPI, stopping: threading.Event | None = None) -> None:
    """Work on everything there is, as a worker does, in this thread."""
    ImportWorker(app.state.desk, app.state.sessions, "pekerja-uji", stopping or threading.Event()).work_off()


def told(client: TestClient, headers: Headers, import_id: str) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"{URL}/{import_id}", headers=headers).json()
    return body


def rows_of(app: FastAPI, query: str) -> list[tuple[Any, ...]]:
    with app.state.sessions() as session:
        return [tuple(row) for row in session.execute(text(query))]


def change(app: FastAPI, statement: str, **values: Any) -> None:
    with app.state.sessions.begin() as session:
        session.execute(text(statement), values)


ONE = csv_bytes(("text",), [(ROAD,)])


def files(data_dir: Path) -> list[str]:
    return sorted(path.name for path in folder_of(data_dir).glob("*"))


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
