"""Sentence vectors of training rows; those of the seed corpus are the same every time and are kept on this machine."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp.e5 import cache_dir
from nlp.encoders import Progress, SentenceEncoder

Vectors = npt.NDArray[np.float32]


def vectors_of(encoder: SentenceEncoder, texts: list[str], from_seed: npt.NDArray[np.bool_], progress: Progress) -> Vectors:
    """Unit vectors (n_texts, dimensions). Only vectors of the seed corpus are kept: an office's messages are its own."""
    vectors = np.zeros((len(texts), encoder.dimensions), np.float32)
    seed = [text for text, ours in zip(texts, from_seed, strict=True) if ours]
    others = [text for text, ours in zip(texts, from_seed, strict=True) if not ours]
    kept = _kept_file(encoder, seed)
    if kept.is_file():
        vectors[from_seed] = np.load(kept, allow_pickle=False)
        vectors[~from_seed] = encoder.encode(others, progress)
        return vectors
    vectors[from_seed] = encoder.encode(seed, lambda done, _: progress(done, len(texts)))
    vectors[~from_seed] = encoder.encode(others, lambda done, _: progress(len(seed) + done, len(texts)))
    if seed:
        _keep(kept, vectors[from_seed])
    return vectors


def _kept_file(encoder: SentenceEncoder, texts: list[str]) -> Path:
    digest = hashlib.sha256("\0".join([encoder.identity, *texts]).encode("utf-8", "surrogatepass"))
    return cache_dir() / f"seed-vectors-{digest.hexdigest()[:16]}.npy"


def _keep(path: Path, vectors: Vectors) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for older in path.parent.glob("seed-vectors-*.npy"):
        older.unlink(missing_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npy", delete=False) as file:
        np.save(file, vectors, allow_pickle=False)
    Path(file.name).replace(path)  # whole or not at all, whoever else trains at this moment
