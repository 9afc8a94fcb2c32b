"""Tables of units, routing rules and dispositions."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import ByActor
from api.database import Base, UtcDateTime


class Unit(Base):
    """An office that works on messages. `code` is stable, `name` is what people read and what a model's unit head says."""

    __tablename__ = "units"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)


class RoutingRule(Base):
    """Where messages go that meet every condition that is given; the first rule by position wins."""

    __tablename__ = "routing_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(index=True)
    topic: Mapped[str | None] = mapped_column(String(40))
    aspect: Mapped[str | None] = mapped_column(String(40))
    district: Mapped[str | None] = mapped_column(String(100))
    keyword: Mapped[str | None] = mapped_column(String(100))
    model_unit: Mapped[str | None] = mapped_column(String(120))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    working_days: Mapped[int | None]  # instead of the topic's service standard
    is_active: Mapped[bool] = mapped_column(default=True)


class Disposition(ByActor, Base):
    """A message was sent to a unit: by a rule, by the model's unit head, or by a person. Never changed."""

    __tablename__ = "dispositions"

    id: Mapped[int] = mapped_column(primary_key=True)
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    previous_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("routing_rules.id"))
    reason: Mapped[str] = mapped_column(String(500))
    deadline_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
