"""Holds the loaded model; loads it beside the start of the service and says when it is ready."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from api.errors import ApiError
from nlp import Assessment, Example, Explanation, Scorer
from nlp.errors import SuaraError
from nlp.labels import Labels

log = structlog.get_logger()
CANNED_TEXT = "Lampu jalan di depan balai desa padam, mohon diperbaiki."


class ScoringService:
    """One model for the whole process."""

    def __init__(self, model_dir: Path, when_ready: Callable[[str], None] = lambda _: None) -> None:
        """`when_ready` is called once with the model's name, in the thread that loaded it."""
        self._model_dir, self._when_ready = model_dir, when_ready
        self._scorer: Scorer | None = None
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._load, name="load-model", daemon=True)

    def start(self) -> None:
        """Load the model in the background, so that /healthz answers meanwhile."""
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the loading to end; whether the model is ready."""
        self._thread.join(timeout_s)
        return self.ready

    def _load(self) -> None:
        try:
            scorer = Scorer.load(self._model_dir)
            scorer.assess([CANNED_TEXT])
        except SuaraError as error:
            self._failure = str(error)
            log.error("model unusable", error=error.what)
            return
        self._scorer = scorer
        log.info("model ready", model=scorer.bundle.name)
        self._when_ready(scorer.bundle.name)

    @property
    def ready(self) -> bool:
        """Whether a canned text has been scored."""
        return self._scorer is not None

    @property
    def scorer(self) -> Scorer:
        """The model; ApiError 503 until it is ready."""
        if self._scorer is None:
            detail = (
                "Model tidak dapat dimuat; lihat catatan layanan."
                if self._failure
                else "Model sedang disiapkan. Coba lagi sebentar."
            )
            raise ApiError(503, "model_belum_siap", "Model belum siap", detail, {"Retry-After": "2"})
        return self._scorer

    @property
    def labels(self) -> Labels:
        """The label list of the model's bundle."""
        return self.scorer.bundle.labels

    def explain(self, assessment: Assessment) -> dict[str, Explanation]:
        """For each task why its code was chosen."""
        return self.scorer.explain(assessment)

    def unanswered(self, assessment: Assessment) -> tuple[str, ...]:
        """What a report does not say: of who, what, where, when, how much."""
        return tuple(question for question, answered in self.scorer.completeness(assessment).items() if not answered)

    def nearest_examples(self, assessment: Assessment) -> tuple[Example, ...]:
        """Messages of the seed corpus that resemble this one."""
        return self.scorer.nearest_examples(assessment)

    def masked(self, text: str) -> str:
        """Words an officer typed, personal data masked."""
        return self.scorer.masked(text)

    def assess(self, texts: Sequence[str]) -> list[Assessment]:
        """Assess texts, in order."""
        return self.scorer.assess(texts)
