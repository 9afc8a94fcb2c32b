"""Score many texts: a file in, a file out, in order, in bounded memory, on all cores of one machine."""

import json
import os
import sys
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict
from functools import lru_cache, partial
from itertools import chain
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Any

import pandas as pd

from nlp.classify.bundle import SUMS, check_bundle
from nlp.classify.score import Assessment, Choice, Scorer
from nlp.columns import find_column
from nlp.errors import SuaraError
from nlp.tables import TableWriter, as_text, read_chunks, read_header

SCORE_COLUMNS = (
    "topic", "topic_probability", "topic_alternatives", "aspect", "aspect_probability", "sentiment", "sentiment_probability",
    "urgency", "urgency_probability", "band", "integrity_risk", "kinds", "evidence", "decision", "masked_text", "model",
    "problem",
)  # fmt: skip
UNIT_COLUMNS = ("unit", "unit_probability")
Progress = Callable[[int, int | None], None]
Scored = tuple[pd.DataFrame, dict[str, int]]  # a chunk's rows and what was counted in them


def score_file(
    source: Path, out: Path, model: Path, columns: dict[str, str] | None = None, progress: Progress = lambda *_: None
) -> dict[str, int]:
    """Score every row of `source` into `out`: the input's rows, order and columns, and the assessment's columns.

    An input column that bears one of the new names comes back as `given_NAME`. Returns counts: rows, problems, auto,
    suggest, manual, flagged. Raises SuaraError and leaves no `out` behind when the file or the model is unusable.
    """
    header = read_header(source)
    text_column = find_column(source, list(header.columns), "text", columns or {})
    double = [name for name in (*SCORE_COLUMNS, *UNIT_COLUMNS) if {name, f"given_{name}"} <= set(header.columns)]
    if double:
        raise SuaraError(
            f"kolom '{double[0]}' dan 'given_{double[0]}' ada bersamaan",
            where=source.name,
            remedy="Ganti nama salah satunya.",
        )
    if source.resolve() == out.resolve():
        raise SuaraError("--out sama dengan berkas masukan", where=str(out), remedy="Pilih nama lain.")
    check_bundle(model)
    version = (model / SUMS).read_text(encoding="ascii")
    scorer = _scorer(model, version)
    has_units = scorer.has_units
    several_processes = scorer.bundle.manifest["encoder"] == "none"  # an encoder takes all cores by itself
    score_chunk = partial(_score_chunk, model=model, version=version, text_column=str(text_column), has_units=has_units)
    counts = dict.fromkeys(("rows", "problems", "auto", "suggest", "manual", "flagged"), 0)
    with TableWriter(out) as writer, closing(_scored_chunks(source, score_chunk, several_processes=several_processes)) as scored:
        for frame, part in scored:
            writer.write(frame)
            for name, n in part.items():
                counts[name] += n
            progress(counts["rows"], header.n_rows)
    return counts


def _scored_chunks(source: Path, score_chunk: Callable[[pd.DataFrame], Scored], *, several_processes: bool) -> Generator[Scored]:
    """Frames in the order of the file, a few chunks ahead at most."""
    chunks = read_chunks(source)
    first = next(chunks)
    second = next(chunks, None) if several_processes else None
    if second is None:
        yield from map(score_chunk, chain((first,), chunks))
        return
    n_processes = min(os.cpu_count() or 1, 8)
    # forked workers share the model that this process has read and start at once; elsewhere they read it themselves
    context = get_context("fork" if "fork" in get_all_start_methods() and sys.platform != "darwin" else None)
    with ProcessPoolExecutor(n_processes, mp_context=context) as pool:
        pending: deque[Future[Scored]] = deque()
        for chunk in chain((first, second), chunks):
            pending.append(pool.submit(score_chunk, chunk))
            if len(pending) > 2 * n_processes:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


@lru_cache(maxsize=1)
def _scorer(model: Path, version: str) -> Scorer:
    """One scorer a process; `version` tells a model trained anew in the same folder apart."""
    return Scorer.load(model)


def _score_chunk(frame: pd.DataFrame, *, model: Path, version: str, text_column: str, has_units: bool) -> Scored:
    assessments = _scorer(model, version).assess(as_text(frame[text_column]).tolist())
    added = pd.DataFrame(
        [as_row(assessment, has_units=has_units) for assessment in assessments],
        columns=list(score_columns(has_units=has_units)),
        index=frame.index,
    )
    numbers = [name for name in added.columns if name.endswith("_probability") or name == "integrity_risk"]
    added = added.astype(dict.fromkeys(numbers, "float64"))
    clashing = {name: f"given_{name}" for name in frame.columns if name in added.columns}
    result = pd.concat([frame.rename(columns=clashing), added], axis=1)
    counts = {
        "rows": len(frame),
        "problems": sum(a.problem is not None for a in assessments),
        "flagged": sum(a.flagged for a in assessments),
    }
    for decision in ("auto", "suggest", "manual"):
        counts[decision] = sum(a.decision == decision for a in assessments)
    return result, counts


def score_columns(*, has_units: bool) -> tuple[str, ...]:
    """Columns that scoring adds, in order."""
    if not has_units:
        return SCORE_COLUMNS
    at = SCORE_COLUMNS.index("decision")
    return (*SCORE_COLUMNS[:at], *UNIT_COLUMNS, *SCORE_COLUMNS[at:])


def _choice(row: dict[str, Any], name: str, choice: Choice | None) -> None:
    row[name] = choice.code if choice else ""
    row[f"{name}_probability"] = round(choice.probability, 4) if choice else None


def as_row(assessment: Assessment, *, has_units: bool) -> dict[str, Any]:
    """One assessment as the contract's columns; missing labels are '' and missing numbers None."""
    row: dict[str, Any] = {}
    for name in ("topic", "aspect", "sentiment", "urgency"):
        _choice(row, name, getattr(assessment, name))
    if has_units:
        _choice(row, "unit", assessment.unit)
    alternatives = assessment.topic.alternatives if assessment.topic else ()
    row["topic_alternatives"] = "|".join(f"{code}:{probability:.4f}" for code, probability in alternatives)
    row["band"] = assessment.band.code if assessment.band else ""
    row["integrity_risk"] = None if assessment.integrity_risk is None else round(assessment.integrity_risk, 4)
    row["kinds"] = "|".join(assessment.kinds)
    row["evidence"] = (
        json.dumps([asdict(item) for item in assessment.evidence], ensure_ascii=False) if assessment.evidence else "[]"
    )
    row["decision"] = assessment.decision
    row["masked_text"] = assessment.masked_text
    row["model"] = assessment.model
    row["problem"] = assessment.problem or ""
    return row
