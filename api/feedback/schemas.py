"""What goes in and out of the room of messages."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.scoring.schemas import MAX_TEXT_CHARS, AssessmentOut, CleanText, clean

Channel = Literal["web", "aplikasi", "whatsapp", "sms", "email", "telepon", "surat", "loket", "media_sosial", "lainnya"]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(clean)]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first and last hours of the calendar
        raise ValueError("waktu di luar kalender") from None


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
                }
            ]
        },
    )

    text: Annotated[CleanText, Field(min_length=1, max_length=MAX_TEXT_CHARS)]
    channel: Channel | None = None
    district: ShortText | None = None
    received_at: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = Field(
        default=None, description="Waktu pesan diterima, dengan zona; bawaan: sekarang."
    )
    external_id: Annotated[CleanText, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="Nomor dari pengirim; pengiriman ulang dengan nomor sama mendapat jawaban pertama."
    )


class FeedbackOut(BaseModel):
    """A stored message: masked text and its newest assessment."""

    id: str = Field(examples=["01kb4m0c2dq8x5w7t9r3z6y1ha"])
    external_id: str | None
    channel: str | None
    district: str | None
    received_at: AwareDatetime
    created_at: AwareDatetime
    masked_text: str
    assessment: AssessmentOut


class FeedbackPage(BaseModel):
    """Messages, the newest first; `next_cursor` leads to older ones."""

    items: list[FeedbackOut]
    next_cursor: str | None = None


def aware(moment: datetime) -> datetime:
    """SQLite forgets the zone; everything is stored in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
