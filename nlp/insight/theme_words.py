"""What a message is about, word by word: stretches of its words, proper names, and forms of one word brought together."""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from nlp.classify.features import tokens
from nlp.text.names import GIVEN_NAMES

PATH = Path(__file__).with_name("theme_words.toml")
Stretch = tuple[str, ...]
"""Words that follow each other without a stop, a number or a placeholder between them."""

_PLACEHOLDER = re.compile(r"\[[A-Z_]+\]")
_STOP = re.compile(r"[^\w\s'’`-]+|_{2,}|[\r\n]+")
STREET = "jalan"
_STREET = re.compile(r"\bj(?:l|ln|alan)\.", re.IGNORECASE)
_ADDRESS = frozenset({"jl", "jl.", "gg", "gg."})
_WORD = re.compile(r"[a-z]{2,}(?:_[a-z]+)*")
_SENTENCE_END = (".", "!", "?", ":", ";")
_CAPITAL_SHARE = 0.3
_CAPITAL_SHARE_DISTRICT = 0.1
_CUE_SHARE = 0.25
_MIN_SEEN = 3  # times that a word stands where a capital would mean something
_MIN_ROOT, _MIN_ROOT_UNSEEN = 4, 5

# Affixes of Indonesian, each with the first letters of a base that it can stand before; the nasal ones take the form that
# fits the base, and may swallow its first letter, given last (Sneddon, Indonesian: a comprehensive grammar, 1.4).
_ANY, _VOWELS = "abcdefghijklmnopqrstuvwxyz", "aeiou"
_PREFIXES = (
    *((prefix, _ANY, "") for prefix in ("di", "ke", "se", "ter", "ber", "per", "memper", "diper", "keber")),
    *((prefix, "lmnrwy", "") for prefix in ("me", "pe")),
    *((prefix, "bfpv", "") for prefix in ("mem", "pem")),
    *((prefix, "cdjstz", "") for prefix in ("men", "pen")),
    *((prefix, "ghkaeiou", "") for prefix in ("meng", "peng")),
    *(
        (f"{start}{nasal}", _VOWELS, lost)
        for start in ("me", "pe")
        for nasal, lost in (("m", "p"), ("n", "t"), ("ng", "k"), ("ny", "s"))
    ),
)
_SUFFIXES = ("", "nya", "an", "kan", "i", "annya", "kannya", "lah", "ku")


@dataclass(frozen=True, slots=True)
class WordLists:
    """The groups of theme_words.toml; `about_nothing` are all words that tell no themes apart, `same` leads
    from a root to the one it is counted under."""

    function: frozenset[str]
    negation: frozenset[str]
    courtesy: frozenset[str]
    place_cue: frozenset[str]
    place_part: frozenset[str]
    pleaded: frozenset[str]
    acronym: frozenset[str]
    about_nothing: frozenset[str]
    same: Mapping[str, str]


@cache
def word_lists() -> WordLists:
    """The lists, read once."""
    data = tomllib.loads(PATH.read_text(encoding="utf-8"))
    same = {met: meant for meant, mets in data.pop("same").items() for met in mets.split()}
    groups = {name: frozenset(words.split()) for name, words in data.items()}
    silent = GIVEN_NAMES.union(*(words for name, words in groups.items() if name not in {"acronym", "pleaded"}))
    return WordLists(**groups, about_nothing=silent, same=same)


def stretches(masked_text: str, names: frozenset[str] = frozenset()) -> list[Stretch]:
    """Stretches of a message's words; stops, numbers, placeholders, courtesy and proper names end a stretch.

    'jalan' right before a proper name is part of an address and goes with it.

    >>> stretches("Mohon pak, lampu jalan mati 3 hari di jl. Kenanga [NAMA]", frozenset({"kenanga"}))
    [('lampu', 'jalan', 'mati'), ('hari', 'di')]
    """
    lists = word_lists()
    found: list[Stretch] = []
    for piece in _STOP.split(_STREET.sub(f"{STREET} ", _PLACEHOLDER.sub(".", masked_text))):
        run: list[str] = []
        after_courtesy = False
        for token in tokens(piece):
            silent = token in lists.courtesy or (after_courtesy and token in lists.pleaded)
            if token in names and run[-1:] == [STREET]:
                run.pop()
            if silent or token in names or not _WORD.fullmatch(token):
                found.append(tuple(run))
                run = []
            elif run and run[-1] == token:  # 'gorong-gorong' comes as two words
                run[-1] = f"{token}-{token}"
            elif run[-1:] != [f"{token}-{token}"]:
                run.append(token)
            after_courtesy = silent
        found.append(tuple(run))
    return [run for run in found if run]


def proper_names(texts: Iterable[str], districts: Iterable[str] = ()) -> frozenset[str]:
    """Words that people write with a capital inside a sentence, or after 'kelurahan', 'gang' and the like: places, offices.

    Messages that are mostly in capitals say nothing of capitals. A word of a district's name needs less evidence.
    """
    cues = word_lists().place_cue
    seen: Counter[str] = Counter()
    cued: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for text in texts:
        pieces = _PLACEHOLDER.sub(".", text).split()
        mixed = 2 * sum(map(str.islower, pieces)) >= sum(piece[0].isalpha() for piece in pieces)
        before, starts = "", True
        for piece in pieces:
            words = tokens(piece)
            for word in words:
                seen[word] += 1
                cued[word] += before in cues
                before = word
            if piece.lower() in _ADDRESS:
                before = min(cues)
            if mixed and not starts and len(words) == 1:
                core = piece.strip("\"'()[],.!?:;-/")
                placed[words[0]] += 1
                capital[words[0]] += core[:1].isupper() and core[1:].islower()
            starts = piece.endswith(_SENTENCE_END)
    near = {word for name in districts for word in tokens(name)}
    return frozenset(
        word
        for word, n in seen.items()
        if n >= _MIN_SEEN
        and (
            cued[word] >= _CUE_SHARE * n
            or (
                placed[word] >= _MIN_SEEN
                and capital[word] >= (_CAPITAL_SHARE_DISTRICT if word in near else _CAPITAL_SHARE) * placed[word]
            )
        )
    )


def _possible_roots(word: str) -> set[str]:
    half, _, other = word.partition("-")
    if other:
        return {word, half}
    found = {word}
    for suffix in _SUFFIXES:
        if not word.endswith(suffix):
            continue
        base = word.removesuffix(suffix)
        found.add(base)
        for affix, before, swallowed in _PREFIXES:
            rest = base.removeprefix(affix)
            if affix == "ke" and not suffix.startswith("an"):  # 'keluar' is not of 'luar', 'kesehatan' is of 'sehat'
                continue
            if rest and rest != base and rest[0] in before:
                found.add(swallowed + rest)
    return {root for root in found if len(root) >= _MIN_ROOT} | {word}


def roots(counts: Mapping[str, int]) -> dict[str, str]:
    """For each word the root it is counted under: of all it may derive from, the one that most words in use share.

    Corpus-based conflation after Xu and Croft, Corpus-based stemming using cooccurrence of word variants (1998), with
    Indonesian affixes and without the co-occurrence step: a root is believed when it occurs itself or carries two words.

    >>> roots({"pemangkasan": 5, "dipangkas": 3, "pohon": 9})
    {'pemangkasan': 'pangkas', 'dipangkas': 'pangkas', 'pohon': 'pohon'}
    """
    possible = {word: _possible_roots(word) for word in counts}
    carried: defaultdict[str, int] = defaultdict(int)
    words: Counter[str] = Counter()
    for word, options in possible.items():
        for root in options:
            carried[root] += counts[word]
            words[root] += 1
    same = word_lists().same
    chosen = {
        word: max(
            (r for r in options if r == word or r in counts or (words[r] > 1 and len(r) >= _MIN_ROOT_UNSEEN)),
            key=lambda r: (carried[r], len(r), r),
        )
        for word, options in possible.items()
    }
    return {word: same.get(root, root) for word, root in chosen.items()}


def terms(message: Sequence[Stretch], root_of: Mapping[str, str]) -> list[str]:
    """Roots of the words that say something, and pairs of neighbours among them, a negation counting as a neighbour."""
    negation, silent = word_lists().negation, word_lists().about_nothing
    found: list[str] = []
    for run in message:
        kept = [word if word in negation else root_of.get(word, word) for word in run if word in negation or word not in silent]
        found += [word for word in kept if word not in negation]
        found += [f"{a} {b}" for a, b in pairwise(kept) if a != b and b not in negation]
    return found
