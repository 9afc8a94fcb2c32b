import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.event import listens_for

import api.accounts.tables
import api.feedback.tables  # noqa: F401  -- both register their tables
from api.app import create_app
from api.database import MIGRATIONS, Base, migrate, open_engine
from api.settings import Settings
from tests.api.conftest import make_key, serving
from tests.api.messages import ROAD

TABLES = {"api_keys", "assessments", "feedback", "idempotent_requests"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'suara.db'}")
    yield engine
    engine.dispose()


def downgrade(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def schema(engine: Engine) -> list[str]:
    """Every CREATE statement of the database."""
    with engine.connect() as connection:
        return sorted(connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")))


def test_the_schema_goes_up_down_to_nothing_and_up_again(engine: Engine) -> None:
    migrate(engine)
    assert tables(engine) == TABLES
    first = schema(engine)
    downgrade(engine, "base")
    assert tables(engine) == set()
    migrate(engine)
    assert schema(engine) == first


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


def test_tables_and_migrations_agree(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


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
