"""Seals original texts and reporters with AES-GCM; the keys never lie in the database."""

import base64
import binascii
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nlp.errors import SuaraError, reason_of

KEY_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D: 96 bits, random; fine for 2**32 messages a key
AUDIT = "audit"  # this key proves the audit trail and is never rotated
_REMEDY = "Buat dengan 'suara secret create', satu baris 'nama kunci_base64' untuk tiap kunci."


class Vault:
    """Seals with the newest key and opens with any it holds. Safe to share between threads.

    A vault read from a file follows it: after a rotation a service at work seals with the new key without a restart.
    """

    def __init__(self, keys: dict[str, bytes]) -> None:
        """`keys`: name to 32 bytes, the newest last; SuaraError where the audit key or an encryption key is missing."""
        if AUDIT not in keys or len(keys) < 2 or any(len(key) != KEY_BYTES for key in keys.values()):
            raise SuaraError("kunci enkripsi tidak lengkap", where="daftar kunci", remedy=_REMEDY)
        self.audit_key = keys[AUDIT]
        self._path: Path | None = None
        self._read_at_ns = 0
        self._known = {name: AESGCM(key) for name, key in keys.items() if name != AUDIT}

    def _ciphers(self) -> dict[str, AESGCM]:
        """Ciphers by name, the newest last, read anew where the file changed; a file gone meanwhile changes nothing."""
        with suppress(OSError, SuaraError):
            if self._path and self._path.stat().st_mtime_ns != self._read_at_ns:
                renewed = Vault.read(self._path)
                self._known, self._read_at_ns = renewed._known, renewed._read_at_ns
        return self._known

    @property
    def newest(self) -> str:
        """Name of the key that seals."""
        return list(self._ciphers())[-1]

    @classmethod
    def parse(cls, lines: str, where: str) -> Self:
        """From 'name base64' lines (or parts between commas)."""
        keys: dict[str, bytes] = {}
        for line in lines.replace(",", "\n").splitlines():
            parts = line.split()
            if not parts or parts[0].startswith("#"):
                continue
            try:
                name, encoded = parts
                keys[name] = base64.urlsafe_b64decode(encoded)
            except (ValueError, binascii.Error):
                raise SuaraError("kunci enkripsi tidak terbaca", where=where, remedy=_REMEDY) from None
        return cls(keys)

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a key file, which the vault follows; SuaraError where it cannot be read."""
        try:
            read_at_ns = path.stat().st_mtime_ns  # before its content, so that a change meanwhile is seen the next time
            vault = cls.parse(path.read_text(encoding="ascii"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise SuaraError("berkas kunci enkripsi tidak terbaca", where=str(path), remedy=_REMEDY) from error
        vault._path, vault._read_at_ns = path, read_at_ns
        return vault

    def seal(self, plain: bytes, about: str) -> tuple[str, bytes]:
        """(name of the key, nonce and ciphertext); `about` must be given again to open it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        name, cipher = list(self._ciphers().items())[-1]
        return name, nonce + cipher.encrypt(nonce, plain, about.encode())

    def open(self, key_name: str, sealed: bytes, about: str) -> bytes:
        """What was sealed; SuaraError where the key is not at hand or the bytes are not what was sealed."""
        cipher = self._ciphers().get(key_name)
        if cipher is None:
            raise SuaraError(f"kunci enkripsi '{key_name}' tidak ada", where="daftar kunci", remedy="Kembalikan kunci lama itu.")
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())
        except InvalidTag:
            raise SuaraError("isi tersegel rusak atau bukan milik pesan ini", where=about, remedy="Pulihkan cadangan.") from None

    def digest(self, *parts: str) -> str:
        """64 hexadecimal digits, the same for the same parts; without the key no guess can be tried against them."""
        return hmac.new(self.audit_key, json.dumps(["digest", *parts]).encode(), hashlib.sha256).hexdigest()


def new_key_line(name: str) -> str:
    """A line of a key file with a fresh key."""
    return f"{name} {base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n"


def create_key_file(path: Path) -> None:
    """Write a key file with its first keys, for its owner alone; leaves an existing one untouched."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.touch(mode=0o600)
        partial.write_text(new_key_line(AUDIT) + new_key_line("k1"), encoding="ascii")
    except OSError as error:
        raise SuaraError(
            "berkas kunci enkripsi tidak dapat ditulis",
            where=str(path),
            remedy=f"{reason_of(error)}. Letak bawaannya menurut SUARA_DATA_DIR.",
        ) from error
    try:
        os.link(partial, path)  # of two processes that start at once one wins, and both then read the same file
    except FileExistsError:
        pass
    finally:
        partial.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other process change a key file of this folder meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def add_key(path: Path) -> str:
    """Append a fresh key, which seals from now on, and return its name; the file is never seen half-written.

    Of two rotations at once each adds a key of its own: one that overwrote the other's would lose what that had sealed.
    """
    try:
        with _alone(path.parent):
            return _append_key(path)
    except OSError as error:
        raise SuaraError("berkas kunci enkripsi tidak dapat ditulis", where=str(path), remedy=f"{reason_of(error)}.") from error


def _append_key(path: Path) -> str:
    lines = path.read_text(encoding="ascii")
    names = [line.split()[0] for line in lines.splitlines() if line.strip()]
    name = f"k{1 + max((int(n[1:]) for n in names if n[0] == 'k' and n[1:].isdigit()), default=0)}"
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    partial.touch(mode=0o600)
    owner = path.stat()  # whoever rotates, the service's own account keeps reading it
    os.chown(partial, owner.st_uid, owner.st_gid)
    partial.write_text(f"{lines.rstrip()}\n{new_key_line(name)}", encoding="ascii")
    partial.replace(path)
    return name
