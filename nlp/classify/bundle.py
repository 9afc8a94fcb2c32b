"""A trained model as a folder of plain files: written with its hashes, checked before anything in it is read."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt

import nlp
from nlp.classify.evidence import EvidenceFinder, EvidenceRules, load_rules
from nlp.classify.tasks import Form, Task
from nlp.errors import SuaraError, reason_of
from nlp.labels import Labels, load_labels
from nlp.text.normalise import SLANG_PATH

FORMAT_VERSION = 1
SUMS = "SHA256SUMS"
FILES = (
    "manifest.json", "labels.toml", "evidence.toml", "words.txt", "ngrams.txt", "idf.npy", "weights.npy", "dense_weights.npy",
    "biases.npy", "example_vectors.npy", "card.md",
)  # fmt: skip
RETRAIN = "Latih ulang dengan 'suara train --out DIR', atau pakai versi program yang membuatnya."


@dataclass(frozen=True)
class Bundle:
    """What a Scorer needs.

    `weights` is (n_features, n_outputs) float32 for words and n-grams, `dense_weights` (n_cues + encoder's dimensions,
    n_outputs) for the evidence layer's cues and then meaning, `biases` (n_outputs,). `example_vectors` (n_seed_messages,
    encoder's dimensions) are the seed corpus's, none without an encoder.
    """

    name: str
    manifest: dict[str, Any]
    labels: Labels
    tasks: tuple[Task, ...]
    words: list[str]
    ngrams: list[str]
    idf: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    dense_weights: npt.NDArray[np.float32]
    rules: EvidenceRules
    biases: npt.NDArray[np.float32]
    example_vectors: npt.NDArray[np.float32]


def made_with() -> dict[str, str]:
    """What decides how a text becomes features; a bundle works only where this is the same."""
    slang = hashlib.sha256(SLANG_PATH.read_bytes()).hexdigest()
    return {"suara-warga": ".".join(nlp.__version__.split(".")[:2]), "slang_sha256": slang}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_target(folder: Path) -> None:
    """Raise SuaraError unless a bundle may be written to `folder`: it is absent, empty, or holds an older bundle."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise SuaraError("bukan folder", where=str(nearest), remedy="Pilih folder kosong untuk --out.")
    if nearest == folder and any(folder.iterdir()) and not (folder / SUMS).exists():
        raise SuaraError("folder sudah berisi hal lain", where=str(folder), remedy="Pilih folder kosong untuk --out.")
    try:
        with TemporaryFile(dir=nearest):  # told now, not after minutes of training
            pass
    except OSError as error:
        raise SuaraError("tidak dapat menulis model", where=str(folder), remedy=f"{reason_of(error)}.") from error


def save_bundle(folder: Path, files: dict[str, str | bytes | npt.NDArray[Any]]) -> None:
    """Write a bundle's files and, last, their hashes. An existing folder must be a bundle or empty."""
    check_target(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SUMS).unlink(missing_ok=True)
        for name, content in files.items():
            if isinstance(content, np.ndarray):
                np.save(folder / name, content, allow_pickle=False)
            else:
                (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        sums = "".join(f"{_digest(folder / name)}  {name}\n" for name in sorted(files))
        (folder / SUMS).write_text(sums, encoding="ascii")
    except OSError as error:
        raise SuaraError("tidak dapat menulis model", where=str(folder), remedy=f"{reason_of(error)}.") from error


def check_bundle(folder: Path) -> None:
    """Raise SuaraError unless every file of the bundle is there and unchanged."""
    if not folder.is_dir():
        raise SuaraError(
            "model tidak ada",
            where=str(folder),
            remedy=f"Buat dengan 'suara train --out {folder}', atau tunjuk yang lain: --model DIR, layanan: SUARA_MODEL_DIR.",
        )
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
        sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise SuaraError(
            "bukan folder model yang utuh", where=str(folder), remedy=f"Berkas {SUMS} tidak terbaca. {RETRAIN}"
        ) from error
    for name in FILES:
        path = folder / name
        if name not in sums or not path.is_file() or path.is_symlink():
            raise SuaraError(f"berkas model '{name}' tidak ada", where=str(folder), remedy=RETRAIN)
        if _digest(path) != sums[name]:
            raise SuaraError(
                f"berkas model '{name}' berubah sejak dibuat", where=str(folder), remedy=f"Jangan dipakai. {RETRAIN}"
            )


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle after checking hashes, format and maker. Nothing in it is ever executed or unpickled.

    Raises SuaraError with the remedy in one line.
    """
    check_bundle(folder)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        _check_maker(folder, manifest)
        return _read(folder, manifest)
    except SuaraError:
        raise
    except Exception as error:  # right hashes prove nothing: whatever is wrong in a folder somebody sent is told in one line
        raise SuaraError(f"isi model tidak terbaca ({error})", where=str(folder), remedy=RETRAIN) from error


def _check_maker(folder: Path, manifest: dict[str, Any]) -> None:
    if manifest.get("format_version") != FORMAT_VERSION:
        raise SuaraError(
            f"format model {manifest.get('format_version')}, program ini membaca format {FORMAT_VERSION}",
            where=str(folder),
            remedy=RETRAIN,
        )
    for part, version in made_with().items():
        if manifest["made_with"].get(part) != version:
            raise SuaraError(
                f"model dibuat dengan {part} lain ({manifest['made_with'].get(part)})",
                where=str(folder),
                remedy=RETRAIN,
            )


def _read(folder: Path, manifest: dict[str, Any]) -> Bundle:
    tasks = tuple(Task(t["name"], _form(t["form"]), tuple(t["codes"])) for t in manifest["tasks"])
    _check_settings(manifest, tasks)
    bundle = Bundle(
        name=f"{manifest['name']}@{manifest['created_at'][:10]}",
        manifest=manifest,
        labels=load_labels(folder / "labels.toml"),
        tasks=tasks,
        words=_lines(folder / "words.txt"),
        ngrams=_lines(folder / "ngrams.txt"),
        idf=_array(folder / "idf.npy"),
        weights=_array(folder / "weights.npy"),
        dense_weights=_array(folder / "dense_weights.npy"),
        rules=load_rules(folder / "evidence.toml"),
        biases=_array(folder / "biases.npy"),
        example_vectors=_array(folder / "example_vectors.npy"),
    )
    expected = (len(bundle.words) + len(bundle.ngrams), sum(task.n_outputs for task in tasks))
    dense, n_cues = bundle.dense_weights.shape, len(EvidenceFinder(bundle.rules).cue_names)
    if dense[1:] != expected[1:] or dense[0] < n_cues or (dense[0] > n_cues) != (manifest["encoder"] != "none"):
        raise SuaraError("ukuran bagian-bagian model tidak cocok", where=str(folder), remedy=RETRAIN)
    examples = bundle.example_vectors
    if examples.ndim != 2 or (len(examples) and examples.shape[1] != dense[0] - n_cues):
        raise SuaraError("ukuran bagian-bagian model tidak cocok", where=str(folder), remedy=RETRAIN)
    if bundle.weights.shape != expected or bundle.biases.shape != expected[1:] or bundle.idf.shape != expected[:1]:
        raise SuaraError("ukuran bagian-bagian model tidak cocok", where=str(folder), remedy=RETRAIN)
    return bundle


def _check_settings(manifest: dict[str, Any], tasks: tuple[Task, ...]) -> None:
    """Touch every setting that scoring reads, so that a wrong one shows now and not at some message."""
    features = manifest["features"]
    _, _, _ = (float(number) for number in (*(features["chars"] or (0, 0)), features["char_weight"]))
    for name in ("encoder", "encoder_identity", "examples_sha256"):
        if not isinstance(manifest[name], str):
            raise TypeError(name)
    for task in tasks:
        thresholds = manifest["thresholds"][task.name]
        codes = {"single": (), "ordinal": task.codes[1:], "multi": task.codes}[task.form]
        routing = [thresholds["suggest"], *thresholds["auto"].values()] if task.name in ("topic", "unit") else []
        if not all(isinstance(number, int | float) for number in (*routing, *(thresholds[code] for code in codes))):
            raise TypeError(f"ambang {task.name}")


def _array(path: Path) -> npt.NDArray[np.float32]:
    array = np.load(path, allow_pickle=False)
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"{path.name}: bukan bilangan")
    return np.asarray(array.astype(np.float32, copy=False))


def _form(value: str) -> Form:
    if value in ("single", "ordinal", "multi"):
        return value  # type: ignore[return-value]
    raise SuaraError(f"bentuk tugas '{value}' tidak dikenal", where="manifest.json", remedy=RETRAIN)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]
