"""Take in the rows of imports, a chunk at a time, so that a worker may be killed at any moment.

A chunk is scored outside any transaction, then stored in one: its messages, its problems, and how far the import is. The
transaction begins by moving `rows_done` on, on condition that the lease is still held and nobody else has moved it. So a
chunk is stored whole or not at all, and of two workers that hold themselves for the owner only one can store it. Whoever
goes on after a kill, an error of the database or a stop reads `rows_done` and skips as many rows.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy.orm import Session, sessionmaker

from api.accounts.permissions import Right
from api.accounts.principal import SYSTEM, ActorKind, Principal
from api.audit.service import record
from api.database import UNAVAILABLE
from api.desk import Desk
from api.feedback.intake import Arrival, store
from api.feedback.schemas import FeedbackIn
from api.imports import repository
from api.imports.files import destroy, destroy_strays, path_of
from api.imports.rows import SHEET_ROW, RowDefaults, RowError, as_message, count_rows, read_rows
from api.imports.service import table_of
from api.imports.tables import Import, ImportProblem
from api.logs import place_of
from api.routing.service import load_rulebook
from nlp.errors import SuaraError

log = structlog.get_logger()
CHUNK_ROWS = 100  # stored in about half a second, which is how long somebody else may have to wait to write on SQLite
BREATH_S = 0.1  # SQLite's waiting writers look at least so often whether it is their turn: a pause for them after a chunk
LEASE = timedelta(seconds=60)
MAX_PROBLEMS = 10_000  # rows of an import whose problem is kept; the others are counted
MAX_OPEN_DAYS = 7  # an import that has not ended by then never will: its file is on a machine that is gone, or kills workers
RETRY_S = 2.0


class LeaseLostError(Exception):
    """The import was cancelled, or another worker has it."""


@dataclass(frozen=True, slots=True)
class ImportWorker:
    """What a worker needs; `name` tells it from all others, `stopping` is set when it shall end after its chunk."""

    desk: Desk
    sessions: sessionmaker[Session]
    name: str
    stopping: threading.Event

    def work_off(self) -> None:
        """Work on free imports, the oldest first, until there are none. A database that is away is waited for."""
        while not self.stopping.is_set():
            try:
                self._clear_away()
                row = self._claim()
                if row is None:
                    return
                self._work_on(row)
            except UNAVAILABLE as error:
                log.warning("database unavailable", error=type(error).__name__)
                self.stopping.wait(RETRY_S)

    # ------------------------------------------------------------------------------------------ the lease
    def _claim(self) -> Import | None:
        """The oldest free import whose file is on this machine, now held by this worker."""
        with self.sessions.begin() as session:
            now = datetime.now(UTC)
            for row in repository.free_imports(session, self.name, now):
                here = path_of(self.desk.settings.data_dir, row.public_id).exists()
                if here and repository.claim(session, row.id, self.name, now, now + LEASE):
                    session.refresh(row)
                    return row
        return None

    @contextmanager
    def _lease(self, import_id: int) -> Iterator[None]:
        """Renew the lease meanwhile, however long a chunk takes to read or score."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(LEASE.total_seconds() / 4):
                with suppress(*UNAVAILABLE), self.sessions.begin() as session:
                    repository.extend(session, import_id, self.name, datetime.now(UTC) + LEASE)

        thread = threading.Thread(target=renew, name="renew-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _held(self, still: bool) -> None:
        if not still:
            raise LeaseLostError

    # ------------------------------------------------------------------------------------------ one import
    def _work_on(self, row: Import) -> None:
        log.info("import taken up", rows=row.rows_done)
        try:
            with self._lease(row.id):
                finished = self._take_in_rows(row)
            if finished:
                self._end(row, "selesai", None)
            else:
                with self.sessions.begin() as session:
                    repository.release(session, row.id, self.name)
        except LeaseLostError:
            log.info("import given up")
            self._forget_if_ended(row)
        except UNAVAILABLE:
            raise
        except SuaraError as error:
            self._end(row, "gagal", str(error)[:500])
        except Exception as error:  # what went wrong with one file must not stop the others
            log.error("import failed", error=type(error).__name__, where=place_of(error))
            self._end(row, "gagal", "Terjadi galat saat membaca berkas. Galat sudah dicatat; hubungi pengelola.")

    def _take_in_rows(self, row: Import) -> bool:
        """Whether all rows are in; False when the worker is to stop first."""
        table = table_of(self.desk, row)
        if row.rows_total is None:
            row.rows_total = count_rows(table, row.columns)
            with self.sessions.begin() as session:
                self._held(repository.set_total(session, row.id, self.name, row.rows_total))
        for first, cells in read_rows(table, row.columns, chunk_rows=CHUNK_ROWS, skip=row.rows_done):
            if self.stopping.is_set():
                return False
            self._take_in_chunk(row, first, cells)
            if self.desk.settings.resolved_database_url.startswith("sqlite"):
                self.stopping.wait(BREATH_S)
        return True

    def _take_in_chunk(self, row: Import, first: int, cells: list[dict[str, Any]]) -> None:
        messages: list[tuple[int, FeedbackIn]] = []
        problems: list[ImportProblem] = []
        defaults, now = RowDefaults(row.channel, self.desk.calendar.zone), datetime.now(UTC)
        for number, cell in enumerate(cells, first):
            try:
                messages.append((number, as_message(cell, defaults, now)))
            except RowError as problem:
                problems.append(ImportProblem(import_id=row.id, row_number=cell[SHEET_ROW], problem=str(problem)))
        sender = Principal(cast(ActorKind, row.actor_kind), row.actor_id, row.actor_name, "desk", frozenset({Right.WRITE}))
        assessments = self.desk.scoring.assess([message.text for _, message in messages])
        # without autoflush: what a row's queries look for is flushed already, so the rest may wait for the next flush
        with self.sessions.begin() as session, session.no_autoflush:
            rows_after = first - 1 + len(cells)
            until = datetime.now(UTC) + LEASE
            self._held(repository.advance(session, row.id, self.name, first - 1, rows_after, until))
            rulebook = load_rulebook(session, self.desk.labels)
            arrivals = [
                Arrival(message, assessment, import_place=(row.id, number))
                for (number, message), assessment in zip(messages, assessments, strict=True)
            ]
            stored = store(session, self.desk, rulebook, sender, arrivals)
            repeated = sum(not is_new for _, is_new in stored)
            repository.add_problems(session, problems[: max(0, MAX_PROBLEMS - row.rows_failed)])
            repository.count(session, row.id, len(problems), repeated)
        row.rows_failed += len(problems)

    def _end(self, row: Import, state: str, problem: str | None) -> None:
        with self.sessions.begin() as session:
            if not repository.end(session, self.name, row.id, datetime.now(UTC), state, problem):
                return
            now = repository.get(session, row.public_id)
            if now is not None:
                counts = {name: getattr(now, name) for name in ("rows_done", "rows_failed", "rows_repeated")}
                record(session, self.desk.vault, SYSTEM, "import.ended", ("import", row.public_id), state=state, **counts)
        destroy(self.desk.settings.data_dir, row.public_id)
        log.info("import ended", rows=row.rows_total)

    # ------------------------------------------------------------------------------------------ files
    def _forget_if_ended(self, row: Import) -> None:
        with self.sessions() as session:
            if row.public_id not in {other.public_id for other in repository.open_imports(session)}:
                destroy(self.desk.settings.data_dir, row.public_id)

    def _clear_away(self) -> None:
        """End imports that are open for too long, and destroy files that no open import needs."""
        now = datetime.now(UTC)
        with self.sessions.begin() as session:
            open_imports = repository.open_imports(session)
            for row in open_imports:
                if now - row.created_at > timedelta(days=MAX_OPEN_DAYS):
                    problem = f"Tidak selesai dalam {MAX_OPEN_DAYS} hari. Unggah kembali."
                    if repository.end(session, None, row.id, now, "gagal", problem):
                        record(session, self.desk.vault, SYSTEM, "import.ended", ("import", row.public_id), state="gagal")
        destroy_strays(self.desk.settings.data_dir, {row.public_id for row in open_imports})
