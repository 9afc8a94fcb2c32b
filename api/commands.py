"""Commands of the service: they join the command `suara` through an entry point, so that nlp never imports api.

This module is loaded by every `suara`, also to score a file, so what is heavy is imported inside the commands.
"""

import csv
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.accounts.roles import ROLES

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.settings import Settings

DEMO_FILE = Path(__file__).parent / "demo" / "messages.csv"


@contextmanager
def _session(settings: "Settings") -> Iterator["Session"]:
    from sqlalchemy.orm import sessionmaker

    from api.database import migrate, open_engine

    engine = open_engine(settings.resolved_database_url)
    migrate(engine)
    with sessionmaker(engine).begin() as session:
        yield session
    engine.dispose()


def key_create(
    role: Annotated[str, typer.Option(help=f"Peran: {', '.join(ROLES)}.")],
    name: Annotated[str, typer.Option(help="Nama pemakai kunci, untuk dikenali kembali.")],
) -> None:
    """Buat kunci API; kunci tercetak sekali ini saja."""
    from api.accounts.service import create_key
    from api.settings import load_settings

    with _session(load_settings()) as session:
        key = create_key(session, name, role)
    sys.stdout.write(key + "\n")


def serve(
    host: Annotated[str, typer.Option(help="Alamat dengar.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Porta.")] = 8000,
) -> None:
    """Jalankan layanan."""
    import uvicorn

    from api.logs import ServerLines, configure_logs
    from api.settings import load_settings
    from nlp import check_bundle

    settings = load_settings()
    check_bundle(settings.model_dir)
    with _session(settings):
        pass  # a database that cannot be opened is told here, in one line
    configure_logs(settings.log_level)
    logging.basicConfig(handlers=[ServerLines()], force=True)
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        log_config=None,
        access_log=False,
        server_header=False,
    )


def demo() -> None:
    """Isi basis data dengan pesan contoh karangan sendiri; aman diulang."""
    from rich.progress import track

    from api.feedback.schemas import FeedbackIn
    from api.feedback.service import take_in
    from api.logs import configure_logs
    from api.scoring.service import ScoringService
    from api.settings import load_settings
    from nlp import check_bundle
    from nlp.console import errors, print_out

    settings = load_settings()
    configure_logs(settings.log_level)
    check_bundle(settings.model_dir)
    scoring = ScoringService(settings.model_dir)
    scoring.start()
    scoring.wait(timeout_s=120)
    now = datetime.now(UTC)
    with DEMO_FILE.open(encoding="utf-8", newline="") as file, _session(settings) as session:
        rows = list(csv.DictReader(file))
        new = 0
        for row in track(rows, "memuat pesan contoh", console=errors, transient=True, disable=not errors.is_terminal):
            received_at = now - timedelta(days=int(row.pop("received_on_day")))
            message = FeedbackIn.model_validate({**row, "received_at": received_at})
            new += take_in(session, scoring, message)[1]
    print_out(f"{new} pesan contoh dimuat, {len(rows) - new} sudah ada.")


def register(app: typer.Typer) -> None:
    """Add the service's commands to `suara`."""
    keys = typer.Typer(help="Kunci API.", no_args_is_help=True)
    keys.command("create")(key_create)
    app.add_typer(keys, name="key")
    app.command()(serve)
    app.command()(demo)
