"""Tables of the reports: how many messages of each kind a day has."""

from datetime import date

from sqlalchemy import Date, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base


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
