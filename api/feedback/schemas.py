"""What goes in and out of the room of messages."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.routing.schemas import DispositionOut, Name100, Reason, RoutingOut
from api.scoring.schemas import MAX_TEXT_CHARS, AssessmentOut, CleanText

Channel = Literal["web", "aplikasi", "whatsapp", "sms", "email", "telepon", "surat", "loket", "media_sosial", "lainnya"]
Visibility = Literal["publik", "anonim", "rahasia"]
State = Literal["diterima", "diteruskan", "ditangani", "selesai", "ditolak"]
MAX_KINDS = 10
FIRST_YEAR, LAST_YEAR = 1900, 2999
CLOCK_LEEWAY = timedelta(days=1)  # a sender's clock or time zone may be off


def _in_utc(moment: datetime) -> datetime:
    # far from the calendar's ends, where time zones and deadlines could not be reckoned with
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"waktu di luar tahun {FIRST_YEAR} sampai {LAST_YEAR}")
    return moment.astimezone(UTC)


def _come_already(moment: datetime) -> datetime:
    # a slip in the year would keep a message out of every report and list of what is overdue until then
    if moment > datetime.now(UTC) + CLOCK_LEEWAY:
        raise ValueError("waktu di masa depan")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
ExternalId = Annotated[CleanText, StringConstraints(min_length=1, max_length=200)]


class ReporterIn(BaseModel):
    """Who reported; sealed at once and never shown without two people's consent."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[CleanText, Field(max_length=120)] | None = None
    contact: Annotated[CleanText, Field(max_length=120)] | None = Field(default=None, description="Telepon, surel, atau alamat.")
    identity_number: Annotated[CleanText, Field(max_length=40)] | None = None


class FeedbackIn(BaseModel):
    """One message to take in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "Air PDAM di gang kami keruh sudah tiga hari, mohon dicek.",
                    "channel": "whatsapp",
                    "district": "Damar Barat",
                    "received_at": "2026-11-20T08:15:00+07:00",
                    "external_id": "WA-20261120-0017",
                    "visibility": "publik",
                }
            ]
        },
    )

    text: Annotated[CleanText, Field(min_length=1, max_length=MAX_TEXT_CHARS)]
    channel: Channel | None = None
    district: Name100 | None = None
    received_at: Annotated[Moment, AfterValidator(_come_already)] | None = Field(
        default=None, description="Waktu pesan diterima, dengan zona, bukan di masa depan; bawaan: sekarang."
    )
    external_id: ExternalId | None = Field(
        default=None, description="Nomor dari pengirim; pengiriman ulang dengan nomor sama mendapat jawaban pertama."
    )
    visibility: Visibility = Field(
        default="publik",
        description="publik; anonim: pelapor tidak dicatat; rahasia: hanya unit integritas yang mengetahui pesan ini ada.",
    )
    reporter: ReporterIn | None = None

    @model_validator(mode="after")
    def _anonymous_has_no_reporter(self) -> Self:
        if self.visibility == "anonim" and self.reporter is not None:
            raise ValueError("pesan anonim tidak boleh memuat reporter")
        return self


class FeedbackOut(BaseModel):
    """A stored message as its reader may see it.

    `restricted`: an integrity unit looks at it, so others see that it is there and its topic, not its words.
    """

    id: str = Field(examples=["01kb4m0c2dq8x5w7t9r3z6y1ha"])
    receipt: str = Field(examples=["K7QF-2M9X-T4BD"], description="Nomor tanda terima untuk warga.")
    state: State
    restricted: bool
    visibility: Visibility
    external_id: str | None
    channel: str | None
    district: str | None
    received_at: AwareDatetime
    created_at: AwareDatetime
    closed_at: AwareDatetime | None
    masked_text: str | None
    topic: str | None = Field(description="Label yang berlaku: koreksi petugas mendahului model.")
    aspect: str | None
    sentiment: str | None
    urgency: str | None
    assessment: AssessmentOut | None = Field(description="Penilaian pertama model, tidak pernah diubah.")
    routing: RoutingOut | None


class SimilarOut(BaseModel):
    """Another message that may tell of the same incident."""

    id: str
    kind: Literal["teks", "arti"]
    similarity: float
    received_at: AwareDatetime
    state: State


class CorrectionOut(BaseModel):
    """Labels that a person gave."""

    topic: str | None
    aspect: str | None
    sentiment: str | None
    urgency: str | None
    note: str | None
    by: str
    at: AwareDatetime


class FeedbackDetail(FeedbackOut):
    """A message with what was done about it."""

    dispositions: list[DispositionOut]
    corrections: list[CorrectionOut]
    similar: list[SimilarOut]


class FeedbackPage(BaseModel):
    """Messages, the newest first; `next_cursor` leads to older ones."""

    items: list[FeedbackOut]
    next_cursor: str | None = None


class FeedbackFilter(BaseModel):
    """Which messages to list."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[CleanText, StringConstraints(strip_whitespace=True, max_length=200)] | None = Field(
        default=None, description="Kata yang dicari di teks tersamar; semua kata harus ada."
    )
    topic: Annotated[CleanText, Field(max_length=40)] | None = None
    aspect: Annotated[CleanText, Field(max_length=40)] | None = None
    sentiment: Annotated[CleanText, Field(max_length=40)] | None = None
    urgency: Annotated[CleanText, Field(max_length=40)] | None = None
    district: Annotated[CleanText, Field(max_length=100)] | None = None
    unit: Annotated[CleanText, Field(max_length=60)] | None = Field(
        default=None, description="Kode unit; '-' untuk yang belum diteruskan."
    )
    state: State | None = None
    overdue: bool | None = Field(default=None, description="true: lewat batas waktu dan belum selesai.")
    since: Moment | None = None
    until: Moment | None = None
    limit: Annotated[int, Field(ge=1)] = 20
    cursor: Annotated[str, Field(pattern="^[0-9a-z]{26}$")] | None = None


class CorrectionIn(BaseModel):
    """Labels that are right; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"topic": "air_bersih", "note": "Pipa dinas, bukan sumur warga."}]}
    )

    topic: Annotated[str, Field(max_length=40)] | None = None
    aspect: Annotated[str, Field(max_length=40)] | None = None
    sentiment: Annotated[str, Field(max_length=40)] | None = None
    urgency: Annotated[str, Field(max_length=40)] | None = None
    band: Annotated[str, Field(max_length=1)] | None = Field(
        default=None, description="0 sampai 3; 2 atau 3 membuka perkara di unit integritas."
    )
    kinds: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=MAX_KINDS)] | None = None
    note: Annotated[CleanText, StringConstraints(strip_whitespace=True, max_length=500)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, name) is None for name in ("topic", "aspect", "sentiment", "urgency", "band", "kinds")):
            raise ValueError("isi sedikitnya satu label")
        return self


class StateIn(BaseModel):
    """How far the work on a message is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "selesai"}]})

    state: Literal["ditangani", "selesai", "ditolak"]


class OpeningIn(BaseModel):
    """Why the original words are needed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Perlu alamat lengkap untuk pemeriksaan lapangan."}]}
    )

    reason: Reason


class OriginalOut(BaseModel):
    """The words as they came."""

    text: str


class TrackOut(BaseModel):
    """What a citizen learns with a receipt: how far it is, and when that came about; nothing else."""

    state: State
    received_on: date
    forwarded_on: date | None
    deadline_on: date | None
    closed_on: date | None
