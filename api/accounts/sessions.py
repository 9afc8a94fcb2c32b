"""Sign in and out: a session is a random cookie of 256 bits, of which the database knows the SHA-256 alone.

A session ends when nobody used it for a while and, however busy, some hours after it began. What changes something
needs the CSRF token too, an HMAC keyed with the cookie: a page of another site can send the cookie, but not read it.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker
from starlette.background import BackgroundTask

from api.accounts import passwords, repository
from api.accounts.lockout import Failures, Lockout, stored_failures
from api.accounts.permissions import rights_of
from api.accounts.principal import SYSTEM, Principal
from api.accounts.schemas import PasswordChange, SessionOut, SignIn
from api.accounts.tables import Account, LoginSession
from api.audit.service import record
from api.database import UNAVAILABLE
from api.errors import ApiError
from api.settings import Settings
from api.vault import Vault

MAX_SESSIONS_PER_ACCOUNT = 20
SEEN_STEP = timedelta(minutes=1)  # noting every use would make every request a write


# ---------------------------------------------------------------------------------------------- in
def sign_in(
    session: Session, settings: Settings, vault: Vault, lockout: Lockout, sessions: sessionmaker[Session], given: SignIn
) -> tuple[str, SessionOut]:
    """A new session's cookie and whose it is; ApiError 401 for a wrong name or password, 429 while the name has to wait."""
    name, now = given.username.strip().lower(), datetime.now(UTC)
    account = repository.find_account(session, name)
    lockout.begin(name, _failures(account), now)
    stored = account.password_hash if account and account.disabled_at is None else None
    if not passwords.is_right(given.password.get_secret_value(), stored):
        raise _refused(account, sessions, vault, now)
    account = repository.find_account_for_change(session, name)  # hashing took a while, and held nobody up
    if account is None or account.disabled_at is not None or account.password_hash != stored:
        raise _refused(account, sessions, vault, now)
    lockout.forget(name)
    _set_back(account)
    return open_session(session, settings, vault, account, "kata_sandi")


def open_session(session: Session, settings: Settings, vault: Vault, account: Account, how: str) -> tuple[str, SessionOut]:
    """A new session's cookie, and whose it is, of somebody who has proved to be that account."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    login = LoginSession(
        token_sha256=_digest(token),
        account_id=account.id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=settings.session_hours),
    )
    repository.add(session, login)
    repository.drop_old_sessions(session, account.id, now, now - _idle(settings), MAX_SESSIONS_PER_ACCOUNT)
    who = principal_of(session, account)
    record(session, vault, who, "session.opened", ("account", account.id), how=how)
    return token, _session_out(session, who, token, login.expires_at)


def _refused(account: Account | None, sessions: sessionmaker[Session], vault: Vault, now: datetime) -> ApiError:
    error = ApiError(401, "masuk_salah", "Tidak dapat masuk", "Nama akun atau kata sandi salah. Periksa lalu coba lagi.")
    if account is not None:
        error.afterwards = BackgroundTask(_note_failure, sessions, vault, account.username, now)
    return error


def _note_failure(sessions: sessionmaker[Session], vault: Vault, username: str, now: datetime) -> None:
    """Store a failure; see `lockout` for why this waits until the answer has gone out."""
    with sessions.begin() as session:
        account = repository.find_account_for_change(session, username)
        if account is None:
            return
        failures = _failures(account).and_one(now)
        account.failed_logins, account.locked_until = failures.n, failures.until
        record(session, vault, SYSTEM, "session.refused", ("account", account.id), failures=failures.n)


def _failures(account: Account | None) -> Failures:
    return stored_failures(account.failed_logins, account.locked_until) if account else stored_failures(0, None)


def _set_back(account: Account) -> None:
    account.failed_logins, account.locked_until = 0, datetime.now(UTC)


# ---------------------------------------------------------------------------------------------- inside
def check_session(session: Session, settings: Settings, token: str) -> tuple[LoginSession, Account]:
    """Whose cookie it is; ApiError 401 for an unknown or ended session or a disabled account, all told alike."""
    now = datetime.now(UTC)
    found = repository.find_session(session, _digest(token))
    if found is not None:
        login, account = found
        if now < min(login.expires_at, login.last_seen_at + _idle(settings)) and account.disabled_at is None:
            return login, account
    raise ApiError(
        401,
        "sesi_berakhir",
        "Sesi sudah berakhir",
        "Masuk lagi dengan nama akun dan kata sandi.",
        {"WWW-Authenticate": 'ApiKey realm="suara-warga"'},
    )


def principal_of(session: Session, account: Account) -> Principal:
    """Who an account stands for."""
    rights, units = rights_of(account.role, account.scopes), repository.units_of_account(session, account.id)
    return Principal("account", account.id, account.username, account.role, rights, units)


def csrf_token(token: str) -> str:
    """What the header X-CSRF-Token must hold beside the cookie `token`."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def check_csrf(token: str, given: str | None) -> None:
    """ApiError 403 where the header is missing or wrong."""
    if not hmac.compare_digest(csrf_token(token).encode(), (given or "").encode()):
        raise ApiError(
            403,
            "csrf_salah",
            "Permintaan tidak dikenali",
            "Kirim kepala X-CSRF-Token dari GET /api/v1/session, atau muat ulang halamannya.",
        )


def is_seen_due(login: LoginSession) -> bool:
    """Whether it is time to note that the session is in use."""
    return datetime.now(UTC) - login.last_seen_at > SEEN_STEP


def note_seen(sessions: sessionmaker[Session], session_id: int) -> None:
    """Note the use in a transaction of its own, so that reading never waits for a writer; a busy database skips it."""
    with suppress(*UNAVAILABLE), sessions.begin() as session:
        repository.note_seen(session, session_id, datetime.now(UTC))


def read_session(session: Session, settings: Settings, who: Principal, token: str | None) -> SessionOut:
    """Who a caller is and what that may do; for an account also the CSRF token of its cookie, and when it ends."""
    if who.kind != "account" or token is None:
        return _session_out(session, who, None, None)
    return _session_out(session, who, token, check_session(session, settings, token)[0].expires_at)


def _session_out(session: Session, who: Principal, token: str | None, expires_at: datetime | None) -> SessionOut:
    return SessionOut(
        name=who.name,
        role=who.role,
        rights=sorted(who.rights),
        units=repository.unit_codes(session, who.units),
        csrf_token=None if token is None else csrf_token(token),
        expires_at=expires_at,
    )


# ---------------------------------------------------------------------------------------------- out
def sign_out(session: Session, vault: Vault, who: Principal, token: str) -> None:
    """End a session."""
    repository.drop_session(session, _digest(token))
    record(session, vault, who, "session.closed", ("account", who.id))


def change_password(
    session: Session,
    settings: Settings,
    vault: Vault,
    lockout: Lockout,
    sessions: sessionmaker[Session],
    token: str,
    given: PasswordChange,
) -> None:
    """Give the account of a session another password and end its other sessions.

    ApiError 403 for a wrong present password, which counts like a failed sign-in; 422 for an unfit new one.
    """
    login, account = check_session(session, settings, token)
    new, now = given.new_password.get_secret_value(), datetime.now(UTC)
    if (fault := passwords.fault_of(new, account.username)) is not None:
        raise ApiError(422, "kata_sandi_lemah", "Kata sandi baru tidak dapat dipakai", f"{fault.capitalize()}. Pilih yang lain.")
    lockout.begin(account.username, _failures(account), now)
    if not passwords.is_right(given.current_password.get_secret_value(), account.password_hash):
        error = ApiError(403, "kata_sandi_salah", "Kata sandi salah", "Kata sandi yang sekarang tidak cocok. Coba lagi.")
        error.afterwards = BackgroundTask(_note_failure, sessions, vault, account.username, now)
        raise error
    lockout.forget(account.username)
    set_password(session, account, passwords.hash_password(new), but_session=login.id)
    record(session, vault, principal_of(session, account), "password.changed", ("account", account.id))


def set_password(session: Session, account: Account, password_hash: str, but_session: int | None = None) -> None:
    """Store another password, end the account's sessions (one excepted) and set its failures back."""
    account.password_hash = password_hash
    _set_back(account)
    repository.drop_sessions_of(session, account.id, but_session)


def _idle(settings: Settings) -> timedelta:
    return timedelta(minutes=settings.session_idle_minutes)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
