"""Tables of the reports: how many messages of each kind a day has, and themes that keep their identity."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class DailyCount(Base):
    """Messages of one local day with the same labels, unit, district and channel; '' or 0 where there is none.

    Labels are those that lead: a correction moves a message from one row to another. Rahasia messages are in none.
    """

    __tablename__ = "daily_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    topic: Mapped[str] = mapped_column(String(40), primary_key=True)
    aspect: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    district: Mapped[str] = mapped_column(String(100), primary_key=True)
    channel: Mapped[str] = mapped_column(String(40), primary_key=True)
    sentiment: Mapped[str] = mapped_column(String(40), primary_key=True)
    urgency: Mapped[str] = mapped_column(String(40), primary_key=True)
    band: Mapped[str] = mapped_column(String(1), primary_key=True)
    n: Mapped[int]
    n_repeat: Mapped[int]  # resemble an earlier message of the same place
    n_settled: Mapped[int]
    n_late: Mapped[int]  # settled after their deadline


class StoredTheme(Base):
    """A theme of a topic as it was last found; `key` is its identity from month to month."""

    __tablename__ = "themes"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    topic: Mapped[str] = mapped_column(String(40), index=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)  # as nlp.insight.themes gives and takes it
    last_seen_on: Mapped[date] = mapped_column(Date)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
