"""Train a bundle: labelled rows in, a folder with weights, thresholds, metrics and a model card out."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from sklearn.metrics import average_precision_score, f1_score
from threadpoolctl import threadpool_limits

from nlp.classify.bundle import FORMAT_VERSION, check_target, made_with, save_bundle
from nlp.classify.calibrate import (
    coverage_at_precision,
    expected_calibration_error,
    routing_thresholds,
    threshold_for_f1,
    threshold_for_recall,
)
from nlp.classify.card import write_card
from nlp.classify.evidence import DEFAULT_PATH as EVIDENCE_PATH
from nlp.classify.evidence import EvidenceFinder, load_rules
from nlp.classify.examples import texts_sha256
from nlp.classify.features import FeatureSpace, tokens
from nlp.classify.heads import (
    CalibratedLinearClassifier,
    CalibratedYesNoHeads,
    kinds_targets,
    scale_targets,
)
from nlp.classify.meaning import vectors_of
from nlp.classify.probability import monotone
from nlp.classify.tasks import FORMS, Task, task_of
from nlp.classify.vectoriser import TextFeatures
from nlp.corpus import read_labelled, read_seed
from nlp.encoders import load_encoder
from nlp.errors import SuaraError
from nlp.labels import DEFAULT_PATH, Labels, load_labels
from nlp.text.privacy import mask

MIN_ROWS_PER_TASK = 30
UNSEEN_LOGIT = -1_000.0  # of a code without rows: never chosen
MIN_ROWS_PER_UNIT = 5  # a unit with fewer messages is not learnt; its messages go to people
ROUTING_PRECISION = 0.95
MEANING_SCALE = 2.0  # brings centred sentence vectors to about the length of a text's row of words
# How much each block of features counts beside the words (1), measured on messages from elsewhere: docs/experiments.md.
CUES_SHARE = {"band": 0.5, "kinds": 0.5}
OTHER_CUES_SHARE = 0.2
MEANING_SHARE = 0.5
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TrainOptions:
    """What `suara train` was asked for."""

    data: tuple[Path, ...] = ()
    columns: dict[str, str] | None = None
    seed_corpus: bool = True
    encoder: str = "bundled"
    seed: int = 0
    labels_path: Path = DEFAULT_PATH
    evidence_path: Path = EVIDENCE_PATH


@dataclass(frozen=True)
class Examples:
    """Rows to learn from: features in blocks (words, cues, meaning) and a group of near-duplicates each."""

    x: sp.csr_matrix
    block_ends: tuple[int, ...]
    groups: npt.NDArray[np.int64]

    def where(self, rows: npt.NDArray[np.bool_]) -> "Examples":
        """Some of the rows."""
        return Examples(self.x[rows], self.block_ends, self.groups[rows])

    def shares(self, task: str) -> tuple[float, ...]:
        """How much each block counts for a task."""
        return (1.0, CUES_SHARE.get(task, OTHER_CUES_SHARE), MEANING_SHARE)[: len(self.block_ends)]


@dataclass
class Trained:
    """One task's part of the model."""

    task: Task
    weights: npt.NDArray[np.float64]
    biases: npt.NDArray[np.float64]
    thresholds: dict[str, Any]
    metrics: dict[str, Any]


def load_rows(options: TrainOptions, labels: Labels) -> pd.DataFrame:
    """All training rows, equal ones once; missing label columns are ''; `from_seed` tells the seed corpus's own."""
    frames = [read_labelled(path, labels, options.columns).assign(from_seed=False) for path in options.data]
    if options.seed_corpus:
        frames.append(read_seed(labels).assign(from_seed=True))
    if not frames:
        raise SuaraError("tidak ada data latih", where="suara train", remedy="Beri --data FILE, atau jangan pakai --no-seed.")
    rows = pd.concat(frames, ignore_index=True)
    for name in FORMS:
        rows[name] = rows[name].fillna("") if name in rows else ""
    return rows[["text", *FORMS, "from_seed"]].drop_duplicates(["text", *FORMS], ignore_index=True)


def near_duplicate_groups(texts: list[str]) -> npt.NDArray[np.int64]:
    """A group number for each text; texts whose first words agree share one, so that copies never straddle folds."""
    keys = [" ".join(sorted(set(tokens(text)[:40]))) for text in texts]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def train(options: TrainOptions, out: Path, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Train on `options.data` and the seed corpus, write the bundle to `out`, return its manifest.

    Every figure and threshold in the manifest comes from rows that the judging model did not see. Raises SuaraError
    for unusable data. The same input and seed give the same weights.
    """
    check_target(out)
    # small matrix products on several BLAS threads wait for each other: 40 times slower on two busy cores
    with threadpool_limits(limits=1):
        return _train(options, out, progress)


def _train(options: TrainOptions, out: Path, progress: Progress) -> dict[str, Any]:
    labels = load_labels(options.labels_path)
    rows = load_rows(options, labels)
    encoder = load_encoder(options.encoder)
    steps = len(FORMS) + 2 + (encoder is not None)
    progress("menyamarkan data pribadi", 0, steps)
    texts = [mask(text).text for text in rows["text"]]
    progress("mempelajari kata", 1, steps)
    features = TextFeatures(min_texts=2 if len(rows) > 1_000 else 1)
    rules = load_rules(options.evidence_path)
    finder = EvidenceFinder(rules)
    blocks = [features.fit_transform(texts), finder.cues([finder.find(tokens(text)) for text in texts])]
    center = np.zeros(0, np.float32)
    example_vectors = np.zeros((0, 0), np.float16)
    from_seed = rows["from_seed"].to_numpy(dtype=bool)
    if encoder is not None:
        meaning = vectors_of(encoder, texts, from_seed, lambda done, total: progress(f"membaca arti {done}/{total}", 2, steps))
        center = meaning.mean(axis=0)
        example_vectors = meaning[from_seed].astype(np.float16)
        blocks.append((meaning - center) * MEANING_SCALE)
    x = sp.hstack([sp.csr_matrix(block) for block in blocks], format="csr", dtype=np.float32)
    block_ends = tuple(int(end) for end in np.cumsum([block.shape[1] for block in blocks]))
    examples = Examples(x, block_ends, near_duplicate_groups(texts))
    trained: list[Trained] = []
    for step, name in enumerate(FORMS, steps - len(FORMS)):
        progress(f"melatih {name}", step, steps)
        part = _train_task(name, examples, rows[name], labels, options.seed)
        if part is not None:
            trained.append(part)
    progress("selesai", steps, steps)
    if not trained:
        raise SuaraError(
            f"terlalu sedikit baris berlabel; perlu sedikitnya {MIN_ROWS_PER_TASK} untuk satu tugas",
            where="suara train",
            remedy="Tambah data, atau jangan pakai --no-seed.",
        )
    manifest = _manifest(options, rows, trained, out.resolve().name)
    manifest["encoder_identity"] = encoder.identity if encoder else ""
    manifest["examples_sha256"] = texts_sha256([text for text, ours in zip(texts, from_seed, strict=True) if ours])
    files = _files(manifest, options, labels, features.space_, _fold_center(trained, center))
    save_bundle(out, files | {"example_vectors.npy": example_vectors})
    return manifest


def _fold_center(trained: list[Trained], center: npt.NDArray[np.float32]) -> list[Trained]:
    """Take centring and scaling of the meaning vectors into weights and biases, so that scoring needs neither."""
    for part in trained if len(center) else []:
        part.weights[-len(center) :] *= MEANING_SCALE
        part.biases = part.biases - center @ part.weights[-len(center) :]
    return trained


def _train_task(name: str, examples: Examples, column: "pd.Series[Any]", labels: Labels, seed: int) -> Trained | None:
    """Fit one task on the rows that have its label; None where there are too few."""
    labelled = column.to_numpy(dtype=object) != ""
    if name == "unit":
        counts = column[labelled].value_counts()
        labelled &= column.isin(counts.index[counts >= MIN_ROWS_PER_UNIT]).to_numpy()
    answers = column.to_numpy(dtype=object)[labelled].astype(str)
    if len(set(examples.groups[labelled])) < MIN_ROWS_PER_TASK or len(set(answers)) < 2:  # copies teach and judge nothing
        return None
    fit = {"single": _train_single, "ordinal": _train_scale, "multi": _train_kinds}[FORMS[name]]
    return fit(name, examples.where(labelled), answers, labels, seed)


def _train_single(name: str, examples: Examples, answers: npt.NDArray[Any], labels: Labels, seed: int) -> Trained:
    head = CalibratedLinearClassifier(block_ends=examples.block_ends, block_shares=examples.shares(name), seed=seed).fit(
        examples.x, answers, examples.groups
    )
    present = list(head.classes_)
    task = task_of(name, labels, tuple(present) if name == "unit" else ())
    weights, biases = np.zeros((examples.x.shape[1], len(task.codes))), np.full(len(task.codes), UNSEEN_LOGIT)
    place = [task.codes.index(code) for code in present]
    weights[:, place], biases[place] = head.coef_, head.intercept_
    held_out = head.probabilities_out_of_fold_
    metrics = single_metrics(held_out, present, answers)
    thresholds = routing_thresholds(held_out, present, answers, precision=ROUTING_PRECISION) if name in {"topic", "unit"} else {}
    return Trained(task, weights, biases, thresholds, metrics)


def _train_scale(name: str, examples: Examples, answers: npt.NDArray[Any], labels: Labels, seed: int) -> Trained:
    task = task_of(name, labels)
    targets = scale_targets(task.codes, answers)
    head = CalibratedYesNoHeads(block_ends=examples.block_ends, block_shares=examples.shares(name), seed=seed).fit(
        examples.x, targets, examples.groups
    )
    at_least = monotone(head.probabilities_out_of_fold_)
    thresholds: dict[str, Any] = {}
    metrics: dict[str, Any] = {"rows": len(answers), "at_least": {}}
    for k, step in enumerate(labels.family(name)[1:]):
        probability, reached = at_least[:, k], targets[:, k]
        wanted = step.recall  # where a miss costs more than a false alarm, the label list says how many must be found
        threshold = threshold_for_recall(probability, reached, wanted) if wanted else threshold_for_f1(probability, reached)
        thresholds[step.code] = threshold
        metrics["at_least"][step.code] = yes_no_metrics(probability, reached, threshold)
    return Trained(task, head.coef_, head.intercept_, thresholds, metrics)


def _train_kinds(name: str, examples: Examples, answers: npt.NDArray[Any], labels: Labels, seed: int) -> Trained:
    task = task_of(name, labels)
    targets = kinds_targets(task.codes, answers)
    head = CalibratedYesNoHeads(block_ends=examples.block_ends, block_shares=examples.shares(name), seed=seed).fit(
        examples.x, targets, examples.groups
    )
    held_out = head.probabilities_out_of_fold_
    thresholds = {code: threshold_for_f1(held_out[:, k], targets[:, k]) for k, code in enumerate(task.codes)}
    chosen = held_out >= np.array([thresholds[code] for code in task.codes])
    metrics = {"rows": len(answers), "macro_f1": float(f1_score(targets, chosen, average="macro", zero_division=0))}
    return Trained(task, head.coef_, head.intercept_, thresholds, metrics)


def single_metrics(probabilities: npt.NDArray[np.float64], codes: list[str], answers: npt.NDArray[Any]) -> dict[str, Any]:
    """How well one-of-several probabilities do: accuracy, macro-F1, top-3, calibration error, coverage at precision."""
    predicted = np.asarray(codes)[probabilities.argmax(axis=1)]
    top, correct = probabilities.max(axis=1), predicted == answers
    third = np.asarray(codes)[np.argsort(-probabilities, axis=1)[:, :3]]
    return {
        "rows": len(answers),
        "accuracy": float(correct.mean()),
        "macro_f1": float(f1_score(answers, predicted, labels=sorted(set(answers)), average="macro", zero_division=0)),
        "top3": float((third == answers[:, None]).any(axis=1).mean()),
        "ece": expected_calibration_error(top, correct),
        "coverage_at_90": coverage_at_precision(top, correct, 0.90),
        "coverage_at_95": coverage_at_precision(top, correct, 0.95),
    }


def yes_no_metrics(probability: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_], threshold: float) -> dict[str, Any]:
    """How well one yes/no probability does: average precision, and precision, recall and F1 at the threshold."""
    chosen = probability >= threshold
    hits = float((chosen & positive).sum())
    return {
        "positive": int(positive.sum()),
        "average_precision": float(average_precision_score(positive, probability)) if positive.any() else None,
        "precision": hits / max(1.0, float(chosen.sum())),
        "recall": hits / max(1.0, float(positive.sum())),
        "f1": 2 * hits / max(1.0, float(chosen.sum() + positive.sum())),
        "ece": expected_calibration_error(probability, positive),
    }


def _manifest(options: TrainOptions, rows: pd.DataFrame, trained: list[Trained], name: str) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "name": name,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": made_with(),
        "encoder": options.encoder,
        "seed": options.seed,
        "rows": len(rows),
        "data": {path.name: _file_sha256(path) for path in options.data},
        "seed_corpus": options.seed_corpus,
        "tasks": [{"name": t.task.name, "form": t.task.form, "codes": list(t.task.codes)} for t in trained],
        "thresholds": {t.task.name: t.thresholds for t in trained},
        "metrics": {t.task.name: t.metrics for t in trained},
    }


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(
    manifest: dict[str, Any], options: TrainOptions, labels: Labels, space: FeatureSpace, trained: list[Trained]
) -> dict[str, str | bytes | npt.NDArray[Any]]:
    manifest["features"] = {"chars": list(space.chars or ()), "char_weight": space.char_weight}
    weights = np.concatenate([t.weights for t in trained], axis=1).astype(np.float32)
    return {
        "manifest.json": json.dumps(manifest, indent=1, ensure_ascii=False) + "\n",
        "labels.toml": options.labels_path.read_bytes(),
        "evidence.toml": options.evidence_path.read_bytes(),
        "words.txt": "".join(f"{word}\n" for word in space.words),
        "ngrams.txt": "".join(f"{gram}\n" for gram in space.grams),
        "idf.npy": space.idf,
        "weights.npy": weights[: len(space.idf)],
        "dense_weights.npy": weights[len(space.idf) :],
        "biases.npy": np.concatenate([t.biases for t in trained]).astype(np.float32),
        "card.md": write_card(manifest, labels),
    }
