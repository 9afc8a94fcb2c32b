"""The bundled encoder as a module of sentence-transformers, so that its folder is an ordinary model folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from sentence_transformers.base.modules import InputModule

from nlp.onnx_encoder import CONFIG_FILE, FILES, OnnxEncoder

PAD_ID = 1


class OnnxSentenceModule(InputModule):
    """Gives what OnnxEncoder gives, through `SentenceTransformer(folder)`."""

    config_keys = ("max_seq_length", "dimensions")
    config_file_name = CONFIG_FILE

    def __init__(self, encoder: OnnxEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    @property
    def max_seq_length(self) -> int:
        """Tokens after which a text is cut."""
        return self.encoder.max_seq_length

    @max_seq_length.setter
    def max_seq_length(self, value: int) -> None:
        self.encoder.max_seq_length = value

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> dict[str, Any]:
        """Token numbers and mask of a batch, each (n_texts, n_tokens)."""
        rows = [torch.from_numpy(ids) for ids in self.encoder.tokenize([(prompt or "") + str(text) for text in inputs])]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD_ID)
        return {"input_ids": ids, "attention_mask": (ids != PAD_ID).long()}

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Add `sentence_embedding`, (n_texts, dimensions)."""
        n_tokens = features["attention_mask"].sum(dim=1).tolist()
        rows = [ids[:n].numpy() for ids, n in zip(features["input_ids"], n_tokens, strict=True)]
        features["sentence_embedding"] = torch.from_numpy(self.encoder.vectors(rows))
        return features

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self.encoder.dimensions

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Copy the folder's files."""
        for name in FILES:
            (Path(output_path) / name).write_bytes((self.encoder.folder / name).read_bytes())

    @classmethod
    def load(cls, model_name_or_path: str, *_: Any, **__: Any) -> Self:
        """Read a built folder."""
        return cls(OnnxEncoder.load(Path(model_name_or_path)))
