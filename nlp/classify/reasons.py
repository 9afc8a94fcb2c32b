"""Why a model chose a code: exact shares of words, of the evidence layer, and of the meaning of the whole text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from nlp.classify.features import FeatureSpace

MAX_REASONS = 6


@dataclass(frozen=True, slots=True)
class Reason:
    """Words of the masked text that spoke for (weight above 0) or against a label."""

    start: int
    end: int
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Parts of a calibrated logit, in logits; `total` is their sum.

    `words` are the heaviest, `all_words` what all words give together, `cues` the phrases of the evidence layer,
    `meaning` the sentence encoder, `base` what every text starts from.
    """

    words: tuple[Reason, ...]
    all_words: float
    cues: float
    meaning: float
    base: float

    @property
    def total(self) -> float:
        """The logit that is explained."""
        return self.all_words + self.cues + self.meaning + self.base


def against_others(n_codes: int, code: int) -> npt.NDArray[np.float64]:
    """How the logits of one-of-several codes combine to 'this code against the mean of the others', (n_codes,)."""
    direction = np.full(n_codes, -1.0 / max(1, n_codes - 1))
    direction[code] = 1.0
    return direction


def step_reached(n_steps: int, level: int) -> npt.NDArray[np.float64]:
    """The same for a scale: 'at least this step', and for the lowest code 'not even the first', (n_steps,)."""
    direction = np.zeros(n_steps)
    direction[max(0, level - 1)] = 1.0 if level else -1.0
    return direction


def word_weights(
    features: FeatureSpace,
    masked_text: str,
    spans: Sequence[tuple[str, int, int]],
    row: sp.csr_matrix,
    weights: npt.NDArray[np.float64],
) -> list[Reason]:
    """Exact share of each word of a text in `row @ weights`, heaviest first.

    `spans` are the text's tokens with their places, `row` (1, n_features) what `features` makes of them. A word's share
    is the sum over its own column, its character n-grams, and half of each word pair it is in.
    """
    words = [token for token, _, _ in spans]
    of_word = [features.token_features(word) for word in words]
    pairs = features.pair_features(words)
    columns = np.concatenate([*of_word, np.array([column for _, column in pairs], dtype=np.int32)])
    place = np.searchsorted(row.indices, columns)  # the indices of a row are sorted, and every column is in it
    uses = np.bincount(place, minlength=row.nnz)
    share_of_use = (row.data * weights[row.indices] / np.maximum(uses, 1))[place]
    n_single = sum(map(len, of_word))
    position = np.repeat(np.arange(len(words)), [len(found) for found in of_word])
    share = np.bincount(position, share_of_use[:n_single], minlength=len(words) + 1)
    first = np.array([position for position, _ in pairs], dtype=np.int64)
    for offset in (0, 1):
        share += np.bincount(first + offset, share_of_use[n_single:] / 2, minlength=len(words) + 1)
    merged: dict[tuple[int, int], float] = {}
    for (_, start, end), weight in zip(spans, share[:-1], strict=True):
        merged[start, end] = merged.get((start, end), 0.0) + float(weight)
    reasons = [Reason(start, end, masked_text[start:end], weight) for (start, end), weight in merged.items()]
    return sorted(reasons, key=lambda reason: -abs(reason.weight))
