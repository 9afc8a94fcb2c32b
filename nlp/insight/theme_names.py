"""Names of themes: a phrase of the messages' own words that is common inside a theme and rare outside."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nlp.insight.theme_words import Stretch, word_lists

MIN_WORDS, MAX_WORDS = 2, 5
N_PHRASES = 5
_MIN_MESSAGES = 3
_MIN_SHARE = 0.03  # of a theme's messages that hold the phrase
MAX_MESSAGES = 1_000  # of a theme, its strongest; more change no name
_SMOOTHING = 0.5
_MIN_BESIDE = 0.3  # score of a word joined to another by 'dan', to that of the other
_MOSTLY = 0.6  # of a phrase's messages that hold a longer one around it, from which only the longer is a phrase
_BONUS = 0.25  # for each word that says something beyond the second: three words tell more than two

Key = tuple[str, ...]
"""Roots and negations of a phrase in order, without its function words: its variants are counted together."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A way to say what a theme is about: `key`, how it is most often written, and how well it marks the theme."""

    key: Key
    words: Stretch
    score: float


def phrases_in(message: Sequence[Stretch], root_of: Mapping[str, str]) -> dict[Key, Stretch]:
    """Every phrase of 1 to 5 words in a message that could stand alone: {its key: its words, as first met}.

    It begins with a word that says something or a negation, ends with one that says something, and holds at most one
    function word.
    """
    lists = word_lists()
    silent = lists.about_nothing
    found: dict[Key, Stretch] = {}
    for run in message:
        for start, first in enumerate(run):
            if first in silent and first not in lists.negation:
                continue
            key: list[str] = []
            functions = 0
            for end in range(start, min(start + MAX_WORDS, len(run))):
                word = run[end]
                if word in lists.negation:
                    key.append(word)
                elif word in lists.function and functions == 0:
                    functions += 1
                elif word in silent:
                    break
                else:
                    key.append(root_of.get(word, word))
                    if len(set(key)) == len(key):
                        found.setdefault(tuple(key), run[start : end + 1])
    return found


def spelled(words: Sequence[str]) -> str:
    """Words as people read them: acronyms in capitals, the first letter large, one blank between."""
    acronyms = word_lists().acronym
    shown = [word.upper() if word in acronyms or not set(word) & set("aeiou") else word.replace("_", " ") for word in words]
    text = " ".join(shown)
    return text[:1].upper() + text[1:]


def _n_words(words: Sequence[str]) -> int:
    return sum(word.count("_") + 1 for word in words)


def _score(inside: int, n_inside: int, outside: int, n_outside: int, key: Key) -> float:
    """Share of the theme's messages with the phrase times the log of how much commoner it is inside than outside."""
    within = inside / n_inside
    without = (outside + _SMOOTHING) / (n_outside + 2 * _SMOOTHING)
    return (
        within
        * math.log(max((inside + _SMOOTHING) / (n_inside + 2 * _SMOOTHING) / without, 1.0))
        * (1 + _BONUS * max(len(key) - 2, 0))
    )


def phrases_of(themes: Sequence[Sequence[Mapping[Key, Stretch]]], centres: Sequence[Mapping[str, float]]) -> list[list[Phrase]]:
    """Phrases of each theme, best first, from the phrases of its messages, strongest messages first.

    A phrase with the roots that weigh most in the theme's centre counts up to twice.
    """
    themes = [messages[:MAX_MESSAGES] for messages in themes]
    counts = [Counter(key for message in messages for key in message) for messages in themes]
    total: Counter[Key] = Counter()
    for count in counts:
        total.update(count)
    n_all = sum(map(len, themes))
    found = []
    for messages, count, centre in zip(themes, counts, centres, strict=True):
        least = max(_MIN_MESSAGES, _MIN_SHARE * len(messages))
        usual = {key: Counter[Stretch]() for key, n in count.items() if n >= least}
        for message in messages:
            for key, words in message.items():
                if key in usual:
                    usual[key][words] += 1
        parts = {part for key in usual for part in (key[1:], key[:-1]) if len(part) > 1 and count[key] >= _MOSTLY * count[part]}
        scored = (
            Phrase(
                key,
                min(forms, key=lambda words: (-forms[words], len(words), words)),
                _score(count[key], len(messages), total[key] - count[key], n_all - len(messages), key)
                * (1 + min(sum(centre.get(root, 0.0) for root in key), 1.0)),
            )
            for key, forms in usual.items()
            if key not in parts
        )
        found.append(sorted((p for p in scored if p.score > 0), key=lambda p: (-p.score, p.key)))
    return found


def _told(phrases: Sequence[Phrase]) -> Iterator[tuple[frozenset[str], str]]:
    """Names for a theme, best first: its phrases of two words and more, then its single words by twos."""
    for phrase in phrases:
        if MIN_WORDS <= _n_words(phrase.words) <= MAX_WORDS:
            yield frozenset(phrase.key), spelled(phrase.words)
    single = [phrase for phrase in phrases if len(phrase.key) == 1 and _n_words(phrase.words) == 1]
    for one, other in pairwise(single):
        if other.score < _MIN_BESIDE * one.score:
            return
        yield frozenset(one.key + other.key), spelled([*one.words, "dan", *other.words])


def telling(phrases: Sequence[Phrase]) -> list[tuple[frozenset[str], str]]:
    """Up to five names for a theme with their keys, none of them a part of another that comes before it or the other way."""
    shown: list[tuple[frozenset[str], str]] = []
    for key, name in _told(phrases):
        if len(shown) < N_PHRASES and not any(key <= other or other <= key or name == known for other, known in shown):
            shown.append((key, name))
    return shown
