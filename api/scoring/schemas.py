"""What goes in and out of scoring over HTTP."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from nlp import Assessment
from nlp.labels import Labels

MAX_TEXT_CHARS = 20_000


def clean(text: str) -> str:
    """Refuse what no database and no file keeps: NUL and lone surrogates."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("teks memuat huruf yang tidak sah (NUL atau separuh pasangan Unicode)")
    return text


CleanText = Annotated[str, AfterValidator(clean)]
MessageText = Annotated[CleanText, Field(max_length=MAX_TEXT_CHARS)]


class ScoreItem(BaseModel):
    """A text with the caller's own id."""

    id: Annotated[CleanText, Field(max_length=200)]
    text: MessageText


class ScoreRequest(BaseModel):
    """Either `texts` or `items`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"texts": ["Lampu jalan di gang kami padam sejak Senin, mohon diperbaiki."]},
                {"items": [{"id": "17", "text": "Mau urus KK diminta 100 ribu oleh petugas loket."}]},
            ]
        }
    )

    texts: list[MessageText] | None = None
    items: list[ScoreItem] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.texts is None) == (self.items is None):
            raise ValueError("isi salah satu: texts atau items")
        return self

    def pairs(self) -> list[tuple[str | None, str]]:
        """(id, text) of each message."""
        if self.items is not None:
            return [(item.id, item.text) for item in self.items]
        return [(None, text) for text in self.texts or []]


class AlternativeOut(BaseModel):
    """Another code that may be right."""

    code: str = Field(examples=["penerangan_jalan"])
    name: str = Field(examples=["Penerangan jalan"])
    probability: float = Field(ge=0, le=1, examples=[0.97])


class ChoiceOut(AlternativeOut):
    """A code with its probability and the likeliest others."""

    alternatives: list[AlternativeOut] = []


class EvidenceOut(BaseModel):
    """Words of `masked_text` (from `start` to before `end`) behind an integrity flag."""

    start: int
    end: int
    text: str
    role: str
    weight: float


class AssessmentOut(BaseModel):
    """What the model says of one message."""

    topic: ChoiceOut | None
    aspect: ChoiceOut | None
    sentiment: ChoiceOut | None
    urgency: ChoiceOut | None
    unit: ChoiceOut | None
    band: ChoiceOut | None
    integrity_risk: float | None = Field(description="Kemungkinan pita 2 atau 3, terkalibrasi.")
    kinds: list[str] = Field(examples=[["pungli_pemerasan"]])
    evidence: list[EvidenceOut]
    decision: Literal["auto", "suggest", "manual"]
    masked_text: str
    model: str
    problem: str | None = None


class ScoredOut(AssessmentOut):
    """An assessment with the caller's id, where one was given."""

    id: str | None = None


class ScoreResponse(BaseModel):
    """Results in the order of the request."""

    results: list[ScoredOut]


def assessment_out(assessment: Assessment, labels: Labels) -> AssessmentOut:
    """An assessment for HTTP, codes with their Indonesian names."""

    def alternative(family: str, code: str, probability: float) -> AlternativeOut:
        name = code if family == "unit" else labels.name(family, code)
        return AlternativeOut(code=code, name=name, probability=round(probability, 4))

    def choice(family: str) -> ChoiceOut | None:
        chosen = getattr(assessment, family)
        if chosen is None:
            return None
        head = alternative(family, chosen.code, chosen.probability)
        return ChoiceOut(**head.model_dump(), alternatives=[alternative(family, *pair) for pair in chosen.alternatives])

    return AssessmentOut(
        topic=choice("topic"),
        aspect=choice("aspect"),
        sentiment=choice("sentiment"),
        urgency=choice("urgency"),
        unit=choice("unit"),
        band=choice("band"),
        integrity_risk=None if assessment.integrity_risk is None else round(assessment.integrity_risk, 4),
        kinds=list(assessment.kinds),
        evidence=[EvidenceOut(start=e.start, end=e.end, text=e.text, role=e.role, weight=e.weight) for e in assessment.evidence],
        decision=assessment.decision,
        masked_text=assessment.masked_text,
        model=assessment.model,
        problem=assessment.problem,
    )
