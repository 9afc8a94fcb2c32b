"""The database: engine, one session a request, commit at the request's end, migrations to the newest schema."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from alembic import command
from alembic.config import Config
from fastapi import Depends, Request
from sqlalchemy import URL, Connection, DateTime, Engine, MetaData, TypeDecorator, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from nlp.errors import SuaraError

MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_TIMEOUT_MS = 5_000
# locked, restarting, full or out of reach; a connection that broke in a transaction; none free within the pool's patience
UNAVAILABLE = (OperationalError, InterfaceError, PendingRollbackError, NoFreeConnectionError)
MIGRATION_LOCK = 0x5AA7A  # any number that nothing else in the database locks


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: object) -> datetime | None:
        """To UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _: object) -> datetime | None:
        """With its zone."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _harden_sqlite(connection: Any, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        with suppress(sqlite3.OperationalError):  # another process is setting it this moment; the file keeps it
            connection.execute("PRAGMA journal_mode=WAL")
        for pragma in (
            "foreign_keys=ON",
            "secure_delete=ON",
            "trusted_schema=OFF",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection, _: str | None = None) -> None:
    """Open a transaction that holds until the session's commit.

    Python's sqlite3 opens none for a savepoint or a CREATE TABLE: the savepoint's end would be the commit, and two
    processes could create the same tables.
    """
    raw = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def hold_writes(session: Session) -> None:
    """On SQLite, let nobody else write until this transaction ends, so that what is read next stays true."""
    _begin_sqlite(session.connection())


def open_engine(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL; makes the folder of a SQLite file."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        try:
            Path(parsed.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what it holds is the office's
        except OSError as error:
            raise _unusable(parsed) from error
    engine = create_engine(parsed, pool_pre_ping=True, hide_parameters=True)  # what is stored stays out of error texts
    event.listen(engine, "connect", _harden_sqlite)
    event.listen(engine, "savepoint", _begin_sqlite)
    return engine


def _unusable(url: URL) -> SuaraError:
    return SuaraError(
        "basis data tidak dapat dibuka",
        where=url.render_as_string(hide_password=True),
        remedy="Periksa SUARA_DATA_DIR dan hak tulis foldernya."
        if url.get_backend_name() == "sqlite"
        else "Periksa apakah PostgreSQL berjalan, dan alamat, nama, serta kata sandi di SUARA_DATABASE_URL.",
    )


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema up to `revision`; SuaraError where the database cannot be opened."""
    try:
        with _alone(engine) as config:
            command.upgrade(config, revision)
    except OperationalError as error:
        raise _unusable(engine.url) from error


def migrate_down(engine: Engine, revision: str) -> None:
    """Bring the schema down to `revision` ('base' for none)."""
    with _alone(engine) as config:
        command.downgrade(config, revision)


@contextmanager
def _alone(engine: Engine) -> Iterator[Config]:
    """Alembic's settings in a transaction that no other process migrates beside."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        if engine.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
                yield config
            return
        # SQLite changes a table by making it anew; with foreign keys on, dropping the old one would empty its children
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
        with connection.begin():
            _begin_sqlite(connection)
            yield config
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken:
                raise SuaraError(
                    f"tabel {broken[0]} menunjuk baris yang tidak ada", where="basis data", remedy="Pulihkan cadangan."
                )
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.commit()


def get_sessions(request: Request) -> sessionmaker[Session]:
    """Where sessions come from, for what is written in a transaction of its own."""
    factory: sessionmaker[Session] = request.app.state.sessions
    return factory


def get_session(request: Request) -> Iterator[Session]:
    """A session for one request: committed when the endpoint is done, rolled back when it failed."""
    with get_sessions(request).begin() as session:
        yield session


# scope "function": the commit comes before the answer is sent, so an answer never promises what was not kept
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
SessionsDep = Annotated[sessionmaker[Session], Depends(get_sessions)]
