"""What goes in and out of improvement actions and targets."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from api.routing.schemas import Name100, UnitCode
from api.scoring.schemas import CleanText

# what a calendar of the office and a frame of days can hold, with two years of history before it
PlanDay = Annotated[date, Field(ge=date(1980, 1, 1), le=date(2199, 12, 31))]
PlanName = Annotated[CleanText, Field(min_length=3, max_length=200)]
MAX_RUPIAH = 10**15
MAX_WINDOW_DAYS = 366
DATES_IN_ORDER = "urutan tanggal: starts_on, full_from, lalu ends_on"


class AreaIn(BaseModel):
    """What part of the messages a plan is about."""

    model_config = ConfigDict(extra="forbid")

    topic: Annotated[str, Field(max_length=40)] | None = None
    aspect: Annotated[str, Field(max_length=40)] | None = None
    unit: UnitCode | None = Field(default=None, description="Kode unit.")
    district: Name100 | None = None


def in_order(starts_on: date, full_from: date | None, ends_on: date | None) -> bool:
    """Whether an action begins, is in full force and ends in this order."""
    return starts_on <= (full_from or starts_on) < (ends_on or date.max)


class ActionIn(AreaIn):
    """An improvement action to register."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Tambah dua truk angkut dan jadwal malam",
                    "topic": "sampah",
                    "district": "Damar Barat",
                    "starts_on": "2026-08-03",
                    "cost_rupiah": 850_000_000,
                    "target_ratio": 0.7,
                }
            ]
        },
    )

    name: PlanName
    starts_on: PlanDay
    full_from: PlanDay | None = Field(default=None, description="Hari pertama berlaku penuh; di antaranya pengaruhnya tumbuh.")
    ends_on: PlanDay | None = Field(default=None, description="Hari pertama tanpa tindakan ini lagi.")
    expected: Literal["fewer", "more"] = Field(default="fewer", description="Pesan yang diharapkan: lebih sedikit atau banyak.")
    target_ratio: Annotated[float, Field(gt=0, le=10)] | None = Field(
        default=None, description="Pesan yang diharapkan dibanding tanpa tindakan; 0,7 berarti turun 30 %."
    )
    cost_rupiah: Annotated[int, Field(ge=0, le=MAX_RUPIAH)] | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not any((self.topic, self.aspect, self.unit, self.district)):
            raise ValueError("sebut sedikitnya satu: topic, aspect, unit, atau district")
        if not in_order(self.starts_on, self.full_from, self.ends_on):
            raise ValueError(DATES_IN_ORDER)
        return self


class ActionChange(BaseModel):
    """Dates of an action to put right; what is not named stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ends_on": "2026-12-01"}]})

    starts_on: PlanDay | SkipJsonSchema[None] = None
    full_from: PlanDay | None = None
    ends_on: PlanDay | None = Field(default=None, description="Hari pertama tanpa tindakan ini lagi.")

    @model_validator(mode="after")
    def _names_a_date(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("sebut sedikitnya satu: starts_on, full_from, atau ends_on")
        if "starts_on" in self.model_fields_set and self.starts_on is None:
            raise ValueError("starts_on tidak boleh kosong")
        return self


class EffectOut(BaseModel):
    """What an action did so far. Ratios are against what was expected without it; None where data are too few."""

    verdict: Literal["membaik", "belum terlihat", "memburuk", "data kurang"]
    reasons: list[str]
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    avoided: float | None = Field(description="Pesan yang terhindarkan sejak mulai.")
    avoided_low: float | None
    avoided_high: float | None
    target_met: bool | None = Field(description="Apakah rasio sudah sampai target; kosong bila tidak ada target.")
    compared: bool = Field(description="Apakah ada wilayah atau topik pembanding.")
    weeks: list[dict[str, Any]] = Field(description="Deret mingguan: week, target, comparison, n_days, share, step.")


class ActionOut(AreaIn):
    """A registered action."""

    id: str
    name: str
    starts_on: date
    full_from: date | None
    ends_on: date | None
    expected: str
    target_ratio: float | None
    cost_rupiah: int | None
    by: str
    created_at: AwareDatetime


class ActionDetail(ActionOut):
    """An action with its effect."""

    effect: EffectOut


class ActionPage(BaseModel):
    """Actions, the newest first; `next_cursor` leads to older ones."""

    items: list[ActionOut]
    next_cursor: int | None = None


class TargetIn(AreaIn):
    """A target to set."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Laporan sampah selesai tepat waktu",
                    "measure": "share_kept",
                    "should_rise": True,
                    "baseline": 0.7,
                    "baseline_on": "2026-07-01",
                    "target": 0.9,
                    "due_on": "2026-12-31",
                    "topic": "sampah",
                }
            ]
        },
    )

    name: PlanName
    measure: Annotated[str, Field(max_length=30)] = Field(
        description="count, per_day, share_negative, share_kept, median_days, atau index (IKM)."
    )
    should_rise: bool = Field(description="Apakah lebih besar lebih baik.")
    baseline: Annotated[float, Field(ge=-1e12, le=1e12)]
    baseline_on: PlanDay
    target: Annotated[float, Field(ge=-1e12, le=1e12)]
    due_on: PlanDay
    window_days: Annotated[int, Field(ge=7, le=MAX_WINDOW_DAYS)] = Field(
        default=28, description="Diukur pada hari-hari terakhir ini."
    )

    @model_validator(mode="after")
    def _asks_what_a_survey_tells(self) -> Self:
        if self.measure == "index" and self.district is not None:
            raise ValueError("IKM tidak dapat disaring menurut wilayah: berkas survei tidak memuatnya")
        return self


class ProgressOut(BaseModel):
    """Where a target stands; numbers are None where they cannot be told."""

    status: Literal["tercapai", "di jalur", "terlewat", "data kurang"]
    sentence: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    expected: float | None = Field(description="Nilai menurut garis lurus dari awal ke target.")
    done: float | None = Field(description="Bagian jalan yang sudah ditempuh, 0 sampai 1 atau lebih.")


class TargetOut(AreaIn):
    """A target and where it stands."""

    id: str
    name: str
    measure: str
    should_rise: bool
    baseline: float
    baseline_on: date
    target: float
    due_on: date
    window_days: int
    by: str
    created_at: AwareDatetime
    progress: ProgressOut


class TargetPage(BaseModel):
    """Targets, the newest first; `next_cursor` leads to older ones."""

    items: list[TargetOut]
    next_cursor: int | None = None
