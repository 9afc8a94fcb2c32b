"""Uploaded files at rest: sealed block by block under data_dir/imports, read through a file object, destroyed at the end.

An uploaded file holds original words, so it is never in the clear on disk, not even while it is worked on: readers open
one block after the other in memory. There is no temporary file that a killed process could leave behind.

A sealed file is the name of its key in 32 bytes, then blocks: nonce, ciphertext, tag of 1 MiB each, the last one shorter.
A block is bound to its import and to its place; the file's size is kept in the database, so a cut-off file shows.
"""

import errno
import hashlib
import hmac
import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from api.errors import ApiError
from api.vault import NONCE_BYTES, Vault
from nlp.errors import SuaraError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 1 << 20
SEALED_BLOCK_BYTES = BLOCK_BYTES + NONCE_BYTES + 16
KEY_NAME_BYTES = 32
STRAY_AFTER_S = 3_600  # a file that belongs to no open import and was not touched for so long is no upload on its way
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def folder_of(data_dir: Path) -> Path:
    """Where the files lie."""
    return data_dir / "imports"


def path_of(data_dir: Path, public_id: str) -> Path:
    """The sealed file of an import."""
    return folder_of(data_dir) / f"{public_id}.tersegel"


def _about(public_id: str, block: int) -> str:
    return f"import:{public_id}:{block}"


@contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise ApiError(
            507,
            "penyimpanan_penuh",
            "Penyimpanan penuh",
            "Berkas tidak dapat disimpan dan tidak ada yang tertinggal. Hubungi pengelola untuk mengosongkan ruang, lalu ulangi.",
        ) from error


class SealedWriter:
    """Seal bytes into a new file as they come. Leaving the block without `keep` removes it.

    ApiError 507 where the disk is full.
    """

    def __init__(self, data_dir: Path, public_id: str, vault: Vault) -> None:
        self.path = path_of(data_dir, public_id)
        self.n_bytes = 0
        self._public_id, self._vault = public_id, vault
        self._pending = bytearray()
        self._n_blocks = 0
        self._kept = False
        # keyed: a plain hash of a short file could be tried against guesses
        self._digest = hmac.new(vault.audit_key, b"import", hashlib.sha256)

    def __enter__(self) -> Self:
        with _told_when_full():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = open(descriptor, "wb", buffering=0)  # noqa: PTH123  -- closed on exit
        return self

    def write(self, piece: bytes) -> None:
        """Take bytes in."""
        self._digest.update(piece)
        self.n_bytes += len(piece)
        self._pending += piece
        while len(self._pending) >= BLOCK_BYTES:
            self._seal(bytes(self._pending[:BLOCK_BYTES]))
            del self._pending[:BLOCK_BYTES]

    def finish(self) -> str:
        """Write what is left; returns a keyed SHA-256 of all bytes."""
        if self._pending:
            self._seal(bytes(self._pending))
            self._pending.clear()
        with _told_when_full():
            os.fsync(self._file.fileno())
        return self._digest.hexdigest()

    def keep(self) -> None:
        """Let the file stay."""
        self._kept = True

    def _seal(self, block: bytes) -> None:
        key_name, sealed = self._vault.seal(block, _about(self._public_id, self._n_blocks))
        content = memoryview(sealed if self._n_blocks else key_name.encode().ljust(KEY_NAME_BYTES) + sealed)
        self._n_blocks += 1
        with _told_when_full():
            while content:  # a disk that is nearly full takes a part
                content = content[self._file.write(content) or 0 :]

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._file.close()
        if not self._kept:
            self.path.unlink(missing_ok=True)


class _SealedReader(io.RawIOBase):
    """The bytes of a sealed file, one opened block in memory at a time."""

    def __init__(self, path: Path, public_id: str, n_bytes: int, vault: Vault) -> None:
        self._file = path.open("rb")
        self._public_id, self._n_bytes, self._vault = public_id, n_bytes, vault
        self._key_name = self._file.read(KEY_NAME_BYTES).decode("ascii", "replace").rstrip()
        self._at, self._block_number, self._block = 0, -1, b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is: a workbook is read from its end."""
        return True

    def tell(self) -> int:
        """Position among the original bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position among the original bytes."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._n_bytes}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, "negative seek position")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Bytes of the block at the position, at most; SuaraError where they are not what was sealed."""
        if self._at >= self._n_bytes:
            return 0
        number, start = divmod(self._at, BLOCK_BYTES)
        if number != self._block_number:
            self._file.seek(KEY_NAME_BYTES + number * SEALED_BLOCK_BYTES)
            sealed = self._file.read(SEALED_BLOCK_BYTES)
            self._block = self._vault.open(self._key_name, sealed, _about(self._public_id, number))
            self._block_number = number
        view = memoryview(buffer).cast("B")
        piece = self._block[start : start + len(view)]
        if not piece:  # fewer bytes than the database knows of
            raise SuaraError("berkas impor terpotong", where=self._public_id, remedy="Unggah kembali.")
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        """Forget the opened block."""
        self._file.close()
        self._block = b""
        super().close()


def open_sealed(data_dir: Path, public_id: str, n_bytes: int, vault: Vault) -> BinaryIO:
    """The original bytes of an import, for reading and seeking; SuaraError where they are not what was sealed."""
    return cast(BinaryIO, io.BufferedReader(_SealedReader(path_of(data_dir, public_id), public_id, n_bytes, vault), 1 << 16))


def destroy(data_dir: Path, public_id: str) -> None:
    """Remove the file of an ended import."""
    path_of(data_dir, public_id).unlink(missing_ok=True)


def destroy_strays(data_dir: Path, open_ids: set[str]) -> None:
    """Remove files that no open import needs: of a process that was killed between an import's end and this."""
    for path in folder_of(data_dir).glob("*.tersegel"):
        with suppress(FileNotFoundError):
            if path.stem not in open_ids and time.time() - path.stat().st_mtime > STRAY_AFTER_S:
                path.unlink()
