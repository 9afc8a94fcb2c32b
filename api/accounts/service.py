"""Make and check API keys.

A key reads `suara_PREFIX_SECRET`. The secret has 256 random bits, so one SHA-256 is enough to store it safely (a slow
hash guards guessable passwords, which this is not).
"""

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from api.accounts import repository
from api.accounts.grants import Grant, unit_ids
from api.accounts.permissions import rights_of
from api.accounts.principal import Principal
from api.accounts.tables import ApiKey
from api.audit.service import record
from api.database import UNAVAILABLE
from api.errors import ApiError
from api.vault import Vault
from nlp.errors import SuaraError

_KEY = re.compile(r"suara_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
MAX_NAME_CHARS = 100
MAX_DAYS = 3_650
LAST_USED_STEP = timedelta(minutes=1)  # noting every use would make every request a write


def create_key(session: Session, vault: Vault, who: Principal, name: str, grant: Grant, days: int | None = None) -> str:
    """Make a key and return it; it cannot be shown again. SuaraError for an unfit name, unknown units or too many days."""
    if not name.strip() or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise SuaraError(
            "nama kunci kosong, terlalu panjang, atau memuat huruf tak tercetak",
            where="--name",
            remedy="Pakai 1 sampai 100 huruf.",
        )
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise SuaraError(f"masa berlaku {days} hari tidak dapat dipakai", where="--days", remedy=f"Pakai 1 sampai {MAX_DAYS}.")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    key = ApiKey(
        prefix=prefix,
        secret_sha256=_digest(secret),
        name=name.strip(),
        role=grant.role,
        scopes=grant.scopes,
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    ids = unit_ids(session, grant.units)
    repository.add(session, key)
    repository.limit_key(session, key.id, ids)
    record(session, vault, who, "key.created", ("key", key.id), prefix=prefix, name=key.name, days=days, **grant.details)
    return f"suara_{prefix}_{secret}"


def revoke_key(session: Session, vault: Vault, who: Principal, prefix: str) -> ApiKey:
    """End a key at once; SuaraError where none has this prefix. A second time changes nothing."""
    key = repository.find_key(session, prefix)
    if key is None:
        raise SuaraError(f"kunci '{prefix}' tidak ditemukan", where="AWALAN", remedy="Lihat 'suara key list'.")
    if key.revoked_at is None:
        key.revoked_at = datetime.now(UTC)
        record(session, vault, who, "key.revoked", ("key", key.id), prefix=prefix, name=key.name)
    return key


def list_keys(session: Session) -> list[tuple[ApiKey, list[str] | None]]:
    """Every key with the codes of its units, None for all."""
    return [(key, repository.unit_codes(session, repository.units_of_key(session, key.id))) for key in repository.keys(session)]


def check_key(session: Session, given: str | None) -> ApiKey:
    """The key's row; ApiError 401 for a missing, unknown, wrong, expired or revoked one, all told alike."""
    match = _KEY.fullmatch(given or "")
    key = repository.find_key(session, match.group(1)) if match else None
    # compare even where no key was found, so that the time taken does not tell which prefixes exist
    proves = hmac.compare_digest(_digest(match.group(2) if match else ""), key.secret_sha256 if key else _digest("-"))
    now = datetime.now(UTC)
    if key is None or not proves or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise ApiError(
            401,
            "kunci_salah",
            "Kunci API tidak dikenal",
            "Kirim kepala X-API-Key dengan kunci yang berlaku, dibuat dengan 'suara key create', atau masuk dengan akun.",
            {"WWW-Authenticate": 'ApiKey realm="suara-warga"'},
        )
    return key


def principal_of_key(session: Session, key: ApiKey) -> Principal:
    """Who a key stands for."""
    return Principal("key", key.id, key.name, key.role, rights_of(key.role, key.scopes), repository.units_of_key(session, key.id))


def is_use_due(key: ApiKey) -> bool:
    """Whether it is time to note that the key is in use."""
    return key.last_used_at is None or datetime.now(UTC) - key.last_used_at > LAST_USED_STEP


def note_use(sessions: sessionmaker[Session], key_id: int) -> None:
    """Note the use in a transaction of its own, so that reading never waits for a writer; a busy database skips it."""
    with suppress(*UNAVAILABLE), sessions.begin() as session:
        repository.note_use(session, key_id, datetime.now(UTC))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
