"""The seed corpus as a collection of labelled examples to set beside a message: 'this was read like those'."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from nlp.classify.bundle import Bundle
from nlp.classify.features import FeatureSpace
from nlp.corpus import read_seed
from nlp.encoders import SentenceEncoder
from nlp.text.privacy import mask


@dataclass(frozen=True, slots=True)
class Example:
    """A message of the seed corpus with its labels (task name to code) and its similarity, 0 to 1."""

    text: str
    labels: dict[str, str]
    similarity: float


def texts_sha256(texts: Sequence[str]) -> str:
    """Tells whether vectors belong to these texts."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


class Examples:
    """Messages of the seed corpus, a row of unit length for each, and `read`, which makes such a row (1, n) of a text."""

    def __init__(
        self,
        texts: list[str],
        labels: list[dict[str, str]],
        rows: npt.NDArray[Any] | sp.csr_matrix,
        read: Callable[[str], npt.NDArray[Any] | sp.csr_matrix],
    ) -> None:
        self.texts, self.labels, self._rows, self._read = texts, labels, rows, read

    @classmethod
    def with_vectors(cls, bundle: Bundle, encoder: SentenceEncoder) -> Self:
        """By meaning, from the vectors that training left in the bundle; empty where the corpus has changed since."""
        texts, labels = _seed(bundle)
        if texts_sha256(texts) != bundle.manifest["examples_sha256"]:
            texts, labels = [], []
        return cls(texts, labels, bundle.example_vectors, lambda text: encoder.encode([text]))

    @classmethod
    def with_words(cls, bundle: Bundle) -> Self:
        """By words and word pairs; characters would take seven times as long to read."""
        texts, labels = _seed(bundle)
        n_words = len(bundle.words)
        space = FeatureSpace(bundle.words, [], bundle.idf[:n_words], chars=None)
        return cls(texts, labels, space.transform(texts), lambda text: space.transform([text]))

    def nearest(self, text: str, n: int) -> tuple[Example, ...]:
        """The `n` nearest to a masked text by cosine, nearest first."""
        if not self.texts:
            return ()
        product = self._rows @ self._read(text).T
        similarity = np.asarray(product.todense() if sp.issparse(product) else product, np.float64).ravel()
        order = np.argsort(-similarity, kind="stable")[:n]
        return tuple(Example(self.texts[i], self.labels[i], float(min(1.0, similarity[i]))) for i in order if similarity[i] > 0)


def _seed(bundle: Bundle) -> tuple[list[str], list[dict[str, str]]]:
    if not bundle.manifest["seed_corpus"]:
        return [], []
    rows = read_seed(bundle.labels)
    return [mask(text).text for text in rows["text"]], rows.drop(columns="text").to_dict("records")
