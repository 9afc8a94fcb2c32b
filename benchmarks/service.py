"""How fast the service answers: scoring, health beside scoring, intake. Prints a table; loopback only, ends by itself.

    python benchmarks/service.py --model DIR [--seconds 10]

DIR is a bundle (`suara train --encoder none --out DIR` for the figures of docs/benchmarks.md). Server, database and
clients share this machine's cores.
"""

import argparse
import contextlib
import http.client
import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from nlp.tables import read_all  # noqa: E402
from tests.database_server import postgresql  # noqa: E402

N_CLIENTS = 8
READY_WITHIN_S = 120
READY_IN_A_ROW = 40
TEXTS = read_all(ROOT / "nlp" / "corpus" / "layanan.csv")["text"].tolist()


@contextlib.contextmanager
def server(model: Path, database_url: str, *, workers: int) -> Iterator[tuple[int, str]]:
    """(port, API key) of a ready service in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        settings = {"SUARA_DATA_DIR": folder, "SUARA_MODEL_DIR": str(model), "SUARA_DATABASE_URL": database_url}
        limits = {"SUARA_RATE_PER_MINUTE": "10000000", "SUARA_LOG_LEVEL": "ERROR", "OMP_NUM_THREADS": "1"}
        environment = os.environ | settings | limits
        suara = [sys.executable, "-m", "nlp.cli"]
        made = [*suara, "key", "create", "--role", "desk", "--name", "ukur"]
        key = subprocess.run(made, env=environment, capture_output=True, text=True, check=True).stdout.strip()
        process = subprocess.Popen([*suara, "serve", "--port", str(port), "--workers", str(workers)], env=environment)
        try:
            wait_until_ready(port, key)
            yield port, key
        finally:
            process.terminate()
            process.wait(timeout=60)


def wait_until_ready(port: int, key: str) -> None:
    """Return once every process answers: each connection may reach another one."""
    until, ready_in_a_row = time.monotonic() + READY_WITHIN_S, 0
    while ready_in_a_row < READY_IN_A_ROW:
        if time.monotonic() > until:
            raise SystemExit("the service was not ready in time")
        try:
            is_ready = ask(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "GET", "/readyz", key)[0] == 200
        except OSError:
            is_ready = False
        ready_in_a_row = ready_in_a_row + 1 if is_ready else 0
        time.sleep(0 if is_ready else 0.2)


def ask(connection: http.client.HTTPConnection, method: str, path: str, key: str, body: object = None) -> tuple[int, float]:
    """(status, seconds) of one request."""
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    started = time.perf_counter()
    connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, time.perf_counter() - started


def repeat(port: int, seconds: float, once: Callable[[http.client.HTTPConnection, int], tuple[int, float]]) -> list[float]:
    """Seconds of each request that one connection sent one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        status, spent = once(connection, len(taken))
        if status not in {200, 201}:
            raise SystemExit(f"status {status}")
        taken.append(spent)
    return taken


def line(name: str, taken: list[float]) -> None:
    """One row of the table."""
    p50, p95, p99 = (1000 * float(np.quantile(taken, q)) for q in (0.5, 0.95, 0.99))
    print(f"| {name} | {len(taken)} | {p50:.1f} | {p95:.1f} | {p99:.1f} |", flush=True)


def intakes(port: int, key: str, seconds: float, n: int, done: "multiprocessing.Queue[list[float]]") -> None:
    """One client that sends messages; its seconds go to `done`."""
    draw = random.Random(n)

    def once(connection: http.client.HTTPConnection, _: int) -> tuple[int, float]:
        body = {"text": draw.choice(TEXTS), "channel": "web", "district": f"Kecamatan {draw.randrange(31)}"}
        return ask(connection, "POST", "/api/v1/feedback", key, body)

    done.put(repeat(port, seconds, once))


def measure_intake(name: str, port: int, key: str, seconds: float) -> None:
    """Messages a second that several clients get stored."""
    done: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
    clients = [multiprocessing.Process(target=intakes, args=(port, key, seconds, n, done)) for n in range(N_CLIENTS)]
    for client in clients:
        client.start()
    taken = [spent for _ in clients for spent in done.get(timeout=seconds + 120)]
    for client in clients:
        client.join()
    line(f"{name}: {len(taken) / seconds:.0f} a second", taken)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    print("| | requests | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|")
    with server(given.model, "", workers=1) as (port, key):
        repeat(port, 1, lambda c, n: ask(c, "POST", "/api/v1/score", key, {"texts": [TEXTS[n % len(TEXTS)]]}))  # warm
        line(
            "POST /api/v1/score, one text",
            repeat(port, given.seconds, lambda c, n: ask(c, "POST", "/api/v1/score", key, {"texts": [TEXTS[n % len(TEXTS)]]})),
        )
        stop = threading.Event()

        def score_many() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            while not stop.is_set():
                ask(connection, "POST", "/api/v1/score", key, {"texts": TEXTS[:1000]})

        beside = threading.Thread(target=score_many)
        beside.start()
        line(
            "GET /healthz while 1,000 texts are scored", repeat(port, given.seconds, lambda c, _: ask(c, "GET", "/healthz", key))
        )
        stop.set()
        beside.join()
        measure_intake("POST /api/v1/feedback, SQLite, one process", port, key, given.seconds)
    with postgresql() as url, server(given.model, url, workers=2) as (port, key):
        measure_intake("POST /api/v1/feedback, PostgreSQL, two processes", port, key, given.seconds)


if __name__ == "__main__":
    main()
