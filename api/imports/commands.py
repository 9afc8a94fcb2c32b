"""`suara worker`: works on imports."""

from typing import Annotated

import typer


def worker(
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True, help="Berhenti bila masukan baku tutup.")] = False,
) -> None:
    """Jalankan pekerja impor saja, untuk komputer lain atau SUARA_WORKER=terpisah."""
    import logging

    from api.command_session import open_desk, open_sessions
    from api.imports.worker import run
    from api.logs import ServerLines, configure_logs
    from api.settings import load_settings

    settings = load_settings()
    configure_logs(settings.log_level)
    logging.basicConfig(handlers=[ServerLines()], force=True)
    desk = open_desk(settings)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open_sessions(settings) as sessions:
        run(desk, sessions, with_parent=with_parent)


def register(app: typer.Typer) -> None:
    """Add it to `suara`."""
    app.command()(worker)
