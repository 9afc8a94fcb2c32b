"""`suara key`: make keys."""

import sys
from typing import Annotated

import typer

from api.accounts.roles import ROLES
from api.command_session import open_session


def create_key(
    role: Annotated[str, typer.Option(help=f"Peran: {', '.join(ROLES)}.")],
    name: Annotated[str, typer.Option(help="Nama pemakai kunci, untuk dikenali kembali.")],
) -> None:
    """Buat kunci API; kunci tercetak sekali ini saja."""
    from api.accounts import service
    from api.settings import load_settings

    with open_session(load_settings()) as session:
        key = service.create_key(session, name, role)
    sys.stdout.write(key + "\n")


def register(app: typer.Typer) -> None:
    """Add them to `suara`."""
    keys = typer.Typer(help="Kunci API.", no_args_is_help=True)
    keys.command("create")(create_key)
    app.add_typer(keys, name="key")
