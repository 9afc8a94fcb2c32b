"""What goes in and out of surveys."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.scoring.schemas import CleanText


class SurveyIn(BaseModel):
    """How a file of answers is to be called and read; the file itself is the body."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[CleanText, Field(min_length=3, max_length=200)] = Field(examples=["SKM semester I 2026"])
    suffix: Literal["csv", "xlsx"] = Field(default="csv", description="Jenis berkas.")
    day: Annotated[date, Field(ge=date(1980, 1, 1), le=date(2199, 12, 31))] | None = Field(
        default=None, description="Tanggal bagi baris tanpa tanggal; bawaan: hari ini."
    )


class SurveyOut(BaseModel):
    """A stored survey."""

    id: str
    name: str
    n_respondents: int
    by: str
    created_at: AwareDatetime
