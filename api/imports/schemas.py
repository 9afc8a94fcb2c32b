"""What goes in and out of imports over HTTP."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.feedback.schemas import Channel
from api.scoring.schemas import CleanText

ImportState = Literal["menunggu", "berjalan", "selesai", "gagal", "dibatalkan"]
OPEN_STATES = ("menunggu", "berjalan")


class ImportIn(BaseModel):
    """How to read the file that is sent as the request's body."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["csv", "xlsx"] = Field(description="Jenis berkas: CSV (UTF-8; koma, titik koma, atau tab) atau XLSX.")
    columns: Annotated[CleanText, Field(max_length=2_000)] | None = Field(
        default=None,
        description="Nama kolom berkas bila berbeda: text, external_id, received_at, district, channel, visibility.",
        examples=["text=keluhan,received_at=tanggal"],
    )
    channel: Channel | None = Field(default=None, description="Saluran untuk baris yang tidak menyebutnya.")


@dataclass(frozen=True, slots=True)
class Upload:
    """How to read a file, and the key by which a repeat of the request is recognised."""

    wanted: ImportIn
    idempotency_key: str | None = None


class ImportOut(BaseModel):
    """One import and how far it is."""

    id: str = Field(examples=["01kb4m0c2dq8x5w7t9r3z6y1ha"])
    state: ImportState
    format: str = Field(examples=["csv"])
    n_bytes: int
    columns: dict[str, str] = Field(description="Kolom yang dibaca: nama di sini ke nama di berkas.")
    channel: str | None
    rows_total: int | None = Field(description="Baris berisi; belum diketahui sebelum pekerja membuka berkas.")
    rows_done: int = Field(description="Baris yang selesai dibaca: tersimpan, gagal, atau pengulangan.")
    rows_failed: int = Field(description="Baris yang tidak diterima; lihat /errors.")
    rows_repeated: int = Field(description="Baris yang external_id-nya sudah ada.")
    rows_per_second: float | None = Field(description="Rata-rata sejak dimulai.")
    seconds_left: float | None
    problem: str | None = Field(description="Mengapa berkas gagal seluruhnya.")
    by: str
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None


class ImportPage(BaseModel):
    """Imports, the newest first; `next_cursor` leads to older ones."""

    items: list[ImportOut]
    next_cursor: str | None = None
