"""The evidence layer: which words of a text point to possible corruption, and which take that meaning away.

Phrases and contexts stand in evidence.toml. Words found become spans with a role (act, gain, actor, amount, place, time)
for people, and a small row of cues for the heads, which learn from the corpus how much each cue weighs.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.classify.features import tokens, tokens_with_spans
from nlp.errors import SuaraError, reason_of

DEFAULT_PATH = Path(__file__).with_name("evidence.toml")
MAX_GAP_WORDS = 3
MAX_REMEMBERED_WORDS = 200_000
NEAR_WORDS = 15  # an act and its actor or amount belong together when they stand this near
ROLES = ("act", "gain", "actor")
CONTEXTS = ("denial", "wish", "news", "street", "private", "question")
REACHING = ("denial", "wish")  # these bind to a word beside them; the others to the whole text
_AMOUNT = re.compile(r"rp0+|0+(?:rb|ribu|jt|juta|k)|0{5,8}")  # digits read as 0; four bare digits are mostly years
_DIGITS = re.compile(r"(?:rp)?0{1,3}")  # what may stand before the point in a number such as 500.000
_AMOUNT_UNIT = frozenset({"ribu", "juta", "rupiah", "rb", "jt", "perak"})
_PLACE = frozenset(
    {"jalan", "gang", "rt", "rw", "kelurahan", "kecamatan", "desa", "dusun", "kampung", "perumahan", "blok", "pasar"}
)
_TIME = frozenset(
    "tanggal kemarin tadi hari senin selasa rabu kamis jumat sabtu minggu bulan tahun jam pukul pagi siang sore malam "
    "januari februari maret april mei juni juli agustus september oktober november desember".split()
)


_MONTHS = "januari|februari|maret|april|mei|juni|juli|agustus|september|oktober|november|desember"
_PLACE_STRETCH = re.compile(
    r"\b(?i:jalan|jln?\.?|gang|gg\.?|r[tw]\.?|kelurahan|kel\.|kecamatan|kec\.|desa|dusun|kampung|perumahan|blok|pasar|kantor|dinas|"
    r"puskesmas|rsud|samsat|terminal|kabupaten|kota|sd|sdn|smp|smpn|sma|sman|smk|smkn)\s+(?:[A-Z0-9][\w/-]*\s+){0,2}[A-Z0-9][\w/-]*"
)
_TIME_STRETCH = re.compile(
    rf"\b(?:(?:tanggal|tgl)\.?\s+\d{{1,2}}(?:\s+(?:{_MONTHS}))?(?:\s+\d{{4}})?|\d{{1,2}}\s+(?:{_MONTHS})(?:\s+\d{{4}})?"
    rf"|(?:bulan\s+)?(?:{_MONTHS})\s+\d{{4}}|bulan\s+(?:{_MONTHS}|lalu|ini)|\d{{1,2}}[/-]\d{{1,2}}[/-]\d{{2,4}}"
    r"|(?:hari\s+)?(?:senin|selasa|rabu|kamis|jumat|sabtu|minggu)(?:\s+(?:lalu|kemarin|pagi|siang|sore|malam))?"
    r"|(?:pukul|jam)\s+\d{1,2}(?:[.:]\d{2})?|kemarin|tadi\s+(?:pagi|siang|sore|malam)|tahun\s+(?:\d{4}|lalu|ini))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One phrase: its words (prefix where `*` stood), with gaps allowed where `..` stood."""

    words: tuple[tuple[str, bool], ...]
    gap_after: tuple[bool, ...]
    role: str  # a role, or the kind of context
    kind: str  # integrity kind of an act; '' elsewhere
    reach: int


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase in a text: words `first` to `last`, both included; `weakened` by a context."""

    first: int
    last: int
    role: str
    kind: str
    reach: int = 0
    weakened: bool = False


@dataclass(frozen=True)
class EvidenceRules:
    """All patterns, by the words they may begin with."""

    exact: dict[str, tuple[Pattern, ...]]
    prefix: tuple[tuple[str, Pattern], ...]
    kinds: tuple[str, ...]
    entries: tuple[dict[str, Any], ...]


def load_rules(path: Path = DEFAULT_PATH) -> EvidenceRules:
    """Read an evidence file; SuaraError that names the entry when it is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = reason_of(error).lower() if isinstance(error, OSError) else error
        raise SuaraError(f"daftar petunjuk tidak terbaca: {why}", where=str(path), remedy="Perbaiki berkas TOML itu.") from error
    exact: dict[str, list[Pattern]] = {}
    prefix: list[tuple[str, Pattern]] = []
    entries = [*data.get("phrase", []), *data.get("context", [])]
    for number, entry in enumerate(entries, 1):
        role = entry.get("role") or entry.get("kind", "")
        if role not in (*ROLES, *CONTEXTS) or not entry.get("words") or not entry.get("match") or not entry.get("no_match"):
            raise SuaraError(
                "perlu role (act, gain, actor) atau kind konteks, words, match, dan no_match",
                where=f"{path.name}, butir ke-{number}",
                remedy="Lengkapi butir itu; lihat butir lain sebagai contoh.",
            )
        for phrase in entry["words"]:
            pattern = _pattern(phrase, role, entry.get("kind", "") if "role" in entry else "", int(entry.get("reach", 0)))
            word, is_prefix = pattern.words[0]
            if is_prefix:
                prefix.append((word, pattern))
            else:
                exact.setdefault(word, []).append(pattern)
    kinds = tuple(dict.fromkeys(entry["kind"] for entry in data.get("phrase", []) if entry.get("kind")))
    return EvidenceRules({word: tuple(found) for word, found in exact.items()}, tuple(prefix), kinds, tuple(entries))


def _pattern(phrase: str, role: str, kind: str, reach: int) -> Pattern:
    words: list[tuple[str, bool]] = []
    gaps: list[bool] = []
    for word in phrase.split():
        if word == "..":
            gaps[-1] = True
        elif word.endswith("*"):
            words.append((word[:-1].lower(), True))
            gaps.append(False)
        else:
            for token in tokens(word):
                words.append((token, False))
                gaps.append(False)
    return Pattern(tuple(words), tuple(gaps), role, kind, reach)


def _end(pattern: Pattern, row: Sequence[str], first: int) -> int | None:
    """Last word of `pattern` when it begins at `first`; None where the words that follow differ."""
    position = first
    for (word, is_prefix), gap in zip(pattern.words[1:], pattern.gap_after, strict=False):
        for step in range(1, 2 + (MAX_GAP_WORDS if gap else 0)):
            at = position + step
            if at < len(row) and (row[at].startswith(word) if is_prefix else row[at] == word):
                position = at
                break
        else:
            return None
    return position


class EvidenceFinder:
    """Finds evidence in rows of tokens. Safe to share between threads."""

    def __init__(self, rules: EvidenceRules | None = None) -> None:
        self.rules = rules or load_rules()
        self._starting: dict[str, tuple[Pattern, ...]] = {}
        acts = tuple(f"{kind}{suffix}" for kind in self.rules.kinds for suffix in ("", "~"))
        self.cue_names = (
            *acts,
            "gain",
            "gain~",
            "actor",
            "amount",
            *CONTEXTS,
            "act+actor",
            "act+amount",
            "act+actor+amount",
            "acts",
        )

    def _patterns(self, token: str) -> tuple[Pattern, ...]:
        """Patterns that may begin with a word; remembered, as people repeat words."""
        found = self.rules.exact.get(token, ()) + tuple(p for word, p in self.rules.prefix if token.startswith(word))
        if len(self._starting) >= MAX_REMEMBERED_WORDS:
            self._starting.clear()
        self._starting[token] = found
        return found

    def find(self, row: Sequence[str]) -> list[Found]:
        """Phrases and amounts of a text's tokens, acts and gains marked where a context weakens them."""
        found: list[Found] = []
        for first, token in enumerate(row):
            patterns = self._starting.get(token)
            for pattern in self._patterns(token) if patterns is None else patterns:
                last = first if len(pattern.words) == 1 else _end(pattern, row, first)
                if last is not None:
                    found.append(Found(first, last, pattern.role, pattern.kind, pattern.reach))
            if "0" in token and (_AMOUNT.match(token) or (first + 1 < len(row) and row[first + 1] in _AMOUNT_UNIT)):
                found.append(Found(first, first, "amount", ""))
        return self._weaken(found)

    @staticmethod
    def _weaken(found: list[Found]) -> list[Found]:
        roles = {item.role for item in found}
        if not roles & {"act", "gain"}:
            return found
        has_actor = "actor" in roles
        whole_text = ("news" in roles or "street" in roles or "private" in roles) and not has_actor
        binding = [item for item in found if item.role in REACHING]
        result = []
        for item in found:
            weak = item.role in ("act", "gain") and (
                whole_text or any(b.last < item.first <= b.last + b.reach or _denied_after(item, b) for b in binding)
            )
            result.append(Found(item.first, item.last, item.role, item.kind, item.reach, weak) if weak else item)
        return result

    def cues(self, phrases: Sequence[Sequence[Found]]) -> npt.NDArray[np.float32]:
        """One row of cues a text from what `find` gave, (n_texts, n_cues): counts up to two, scaled to at most one."""
        matrix = np.zeros((len(phrases), len(self.cue_names)), np.float32)
        place = {name: k for k, name in enumerate(self.cue_names)}
        for i, found in enumerate(phrases):
            if not found:
                continue
            strong = [item for item in found if item.role in ("act", "gain") and not item.weakened]
            for item in found:
                name = (item.kind or item.role) + ("~" if item.weakened else "")
                matrix[i, place[name]] += 0.5
            near = {role for item in strong for role in _near(item, found)}
            matrix[i, place["act+actor"]] = "actor" in near
            matrix[i, place["act+amount"]] = "amount" in near
            matrix[i, place["act+actor+amount"]] = {"actor", "amount"} <= near
            matrix[i, place["acts"]] = bool(strong)
        return np.minimum(matrix, 1.0)


def _denied_after(item: Found, binding: Found) -> bool:
    """'Pungli tidak ada': a denial of two words or more right behind; a single word ('calo bebas masuk') denies nothing."""
    return binding.role == "denial" and binding.last > binding.first and item.last < binding.first <= item.last + 2


def _near(item: Found, found: Sequence[Found]) -> set[str]:
    return {o.role for o in found if o.role in ("actor", "amount") and abs(o.first - item.first) <= NEAR_WORDS}


def places_shown(row: Sequence[str], item: Found) -> tuple[int, int]:
    """First and last token to show of something found: an amount with all its digits, currency and unit.

    `find` notes one token of it, which is enough to learn from; to a reader '5' of '5 juta' says nothing, and 'Rp500' of
    'Rp500.000' something else.
    """
    first, last = item.first, item.last
    if item.role != "amount":
        return first, last
    while last + 1 < len(row) and row[last + 1] == "000":  # every digit is read as 0
        last += 1
    while first and row[first] == "000" and _DIGITS.fullmatch(row[first - 1]):
        first -= 1
    return first - (first > 0 and row[first - 1] == "rp"), last + (last + 1 < len(row) and row[last + 1] in _AMOUNT_UNIT)


def circumstances(text: str) -> list[tuple[int, int, str]]:
    """Where and when a text says it happened: (start, end, role) with role place or time, as far as it is written out."""
    places = [(*match.span(), "place") for match in _PLACE_STRETCH.finditer(text)]
    return sorted([*places, *((*match.span(), "time") for match in _TIME_STRETCH.finditer(text))])


def completeness(text: str, finder: EvidenceFinder) -> dict[str, bool]:
    """Which of who, what, where, when, how much a report answers, for the questions an integrity unit would ask back."""
    row = [token for token, _, _ in tokens_with_spans(text)]
    roles = {item.role for item in finder.find(row)} | {role for _, _, role in circumstances(text)}
    words = set(row)
    return {
        "siapa": "actor" in roles or "[NAMA]" in text,
        "apa": bool(roles & {"act", "gain"}),
        "di mana": "place" in roles or bool(words & _PLACE),
        "kapan": "time" in roles or bool(words & _TIME),
        "berapa": "amount" in roles,
    }
