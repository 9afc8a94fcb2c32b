"""Keep accounts: add, disable, enable, limit, link; new passwords. Each change is recorded and counts at once."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.accounts import passwords, repository
from api.accounts.grants import Grant, unit_ids
from api.accounts.principal import Principal
from api.accounts.sessions import set_password
from api.accounts.tables import Account
from api.audit.service import record
from api.vault import Vault
from nlp.errors import SuaraError

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")
MAX_SUBJECT_CHARS = 255  # OpenID Connect Core 1.0, section 2


def add_account(session: Session, vault: Vault, who: Principal, username: str, grant: Grant, password: str | None) -> Account:
    """A new account; without a password it signs in through OIDC alone. SuaraError for an unfit or taken name."""
    check_username(username)
    account = Account(
        username=username,
        password_hash=None if password is None else _hashed(password, username),
        role=grant.role,
        scopes=grant.scopes,
        created_at=datetime.now(UTC),
    )
    ids = unit_ids(session, grant.units)
    try:
        repository.add(session, account)
    except IntegrityError:
        raise SuaraError(f"akun '{username}' sudah ada", where="--username", remedy="Pakai nama lain.") from None
    repository.limit_account(session, account.id, ids)
    record(session, vault, who, "account.created", ("account", account.id), username=username, **grant.details)
    return account


def check_username(username: str) -> None:
    """SuaraError for a name that no account may bear."""
    if not _USERNAME.fullmatch(username):
        raise SuaraError(
            "nama akun tidak dapat dipakai",
            where="--username",
            remedy="Pakai 2 sampai 60 huruf kecil, angka, titik, garis, atau garis bawah, misalnya loket.timur.",
        )


def list_accounts(session: Session) -> list[tuple[Account, list[str] | None]]:
    """Every account with the codes of its units, None for all."""
    return [
        (account, repository.unit_codes(session, repository.units_of_account(session, account.id)))
        for account in repository.accounts(session)
    ]


def disable_account(session: Session, vault: Vault, who: Principal, username: str) -> None:
    """Sign an account out everywhere and let it in no more."""
    account = _account(session, username)
    account.disabled_at = account.disabled_at or datetime.now(UTC)
    repository.drop_sessions_of(session, account.id)
    record(session, vault, who, "account.disabled", ("account", account.id), username=username)


def enable_account(session: Session, vault: Vault, who: Principal, username: str) -> None:
    """Let a disabled account in again."""
    account = _account(session, username)
    account.disabled_at = None
    record(session, vault, who, "account.enabled", ("account", account.id), username=username)


def replace_password(session: Session, vault: Vault, who: Principal, username: str, password: str) -> None:
    """Another password for an account, which is signed out everywhere; SuaraError for an unfit one."""
    account = _account(session, username)
    set_password(session, account, _hashed(password, username))
    record(session, vault, who, "password.changed", ("account", account.id), username=username)


def unlock_account(session: Session, vault: Vault, who: Principal, username: str) -> None:
    """Forget the failed sign-ins of an account."""
    account = _account(session, username)
    account.failed_logins, account.locked_until = 0, datetime.now(UTC)  # newer than what a running service counts
    record(session, vault, who, "account.unlocked", ("account", account.id), username=username)


def limit_account(session: Session, vault: Vault, who: Principal, username: str, units: Sequence[str]) -> None:
    """Limit an account to these units alone; with none it works for every unit."""
    account = _account(session, username)
    repository.limit_account(session, account.id, unit_ids(session, units))
    record(session, vault, who, "account.limited", ("account", account.id), username=username, units=list(units))


def link_account(session: Session, vault: Vault, who: Principal, username: str, subject: str) -> None:
    """Let a person of the OIDC provider (its claim `sub`) sign in as an account."""
    if not 1 <= len(subject) <= MAX_SUBJECT_CHARS or not subject.isprintable():
        raise SuaraError("pengenal OIDC tidak dapat dipakai", where="--subject", remedy="Salin isi 'sub' dari penyedia.")
    account = _account(session, username)
    account.oidc_subject = subject
    try:
        session.flush()
    except IntegrityError:
        raise SuaraError("pengenal OIDC itu sudah terhubung ke akun lain", where="--subject", remedy="Periksa.") from None
    record(session, vault, who, "account.linked", ("account", account.id), username=username)


def _account(session: Session, username: str) -> Account:
    account = repository.find_account_for_change(session, username)
    if account is None:
        raise SuaraError(f"akun '{username}' tidak ditemukan", where="--username", remedy="Lihat 'suara account list'.")
    return account


def _hashed(password: str, username: str) -> str:
    if (fault := passwords.fault_of(password, username)) is not None:
        raise SuaraError(fault, where="kata sandi", remedy="Pilih yang lain.")
    return passwords.hash_password(password)
