import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.event import listens_for

import api.tables  # noqa: F401  -- registers them
from api.app import create_app
from api.database import MIGRATIONS, Base, migrate, migrate_down, open_engine
from api.identifiers import RECEIPT_CHARS
from api.settings import Settings
from tests.api.conftest import make_key, serving
from tests.api.messages import ROAD

TABLES = set(Base.metadata.tables)
FULL_TEXT = "feedback_words"  # SQLite's search tables, which SQLAlchemy does not know


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'suara.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine of each database in turn, without tables on SQLite, migrated on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("engine")
        return
    engine = open_engine(request.getfixturevalue("postgres_url"))
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    return {name for name in inspect(engine).get_table_names() if not name.startswith(FULL_TEXT)} - {"alembic_version"}


def schema(engine: Engine) -> list[list[str]]:
    """Every CREATE statement of the database, by its parts, whose order a migration is free to choose."""
    with engine.connect() as connection:
        statements = connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return sorted(sorted(part.strip(", \n\t") for part in statement.split("\n")) for statement in statements)


def differences(engine: Engine) -> list[object]:
    """Where the database is not what the tables in code say."""
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, _, __: FULL_TEXT not in (name or ""),
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def test_the_schema_goes_up_down_to_nothing_and_up_again(either_engine: Engine) -> None:
    migrate(either_engine)
    assert tables(either_engine) == TABLES
    migrate_down(either_engine, "base")
    assert tables(either_engine) == set()
    migrate(either_engine)
    assert tables(either_engine) == TABLES
    assert differences(either_engine) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    first = schema(engine)
    migrate(engine)
    assert schema(engine) == first


def test_two_processes_that_start_at_once_make_the_tables_once(engine: Engine, tmp_path: Path) -> None:
    ready_made = open_engine(f"sqlite:///{tmp_path / 'ready.db'}")
    migrate(ready_made)
    with closing(sqlite3.connect(tmp_path / "ready.db")) as connection:
        statements = [line for line in connection.iterdump() if not line.startswith(("BEGIN", "COMMIT"))]
    ready_made.dispose()
    comes_to_write = Event()

    @listens_for(engine, "before_cursor_execute")
    def watch(_: object, __: object, statement: str, *___: object) -> None:
        if statement.lstrip().startswith(("BEGIN", "CREATE")):
            comes_to_write.set()

    with closing(sqlite3.connect(tmp_path / "suara.db", isolation_level=None)) as first, ThreadPoolExecutor() as threads:
        first.execute("PRAGMA journal_mode = WAL")
        first.execute("BEGIN IMMEDIATE")
        second = threads.submit(migrate, engine)
        assert comes_to_write.wait(30)
        for statement in statements:
            first.execute(statement)
        first.execute("COMMIT")
        second.result(30)
    assert tables(engine) == TABLES


def test_messages_of_the_first_release_come_along_up_and_down(either_engine: Engine) -> None:
    migrate_down(either_engine, "base")
    migrate(either_engine, "0001")
    day = "'2026-01-01'"
    statements = [
        f"INSERT INTO api_keys VALUES (1, 'a', 'b', 'loket', 'desk', {day}, NULL)",
        "INSERT INTO feedback (id, public_id, channel, received_at, created_at, masked_text)"
        f" VALUES (1, 'x', 'sms', {day}, {day}, 'lampu padam')",
        "INSERT INTO assessments (id, feedback_id, model, created_at, topic, decision, content)"
        f" VALUES (1, 1, 'm', {day}, 'jalan', 'auto', '{{}}')",
        "INSERT INTO idempotent_requests (id, api_key_id, idempotency_key, request_sha256, feedback_id, created_at)"
        f" VALUES (1, 1, 'k', 's', 1, {day})",
    ]
    with either_engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    migrate(either_engine)
    with either_engine.begin() as connection:
        [row] = connection.execute(text("SELECT topic, visibility, state, length(receipt) AS n FROM feedback")).all()
        assert row == ("jalan", "publik", "diterima", RECEIPT_CHARS)
        [row] = connection.execute(text("SELECT actor_kind, actor_id, actor_name FROM idempotent_requests")).all()
        assert row == ("key", 1, "loket")
    migrate_down(either_engine, "0001")
    with either_engine.begin() as connection:
        assert connection.execute(text("SELECT id, channel, masked_text FROM feedback")).all() == [(1, "sms", "lampu padam")]
        assert connection.execute(text("SELECT api_key_id, feedback_id FROM idempotent_requests")).all() == [(1, 1)]
        assert connection.scalar(text("SELECT count(*) FROM assessments")) == 1


def test_cases_of_before_get_their_risk_and_kinds_and_go_back(either_engine: Engine) -> None:
    migrate_down(either_engine, "base")
    migrate(either_engine, "0002")
    day = "'2026-01-01'"
    message = "(id, public_id, receipt, visibility, received_at, created_at, masked_text, state, has_case, routing)"
    statements = [
        f"INSERT INTO feedback {message} VALUES ({n}, 'x{n}', 'r{n}', 'publik', {day}, {day}, 'a', 'diterima', true, '{{}}')"
        for n in (1, 2, 3)
    ]
    assessment = "(id, feedback_id, model, created_at, integrity_risk, decision, content)"
    statements += [
        f"INSERT INTO assessments {assessment} VALUES ({n}, {n}, 'm', {day}, {risk}, 'manual', '{{\"kinds\": [{kinds}]}}')"
        for n, risk, kinds in ((1, 0.75, '"suap", "pungli"'), (2, 0.5, '"suap"'), (3, "NULL", ""))
    ]
    statements += [
        "INSERT INTO corrections (id, feedback_id, kinds, created_at, actor_kind, actor_id, actor_name)"
        f" VALUES ({n}, 2, {kinds}, {day}, 'key', 1, 'loket')"
        for n, kinds in ((1, "'[\"dana\"]'"), (2, "NULL"))
    ]
    statements += [
        "INSERT INTO integrity_cases (id, public_id, feedback_id, origin, state, opened_at)"
        f" VALUES ({n}, 'c{n}', {n}, 'model', 'baru', {day})"
        for n in (1, 2, 3)
    ]
    with either_engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    migrate(either_engine)
    with either_engine.begin() as connection:
        rows = connection.execute(text("SELECT risk, kinds FROM integrity_cases ORDER BY id")).all()
        assert rows == [(0.75, "|suap|pungli|"), (0.5, "|dana|"), (0.0, "")]
    migrate_down(either_engine, "0002")
    with either_engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM integrity_cases")) == 3


def test_there_is_one_line_of_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_messages_survive_another_start_of_the_service(settings: Settings) -> None:
    app = create_app(settings)
    with serving(app) as client:
        headers = make_key(app)
        created = client.post("/api/v1/feedback", json={"text": ROAD}, headers=headers).json()
    engine = open_engine(settings.resolved_database_url)
    migrate(engine)
    engine.dispose()
    with serving(create_app(settings)) as client:
        assert client.get("/api/v1/feedback", headers=headers).json()["items"] == [created]


def test_sqlite_is_set_for_many_readers_and_for_forgetting(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        pragmas = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "secure_delete", "trusted_schema", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0, "busy_timeout": 5000}
