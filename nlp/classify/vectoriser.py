"""The scikit-learn transformer that learns a FeatureSpace from texts."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin

from nlp.classify.features import FeatureSpace, Ints, char_ngrams, tokens


class _TermCounts:
    """In how many texts each term occurs; terms are numbered as they come, so that counting is done on arrays."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._seen: list[Ints] = []

    def ids(self, terms: Iterable[str]) -> Ints:
        """Numbers of terms, new ones included."""
        number = self._number
        return np.fromiter((number.setdefault(term, len(number)) for term in terms), dtype=np.int32)

    def add_text(self, ids: Ints) -> None:
        """Count each of a text's terms once."""
        self._seen.append(np.unique(ids))

    def most_frequent(self, min_texts: int, limit: int) -> tuple[list[str], npt.NDArray[np.int64]]:
        """Terms of at least `min_texts` texts, at most `limit`, in alphabetical order, and their counts."""
        counts = np.bincount(np.concatenate(self._seen or [np.zeros(0, np.int32)]), minlength=len(self._number))
        frequent = [(-int(n), term) for term, n in zip(self._number, counts, strict=True) if n >= min_texts]
        kept = sorted(term for _, term in sorted(frequent)[:limit])
        return kept, counts[[self._number[term] for term in kept]] if kept else np.zeros(0, np.int64)


class TextFeatures(BaseEstimator, TransformerMixin):
    """Learn which words, word pairs and characters within words occur, and how rare they are.

    >>> rows = TextFeatures(min_texts=1).fit_transform(["lampu mati", "lampu jalan mati"])
    >>> rows.shape[0], bool(rows.nnz > 0)
    (2, True)
    """

    def __init__(
        self,
        *,
        min_texts: int = 2,
        chars: tuple[int, int] | None = (2, 5),
        max_words: int = 60_000,
        max_chars: int = 120_000,
        char_weight: float = 1.0,
    ) -> None:
        self.min_texts = min_texts
        self.chars = chars
        self.max_words = max_words
        self.max_chars = max_chars
        self.char_weight = char_weight

    def fit(self, texts: Iterable[str], y: object = None) -> Self:
        """Keep what occurs in at least `min_texts` texts; the fitted `space_` does the rest."""
        words, grams = _TermCounts(), _TermCounts()
        grams_of_token: dict[str, Ints] = {}
        n_texts = 0
        for text in texts:
            n_texts += 1
            row = tokens(text)
            words.add_text(words.ids([*row, *map(" ".join, pairwise(row))]))
            if self.chars:
                for token in row:
                    if token not in grams_of_token:
                        grams_of_token[token] = grams.ids(char_ngrams(token, *self.chars))
                grams.add_text(np.concatenate([grams_of_token[token] for token in row] or [np.zeros(0, np.int32)]))
        kept_words, word_counts = words.most_frequent(self.min_texts, self.max_words)
        kept_grams, gram_counts = grams.most_frequent(self.min_texts, self.max_chars)
        frequency = np.concatenate([word_counts, gram_counts])
        idf = (np.log((1 + n_texts) / (1 + frequency)) + 1).astype(np.float32)  # scikit-learn's smooth idf
        self.space_ = FeatureSpace(kept_words, kept_grams, idf, chars=self.chars, char_weight=self.char_weight)
        return self

    def transform(self, texts: Iterable[str]) -> sp.csr_matrix:
        """Rows of shape (number of texts, number of features), float32."""
        return self.space_.transform(texts)

    def __sklearn_tags__(self) -> Any:
        """Input is text, not numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
