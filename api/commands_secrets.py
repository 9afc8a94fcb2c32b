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


def register(app: typer.Typer) -> None:
    """Add them to `suara`."""
    secrets = typer.Typer(help="Kunci enkripsi.", no_args_is_help=True)
    secrets.command("create")(create)
    app.add_typer(secrets, name="secret")
