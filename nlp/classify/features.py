"""Words and characters of a text as one sparse row, by a vocabulary learnt before; without scikit-learn, to start fast."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from nlp.text.normalise import normalise

_TOKEN = re.compile(r"\w+|[!?]")
_DIGIT = re.compile(r"\d")
_CHUNK = re.compile(r"[^\s]+")
MAX_TOKEN_CHARS = 30
_CACHE_TOKENS = 200_000  # cached tokens at most; about 150 MB of memory at the very worst, 30 MB as seen

Ints = npt.NDArray[np.int32]


@lru_cache(maxsize=_CACHE_TOKENS)
def _tokens_of_chunk(chunk: str) -> tuple[str, ...]:
    return tuple(_DIGIT.sub("0", word[:MAX_TOKEN_CHARS]) for word in _TOKEN.findall(normalise(chunk)))


def tokens(text: str) -> list[str]:
    """Words of a text after normalising; digits become 0, so that amounts and house numbers fall together.

    Normalising never looks across white space, so each stretch without any is done once and remembered.
    """
    return [token for chunk in text.split() for token in _tokens_of_chunk(chunk)]


def tokens_with_spans(text: str) -> list[tuple[str, int, int]]:
    """The same tokens, each with the start and end of the stretch of `text` it came from."""
    return [(token, m.start(), m.end()) for m in _CHUNK.finditer(text) for token in _tokens_of_chunk(m.group())]


def char_ngrams(token: str, low: int, high: int) -> list[str]:
    """Character n-grams of one word with its borders marked by spaces, as in scikit-learn's `char_wb`."""
    padded = f" {token} "
    if len(padded) <= low:
        return [padded]
    return [padded[i : i + n] for n in range(low, high + 1) for i in range(len(padded) - n + 1)]


class FeatureSpace:
    """A vocabulary and its weights: turns texts into rows of sublinear TF-IDF over words, word pairs and characters.

    Columns are words and word pairs first, then character n-grams; `idf` is in the same order. Each of the two blocks
    of a row has length one, then `char_weight`. Equal in meaning to a union of two scikit-learn TfidfVectorizers, and
    faster, because the n-grams of a word are looked up once and kept: people repeat words, and a word's characters
    never change.
    """

    def __init__(
        self,
        words: Sequence[str],
        grams: Sequence[str],
        idf: npt.NDArray[np.float32],
        *,
        chars: tuple[int, int] | None = (2, 5),
        char_weight: float = 1.0,
    ) -> None:
        if len(idf) != len(words) + len(grams):
            raise ValueError(f"{len(idf)} idf values for {len(words)} words and {len(grams)} n-grams")
        self.words, self.grams, self.idf = list(words), list(grams), idf
        self.chars, self.char_weight = chars, char_weight
        self._word_index = {word: i for i, word in enumerate(self.words)}
        self._gram_index = {gram: len(self.words) + i for i, gram in enumerate(self.grams)}
        self._cache: dict[str, Ints] = {}

    @property
    def n_features(self) -> int:
        """Columns of a row."""
        return len(self.idf)

    def token_features(self, token: str) -> Ints:
        """Columns that one word switches on: itself and its n-grams, with repeats."""
        found = self._cache.get(token)
        if found is None:
            columns = [self._word_index[token]] if token in self._word_index else []
            if self.chars and self.grams:
                index = self._gram_index
                columns += [index[gram] for gram in char_ngrams(token, *self.chars) if gram in index]
            found = np.array(columns, dtype=np.int32)
            if len(self._cache) >= _CACHE_TOKENS:
                self._cache.clear()
            self._cache[token] = found
        return found

    def pair_features(self, row: Sequence[str]) -> list[tuple[int, int]]:
        """(position of the first word, column) of every known word pair of a row of tokens."""
        columns = map(self._word_index.get, map(" ".join, pairwise(row)))
        return [(position, column) for position, column in enumerate(columns) if column is not None]

    def transform(self, texts: Iterable[str]) -> sp.csr_matrix:
        """Rows of shape (number of texts, n_features), float32."""
        return self.transform_tokens([tokens(text) for text in texts])

    def transform_tokens(self, rows: Sequence[Sequence[str]]) -> sp.csr_matrix:
        """The same from tokens, for callers that need them again."""
        parts: list[Ints] = []
        remembered = self._cache.get  # half the calls on the way of every word
        ends = np.zeros(len(rows) + 1, dtype=np.int64)
        for i, row in enumerate(rows):
            pieces = [known if (known := remembered(token)) is not None else self.token_features(token) for token in row]
            pieces.append(np.array([column for _, column in self.pair_features(row)], dtype=np.int32))
            parts += pieces
            ends[i + 1] = ends[i] + sum(map(len, pieces))
        columns = np.concatenate(parts) if parts else np.zeros(0, np.int32)
        matrix = sp.csr_matrix(
            (np.ones(len(columns), np.float32), columns, ends), shape=(len(rows), self.n_features), dtype=np.float32
        )
        matrix.sum_duplicates()
        return self._weigh(matrix)

    def _weigh(self, matrix: sp.csr_matrix) -> sp.csr_matrix:
        data = (1 + np.log(matrix.data)) * self.idf[matrix.indices]
        row_of = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        is_gram = matrix.indices >= len(self.words)
        for block, weight in ((~is_gram, 1.0), (is_gram, self.char_weight)):
            lengths = np.sqrt(np.bincount(row_of[block], data[block] ** 2, minlength=matrix.shape[0]))
            data[block] *= weight / np.maximum(lengths, 1e-12)[row_of[block]]
        matrix.data = data.astype(np.float32)
        return matrix
