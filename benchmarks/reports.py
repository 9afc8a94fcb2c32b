"""How fast reports are over a million assessed messages, on SQLite and PostgreSQL. Prints a table; ends by itself.

    python benchmarks/reports.py --model DIR [--messages 1000000]

Messages are invented rows of three years (24 topics, 9 elements, 31 districts, 30 units); counts are made by the service's
own recount. DIR is any bundle: it lends its label list.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from api.app import create_app  # noqa: E402
from api.feedback.tables import Feedback  # noqa: E402
from api.identifiers import new_public_id, new_receipt  # noqa: E402
from api.reports.counting import recount  # noqa: E402
from api.routing.tables import Unit  # noqa: E402
from api.settings import Settings  # noqa: E402
from nlp.labels import load_labels  # noqa: E402
from tests.api.conftest import make_key, serving  # noqa: E402
from tests.database_server import postgresql  # noqa: E402

DAYS, N_UNITS, N_DISTRICTS, BATCH = 1_096, 30, 31, 5_000
CHANNELS = ("web", "aplikasi", "whatsapp", "sms", "loket")


def rows(n_messages: int) -> Iterator[list[dict[str, Any]]]:
    """Invented messages in batches; popular topics and places are far commoner than others."""
    draw, labels = random.Random(7), load_labels()
    codes = {name: labels.codes(name) for name in ("topic", "aspect", "sentiment", "urgency", "band")}
    weights = {name: [1 / (k + 1) for k in range(len(c))] for name, c in codes.items()}
    begin = datetime.now(UTC) - timedelta(days=DAYS)
    routing = {"band": "auto", "reason": "", "suggestions": []}
    for start in range(0, n_messages, BATCH):
        n = min(BATCH, n_messages - start)
        chosen = {name: draw.choices(c, weights[name], k=n) for name, c in codes.items()}
        batch = []
        for k in range(n):
            received = begin + timedelta(seconds=draw.randrange(DAYS * 86_400))
            settled = draw.random() < 0.93
            batch.append(
                {
                    "public_id": new_public_id(),
                    "receipt": new_receipt(),
                    "channel": draw.choice(CHANNELS),
                    "district": f"Kecamatan {min(int(draw.expovariate(0.15)), N_DISTRICTS - 1)}",
                    "visibility": "publik",
                    "received_at": received,
                    "created_at": received,
                    "masked_text": "pesan karangan",
                    "state": "selesai" if settled else "diteruskan",
                    "unit_id": 1 + min(int(draw.expovariate(0.2)), N_UNITS - 1),
                    "deadline_on": (received + timedelta(days=20)).date(),
                    "closed_at": received + timedelta(days=draw.expovariate(0.08)) if settled else None,
                    "has_case": False,
                    "is_repeat": draw.random() < 0.1,
                    "routing": routing,
                    **{name: chosen[name][k] for name in codes},
                }
            )
        yield batch


def timed(what: str, do: Callable[[], Any]) -> None:
    """One row of the table."""
    started = time.perf_counter()
    do()
    print(f"| {what} | {time.perf_counter() - started:.1f} |", flush=True)


def measure(name: str, url: str, model: Path, n_messages: int) -> None:
    """Fill one database and read its reports."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder), model_dir=model, database_url=url, log_level="ERROR"))
        with serving(app) as client:
            sessions = app.state.sessions

            def fill() -> None:
                with sessions.begin() as session:
                    session.add_all(Unit(code=f"unit_{k}", name=f"Unit {k}", is_active=True) for k in range(N_UNITS))
                for batch in rows(n_messages):
                    with sessions.begin() as session:
                        session.execute(insert(Feedback), batch)

            timed(f"{name}: store {n_messages:,} messages", fill)
            timed(f"{name}: count them all anew", lambda: sum(recount(sessions, app.state.desk.calendar.zone)))
            client.headers.update(make_key(app, role="manager"))
            client.get("/api/v1/reports/trends")  # libraries are loaded once a process
            for path in (
                "trends", "trends?by=unit", "trends?by=semua&every=D&since=2025-01-01", "priorities?place=unit",
                "priorities?place=district&since=2025-01-01",
            ):  # fmt: skip
                timed(f"{name}: GET /api/v1/reports/{path}", lambda path=path: ask(client, path))


def ask(client: Any, path: str) -> None:
    """One report."""
    response = client.get(f"/api/v1/reports/{path}")
    if response.status_code != 200:
        raise SystemExit(response.text)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    print("| | seconds |\n|---|---|")
    measure("SQLite", "", given.model, given.messages)
    with postgresql() as url:
        measure("PostgreSQL", url, given.model, given.messages)


if __name__ == "__main__":
    main()
