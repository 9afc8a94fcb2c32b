"""Bring spelling to one form: Unicode, case, white space, repeated letters, reduplication, slang. Idempotent."""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

SLANG_PATH = Path(__file__).with_name("slang.toml")

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_CONTROL_OR_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}|([^\w\s])\2{3,}")
# 'jalan2', 'jalan2nya', 'teman²' (NFKC makes ² a 2). Abbreviations of schools and places end in a real number.
_REDUPLICATED = re.compile(r"\b([^\W\d_]{3,})2(nya|an)?\b")
_NUMBERED = frozenset(
    "sdn smp sma smk smpn sman smkn mts mtsn man min paud blok gang jalur tahap fase zona kelas lantai shift rtrw "
    "seri tipe type level dosis part bagian nomor unit poli loket ruang simpang perum pasar covid ppkm tahun bulan hari".split()
)
_WORD = re.compile(r"[^\W_]+")


@cache
def slang() -> dict[str, str]:
    """The slang table: spelling met to spelling meant.

    Raises ValueError when a meaning holds a spelling that is itself in the table, which would make normalising twice
    differ from once.
    """
    table: dict[str, str] = {}
    for meant, met in tomllib.loads(SLANG_PATH.read_text(encoding="utf-8"))["slang"].items():
        table.update(dict.fromkeys(met.split(), meant))
    for met, meant in table.items():
        again = [word for word in _WORD.findall(meant) if word in table]
        if again:
            raise ValueError(f"slang.toml: {met!r} leads to {again[0]!r}, which is slang itself")
    return table


def _reduplicate(match: re.Match[str]) -> str:
    stem, suffix = match.group(1), match.group(2) or ""
    if stem in _NUMBERED or match.group() in slang():  # 'gara2' has a meaning of its own
        return match.group()
    return f"{stem}-{stem}{suffix}"


def _once(text: str) -> str:
    text = _REPEATED.sub(lambda m: m.group(1) or m.group(2), text)
    text = _REDUPLICATED.sub(_reduplicate, text)
    table = slang()
    text = _WORD.sub(lambda m: table.get(m.group(), m.group()), text)
    return unicodedata.normalize("NFKC", text)  # an accent may now follow another letter ('abc2\u0301')


def normalise(text: str) -> str:
    """One spelling of `text`, lower case, single spaces.

    `normalise(normalise(t)) == normalise(t)` for any text, and the result is at most 20 times as long (a ligature such
    as U+FDFA stands for 18 characters). Unassigned, private and lone surrogate code points are dropped.
    """
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) not in {"Cs", "Co", "Cn"})
        # lower-casing can undo NFKC and NFKC can undo lower-casing ('İ'); twice is enough for every code point
        for _ in range(2):
            text = unicodedata.normalize("NFKC", text).lower()
        text = _INVISIBLE.sub("", text)
    text = _CONTROL_OR_SPACE.sub(" ", text.lower()).strip()
    for _ in range(4):  # a collapsed run may be slang ('yggg'), whose meaning is never slang again
        changed = _once(text)
        if changed == text:
            break
        text = changed
    return text
