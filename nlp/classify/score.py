"""Score texts with a bundle: one stacked product for all tasks, then codes, probabilities, reasons and a decision."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from nlp.classify.bundle import Bundle, check_bundle, load_bundle
from nlp.classify.evidence import EvidenceFinder, Found, circumstances, completeness, places_shown
from nlp.classify.examples import Example, Examples
from nlp.classify.features import FeatureSpace, tokens, tokens_with_spans
from nlp.classify.probability import monotone, sigmoid, softmax
from nlp.classify.reasons import MAX_REASONS, Explanation, against_others, step_reached, word_weights
from nlp.classify.tasks import Task
from nlp.encoders import SentenceEncoder, load_encoder
from nlp.errors import SuaraError
from nlp.text import MAX_TEXT_CHARS
from nlp.text.privacy import mask

__all__ = ["Assessment", "Choice", "Evidence", "Example", "Explanation", "Scorer", "check_bundle", "text_problem"]
_PUNCTUATION = ".,;:!?()\"'"
Decision = Literal["auto", "suggest", "manual"]
MAX_EVIDENCE = 8  # spans that raised the risk, phrases in the order of SHOWN_ROLES before single words
MAX_CIRCUMSTANCES = 4  # places and times shown beside them; they raise no risk
MAX_WORDS = 3
MIN_WORD_WEIGHT = 0.1  # logits; lighter words would mark chance
SHOWN_ROLES = {"act": "perbuatan", "gain": "keuntungan", "amount": "jumlah", "actor": "pelaku"}
SHOWN_CIRCUMSTANCES = {"place": "tempat", "time": "waktu"}
SINGLE_TASKS = ("topic", "aspect", "sentiment", "unit")


@dataclass(frozen=True, slots=True)
class Choice:
    """A code with its calibrated probability and the next likeliest ones (the chosen code first)."""

    code: str
    probability: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of the masked text (`start:end`) that raised the integrity risk, and by how much (logits); also where and when."""

    start: int
    end: int
    text: str
    role: str
    weight: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the model says of one message. Tasks that the bundle lacks are None; `problem` says why there is nothing."""

    masked_text: str
    decision: Decision
    model: str
    topic: Choice | None = None
    aspect: Choice | None = None
    sentiment: Choice | None = None
    urgency: Choice | None = None
    band: Choice | None = None
    integrity_risk: float | None = None
    kinds: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    unit: Choice | None = None
    problem: str | None = None
    meaning: npt.NDArray[np.float32] | None = field(default=None, compare=False, repr=False)  # the encoder's vector

    @property
    def flagged(self) -> bool:
        """Whether an integrity unit should look at it."""
        return self.band is not None and self.band.code >= "2"


def text_problem(text: str) -> str | None:
    """Why a text cannot be assessed, in Indonesian; None when it can."""
    stripped = text.strip()
    if len(text) > MAX_TEXT_CHARS:
        return f"teks {len(text):,} huruf melebihi batas {MAX_TEXT_CHARS:,} huruf".replace(",", ".")
    if not stripped:
        return "teks kosong"
    if stripped.startswith("#") and stripped.upper() in {
        "#REF!",
        "#N/A",
        "#VALUE!",
        "#NAME?",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
    }:
        return "sel berisi galat rumus"
    if stripped.startswith("=") and "(" in stripped and stripped[1:2].isalpha():
        return "sel berisi rumus, bukan teks"
    if not any(character.isalnum() for character in stripped):
        return "teks tanpa huruf"
    return None


def _encoder_of(bundle: Bundle) -> SentenceEncoder | None:
    """The encoder a bundle was trained with; SuaraError where the one of that name here is another."""
    name = bundle.manifest["encoder"]
    encoder = load_encoder(name)
    if encoder is not None and encoder.identity != bundle.manifest["encoder_identity"]:
        raise SuaraError("penyandi di sini bukan yang dipakai saat melatih", where=bundle.name, remedy="Latih ulang model ini.")
    return encoder


def _evidence_of(text: str, start: int, end: int, role: str, weight: float) -> Evidence:
    """A span without the punctuation around it."""
    shown = text[start:end]
    start += len(shown) - len(shown.lstrip(_PUNCTUATION))
    shown = shown.strip(_PUNCTUATION)
    return Evidence(start, start + len(shown), shown, role, round(weight, 4))


class Scorer:
    """Assesses texts with one bundle. Safe to share between threads: nothing changes after loading but caches."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        options = bundle.manifest["features"]
        chars = (int(options["chars"][0]), int(options["chars"][1])) if options["chars"] else None
        self._features = FeatureSpace(bundle.words, bundle.ngrams, bundle.idf, chars=chars, char_weight=options["char_weight"])
        self._finder = EvidenceFinder(bundle.rules)
        self._n_cues = len(self._finder.cue_names)
        self._encoder = _encoder_of(bundle)
        ends = np.cumsum([task.n_outputs for task in bundle.tasks])
        self._columns = {
            task.name: slice(int(end) - task.n_outputs, int(end)) for task, end in zip(bundle.tasks, ends, strict=True)
        }
        self._tasks = {task.name: task for task in bundle.tasks}
        if "band" in self._tasks:  # the question "at least band 2", asked of every word of a flagged text
            self._risk_weights = bundle.weights[:, self._columns["band"].start + 1].astype(np.float64)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """A scorer from a bundle's folder; SuaraError where it is not usable."""
        return cls(load_bundle(folder))

    @property
    def has_units(self) -> bool:
        """Whether the model was trained on messages with their unit."""
        return "unit" in self._tasks

    @staticmethod
    def masked(text: str) -> str:
        """A text with personal data masked, as assessments hold it."""
        return mask(text).text

    def assess(self, texts: Sequence[str]) -> list[Assessment]:
        """One assessment for each text, in order. Unreadable texts get `problem` and decision manual."""
        problems = [text_problem(text) for text in texts]
        masked = [mask(text).text if len(text) <= MAX_TEXT_CHARS else "" for text in texts]
        rows = [tokens(text) for text in masked]
        found = [self._finder.find(row) for row in rows]
        words = self._features.transform_tokens(rows)
        vectors = self._encoder.encode(masked) if self._encoder is not None else None
        logits = self._logits(found, words, vectors)
        probabilities = {name: self._probabilities(name, logits) for name in self._tasks}
        choices = {name: self._choices(name, probabilities[name]) for name in SINGLE_TASKS if name in self._tasks}
        assessments = [
            self._assessment(i, masked[i], choices, probabilities)
            if problem is None
            else Assessment(masked_text=masked[i], decision="manual", model=self.bundle.name, problem=problem)
            for i, problem in enumerate(problems)
        ]
        return [
            replace(
                assessment,
                evidence=self._evidence(masked[i], found[i], words[i]) if assessment.flagged else (),
                meaning=None if vectors is None else vectors[i],
            )
            for i, assessment in enumerate(assessments)
        ]

    def _logits(
        self, found: Sequence[Sequence[Found]], words: sp.csr_matrix, vectors: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float32]:
        """Calibrated logits of all tasks, (n_texts, n_outputs)."""
        logits = words @ self.bundle.weights + self.bundle.biases
        logits += sp.csr_matrix(self._finder.cues(found)) @ self.bundle.dense_weights[: self._n_cues]  # row by row alike
        if vectors is not None:
            weights = self.bundle.dense_weights[self._n_cues :]
            for i, vector in enumerate(vectors):
                logits[i] += vector @ weights  # one by one: a product of matrices rounds by how many rows it has
        return np.asarray(logits)

    def _probabilities(self, name: str, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Probabilities a task's codes (single, scale) or questions (kinds) have, (n_texts, n_codes)."""
        part = logits[:, self._columns[name]]
        form = self._tasks[name].form
        if form == "single":
            return softmax(part)
        return monotone(sigmoid(part)) if form == "ordinal" else sigmoid(part)

    def _assessment(
        self,
        i: int,
        masked_text: str,
        choices: dict[str, list[Choice]],
        probabilities: dict[str, npt.NDArray[np.float64]],
    ) -> Assessment:
        single = {name: chosen[i] for name, chosen in choices.items()}
        scale = {name: self._level(name, probabilities[name][i]) for name in ("urgency", "band") if name in probabilities}
        band = scale.get("band")
        flagged = band is not None and band.code >= "2"
        return Assessment(
            masked_text=masked_text,
            decision=self._decision(single, flagged=flagged),
            model=self.bundle.name,
            topic=single.get("topic"),
            aspect=single.get("aspect"),
            sentiment=single.get("sentiment"),
            urgency=scale.get("urgency"),
            band=band,
            integrity_risk=float(probabilities["band"][i][1]) if "band" in probabilities else None,
            kinds=self._kinds(probabilities["kinds"][i]) if flagged and "kinds" in probabilities else (),
            unit=single.get("unit"),
        )

    def _choices(self, name: str, probabilities: npt.NDArray[np.float64]) -> list[Choice]:
        """The likeliest code of each text with the next two."""
        codes = self._tasks[name].codes
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
        best = np.take_along_axis(probabilities, order, axis=1)
        rows = zip(order.tolist(), best.tolist(), strict=True)
        top = [tuple((codes[k], p) for k, p in zip(*row, strict=True)) for row in rows]
        return [Choice(*alternatives[0], alternatives) for alternatives in top]

    def _level(self, name: str, at_least: npt.NDArray[np.float64]) -> Choice:
        """The highest step of a scale whose threshold is reached, with the probability of being at least there."""
        task: Task = self._tasks[name]
        thresholds = self.bundle.manifest["thresholds"][name]
        level = 0
        for k, code in enumerate(task.codes[1:]):
            if at_least[k] >= thresholds[code] and (k == level or (name == "band" and k == 1)):
                level = k + 1
        probability = float(at_least[level - 1]) if level else float(1 - at_least[0])
        return Choice(task.codes[level], probability)

    def _kinds(self, row: npt.NDArray[np.float64]) -> tuple[str, ...]:
        """Kinds over their thresholds, the likeliest first; at least one."""
        codes = self._tasks["kinds"].codes
        thresholds = self.bundle.manifest["thresholds"]["kinds"]
        order = np.argsort(-row)
        return tuple(codes[k] for n, k in enumerate(order) if n == 0 or row[k] >= thresholds[codes[k]])

    def _decision(self, single: dict[str, Choice], *, flagged: bool) -> Decision:
        """How far routing may go by itself. A flagged message is never sent on without a person: the unit it would go
        to may be the one it speaks of.
        """
        name = "unit" if "unit" in single else "topic"
        if name not in single:
            return "manual"
        choice, thresholds = single[name], self.bundle.manifest["thresholds"][name]
        if choice.probability >= thresholds["auto"].get(choice.code, 2.0) and not flagged:
            return "auto"
        return "suggest" if choice.probability >= thresholds["suggest"] else "manual"

    # ------------------------------------------------------------------------------------------------ reasons
    def _evidence(self, masked_text: str, phrases: Sequence[Found], words_row: sp.csr_matrix) -> tuple[Evidence, ...]:
        """Phrases of the evidence layer, each with the weight its words have, and the words that raised the risk most."""
        spans = tokens_with_spans(masked_text)
        row = [token for token, _, _ in spans]
        reasons = word_weights(self._features, masked_text, spans, words_row, self._risk_weights)
        weight_at = {(r.start, r.end): r.weight for r in reasons}
        found: list[Evidence] = []
        taken: set[int] = set()
        for item in sorted(phrases, key=lambda f: f.first - f.last):
            first, last = places_shown(row, item)
            positions = set(range(first, last + 1))
            if item.role in SHOWN_ROLES and not item.weakened and not positions & taken:
                taken |= positions
                start, end = spans[first][1], spans[last][2]
                weight = sum(weight_at[place] for place in {spans[k][1:] for k in positions})
                found.append(_evidence_of(masked_text, start, end, SHOWN_ROLES[item.role], weight))
        covered = {spans[k][1:] for k in taken}
        words = [(place, w) for place, w in weight_at.items() if w >= MIN_WORD_WEIGHT and place not in covered]
        found += [_evidence_of(masked_text, start, end, "kata", weight) for (start, end), weight in words[:MAX_WORDS]]
        roles = [*SHOWN_ROLES.values(), "kata"]
        shown = sorted(found, key=lambda e: (roles.index(e.role), -e.weight))[:MAX_EVIDENCE]
        shown += self._circumstances(masked_text, shown)
        return tuple(sorted(shown, key=lambda e: e.start))

    @staticmethod
    def _circumstances(masked_text: str, shown: Sequence[Evidence]) -> list[Evidence]:
        """Places and times outside the spans already shown."""
        free = [
            _evidence_of(masked_text, start, end, SHOWN_CIRCUMSTANCES[role], 0.0)
            for start, end, role in circumstances(masked_text)
            if all(end <= other.start or start >= other.end for other in shown)
        ]
        return free[:MAX_CIRCUMSTANCES]

    def explain(self, assessment: Assessment) -> dict[str, Explanation]:
        """For each task why its code was chosen: exact parts of the logit against the mean of the other codes."""
        if assessment.problem is not None:
            return {}
        text = assessment.masked_text
        spans = tokens_with_spans(text)
        row = [token for token, _, _ in spans]
        cues, words_row = self._finder.cues([self._finder.find(row)])[0], self._features.transform_tokens([row])
        meaning = self._encoder.encode([text])[0] if self._encoder is not None else np.zeros(0, np.float32)
        explanations: dict[str, Explanation] = {}
        for name, task in self._tasks.items():
            choice: Any = getattr(assessment, name)
            if task.form == "multi" or choice is None:
                continue
            columns, k = self._columns[name], task.codes.index(choice.code)
            direction = against_others(task.n_outputs, k) if task.form == "single" else step_reached(task.n_outputs, k)
            weights = self.bundle.weights[:, columns].astype(np.float64) @ direction
            words = word_weights(self._features, text, spans, words_row, weights)
            dense = self.bundle.dense_weights[:, columns].astype(np.float64) @ direction
            explanations[name] = Explanation(
                words=tuple(words[:MAX_REASONS]),
                all_words=sum(word.weight for word in words),
                cues=float(cues @ dense[: self._n_cues]),
                meaning=float(meaning @ dense[self._n_cues :]),
                base=float(self.bundle.biases[columns] @ direction),
            )
        return explanations

    def completeness(self, assessment: Assessment) -> dict[str, bool]:
        """Which of who, what, where, when and how much the message answers; for the questions to ask back."""
        return completeness(assessment.masked_text, self._finder)

    def nearest_examples(self, assessment: Assessment, n: int = 3) -> tuple[Example, ...]:
        """The `n` messages of the seed corpus nearest in meaning (in words, for a model without encoder), nearest first."""
        if assessment.problem is not None:
            return ()
        return self._examples.nearest(assessment.masked_text, n)

    @cached_property
    def _examples(self) -> Examples:
        if self._encoder is not None:
            return Examples.with_vectors(self.bundle, self._encoder)
        return Examples.with_words(self.bundle)
