"""What goes in and out of units, rules and dispositions."""

from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.routing.calendar import MAX_WORKING_DAYS
from api.scoring.schemas import clean

UnitCode = Annotated[str, StringConstraints(pattern="^[a-z0-9_-]{1,60}$")]
Name120 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(clean)]
Name100 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(clean)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=400), AfterValidator(clean)]


class UnitIn(BaseModel):
    """A unit to add."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"code": "dinas_pu", "name": "Dinas Pekerjaan Umum"}]}
    )

    code: UnitCode
    name: Name120


class UnitChange(BaseModel):
    """What to change of a unit; its code stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_active": False}]})

    name: Name120 | None = None
    is_active: bool | None = None


class UnitOut(BaseModel):
    """A unit."""

    code: str = Field(examples=["dinas_pu"])
    name: str = Field(examples=["Dinas Pekerjaan Umum"])
    is_active: bool


class RuleIn(BaseModel):
    """A rule: every condition that is given must be met."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"topic": "jalan", "unit": "dinas_pu", "position": 10}]}
    )

    unit: UnitCode
    topic: Annotated[str, Field(max_length=40)] | None = None
    aspect: Annotated[str, Field(max_length=40)] | None = None
    district: Name100 | None = None
    keyword: Name100 | None = Field(
        default=None,
        description="Kata yang harus ada di pesan, utuh atau berakhiran seperti -nya; huruf besar kecil sama saja.",
    )
    model_unit: Name120 | None = Field(default=None, description="Unit yang dikenali model (bila model mengenal unit).")
    working_days: Annotated[int, Field(ge=0, le=MAX_WORKING_DAYS)] | None = Field(
        default=None, description="Batas hari kerja; bawaan: standar layanan topik."
    )
    position: Annotated[int, Field(ge=0, le=1_000_000)] = Field(default=100, description="Aturan terkecil dicoba dahulu.")

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if not any((self.topic, self.aspect, self.district, self.keyword, self.model_unit)):
            raise ValueError("isi sedikitnya satu syarat: topic, aspect, district, keyword, atau model_unit")
        return self


class RuleOut(RuleIn):
    """A stored rule."""

    id: int
    is_active: bool


class RuleChange(BaseModel):
    """Switch a rule on or off, or move it. Its conditions stay: dispositions point to it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_active": False}]})

    is_active: bool | None = None
    position: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class SuggestionOut(BaseModel):
    """A unit that may be right, and why."""

    unit: str = Field(examples=["dinas_pu"])
    name: str = Field(examples=["Dinas Pekerjaan Umum"])
    reason: str


class RoutingOut(BaseModel):
    """Where a message is and how it came there."""

    band: str = Field(examples=["auto"], description="auto, suggest, atau manual.")
    reason: str
    unit: str | None = Field(default=None, description="Kode unit yang memegang pesan.")
    unit_name: str | None = None
    deadline_on: date | None = None
    suggestions: list[SuggestionOut] = []


class DispositionIn(BaseModel):
    """Send a message to a unit."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"unit": "dinas_pu", "reason": "Kerusakan jalan kota."}]}
    )

    unit: UnitCode
    reason: Reason
    deadline_on: date | None = Field(default=None, description="Batas waktu; bawaan: standar layanan topik sejak pesan diterima.")


class DispositionOut(BaseModel):
    """One step of a message's way."""

    unit: str
    unit_name: str
    previous_unit: str | None
    reason: str
    deadline_on: date | None
    by: str
    at: AwareDatetime
