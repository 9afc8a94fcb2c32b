"""Take files in, say how far they are, cancel them. The rows are taken in by a worker (`api.imports.processing`)."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial

import anyio
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.accounts.principal import Principal
from api.audit.service import record
from api.desk import Desk
from api.errors import ApiError
from api.identifiers import new_public_id
from api.imports import repository
from api.imports.files import SealedWriter, open_sealed
from api.imports.rows import COLUMNS
from api.imports.schemas import OPEN_STATES, ImportIn, ImportOut, ImportPage, Upload
from api.imports.tables import Import
from api.spreadsheet import safe_cell
from nlp.columns import find_column, parse_columns
from nlp.errors import SuaraError
from nlp.tables import OpenTable, read_header

MAX_COLUMNS = 200
MAX_OPEN_IMPORTS = 10  # of one caller
PIECE_TIMEOUT_S = 60  # an upload that sends nothing for so long is given up


# ---------------------------------------------------------------------------------------------- take in
async def receive(
    session: Session, desk: Desk, who: Principal, upload: Upload, body: AsyncIterator[bytes]
) -> tuple[Import, bool]:
    """Seal the body on disk as it comes and put it in the queue; returns the import and whether it is new.

    A repeat (same Idempotency-Key) returns the first one. ApiError: 408 and 400 for an upload that stopped, 409 for the
    key with another file, 413 (while reading), 422 for a file that cannot be read, 429 for too many open imports, 507.
    Whatever goes wrong, no file stays.
    """
    row = Import(
        public_id=new_public_id(),
        idempotency_key=upload.idempotency_key,
        file_suffix=f".{upload.wanted.format}",
        columns=_mapping(upload.wanted),
        channel=upload.wanted.channel,
        state="menunggu",
        **who.actor,
    )
    await run_in_threadpool(_check_open_imports, session, row)
    with SealedWriter(desk.settings.data_dir, row.public_id, desk.vault) as writer:
        await _write(writer, body)
        stored, is_new = await run_in_threadpool(_accept, session, desk, who, row, writer)
        if is_new:
            writer.keep()
    return stored, is_new


def _mapping(wanted: ImportIn) -> dict[str, str]:
    try:
        return parse_columns(wanted.columns, COLUMNS, "columns", "text=keluhan,received_at=tanggal")
    except SuaraError as error:
        raise ApiError(422, "pemetaan_tidak_sah", "Pemetaan kolom tidak sah", str(error)) from error


def _check_open_imports(session: Session, row: Import) -> None:
    if repository.find_repeated(session, row):
        return  # it adds none
    if repository.n_open(session, row) >= MAX_OPEN_IMPORTS:
        raise ApiError(
            429,
            "terlalu_banyak_impor",
            "Terlalu banyak impor berjalan",
            f"Batas {MAX_OPEN_IMPORTS} impor yang belum selesai. Tunggu salah satunya selesai, atau batalkan.",
            {"Retry-After": "60"},
        )


async def _write(writer: SealedWriter, body: AsyncIterator[bytes]) -> None:
    try:
        while True:
            with anyio.fail_after(PIECE_TIMEOUT_S):
                piece = await anext(body, None)
            if piece is None:
                return
            await run_in_threadpool(writer.write, piece)
    except TimeoutError:
        raise ApiError(
            408, "unggahan_terhenti", "Unggahan terhenti", "Tidak ada data yang datang. Periksa jaringan, lalu ulangi."
        ) from None
    except ClientDisconnect:
        raise ApiError(400, "unggahan_terputus", "Unggahan terputus", "Ulangi pengiriman berkas.") from None


def _accept(session: Session, desk: Desk, who: Principal, row: Import, writer: SealedWriter) -> tuple[Import, bool]:
    """Store the import of a file that is all there; its columns are now those that will be read."""
    row.file_sha256, row.n_bytes, row.created_at = writer.finish(), writer.n_bytes, datetime.now(UTC)
    row.columns = _check_header(desk, row)
    earlier = _earlier(session, row)
    if earlier is not None:
        return earlier, False
    try:
        with session.begin_nested():
            repository.add(session, row)
    except IntegrityError:  # the same request came at the same moment and was first
        earlier = _earlier(session, row)
        if earlier is None:
            raise
        return earlier, False
    about = ("import", row.public_id)
    record(session, desk.vault, who, "import.started", about, format=row.file_suffix[1:], n_bytes=row.n_bytes)
    return row, True


def _earlier(session: Session, row: Import) -> Import | None:
    found = repository.find_repeated(session, row)
    if found and any(getattr(found, name) != getattr(row, name) for name in ("file_sha256", "file_suffix", "columns", "channel")):
        raise ApiError(
            409,
            "idempotency_key_dipakai",
            "Idempotency-Key sudah dipakai untuk berkas lain",
            "Pakai kunci baru untuk berkas baru; ulangi berkas yang sama persis untuk pengiriman ulang.",
        )
    return found


def table_of(desk: Desk, row: Import) -> OpenTable:
    """The file of an import, to read."""
    return OpenTable(
        f"impor{row.file_suffix}", partial(open_sealed, desk.settings.data_dir, row.public_id, row.n_bytes, desk.vault)
    )


def _check_header(desk: Desk, row: Import) -> dict[str, str]:
    """The columns that will be read; ApiError 422 for a file that cannot be."""
    table = table_of(desk, row)
    try:
        columns = read_header(table).columns
    except SuaraError as error:
        raise ApiError(422, "berkas_tidak_terbaca", "Berkas tidak dapat dibaca", str(error)) from error
    if len(columns) > MAX_COLUMNS:
        raise ApiError(
            422,
            "terlalu_banyak_kolom",
            "Terlalu banyak kolom",
            f"Ada {len(columns)} kolom; batasnya {MAX_COLUMNS}. Buang kolom yang tidak perlu.",
        )
    try:
        found = {name: find_column(table, columns, name, row.columns, "columns") for name in COLUMNS}
    except SuaraError as error:
        raise ApiError(422, "kolom_tidak_ada", "Kolom tidak ada", str(error)) from error
    return {name: column for name, column in found.items() if column is not None}


# ---------------------------------------------------------------------------------------------- read
def _sees_all(who: Principal) -> bool:
    return who.role == "admin"


def _require(session: Session, who: Principal, public_id: str, *, for_change: bool = False) -> Import:
    """The import; ApiError 404 where there is none that this caller started (an admin sees all)."""
    row = (repository.get_for_change if for_change else repository.get)(session, public_id)
    if row is None or not (_sees_all(who) or who.is_same_as(row.actor_kind, row.actor_id)):
        raise ApiError(404, "impor_tidak_ada", "Impor tidak ditemukan", "Periksa nomor impornya.")
    return row


def import_out(row: Import) -> ImportOut:
    """An import for HTTP."""
    rate = left = None
    if row.started_at is not None and row.rows_done:
        spent_s = ((row.ended_at or datetime.now(UTC)) - row.started_at).total_seconds()
        rate = row.rows_done / max(spent_s, 0.001)
        if row.rows_total is not None and row.state in OPEN_STATES:
            left = round((row.rows_total - row.rows_done) / rate, 1)
    return ImportOut(
        id=row.public_id,
        state=row.state,
        format=row.file_suffix[1:],
        n_bytes=row.n_bytes,
        columns=row.columns,
        channel=row.channel,
        rows_total=row.rows_total,
        rows_done=row.rows_done,
        rows_failed=row.rows_failed,
        rows_repeated=row.rows_repeated,
        rows_per_second=None if rate is None else round(rate, 1),
        seconds_left=left,
        problem=row.problem,
        by=row.actor_name,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def read(session: Session, who: Principal, public_id: str) -> ImportOut:
    """One import; ApiError 404 where there is none."""
    return import_out(_require(session, who, public_id))


def reader(session: Session, who: Principal, public_id: str) -> Callable[[Session], ImportOut]:
    """How to read the same import again in other sessions; ApiError 404 where there is none."""
    _require(session, who, public_id)
    return lambda later: read(later, who, public_id)


def read_page(session: Session, desk: Desk, who: Principal, cursor: str | None, limit: int) -> ImportPage:
    """The caller's imports (an admin's: all) from the newest on, or those older than the cursor's."""
    before = _require(session, who, cursor).id if cursor else None
    limit = min(limit, desk.settings.page_limit)
    rows = repository.page(session, None if _sees_all(who) else who.actor, before, limit + 1)
    shown = rows[:limit]
    return ImportPage(
        items=[import_out(row) for row in shown], next_cursor=shown[-1].public_id if len(rows) > len(shown) else None
    )


def errors_csv(session: Session, who: Principal, public_id: str) -> str:
    """Rows that were not taken in, as CSV: number and reason; the words of a row are not in it."""
    row = _require(session, who, public_id)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("baris", "alasan"))
    writer.writerows((problem.row_number, safe_cell(problem.problem)) for problem in repository.problems_of(session, row.id))
    return out.getvalue()


# ---------------------------------------------------------------------------------------------- change
def cancel(session: Session, desk: Desk, who: Principal, public_id: str) -> ImportOut:
    """Stop after the rows that are being stored; what is in stays. An import that has ended stays as it is."""
    row = _require(session, who, public_id, for_change=True)
    if repository.end(session, None, row.id, datetime.now(UTC), "dibatalkan", None):
        session.refresh(row)
        record(session, desk.vault, who, "import.cancelled", ("import", public_id), rows_done=row.rows_done)
    return import_out(row)
