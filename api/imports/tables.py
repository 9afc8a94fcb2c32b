"""Tables of imports and of the rows that could not be taken in."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import ByActor
from api.database import Base, UtcDateTime


class Import(ByActor, Base):
    """One file. `rows_done` counts rows read to the end, good or not, in the transaction that stored them."""

    __tablename__ = "imports"
    __table_args__ = (UniqueConstraint("actor_kind", "actor_id", "idempotency_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(26), unique=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    file_suffix: Mapped[str] = mapped_column(String(10))
    file_sha256: Mapped[str] = mapped_column(String(64))
    n_bytes: Mapped[int]
    columns: Mapped[dict[str, str]] = mapped_column(JSON)
    channel: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), index=True)
    problem: Mapped[str | None] = mapped_column(String(500))  # why the file as a whole failed
    rows_total: Mapped[int | None]
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_failed: Mapped[int] = mapped_column(default=0)
    rows_repeated: Mapped[int] = mapped_column(default=0)  # known already by their external_id
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    worker: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # past it another worker may go on


class ImportProblem(Base):
    """A row that was not taken in, and why; the row's words are not kept."""

    __tablename__ = "import_problems"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True)  # as a spreadsheet shows it: 1 is the header
    problem: Mapped[str] = mapped_column(String(200))
