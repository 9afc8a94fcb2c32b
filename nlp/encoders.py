"""Sentence encoders, all behind the sentence-transformers interface; `none` means words and characters only."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from nlp.errors import SuaraError


class Encoder(Protocol):
    """What a model needs of an encoder."""

    name: str

    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Unit vectors of shape (number of texts, dimensions)."""
        ...


def load_encoder(name: str) -> Encoder | None:
    """The encoder of a setting; None for `none`. SuaraError for one this version cannot load."""
    if name == "none":
        return None
    raise SuaraError(f"penyandi '{name}' belum didukung versi ini", where="--encoder", remedy="Pakai --encoder none.")
