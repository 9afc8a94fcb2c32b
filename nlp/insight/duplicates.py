"""Nearly the same words: MinHash signatures of texts and how much two of them share.

Broder, On the resemblance and containment of documents (1997): the share of equal minima estimates the Jaccard
similarity of the sets of word pairs; with 128 minima its standard error is at most .044.
"""

import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from nlp.classify.features import tokens

N_MINIMA = 128
SIGNATURE_BYTES = 4 * N_MINIMA
COPY_RESEMBLANCE = 0.8  # estimated resemblance from which two texts count as nearly the same
_BAND_MINIMA = 8
_PRIME = np.uint64(4_294_967_311)  # the first above 2**32
_DRAW = np.random.default_rng(20_261_124)  # fixed: signatures are stored and must stay comparable
_FACTORS = _DRAW.integers(1, 2**32 - 1, N_MINIMA, dtype=np.uint64)
_OFFSETS = _DRAW.integers(0, 2**32 - 1, N_MINIMA, dtype=np.uint64)


def signature(masked_text: str) -> bytes:
    """128 minima as little-endian 32-bit numbers; the same for texts with the same words and word pairs."""
    words = tokens(masked_text)
    parts = {*words, *(f"{a} {b}" for a, b in pairwise(words))} or {""}
    hashes = np.fromiter((zlib.crc32(part.encode("utf-8", "surrogatepass")) for part in parts), np.uint64, len(parts))
    # factor * hash + offset stays under 2**64: both are under 2**32
    spread = (hashes[:, None] * _FACTORS + _OFFSETS) % _PRIME
    return bytes(spread.min(axis=0).astype("<u4").tobytes())


def signatures_of(masked_texts: Sequence[str]) -> list[bytes]:
    """Signatures in order; the same text, however often it comes, is worked out once."""
    made = {text: signature(text) for text in dict.fromkeys(masked_texts)}
    return [made[text] for text in masked_texts]


def resemblance(one: bytes, others: list[bytes]) -> npt.NDArray[np.float64]:
    """Estimated Jaccard similarity of one text to each of several, by their signatures, (n_others,)."""
    matrix = np.frombuffer(b"".join(others), "<u4").reshape(len(others), N_MINIMA)
    return np.asarray((matrix == np.frombuffer(one, "<u4")).mean(axis=1))


def copies(signatures: Sequence[bytes]) -> npt.NDArray[np.int64]:
    """Number of the group of near-identical texts that each signature's text is in, (n,), in time and memory that grow as n.

    Candidates share one of 16 bands of 8 minima (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4): two
    texts of resemblance .8 meet with probability .95, of .9 nearly always, of .5 in 6 %. What meets is compared in full;
    groups are joined through the first text of a band.
    """
    n = len(signatures)
    if n == 0:
        return np.zeros(0, np.int64)
    matrix = np.frombuffer(b"".join(signatures), "<u4").reshape(n, N_MINIMA)
    pairs: list[npt.NDArray[np.int64]] = []
    for start in range(0, N_MINIMA, _BAND_MINIMA):
        band = np.ascontiguousarray(matrix[:, start : start + _BAND_MINIMA]).view(f"V{4 * _BAND_MINIMA}").ravel()
        _, first, group = np.unique(band, return_index=True, return_inverse=True)
        candidates = np.column_stack([np.arange(n), first[group]])
        candidates = candidates[candidates[:, 0] != candidates[:, 1]]
        alike = (matrix[candidates[:, 0]] == matrix[candidates[:, 1]]).mean(axis=1) >= COPY_RESEMBLANCE
        pairs.append(candidates[alike])
    edges = np.concatenate(pairs)
    graph = coo_array((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
