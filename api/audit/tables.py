"""Tables of the audit trail: events that are only ever added, and the chain's newest link."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import ByActor
from api.database import Base, UtcDateTime


class AuditEvent(ByActor, Base):
    """One event; `mac` proves it together with everything before it."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(primary_key=True)  # 1, 2, 3 without a gap
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    action: Mapped[str] = mapped_column(String(60), index=True)
    object_type: Mapped[str] = mapped_column(String(30))
    object_id: Mapped[str] = mapped_column(String(60))
    details: Mapped[str] = mapped_column(Text)  # canonical JSON, never a message's words
    previous_mac: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The one row that says how long the chain is and, sealed, how it ends, so that a cut-off tail shows."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    n_events: Mapped[int]
    mac: Mapped[str] = mapped_column(String(64))
