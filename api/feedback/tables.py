"""Tables of messages: what everybody works with (masked), what is sealed, assessments, corrections, links, repeats."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, Float, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.accounts.tables import ByActor
from api.database import Base, UtcDateTime

OPEN_COLUMNS = ("deadline_on", "visibility", "topic", "aspect", "district", "unit_id", "closed_at")


class Labels:
    """Columns of the labels a message has: an assessment's, or a person's in their place."""

    topic: Mapped[str | None] = mapped_column(String(40))
    aspect: Mapped[str | None] = mapped_column(String(40))
    sentiment: Mapped[str | None] = mapped_column(String(40))
    urgency: Mapped[str | None] = mapped_column(String(40))
    band: Mapped[str | None] = mapped_column(String(1))


class Feedback(Labels, Base):
    """One message, personal data masked. Its label columns hold what leads: the newest correction over the assessment."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("import_id", "import_row"),
        Index("ix_feedback_district_received_at", "district", "received_at"),
        Index("ix_feedback_unit_id_state", "unit_id", "state"),
        # what is open past its deadline is counted from this index alone, without reading a message
        Index(
            "ix_feedback_open", *OPEN_COLUMNS, sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(26), unique=True)
    receipt: Mapped[str] = mapped_column(String(16), unique=True)
    external_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"))
    import_row: Mapped[int | None]
    channel: Mapped[str | None] = mapped_column(String(40))
    district: Mapped[str | None] = mapped_column(String(100))
    visibility: Mapped[str] = mapped_column(String(10))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    masked_text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    routed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deadline_on: Mapped[date | None] = mapped_column(Date)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    has_case: Mapped[bool] = mapped_column(default=False)  # an integrity case is open or was: words for that unit alone
    is_repeat: Mapped[bool] = mapped_column(default=False, server_default=false())  # resembles an earlier one of its place
    routing: Mapped[dict[str, Any]] = mapped_column(JSON)  # auto, suggest or manual; why; suggested units
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)  # MinHash of the words, to find repeats
    meaning: Mapped[bytes | None] = mapped_column(LargeBinary)  # the encoder's vector, half precision
    original_destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assessments: Mapped[list["StoredAssessment"]] = relationship(order_by="StoredAssessment.id", lazy="selectin")


class SealedOriginal(Base):
    """The words as they came, sealed."""

    __tablename__ = "sealed_originals"

    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True)
    key_name: Mapped[str] = mapped_column(String(20), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class SealedReporter(Base):
    """Who reported, sealed. Every message has a row of the same size, so that a row tells nothing."""

    __tablename__ = "sealed_reporters"

    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True)
    key_name: Mapped[str] = mapped_column(String(20), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class StoredAssessment(Labels, Base):
    """What one model said of one message. Never changed: a re-scoring is a new row."""

    __tablename__ = "assessments"
    __table_args__ = (Index("ix_assessments_topic_decision", "topic", "decision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), index=True)
    model: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    integrity_risk: Mapped[float | None] = mapped_column(Float)
    decision: Mapped[str] = mapped_column(String(10))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)  # the whole answer, as it was given


class Correction(ByActor, Labels, Base):
    """Labels a person gave instead; None where the assessment was left as it is. Never changed."""

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), index=True)
    kinds: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    note: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SimilarLink(Base):
    """Two messages that may tell of the same incident; `newer_id` came later. Nothing is merged."""

    __tablename__ = "similar_links"

    newer_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True)
    older_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(String(10))  # teks (nearly the same words) or arti (close in meaning)
    similarity: Mapped[float] = mapped_column(Float)


class IdempotentRequest(ByActor, Base):
    """A write that came with an Idempotency-Key: a repeat gets the first answer, another body is refused."""

    __tablename__ = "idempotent_requests"
    __table_args__ = (UniqueConstraint("actor_kind", "actor_id", "idempotency_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(200))
    request_sha256: Mapped[str] = mapped_column(String(64))
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
