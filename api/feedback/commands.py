"""`suara corrections` and `suara retention`."""

from pathlib import Path
from typing import Annotated

import typer

from api.command_session import open_session, open_sessions


def export(out: Annotated[Path, typer.Option(help="Berkas hasil: .csv, .xlsx, atau .parquet.")]) -> None:
    """Tulis label dari petugas sebagai berkas latih untuk 'suara train --data'."""
    from api.accounts.principal import SYSTEM
    from api.feedback.training import export_corrections
    from api.settings import load_settings
    from nlp.console import print_out

    settings = load_settings()
    with open_session(settings) as session:
        n_rows = export_corrections(session, settings.open_vault(), SYSTEM, out)
    print_out(f"{n_rows} pesan berlabel petugas tersimpan di {out}.")


def retention(
    days: Annotated[int | None, typer.Option(min=1, help="Hari simpan, sedikitnya 1; bawaan SUARA_ORIGINAL_DAYS.")] = None,
) -> None:
    """Musnahkan teks asli dan pelapor yang lewat masa simpan; teks tersamar dan statistik tetap."""
    from datetime import UTC, datetime

    from api.feedback.keeping import destroy_expired
    from api.settings import load_settings
    from nlp.console import print_out

    settings = load_settings()
    with open_sessions(settings) as sessions:
        batches = destroy_expired(sessions, settings.open_vault(), days or settings.original_days, datetime.now(UTC))
        n_messages = sum(batches)
    print_out(f"Teks asli {n_messages} pesan dimusnahkan.")


def register(app: typer.Typer) -> None:
    """Add them to `suara`."""
    corrections = typer.Typer(help="Koreksi petugas.", no_args_is_help=True)
    corrections.callback()(lambda: None)  # a group also with one command
    corrections.command("export")(export)
    app.add_typer(corrections, name="corrections")
    app.command()(retention)
