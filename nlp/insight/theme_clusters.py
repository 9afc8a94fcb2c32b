"""Groups of messages by the words they share and, where given, by meaning; only groups that half of the messages find again.

Latent semantic analysis (Deerwester and others 1990) with as many dimensions as groups, k-means on the unit sphere, and
the cluster-wise stability of Hennig, Cluster-wise assessment of cluster stability (2007): a group is kept when its mean
Jaccard similarity to the likest group found from random halves of the messages is at least .6 ('a pattern in the data').
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

MIN_STABILITY = 0.6
MIN_GROUPS, MAX_GROUPS = 2, 12
MEANING_WEIGHT = 0.5  # beside 1 for words; agreement with a city's own categories peaks here, and falls from 1 on
MIN_STRENGTH = 0.5  # cosine to the centre of its group, under which a message belongs to none
# Power of the stability when more groups are weighed against surer ones. With 2.5, four planted themes found again whole
# win against five found again at .91, while topics of a real city keep four to eleven themes.
_PRICE = 2.5
_WIDE = 0.6  # share of the messages from which a group is split again
_N_HALVES = 10
_MAX_DECIDING_ROWS = 5_000

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups found: `group_of` (n,), -1 for none; `strength` (n,), 0 to 1; `stability` (n_groups,), 0 to 1."""

    group_of: Ints
    strength: Floats
    stability: Floats


def word_rows(documents: Sequence[Sequence[str]], min_messages: int = 3) -> sp.csr_matrix:
    """TF-IDF of terms in unit rows, (n_documents, n_terms); terms of few messages or of more than half are left out."""
    vectoriser = TfidfVectorizer(
        analyzer=lambda terms: terms, min_df=min_messages, max_df=0.5, sublinear_tf=True, dtype=np.float32
    )
    try:
        return sp.csr_matrix(vectoriser.fit_transform(documents))
    except ValueError:  # no term is left
        return sp.csr_matrix((len(documents), 0), dtype=np.float32)


class _Space:
    """The main directions of words, and of meaning, in some messages; any prefix of them is a smaller space."""

    def fit(self, words: sp.csr_matrix, meaning: npt.NDArray[np.float32] | None, n_directions: int) -> Self:
        self._words = TruncatedSVD(n_directions, n_iter=7, random_state=0).fit(words)
        self._mean: npt.NDArray[np.float32] | None = None
        if meaning is not None:
            self._mean = meaning.mean(axis=0)
            centred = normalize(meaning - self._mean).astype(np.float64)
            _, directions = np.linalg.eigh(centred.T @ centred)
            self._meaning = directions[:, ::-1][:, :n_directions]
        return self

    def place(self, words: sp.csr_matrix, meaning: npt.NDArray[np.float32] | None) -> tuple[Floats, Floats | None]:
        """Rows along all directions of words, (n, n_directions), and of meaning where there is any."""
        in_words = np.asarray(self._words.transform(words), np.float64)
        if meaning is None or self._mean is None:
            return in_words, None
        return in_words, normalize(meaning - self._mean) @ self._meaning


def _unit(placed: tuple[Floats, Floats | None], k: int) -> Floats:
    words, meaning = placed
    if meaning is None:
        return np.asarray(normalize(words[:, :k]))
    return np.asarray(normalize(np.hstack([normalize(words[:, :k]), MEANING_WEIGHT * normalize(meaning[:, :k])])))


def _k_means(rows: Floats, k: int, seed: int, n_init: int) -> Floats:
    """Unit centres, (k, n_directions)."""
    return np.asarray(normalize(KMeans(k, n_init=n_init, random_state=seed).fit(rows).cluster_centers_))


def jaccard_of_groups(groups: Ints, others: Ints, k: int) -> Floats:
    """For each of k groups the largest Jaccard similarity to a group of another grouping of the same rows, (k,)."""
    together = np.zeros((k, k))
    np.add.at(together, (groups, others), 1)
    either = together.sum(1)[:, None] + together.sum(0)[None, :] - together
    return np.asarray((together / np.maximum(either, 1)).max(axis=1))


@dataclass(frozen=True, slots=True)
class _Choice:
    """One number of groups: unit centres (k, n_directions), stability of each group, and how much it explains."""

    centres: Floats
    stability: Floats
    score: float


def _choice(whole: Floats, halves: list[tuple[Ints, Floats]], k: int, seed: int) -> _Choice:
    """Stability of k groups of `whole` over halves, each given as its rows and all rows in the half's own space."""
    centres = _k_means(whole, k, seed, n_init=10)
    groups = (whole @ centres.T).argmax(axis=1)
    stability = np.zeros(k)
    for rows, placed in halves:
        again = (placed @ _k_means(placed[rows], k, seed, n_init=3).T).argmax(axis=1)
        stability += jaccard_of_groups(groups, again, k) / len(halves)
    kept = stability >= MIN_STABILITY
    shares = np.bincount(groups, minlength=k) / len(whole)
    filled = shares[kept & (shares > 0)]
    effective = float(np.exp(-(filled * np.log(filled)).sum())) if len(filled) else 0.0
    return _Choice(centres, stability, effective * float((shares * stability**_PRICE)[kept].sum()))


def _split(words: sp.csr_matrix, meaning: npt.NDArray[np.float32] | None, largest: int, seed: int) -> Groups:
    """Groups of rows, at most `largest`.

    Of 2 and more the number is taken that gives the largest product of the effective number of repeatable groups (Hill
    1973: the exponential of the entropy of their shares) and the messages in them, each weighed by its group's stability;
    ties go to fewer. Messages of groups that are not repeatable go to the nearest that is.
    """
    n = words.shape[0]
    deciding = np.sort(np.random.default_rng(seed).choice(n, min(n, _MAX_DECIDING_ROWS), replace=False))
    some = words[deciding]
    some_meaning = None if meaning is None else meaning[deciding]
    largest = min(largest, MAX_GROUPS, some.shape[1] - 1)
    if largest < MIN_GROUPS:
        return Groups(np.full(n, -1), np.zeros(n), np.zeros(0))
    space = _Space().fit(some, some_meaning, largest)
    placed = space.place(some, some_meaning)
    halves = []
    for draw in range(_N_HALVES):
        rows = np.sort(np.random.default_rng((seed, draw)).choice(len(deciding), len(deciding) // 2, replace=False))
        part = None if some_meaning is None else some_meaning[rows]
        halves.append((rows, _Space().fit(some[rows], part, largest).place(some, some_meaning)))
    choices = [
        _choice(_unit(placed, k), [(rows, _unit(half, k)) for rows, half in halves], k, seed)
        for k in range(MIN_GROUPS, largest + 1)
    ]
    choice = max(choices, key=lambda one: round(one.score, 9))  # the first of equals
    kept = choice.stability >= MIN_STABILITY
    if not kept.any():
        return Groups(np.full(n, -1), np.zeros(n), np.zeros(0))
    likeness = _unit(space.place(words, meaning), len(kept)) @ choice.centres[kept].T
    group_of, strength = likeness.argmax(axis=1), likeness.max(axis=1).clip(0, 1)
    weak = strength < MIN_STRENGTH
    return Groups(np.where(weak, -1, group_of), np.where(weak, 0.0, strength), choice.stability[kept])


def find_groups(words: sp.csr_matrix, meaning: npt.NDArray[np.float32] | None, largest: int, seed: int) -> Groups:
    """Group unit rows of words (n, n_terms) and, where given, of meaning (n, dimensions).

    A group of more than three fifths of the rows is split again where it can be: the surest split of many different
    messages is often one clear group against all the rest. At most 5,000 rows decide on a split, drawn by `seed`. The same
    rows in the same order give the same groups.
    """
    n = words.shape[0]
    found = _split(words, meaning, min(largest, MAX_GROUPS), seed)
    whole = set[int]()
    while len(found.stability) < MAX_GROUPS:
        sizes = np.bincount(found.group_of[found.group_of >= 0], minlength=len(found.stability))
        wide = [group for group in range(len(sizes)) if sizes[group] > _WIDE * n and group not in whole]
        if not wide:
            break
        rows = np.flatnonzero(found.group_of == wide[0])
        room = min(MAX_GROUPS - len(sizes) + 1, largest * len(rows) // n)
        parts = _split(words[rows], None if meaning is None else meaning[rows], room, seed)
        if len(parts.stability) < MIN_GROUPS:
            whole.add(wide[0])
            continue
        found = _with_parts(found, wide[0], rows, parts)
    return found


def _with_parts(found: Groups, group: int, rows: Ints, parts: Groups) -> Groups:
    """The groups with one of them replaced by its parts: the first takes its number, others come last."""
    numbers = np.array([group, *range(len(found.stability), len(found.stability) + len(parts.stability) - 1), -1])
    group_of, strength = found.group_of.copy(), found.strength.copy()
    group_of[rows], strength[rows] = numbers[parts.group_of], parts.strength
    stability = found.stability.copy()
    stability[group] = parts.stability[0]
    return Groups(group_of, strength, np.concatenate([stability, parts.stability[1:]]))
