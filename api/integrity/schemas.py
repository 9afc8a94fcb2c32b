"""What goes in and out of the room of integrity cases."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.feedback.schemas import Moment, Visibility
from api.identifiers import PUBLIC_ID
from api.integrity.states import FORWARDED, NOTICE, Decision, Origin, State
from api.routing.schemas import Reason
from api.scoring.schemas import EvidenceOut, clean

RequestState = Literal["menunggu", "disetujui", "ditolak", "dibuka", "kedaluwarsa"]
MAX_EXPORTED = 200
REFERENCE_PLACE = 10  # a ULID's first 10 characters tell the moment it was made, the other 16 are random
CaseId = Annotated[str, StringConstraints(pattern=PUBLIC_ID)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000), AfterValidator(clean)]
Institution = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=120), AfterValidator(clean)]
EXAMPLE_ID = "01kb4m0c2dq8x5w7t9r3z6y1ha"


# ---------------------------------------------------------------------------------------------- cases
class CaseFilter(BaseModel):
    """Which cases to list, and in which order."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    decision: Decision | None = None
    kind: Annotated[str, Field(pattern="^[a-z0-9_]{1,40}$")] | None = Field(default=None, description="Kode jenis petunjuk.")
    topic: Annotated[str, Field(pattern="^[a-z0-9_]{1,40}$")] | None = None
    unit: Annotated[str, Field(pattern="^(-|[a-z0-9_-]{1,60})$")] | None = Field(
        default=None, description="Kode unit; '-' untuk yang tidak dipegang unit."
    )
    reference: Annotated[str, Field(pattern="^[0-9a-z]{16}$")] | None = Field(
        default=None, description="Referensi pada ekspor: enam belas huruf terakhir nomor perkara."
    )
    since: Moment | None = Field(default=None, description="Pesan diterima sejak waktu ini.")
    until: Moment | None = Field(default=None, description="Pesan diterima sebelum waktu ini.")
    order: Literal["terbaru", "risiko"] = Field(
        default="terbaru", description="terbaru: yang dibuka terakhir dahulu; risiko: pita lalu risiko tertinggi dahulu."
    )
    limit: Annotated[int, Field(ge=1)] = 20
    cursor: CaseId | None = None


class NamedCode(BaseModel):
    """A code with its Indonesian name."""

    code: str = Field(examples=["pungli_pemerasan"])
    name: str = Field(examples=["Pungutan liar dan pemerasan"])


class CaseOut(BaseModel):
    """A message that an integrity unit looks at. What points to a risk is a request to look, never an accusation."""

    id: str = Field(examples=[EXAMPLE_ID])
    feedback_id: str = Field(examples=[EXAMPLE_ID])
    state: State
    decision: Decision | None
    forwarded_to: str | None
    origin: Origin
    visibility: Visibility
    at_the_desk: bool = Field(description="true: dikembalikan ke meja pengaduan sebagai bukan persoalan integritas.")
    opened_at: AwareDatetime
    decided_at: AwareDatetime | None
    received_at: AwareDatetime
    age_working_days: int = Field(description="Hari kerja sejak perkara dibuka, sampai diputus atau sampai hari ini.")
    topic: NamedCode | None
    band: NamedCode | None
    integrity_risk: float | None = Field(description="Kemungkinan pita 2 atau 3 menurut model.")
    kinds: list[NamedCode]
    district: str | None
    unit: str | None
    unit_name: str | None
    excerpt: str = Field(description="Awal teks tersamar.")


class CasePage(BaseModel):
    """Cases in the wanted order; `next_cursor` leads to those that follow."""

    items: list[CaseOut]
    next_cursor: str | None = None


class SimilarCaseOut(BaseModel):
    """Another message that may tell of the same incident."""

    feedback_id: str
    case_id: str | None
    kind: Literal["teks", "arti"]
    similarity: float
    received_at: AwareDatetime
    topic: str | None
    excerpt: str


class CaseEventOut(BaseModel):
    """Something that was done in a case."""

    id: int
    kind: str = Field(examples=["catatan"])
    note: str | None
    state: State | None
    decision: Decision | None
    recipient: str | None
    by: str
    at: AwareDatetime


class CaseEventPage(BaseModel):
    """Events, the newest first; `next_cursor` leads to older ones."""

    items: list[CaseEventOut]
    next_cursor: int | None = None


class ReporterRequestOut(BaseModel):
    """A request to open who reported, and how far it is. It says nothing of whether somebody is recorded."""

    id: str = Field(examples=[EXAMPLE_ID])
    state: RequestState
    reason: str
    by: str
    is_mine: bool
    created_at: AwareDatetime
    expires_at: AwareDatetime = Field(description="Sampai kapan dapat dijawab, dan sesudah disetujui: dibuka.")
    answered_by: str | None
    answered_at: AwareDatetime | None
    opened_at: AwareDatetime | None


class CaseDetail(CaseOut):
    """A case with all that the unit works with."""

    notice: str = NOTICE
    masked_text: str
    evidence: list[EvidenceOut] = Field(description="Letak kata petunjuk di masked_text dengan perannya.")
    questions: list[str] = Field(description="Pertanyaan untuk pelapor: yang belum dijawab laporannya.")
    similar: list[SimilarCaseOut]
    events: list[CaseEventOut] = Field(description="Yang terbaru dahulu; selebihnya di /events.")
    reporter_requests: list[ReporterRequestOut] = Field(description="Hanya bagi pemegang hak integrity.reporter.")


# ---------------------------------------------------------------------------------------------- work
class NoteIn(BaseModel):
    """A note in a case."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "Loket sudah diminta menunjukkan daftar tarif resmi."}]}
    )

    note: Note


class CaseStateIn(BaseModel):
    """How far the examination is. A reason is needed to take up a decided case again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "diperiksa"}]})

    state: Literal["diperiksa", "menunggu_info"]
    reason: Reason | None = None


class DecisionIn(BaseModel):
    """What comes of a case, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "decision": "diteruskan",
                    "recipient": "Inspektorat",
                    "reason": "Keterangan tentang waktu dan tempat cukup untuk diperiksa lebih lanjut.",
                }
            ]
        },
    )

    decision: Decision
    reason: Reason
    recipient: Institution | None = Field(default=None, description="Lembaga tujuan, misalnya Inspektorat, UPG, KPK, Ombudsman.")

    @model_validator(mode="after")
    def _recipient_where_forwarded(self) -> Self:
        if (self.decision == FORWARDED) != (self.recipient is not None):
            raise ValueError("recipient diisi bila, dan hanya bila, decision 'diteruskan'")
        return self


class ReporterRequestIn(BaseModel):
    """Why it must be known who reported."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Perlu keterangan tambahan yang tidak ada pada laporan."}]}
    )

    reason: Reason


class ReporterAnswerIn(BaseModel):
    """What a second person answers to a request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"answer": "setuju"}]})

    answer: Literal["setuju", "tolak"]
    note: Reason | None = None


class ReporterOut(BaseModel):
    """Who reported, where somebody is recorded."""

    is_recorded: bool
    name: str | None
    contact: str | None
    identity_number: str | None
    notice: str


# ---------------------------------------------------------------------------------------------- counts and export
class AgeCount(BaseModel):
    """Undecided cases of an age."""

    from_working_days: int
    to_working_days: int | None = Field(description="null: tanpa batas atas.")
    n: int


class CaseSummary(BaseModel):
    """How many cases there are; kinds and ages of the undecided ones alone, a case of two kinds in both."""

    n_undecided: int
    by_state: dict[str, int]
    by_decision: dict[str, int]
    by_kind: dict[str, int]
    by_age: list[AgeCount]


class ExportIn(BaseModel):
    """Which cases go to whom, and for what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "cases": [EXAMPLE_ID],
                    "format": "csv",
                    "recipient": "Inspektorat",
                    "purpose": "Bahan pemeriksaan lanjutan atas pungutan di loket.",
                }
            ]
        },
    )

    cases: Annotated[list[CaseId], Field(min_length=1, max_length=MAX_EXPORTED)]
    format: Literal["csv", "json"] = "csv"
    recipient: Institution
    purpose: Reason


class ExportRow(BaseModel):
    """All that leaves the room of a case; a field not named here stays.

    Left out on purpose: channel, sender's number, receipt, reporter, clock times, and ids, whose beginning tells a time.
    """

    referensi: str
    tanggal_terima: date
    topik: str
    jenis: str
    tingkat: str
    teks: str
    kata_petunjuk: str
    wilayah: str
    unit: str
    penanganan: str
    status: str
    putusan: str
    tanggal_putusan: date | None


class ExportOut(BaseModel):
    """Cases for an institution that examines them further."""

    keterangan: str = NOTICE
    tanggal: date
    penerima: str
    tujuan: str
    perkara: list[ExportRow]
