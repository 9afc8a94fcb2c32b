"""Commands of the service: they join the command `suara` through an entry point, so that nlp never imports api.

This module is loaded by every `suara`, also to score a file, so what is heavy is imported inside the commands.
"""

import csv
import logging
import signal
import socket
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from api import commands_secrets as secrets
from api.accounts import commands as accounts
from api.audit import commands as audit
from api.command_session import open_desk, open_session, quiet
from api.feedback import commands as feedback
from api.imports import commands as imports
from api.reports import commands as reports
from nlp.errors import SuaraError

CLOSE_WITHIN_S = 5  # streams of events would keep the service from ending
DEMO_FILE = Path(__file__).parent / "demo" / "messages.csv"


def serve(
    host: Annotated[str, typer.Option(help="Alamat dengar.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Porta, sampai 65535; 0: yang mana saja.")] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Banyak proses, 1 sampai 64; lebih dari satu dengan PostgreSQL.")
    ] = 1,
) -> None:
    """Jalankan layanan."""
    import uvicorn

    from api.imports.embedded import embedded_worker
    from api.logs import ServerLines, configure_logs
    from api.settings import load_settings
    from nlp import check_bundle

    settings = load_settings()
    check_bundle(settings.model_dir)
    with open_session(settings):
        pass  # a database that cannot be opened is told here, in one line
    _check_address(host, port)
    configure_logs(settings.log_level)
    logging.basicConfig(handlers=[ServerLines()], force=True)
    # uvicorn sends itself the signal again once it is done; as an interrupt it leaves time to end the worker, too
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with embedded_worker() if settings.worker == "bersama" else nullcontext(), suppress(KeyboardInterrupt):
        uvicorn.run(
            "api.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=CLOSE_WITHIN_S,
        )


def _check_address(host: str, port: int) -> None:
    """SuaraError where the service could not listen there; uvicorn would tell it to the log, in English."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does: a service just ended is no other
            listener.bind(address)
    except OSError as error:
        raise SuaraError(
            "alamat itu tidak dapat dipakai",
            where=f"{host}:{port}",
            remedy="Mungkin layanan lain memakainya: hentikan, atau pilih --port lain. Periksa juga --host.",
        ) from error


def demo() -> None:
    """Isi basis data dengan pesan contoh karangan sendiri; aman diulang."""
    from rich.progress import track

    from api.accounts.principal import SYSTEM
    from api.demo.prepare import prepare, settle
    from api.feedback.intake import take_in
    from api.feedback.schemas import FeedbackIn
    from api.logs import configure_logs
    from api.settings import load_settings
    from nlp.console import errors, print_out

    settings = load_settings()
    configure_logs(quiet(settings.log_level))
    desk = open_desk(settings)
    now = datetime.now(UTC)
    with DEMO_FILE.open(encoding="utf-8", newline="") as file, open_session(settings) as session:
        prepare(session, desk.vault, desk.labels)
        rows = list(csv.DictReader(file))
        new = 0
        shown = track(rows, "memuat pesan contoh", console=errors, transient=True, disable=not errors.is_terminal)
        for number, row in enumerate(shown):
            received_at = now - timedelta(days=int(row.pop("received_on_day")))
            message = FeedbackIn.model_validate({**row, "received_at": received_at})
            stored, is_new = take_in(session, desk, SYSTEM, message)
            if is_new:
                settle(stored, number, now)
            new += is_new
    print_out(f"{new} pesan contoh dimuat, {len(rows) - new} sudah ada.")


def register(app: typer.Typer) -> None:
    """Add the service's commands to `suara`."""
    app.command()(serve)
    app.command()(demo)
    for room in (accounts, audit, feedback, imports, reports, secrets):
        room.register(app)
