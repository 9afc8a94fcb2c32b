"""Looks through every line that the service logs while the tests run, in this process or in processes of its own."""

import re
from pathlib import Path
from typing import TextIO

from tests.api.messages import NIK, PHONE

# what tests send that no line of ours may hold: numbers in each spelling, and words of their messages
NUMBERS = (PHONE, PHONE.replace("-", ""), PHONE[1:].replace("-", " "), NIK, "31740157089", "0813-2000-", "08132000")
WORDS = (
    *("aspal", "berlubang", "melati", "mawar", "kenanga", "anggrek", "pdam", "dahlia", "teratai", "seruni", "cempaka"),
    *("oknum", "memeras", "kuitansi", "kecewa", "parit mampet", "Rejeki", "Prasetyoningrum", "Kelinci Belang"),
)


class LogWatch:
    """What was heard: how many lines, and those that tell what they must not."""

    def __init__(self) -> None:
        self.n_lines = 0
        self.told: list[str] = []
        self._unsaid = re.compile("|".join(map(re.escape, (*NUMBERS, *WORDS))), re.IGNORECASE)

    def hear(self, lines: str) -> None:
        """Look through lines of a log."""
        for line in lines.splitlines():
            self.n_lines += 1
            if self._unsaid.search(line):
                self.told.append(line)

    def hear_file(self, path: Path) -> None:
        """Look through the log of a process that has ended."""
        self.hear(path.read_text())


WATCH = LogWatch()


class WatchedFile:
    """Where structlog writes: the watch hears it, too."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> None:
        """Hear it and pass it on."""
        WATCH.hear(line)
        self._file.write(line)

    def flush(self) -> None:
        """Pass it on."""
        self._file.flush()
