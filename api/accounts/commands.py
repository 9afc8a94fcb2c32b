"""`suara account`: who may sign in."""

import getpass
import sys
from typing import Annotated

import typer

from api.accounts import commands_keys
from api.accounts.roles import ROLES
from api.command_session import open_books, shown

Username = Annotated[str, typer.Option(help="Nama akun, misalnya loket.timur.")]
FromInput = Annotated[bool, typer.Option("--password-stdin", help="Baca kata sandi dari masukan baku, satu baris.")]
Units = Annotated[list[str] | None, typer.Option("--unit", help="Kode unit; boleh lebih dari satu. Bawaan: semua unit.")]


def _read_password(from_input: bool) -> str:
    """From standard input, or typed twice on a terminal."""
    from nlp.errors import SuaraError

    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise SuaraError("tidak ada terminal untuk menanyakan kata sandi", remedy="Pakai --password-stdin.")
    first, again = getpass.getpass("Kata sandi: "), getpass.getpass("Sekali lagi: ")
    if first != again:
        raise SuaraError("kedua kata sandi tidak sama", where="kata sandi", remedy="Ulangi perintahnya.")
    return first


def add(
    username: Username,
    role: Annotated[str, typer.Option(help=f"Peran: {', '.join(ROLES)}.")],
    unit: Units = None,
    scope: Annotated[list[str] | None, typer.Option(help="Hak; boleh lebih dari satu. Bawaan: semua hak peran.")] = None,
    password_stdin: FromInput = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="Masuk lewat OIDC saja.")] = False,
) -> None:
    """Tambah akun; kata sandi ditanyakan dua kali."""
    from api.accounts import administration
    from api.accounts.grants import read_grant
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out

    administration.check_username(username)
    grant = read_grant(role, scope or (), unit or ())
    password = None if no_password else _read_password(password_stdin)
    with open_books() as (session, vault):
        administration.add_account(session, vault, SYSTEM, username, grant, password)
    print_out(f"Akun {username} ditambahkan.")


def list_all() -> None:
    """Tampilkan semua akun."""
    from datetime import UTC, datetime

    from api.accounts import administration
    from nlp.console import print_out

    now = datetime.now(UTC)
    lines = ["nama\tperan\thak\tunit\toidc\tkeadaan\tditunda sampai"]
    with open_books() as (session, _):
        for account, units in administration.list_accounts(session):
            parts = (
                account.username,
                account.role,
                ",".join(account.scopes or ["semua"]),
                ",".join(units or ["semua"]),
                "terhubung" if account.oidc_subject else "-",
                "nonaktif" if account.disabled_at else "aktif",
                shown(account.locked_until if account.locked_until and account.locked_until > now else None),
            )
            lines.append("\t".join(parts))
    print_out("\n".join(lines))


def disable(username: Username) -> None:
    """Nonaktifkan akun dan akhiri semua sesinya."""
    from api.accounts import administration
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out

    with open_books() as (session, vault):
        administration.disable_account(session, vault, SYSTEM, username)
    print_out(f"Akun {username} dinonaktifkan.")


def enable(username: Username) -> None:
    """Aktifkan kembali akun."""
    from api.accounts import administration
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out

    with open_books() as (session, vault):
        administration.enable_account(session, vault, SYSTEM, username)
    print_out(f"Akun {username} aktif.")


def password(username: Username, password_stdin: FromInput = False) -> None:
    """Ganti kata sandi akun; semua sesinya berakhir."""
    from api.accounts import administration
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out

    given = _read_password(password_stdin)
    with open_books() as (session, vault):
        administration.replace_password(session, vault, SYSTEM, username, given)
    print_out(f"Kata sandi akun {username} diganti.")


def unlock(username: Username) -> None:
    """Lupakan percobaan masuk yang gagal, supaya akun boleh masuk lagi."""
    from api.accounts import administration
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out

    with open_books() as (session, vault):
        administration.unlock_account(session, vault, SYSTEM, username)
    print_out(f"Akun {username} boleh masuk lagi.")


def limit(
    username: Username,
    unit: Units = None,
    all_units: Annotated[bool, typer.Option("--all-units", help="Cabut pembatasan.")] = False,
) -> None:
    """Batasi akun pada unit tertentu."""
    from api.accounts import administration
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out
    from nlp.errors import SuaraError

    if bool(unit) is all_units:
        raise SuaraError("pembatasan tidak jelas", where="--unit", remedy="Isi --unit KODE, atau --all-units saja.")
    with open_books() as (session, vault):
        administration.limit_account(session, vault, SYSTEM, username, unit or [])
    print_out(f"Akun {username} melihat {', '.join(unit) if unit else 'semua unit'}.")


def link(
    username: Username, subject: Annotated[str, typer.Option(help="Pengenal orang itu ('sub') pada penyedia OIDC.")]
) -> None:
    """Hubungkan akun dengan penyedia OIDC."""
    from api.accounts import administration
    from api.accounts.principal import SYSTEM
    from nlp.console import print_out

    with open_books() as (session, vault):
        administration.link_account(session, vault, SYSTEM, username, subject)
    print_out(f"Akun {username} terhubung.")


def register(app: typer.Typer) -> None:
    """Add them, and those of keys, to `suara`."""
    accounts = typer.Typer(help="Akun petugas.", no_args_is_help=True)
    accounts.command("list")(list_all)
    for command in (add, disable, enable, password, unlock, limit, link):
        accounts.command()(command)
    app.add_typer(accounts, name="account")
    commands_keys.register(app)
