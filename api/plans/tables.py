"""Tables of improvement actions and of targets."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Float, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import ByActor
from api.database import Base, UtcDateTime


class AreaColumns:
    """What part of the messages a plan is about; None where it takes everything."""

    topic: Mapped[str | None] = mapped_column(String(40))
    aspect: Mapped[str | None] = mapped_column(String(40))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    district: Mapped[str | None] = mapped_column(String(100))


class ImprovementAction(ByActor, AreaColumns, Base):
    """Something done so that fewer (or more) messages of an area come. Its dates may be put right, its area stays."""

    __tablename__ = "improvement_actions"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(26), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    starts_on: Mapped[date] = mapped_column(Date)
    full_from: Mapped[date | None] = mapped_column(Date)  # between it and the start the effect grows
    ends_on: Mapped[date | None] = mapped_column(Date)  # first day without it
    expected: Mapped[str] = mapped_column(String(10))  # fewer or more messages
    target_ratio: Mapped[float | None] = mapped_column(Float)  # messages hoped for, against what would have come
    cost_rupiah: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StoredTarget(ByActor, AreaColumns, Base):
    """A measure of an area with where it stood, where it should be, and when. Never changed: a new aim is a new target."""

    __tablename__ = "targets"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(26), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    measure: Mapped[str] = mapped_column(String(30))
    should_rise: Mapped[bool]
    baseline: Mapped[float] = mapped_column(Float)
    baseline_on: Mapped[date] = mapped_column(Date)
    target: Mapped[float] = mapped_column(Float)
    due_on: Mapped[date] = mapped_column(Date)
    window_days: Mapped[int]  # the measure is taken over this many days
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
