"""A sentence-transformers module over onnxruntime: tokens in, unit vectors out, no PyTorch network in between."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnxruntime
import torch
from sentence_transformers.base.modules import InputModule
from tokenizers import Tokenizer

from nlp.encoders import threads

PAD_ID = 1


class OnnxSentenceModule(InputModule):
    """Reads `model.onnx` and `tokenizer.json` of a folder written by nlp.e5."""

    config_keys = ("max_seq_length", "dimensions")
    config_file_name = "sentence_bert_config.json"

    def __init__(self, folder: Path, max_seq_length: int, dimensions: int) -> None:
        super().__init__()
        self.folder, self.dimensions = folder, dimensions
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.max_seq_length = max_seq_length
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.inter_op_num_threads = 1
        # waiting threads that spin take the cores from whoever else works on the machine, such as the server's workers
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # the arena keeps the largest batch's memory for good
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])

    @property
    def max_seq_length(self) -> int:
        """Tokens after which a text is cut."""
        return self._max_seq_length

    @max_seq_length.setter
    def max_seq_length(self, value: int) -> None:
        self._max_seq_length = value
        self.tokenizer.enable_truncation(value)
        self.tokenizer.enable_padding(pad_id=PAD_ID, pad_token="<pad>")  # noqa: S106  -- a token of text

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> dict[str, Any]:
        """Token numbers and mask of a batch, each (n_texts, n_tokens)."""
        encodings = self.tokenizer.encode_batch([(prompt or "") + str(text) for text in inputs])
        return {
            "input_ids": torch.tensor([encoding.ids for encoding in encodings]),
            "attention_mask": torch.tensor([encoding.attention_mask for encoding in encodings]),
        }

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Add `sentence_embedding`, (n_texts, dimensions)."""
        feed = {name: features[name].numpy().astype(np.int64) for name in ("input_ids", "attention_mask")}
        features["sentence_embedding"] = torch.from_numpy(self.session.run(["vectors"], feed)[0])
        return features

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self.dimensions

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Copy the folder's files."""
        for name in ("model.onnx", "tokenizer.json", self.config_file_name):
            (Path(output_path) / name).write_bytes((self.folder / name).read_bytes())

    @classmethod
    def load(cls, model_name_or_path: str, *_: Any, **__: Any) -> Self:
        """Read a built folder."""
        folder = Path(model_name_or_path)
        return cls(folder, **json.loads((folder / cls.config_file_name).read_text()))
