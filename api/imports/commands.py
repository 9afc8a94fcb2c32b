"""`suara worker`: works on imports."""

from typing import Annotated

import typer


def worker(
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True, help="Berhenti bila masukan baku tutup.")] = False,
) -> None:
    """Jalankan pekerja impor saja, untuk komputer lain atau SUARA_WORKER=terpisah."""
    import logging

    from api.command_session import open_sessions
    from api.desk import Desk
    from api.imports.worker import run
    from api.logs import ServerLines, configure_logs
    from api.routing.calendar import WorkCalendar
    from api.scoring.service import ScoringService
    from api.settings import load_settings
    from nlp import check_bundle

    settings = load_settings()
    check_bundle(settings.model_dir)
    configure_logs(settings.log_level)
    logging.basicConfig(handlers=[ServerLines()], force=True)
    scoring = ScoringService(settings.model_dir)
    scoring.start()
    scoring.wait(timeout_s=600)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    desk = Desk(settings, scoring, settings.open_vault(), WorkCalendar(settings.timezone, settings.holidays))
    with open_sessions(settings) as sessions:
        run(desk, sessions, with_parent=with_parent)


def register(app: typer.Typer) -> None:
    """Add it to `suara`."""
    app.command()(worker)
