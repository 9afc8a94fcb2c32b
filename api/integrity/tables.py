"""Tables of integrity cases, what was done in them, and requests to open who reported."""

from datetime import datetime

from sqlalchemy import Float, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import ByActor
from api.database import Base, UtcDateTime


class IntegrityCase(Base):
    """A message that an integrity unit looks at. `origin`: model, petugas (a desk raised it), or rahasia."""

    __tablename__ = "integrity_cases"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(26), unique=True)
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), unique=True)
    origin: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20), index=True)
    decision: Mapped[str | None] = mapped_column(String(20))
    forwarded_to: Mapped[str | None] = mapped_column(String(200))  # the institution that examines it further
    risk: Mapped[float] = mapped_column(Float)  # the first assessment's integrity risk, 0 where it has none
    kinds: Mapped[str] = mapped_column(Text)  # codes that lead, as '|code|code|', so that SQL finds one
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CaseEvent(ByActor, Base):
    """Something that was done in a case. Never changed."""

    __tablename__ = "case_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("integrity_cases.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    note: Mapped[str | None] = mapped_column(Text)  # masked
    state: Mapped[str | None] = mapped_column(String(20))  # the case's state from then on, where it changed
    decision: Mapped[str | None] = mapped_column(String(20))
    recipient: Mapped[str | None] = mapped_column(String(200))  # who it was forwarded or exported to
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReporterRequest(ByActor, Base):
    """Somebody asks to see who reported; another person must agree first."""

    __tablename__ = "reporter_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(26), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("integrity_cases.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(String(10))  # setuju, tolak
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_kind: Mapped[str | None] = mapped_column(String(10))
    answered_by_id: Mapped[int | None]
    answered_by_name: Mapped[str | None] = mapped_column(String(100))
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # it opens once
