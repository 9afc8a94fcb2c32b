"""A sentence encoder that is an ONNX graph: one text in, one unit vector out, without PyTorch.

Each text runs alone, on one thread, several texts beside each other. An int8 graph rounds by what else is in a batch, so
a batch would make a message's vector depend on its neighbours; and on two cores batches were no faster.
"""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

CONFIG_FILE = "sentence_bert_config.json"
FILES = ("model.onnx", "tokenizer.json", CONFIG_FILE)
Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


class OnnxEncoder:
    """Reads the folder that nlp.e5 writes. Safe to call from several threads."""

    def __init__(self, folder: Path, dimensions: int, max_seq_length: int, n_threads: int = 1) -> None:
        self.folder, self.dimensions = folder, dimensions
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer_lock = threading.Lock()  # tokenizers must not be shared between threads
        self.max_seq_length = max_seq_length
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        self._workers = ThreadPoolExecutor(n_threads, thread_name_prefix="encoder")

    @classmethod
    def load(cls, folder: Path, n_threads: int = 1) -> Self:
        """Read a built folder; OSError, ValueError or KeyError where it is not one."""
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        return cls(folder, int(config["dimensions"]), int(config["max_seq_length"]), n_threads)

    @property
    def max_seq_length(self) -> int:
        """Tokens after which a text is cut."""
        return self._max_seq_length

    @max_seq_length.setter
    def max_seq_length(self, value: int) -> None:
        self._max_seq_length = value
        self._tokenizer.enable_truncation(value)

    def tokenize(self, texts: Sequence[str]) -> list[Ids]:
        """Token numbers of each text."""
        with self._tokenizer_lock:
            return [np.array(encoding.ids, np.int64) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def vectors(self, token_rows: Sequence[Ids]) -> Vectors:
        """Unit vectors, (n_texts, dimensions), of token numbers."""
        found = list(self._workers.map(self._vector, token_rows))
        return np.stack(found) if found else np.zeros((0, self.dimensions), np.float32)

    def _vector(self, ids: Ids) -> Vectors:
        feed = {"input_ids": ids[None, :], "attention_mask": np.ones((1, len(ids)), np.int64)}
        return np.asarray(self._session.run(["vectors"], feed)[0][0], np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, (n_texts, dimensions)."""
        return self.vectors(self.tokenize(texts))
