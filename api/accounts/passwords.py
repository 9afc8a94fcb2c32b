"""Hash passwords with argon2id and hold them to one rule: long, and not the name they guard."""

import secrets
import unicodedata
from threading import BoundedSemaphore

from pwdlib import PasswordHash

MIN_CHARS = 12
MAX_CHARS = 200
MAX_AT_ONCE = 4
_hasher = PasswordHash.recommended()  # argon2id with 64 MiB, 3 passes: RFC 9106, section 4, second recommendation
_NOBODYS_HASH = _hasher.hash(secrets.token_urlsafe())
_places = BoundedSemaphore(MAX_AT_ONCE)  # of 64 MiB each, so that many sign-ins at once cannot use up the memory


def fault_of(password: str, username: str) -> str | None:
    """Why a password is not fit for an account, in words for people; None when it is."""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        return f"kata sandi harus {MIN_CHARS} sampai {MAX_CHARS} huruf"
    if _plain(password).strip().lower() == username.lower():
        return "kata sandi tidak boleh sama dengan nama akun"
    return None


def hash_password(password: str) -> str:
    """The hash to store, with its own salt and parameters."""
    with _places:
        return _hasher.hash(_plain(password))


def is_right(password: str, stored: str | None) -> bool:
    """Whether a password fits a stored hash; without one it takes as long and does not fit."""
    with _places:
        fits = _hasher.verify(_plain(password), stored or _NOBODYS_HASH)
    return fits and stored is not None


def _plain(password: str) -> str:
    """One spelling of what keyboards spell differently, as NIST SP 800-63B asks for."""
    return unicodedata.normalize("NFKC", password)
