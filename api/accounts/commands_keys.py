"""`suara key`: make, list and revoke API keys."""

from typing import Annotated

import typer

from api.accounts.roles import ROLES
from api.command_session import open_books, shown


def create(
    role: Annotated[str, typer.Option(help=f"Peran: {', '.join(ROLES)}.")],
    name: Annotated[str, typer.Option(help="Nama pemakai kunci, untuk dikenali kembali.")],
    scope: Annotated[list[str] | None, typer.Option(help="Hak; boleh lebih dari satu. Bawaan: semua hak peran.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Kode unit; boleh lebih dari satu. Bawaan: semua unit.")] = None,
    days: Annotated[int | None, typer.Option(help="Masa berlaku, bilangan hari. Bawaan: sampai dicabut.")] = None,
) -> None:
    """Buat kunci API; kunci tercetak sekali ini saja."""
    from api.accounts import service
    from api.accounts.grants import read_grant
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out

    with open_books() as (session, vault):
        key = service.create_key(session, vault, SYSTEM, name, read_grant(role, scope or (), unit or ()), days)
    print_out(key)


def list_all() -> None:
    """Tampilkan semua kunci, tanpa rahasianya."""
    from api.accounts import service
    from nlp.console import print_out

    lines = ["awalan\tnama\tperan\thak\tunit\tberlaku sampai\tterakhir dipakai\tdicabut"]
    with open_books() as (session, _):
        for key, units in service.list_keys(session):
            parts = (
                key.prefix,
                key.name,
                key.role,
                ",".join(key.scopes or ["semua"]),
                ",".join(units or ["semua"]),
                shown(key.expires_at),
                shown(key.last_used_at),
                shown(key.revoked_at),
            )
            lines.append("\t".join(parts))
    print_out("\n".join(lines))


def revoke(prefix: Annotated[str, typer.Argument(metavar="AWALAN", help="Awalan kunci dari 'suara key list'.")]) -> None:
    """Cabut kunci; berlaku seketika."""
    from api.accounts import service
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out

    with open_books() as (session, vault):
        key = service.revoke_key(session, vault, SYSTEM, prefix)
        name = key.name
    print_out(f"Kunci {prefix} ({name}) dicabut.")


def register(app: typer.Typer) -> None:
    """Add them to `suara`."""
    keys = typer.Typer(help="Kunci API.", no_args_is_help=True)
    keys.command("create")(create)
    keys.command("list")(list_all)
    keys.command()(revoke)
    app.add_typer(keys, name="key")
