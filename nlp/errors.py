"""The one kind of error that people are shown: what was wrong, where, and what to do."""

import errno

_REASONS = {
    errno.ENOENT: "Berkas atau foldernya tidak ada",
    errno.EACCES: "Izinnya tidak cukup",
    errno.EPERM: "Izinnya tidak cukup",
    errno.EROFS: "Tempat itu hanya dapat dibaca",
    errno.EEXIST: "Nama itu sudah dipakai berkas lain",
    errno.EISDIR: "Itu folder, bukan berkas",
    errno.ENOTDIR: "Sebagian letaknya bukan folder",
    errno.ENOSPC: "Ruang simpannya penuh",
    errno.EDQUOT: "Jatah ruang simpannya habis",
    errno.ENAMETOOLONG: "Namanya terlalu panjang",
}


def reason_of(error: OSError) -> str:
    """Why a file could not be opened or written, for people; the system's own words where the case is a rare one."""
    return _REASONS.get(error.errno or 0) or f"Kata sistem: {error.strerror or error}"


class SuaraError(Exception):
    """A mistake in what was given (file, column, bundle, setting); the command line ends with exit code 2.

    `str(error)` is one line: what was wrong, then where, then the remedy.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        line = f"{where}: {what}" if where else what
        line = f"{line.rstrip('.')}. {remedy}" if remedy else line
        super().__init__(" ".join(line.split()))
