"""SQL about imports. What a worker changes it changes only while it holds the lease."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, func, or_, select, update
from sqlalchemy.orm import Session

from api.database import hold_writes
from api.imports.schemas import OPEN_STATES
from api.imports.tables import Import, ImportProblem

CANDIDATES = 100  # imports that a worker looks through for one whose file it has


def add(session: Session, row: Import) -> None:
    """Store a new import; IntegrityError where its Idempotency-Key is taken."""
    session.add(row)
    session.flush()


def get(session: Session, public_id: str) -> Import | None:
    """The import with this id."""
    return session.scalar(select(Import).where(Import.public_id == public_id))


def get_for_change(session: Session, public_id: str) -> Import | None:
    """The same, held until the transaction ends."""
    hold_writes(session)
    return session.scalar(select(Import).where(Import.public_id == public_id).with_for_update())


def _actor(row: Import) -> dict[str, Any]:
    return {"actor_kind": row.actor_kind, "actor_id": row.actor_id}


def _by(actor: dict[str, Any]) -> ColumnElement[bool]:
    return and_(Import.actor_kind == actor["actor_kind"], Import.actor_id == actor["actor_id"])


def find_repeated(session: Session, row: Import) -> Import | None:
    """The import that the same caller started with the same Idempotency-Key; None where `row` has none."""
    if row.idempotency_key is None:
        return None
    return session.scalar(select(Import).where(_by(_actor(row)), Import.idempotency_key == row.idempotency_key))


def n_open(session: Session, row: Import) -> int:
    """How many imports of the same caller have not ended."""
    query = select(func.count()).select_from(Import).where(_by(_actor(row)), Import.state.in_(OPEN_STATES))
    return session.scalar(query) or 0


def page(session: Session, actor: dict[str, Any] | None, before_id: int | None, limit: int) -> list[Import]:
    """The newest imports, of one caller or of all."""
    query = select(Import).order_by(Import.id.desc()).limit(limit)
    if actor is not None:
        query = query.where(_by(actor))
    if before_id is not None:
        query = query.where(Import.id < before_id)
    return list(session.scalars(query))


def problems_of(session: Session, import_id: int) -> list[ImportProblem]:
    """Rows that were not taken in, the first first."""
    query = select(ImportProblem).where(ImportProblem.import_id == import_id).order_by(ImportProblem.row_number)
    return list(session.scalars(query))


# ---------------------------------------------------------------------------------------------- work
def _free(worker: str, now: datetime) -> ColumnElement[bool]:
    """Nobody works on it: it waits, its worker's lease ran out, or the worker is the one who asks."""
    abandoned = or_(Import.lease_until < now, Import.worker == worker)
    return or_(Import.state == "menunggu", and_(Import.state == "berjalan", abandoned))


def free_imports(session: Session, worker: str, now: datetime) -> list[Import]:
    """Imports that a worker may take, the oldest first."""
    return list(session.scalars(select(Import).where(_free(worker, now)).order_by(Import.id).limit(CANDIDATES)))


def open_imports(session: Session) -> list[Import]:
    """Imports that have not ended."""
    return list(session.scalars(select(Import).where(Import.state.in_(OPEN_STATES)).order_by(Import.id)))


def _changed(session: Session, condition: ColumnElement[bool], **values: Any) -> bool:
    # set-based, so that the row is compared and changed in one step, whatever this session has read before
    statement = update(Import).where(condition).values(**values).execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount == 1


def claim(session: Session, import_id: int, worker: str, now: datetime, until: datetime) -> bool:
    """Take an import if it is still free; whether that worked."""
    return _changed(
        session,
        and_(Import.id == import_id, _free(worker, now)),
        state="berjalan",
        worker=worker,
        lease_until=until,
        started_at=func.coalesce(Import.started_at, now),
    )


def _held(import_id: int, worker: str) -> ColumnElement[bool]:
    return and_(Import.id == import_id, Import.state == "berjalan", Import.worker == worker)


def extend(session: Session, import_id: int, worker: str, until: datetime) -> bool:
    """Renew the lease; False where it is no longer this worker's."""
    return _changed(session, _held(import_id, worker), lease_until=until)


def set_total(session: Session, import_id: int, worker: str, rows_total: int) -> bool:
    """Note how many rows there are; False where the lease is lost."""
    return _changed(session, _held(import_id, worker), rows_total=rows_total)


def advance(session: Session, import_id: int, worker: str, rows_before: int, rows_after: int, until: datetime) -> bool:
    """Go on from `rows_before` to `rows_after`; False where the lease is lost or another was faster.

    The first statement of a chunk's transaction: it also locks the row, so two workers' chunks cannot both be stored.
    """
    held = and_(_held(import_id, worker), Import.rows_done == rows_before)
    return _changed(session, held, rows_done=rows_after, lease_until=until)


def count(session: Session, import_id: int, failed: int, repeated: int) -> None:
    """Add to the counts, within the transaction of `advance`."""
    _changed(
        session,
        Import.id == import_id,
        rows_failed=Import.rows_failed + failed,
        rows_repeated=Import.rows_repeated + repeated,
    )


def add_problems(session: Session, rows: list[ImportProblem]) -> None:
    """Store rows that were not taken in."""
    session.add_all(rows)
    session.flush()


def release(session: Session, import_id: int, worker: str) -> bool:
    """Give the import back for any worker to go on with."""
    return _changed(session, _held(import_id, worker), state="menunggu", worker=None, lease_until=None)


def end(session: Session, condition_worker: str | None, import_id: int, now: datetime, state: str, problem: str | None) -> bool:
    """End an import, as the worker that holds it or (None) from any open state; whether that worked."""
    held = _held(import_id, condition_worker) if condition_worker else and_(Import.id == import_id, Import.state.in_(OPEN_STATES))
    return _changed(session, held, state=state, problem=problem, ended_at=now, worker=None, lease_until=None)
