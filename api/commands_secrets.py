"""`suara secret`: the encryption keys."""

from pathlib import Path
from typing import Annotated

import typer


def create(out: Annotated[Path, typer.Option(help="Berkas baru, di luar folder data.")]) -> None:
    """Buat berkas kunci enkripsi; simpan juga salinannya di tempat aman."""
    from api.vault import create_key_file
    from nlp.console import print_out
    from nlp.errors import SuaraError

    if out.exists():
        raise SuaraError("berkas sudah ada", where=str(out), remedy="Pakai nama lain; kunci lama membuka data lama.")
    create_key_file(out)
    print_out(f"Kunci enkripsi dibuat di {out}. Tanpa berkas ini teks asli tidak dapat dibuka lagi.")


def rotate() -> None:
    """Ganti kunci enkripsi: buat kunci baru, lalu segel ulang teks asli dan pelapor yang tersimpan. Aman diulang."""
    from rich.progress import track

    from api.accounts.principal import SYSTEM
    from api.audit.service import record
    from api.command_session import open_sessions
    from api.feedback.keeping import reseal
    from api.settings import load_settings
    from api.vault import add_key
    from nlp.console import errors, print_out

    settings = load_settings()
    vault = settings.open_vault()
    if not settings.encryption_keys.get_secret_value():
        add_key(settings.key_file)
    with open_sessions(settings) as sessions:
        batches = track(reseal(sessions, vault), "menyegel ulang", console=errors, transient=True, disable=not errors.is_terminal)
        n_rows = sum(batches)
        with sessions.begin() as session:
            record(session, vault, SYSTEM, "secret.rotated", ("key", vault.newest), rows=n_rows)
    print_out(
        f"Kunci '{vault.newest}' dipakai; {n_rows} baris disegel ulang. Kunci lama tetap perlu untuk membuka cadangan lama."
    )


def register(app: typer.Typer) -> None:
    """Add them to `suara`."""
    secrets = typer.Typer(help="Kunci enkripsi.", no_args_is_help=True)
    secrets.command("create")(create)
    secrets.command("rotate")(rotate)
    app.add_typer(secrets, name="secret")
