"""What the first page shows of an assessment, in words a desk officer uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from nlp import Assessment, Example, Explanation
from nlp.labels import Labels

EXAMPLES = (
    "Lampu jalan di tikungan dekat balai desa padam sejak Senin, sudah dua motor jatuh. Mohon segera diperbaiki.",
    "Pak, waktu urus surat pindah di kantor desa saya dimintai 150rb oleh petugas, katanya uang administrasi. Apa benar?",
    "Terima kasih petugas puskesmas, anak saya dilayani cepat dan ramah walau datang menjelang tutup.",
)
FAMILIES = (
    ("topic", "Topik"),
    ("unit", "Unit tujuan"),
    ("aspect", "Unsur layanan (SKM)"),
    ("sentiment", "Sentimen"),
    ("urgency", "Urgensi"),
)
DECISIONS = {
    "auto": ("Dapat diteruskan otomatis", "Model cukup yakin untuk meneruskan pesan ini tanpa pemeriksaan."),
    "suggest": ("Perlu dipilih petugas", "Model memberi saran; petugas memilih tujuan yang tepat."),
    "manual": ("Perlu dibaca petugas", "Model tidak cukup yakin; mohon pesan ini dibaca."),
}
HEAVIEST_WORDS = 4
CIRCUMSTANCES = ("tempat", "waktu")  # evidence that tells where and when, and raises no risk


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result."""

    title: str
    name: str
    code: str
    meaning: str
    probability: float
    others: tuple[tuple[str, float], ...]
    words: tuple[str, ...]
    by_meaning: bool


@dataclass(frozen=True, slots=True)
class Similar:
    """A message of the seed corpus that resembles the text, and what it was labelled as."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the masked text; `evidence` where it points to an integrity risk."""

    text: str
    evidence: bool


@dataclass(frozen=True, slots=True)
class Result:
    """All the page shows."""

    rows: tuple[Row, ...]
    decision: str
    decision_title: str
    decision_meaning: str
    flagged: bool
    band_name: str
    band_meaning: str
    risk: float | None
    kinds: tuple[str, ...]
    pieces: tuple[Piece, ...]
    similar: tuple[Similar, ...]
    unanswered: tuple[str, ...]
    model: str


def percent(probability: float) -> str:
    """'97 %'; never 0 or 100, which would claim certainty."""
    return f"{min(99, max(1, round(100 * probability)))} %"


def form_problem(text: str) -> str | None:
    """What makes a pasted text unfit before it is assessed."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        return "teks memuat huruf yang tidak sah"
    return None


def assessment_view(
    assessment: Assessment,
    explanations: dict[str, Explanation],
    examples: Sequence[Example],
    unanswered: tuple[str, ...],
    labels: Labels,
) -> Result:
    """Put an assessment into words."""
    meanings = {
        (family, label.code): label.meaning
        for family in ("topic", "aspect", "sentiment", "urgency", "band")
        for label in labels.family(family)
    }
    rows = []
    for family, title in FAMILIES:
        choice = getattr(assessment, family)
        if choice is None:
            continue
        rows.append(
            Row(
                title=title,
                name=labels.name(family, choice.code) if family != "unit" else choice.code,
                code=choice.code,
                meaning=meanings.get((family, choice.code), ""),
                probability=choice.probability,
                others=tuple((labels.name(family, code), p) for code, p in choice.alternatives[1:] if p >= 0.05),
                words=_words(explanations[family]),
                by_meaning=_by_meaning(explanations[family]),
            )
        )
    decision_title, decision_meaning = DECISIONS[assessment.decision]
    if assessment.flagged:
        decision_meaning = "Karena ada petunjuk integritas, pesan ini tidak diteruskan sebelum dilihat petugas."
    band = assessment.band.code if assessment.band else "0"
    return Result(
        rows=tuple(rows),
        decision=assessment.decision,
        decision_title=decision_title,
        decision_meaning=decision_meaning,
        flagged=assessment.flagged,
        band_name=labels.name("band", band),
        band_meaning=meanings["band", band],
        risk=assessment.integrity_risk,
        kinds=tuple(labels.name("kinds", code) for code in assessment.kinds),
        pieces=_pieces(assessment),
        unanswered=unanswered,
        similar=tuple(_similar(example, labels) for example in examples),
        model=assessment.model,
    )


def _words(explanation: Explanation) -> tuple[str, ...]:
    """The words that spoke for the label, heaviest first, each once."""
    words = (reason.text.strip(".,;:!?()\"'").lower() for reason in explanation.words if reason.weight > 0)
    return tuple(dict.fromkeys(filter(None, words)))[:HEAVIEST_WORDS]


def _by_meaning(explanation: Explanation) -> bool:
    """Whether the sense of the whole text spoke louder for the label than any one word."""
    return explanation.meaning > max((word.weight for word in explanation.words), default=0.0)


def _similar(example: Example, labels: Labels) -> Similar:
    shown = ("topic", "aspect", "sentiment", "urgency")
    return Similar(example.text, tuple(labels.name(family, example.labels[family]) for family in shown if example.labels[family]))


def _pieces(assessment: Assessment) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    position = 0
    for item in sorted(assessment.evidence, key=lambda item: item.start):
        if item.start < position or item.role in CIRCUMSTANCES:
            continue
        pieces += [
            Piece(assessment.masked_text[position : item.start], evidence=False),
            Piece(item.text, evidence=True),
        ]
        position = item.end
    pieces.append(Piece(assessment.masked_text[position:], evidence=False))
    return tuple(piece for piece in pieces if piece.text)
