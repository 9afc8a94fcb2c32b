"""A day at the desk on the real server: what it wrote down afterwards."""

import io
import json
import os
import random
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from starlette.testclient import TestClient

from api.logs import ALLOWED_FIELDS, configure_logs
from tests.api.command_line import suara
from tests.api.log_watch import WATCH, LogWatch
from tests.api.messages import BRIBE, NIK, PHONE, TOPICS, other_connection

PEOPLE = ("Sri Wahyuni", "Bonar Siregar", "Kadek Suastini")
DISTRICT = "Kebon Jeruk Purut"
EXTERNAL_ID = "WA-RAHASIA"
UNSAID = (
    *(PHONE, PHONE.replace("-", ""), NIK, DISTRICT, EXTERNAL_ID),
    *(part for person in PEOPLE for part in person.split()),
    *("aspal", "melati", "sampah", "pdam", "oknum", "memeras", "kuitansi", "kecewa", "setempat", "penelusuran"),
)
N_ROUNDS = 12


@dataclass(frozen=True)
class Day:
    """What the server wrote, and what was asked of it: (method, route pattern, status) of each request."""

    lines: list[str]
    out: str
    asked: list[tuple[str, str, int]]
    keys: tuple[str, ...]
    ids: tuple[str, ...]


@contextmanager
def real_server(data_dir: Path, model_dir: Path, log: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """`suara serve` in its own process, ready; its standard error goes to `log`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"SUARA_DATA_DIR": str(data_dir), "SUARA_MODEL_DIR": str(model_dir)}
    command = [sys.executable, "-m", "nlp.cli", "serve", "--port", str(port)]
    with log.open("w") as errors:
        server = subprocess.Popen(command, env=environment, stderr=errors, stdout=subprocess.PIPE, text=True)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                wait_until_ready(client, server)
                yield client, server
        finally:
            server.terminate()
            server.wait(timeout=30)
            WATCH.hear_file(log)


def wait_until_ready(client: httpx.Client, server: subprocess.Popen[str]) -> None:
    for _ in range(600):
        try:
            server.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            pass
        else:
            raise AssertionError("the server ended before it was ready")
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            continue
    raise AssertionError("the server was not ready within a minute")


def requests_of_a_round(draw: random.Random, round_: int, feedback_id: str) -> list[tuple[str, str, dict[str, Any], str, int]]:
    """(method, path, request, route pattern, status) of a mixed round of work."""
    person = draw.choice(PEOPLE)
    text = (
        f"{draw.choice([*TOPICS, BRIBE])}. Nama saya {person}, NIK {NIK}, telepon {draw.choice([PHONE, PHONE.replace('-', '')])}"
    )
    message = {"text": text, "district": DISTRICT, "external_id": f"{EXTERNAL_ID}-{round_}"}
    feedback, one = "/api/v1/feedback", "/api/v1/feedback/{feedback_id}"
    words = {"q": "penelusuran " + person, "telepon": PHONE}
    return [
        ("POST", "/api/v1/score", {"json": {"texts": [text, person]}}, "/api/v1/score", 200),
        ("POST", "/api/v1/score", {"json": {"items": [{"id": PHONE, "text": text}]}}, "/api/v1/score", 200),
        ("POST", "/api/v1/score", {"json": {"texts": text}}, "/api/v1/score", 422),
        ("POST", "/api/v1/score", {"content": text.encode()}, "/api/v1/score", 422),
        ("POST", feedback, {"json": message, "headers": {"Idempotency-Key": f"{person} {round_}"}}, feedback, 201),
        ("POST", feedback, {"json": message, "headers": {"Idempotency-Key": f"{person} {round_}"}}, feedback, 200),
        ("POST", feedback, {"json": message | {person: NIK}}, feedback, 422),
        ("POST", feedback, {"json": message | {"channel": person}}, feedback, 422),
        ("POST", feedback, {"json": message, "headers": {"X-API-Key": person}}, feedback, 401),
        ("GET", feedback, {"params": {"limit": 3, "q": words["q"]}, "headers": {"User-Agent": person}}, feedback, 200),
        ("GET", feedback, {"params": words}, feedback, 422),
        ("GET", f"{feedback}/{feedback_id}", {"params": words}, one, 200),
        ("GET", f"{feedback}/{'0' * 26}", {}, one, 404),
        ("GET", f"/{person}/{PHONE}", {"params": words}, "-", 404),
        ("PUT", "/api/v1/score", {"json": {"texts": [text]}}, "/api/v1/score", 405),
        ("GET", "/", {"params": words, "headers": {"X-Request-ID": f"telepon {PHONE}"}}, "/", 200),
        ("POST", "/", {"data": {"text": text}}, "/", 200),
        ("POST", "/", {"data": {"text": ""}}, "/", 422),
        ("GET", "/healthz", {}, "/healthz", 200),
    ]


def send_broken_http(client: httpx.Client) -> None:
    """A line that is not HTTP, with a number in it; the server answers 400 and closes."""
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=30) as line:
        line.sendall(f"hubungi {PHONE} Sri Wahyuni\r\n\r\n".encode())
        while line.recv(4096):
            pass


@pytest.fixture(scope="module")
def day(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Day:
    folder = tmp_path_factory.mktemp("day")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SUARA_DATA_DIR", str(folder))
        key = suara("key", "create", "--role", "desk", "--name", PEOPLE[0]).out.strip()
    draw, asked, ids = random.Random(5), [], []
    with real_server(folder, bundle, folder / "log") as (client, server):
        client.headers["X-API-Key"] = key
        ids.append(client.post("/api/v1/feedback", json={"text": BRIBE}).json()["id"])
        for round_ in range(N_ROUNDS):
            for method, path, request, route, status in requests_of_a_round(draw, round_, ids[0]):
                assert client.request(method, path, **request).status_code == status, (method, path)
                asked.append((method, route, status))
        client.post("/api/v1/score", content=f'{{"texts": ["{PHONE * 100_000}"]}}')
        send_broken_http(client)
        with other_connection(folder) as database:  # an error nobody foresaw, with the message in hand
            database.execute("CREATE TRIGGER broken AFTER INSERT ON feedback BEGIN SELECT RAISE(ABORT, 'rusak'); END")
        broken = client.post("/api/v1/feedback", json={"text": f"{BRIBE} {PHONE}", "district": DISTRICT})
        assert broken.status_code == 500
    out = server.stdout.read() if server.stdout else ""
    return Day((folder / "log").read_text().splitlines(), out, asked, (key,), tuple(ids))


def test_every_line_is_json_with_known_fields_alone(day: Day) -> None:
    assert len(day.lines) > len(day.asked)
    for line in day.lines:
        fields = json.loads(line)
        assert set(fields) <= ALLOWED_FIELDS, line
        assert {"event", "level", "timestamp"} <= set(fields)
    assert day.out == ""


@pytest.mark.parametrize("words", sorted(set(UNSAID)))
def test_nobodys_words_names_and_numbers_are_in_the_log(day: Day, words: str) -> None:
    assert words.lower() not in "\n".join(day.lines).lower()


@pytest.mark.parametrize("field", ["text", "name", "phone", "body", "path", "query", "exc_info"])
def test_a_field_that_is_not_on_the_list_never_reaches_the_log(field: str) -> None:
    with redirect_stderr(io.StringIO()) as log:
        configure_logs("INFO")
        structlog.get_logger().info("pesan masuk", status=201, **{field: f"{BRIBE} {PHONE}"})
    fields = json.loads(log.getvalue())
    assert {"event", "status"} <= set(fields) and field not in fields
    assert PHONE not in log.getvalue()


@pytest.mark.parametrize(("level", "written"), [("DEBUG", 3), ("INFO", 2), ("WARNING", 1), ("ERROR", 0)])
def test_the_level_decides_what_is_written(level: str, written: int) -> None:
    with redirect_stderr(io.StringIO()) as log:
        configure_logs(level)
        for say in ("debug", "info", "warning"):
            getattr(structlog.get_logger(), say)("baris")
    assert len(log.getvalue().splitlines()) == written


def test_no_key_and_no_message_id_is_in_the_log(day: Day) -> None:
    log = "\n".join(day.lines)
    for key in day.keys:
        assert key not in log and key.split("_", 2)[2] not in log
    assert all(public_id not in log for public_id in day.ids)


def test_each_request_has_one_line_with_the_pattern_of_its_route(day: Day) -> None:
    written = [json.loads(line) for line in day.lines]
    requests = Counter((r["method"], r["route"], r["status"]) for r in written if r["event"] == "request")
    assert not Counter(day.asked) - requests
    assert ("POST", "/api/v1/score", 413) in requests or ("POST", "-", 413) in requests
    assert requests["POST", "/api/v1/feedback", 500] == 1
    ids = [r["request_id"] for r in written if r["event"] == "request"]
    assert len(ids) == len(set(ids))


def test_an_unforeseen_error_is_written_with_its_kind_and_place_under_the_same_request(day: Day) -> None:
    written = [json.loads(line) for line in day.lines]
    [error] = [line for line in written if line["event"] == "unexpected error"]
    assert error["error"] == "IntegrityError" and "feedback/repository.py:" in error["where"]
    [request] = [line for line in written if line.get("status") == 500]
    assert request["request_id"] == error["request_id"]


def test_the_servers_own_warnings_are_json_too(day: Day) -> None:
    assert [line for line in map(json.loads, day.lines) if line["level"] == "warning" and "Invalid HTTP" in line["event"]]


# ------------------------------------------------------------------------------------------------ the watch on the whole run
def test_the_watch_hears_what_the_service_logs_and_finds_words_in_it(shared_client: TestClient) -> None:
    configure_logs("INFO")  # an application that says less may have been made before
    before = WATCH.n_lines
    shared_client.get("/healthz")
    assert WATCH.n_lines > before
    watch = LogWatch()
    for line in ('{"event": "request"}', f'{{"event": "{PHONE}"}}', f'{{"error": "nik {NIK}"}}', '{"where": "jalan Melati"}'):
        watch.hear(line)
    assert (watch.n_lines, len(watch.told)) == (4, 3)
