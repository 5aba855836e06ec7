"""The migrations make what the tables say, and nothing is told on the console."""

import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gslb.store import open_store, tables
from gslb.store.engine import make_engine
from gslb.store.migrate import alembic_config


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
        return {name: re.sub(r"\s+", " ", sql).strip() for name, sql in rows}


def clauses(sql: str) -> list[str]:
    """Give a CREATE TABLE in an order that does not depend on who wrote it."""
    head, _, body = sql.partition(" ( ")
    return [
        head,
        *sorted(re.split(r", (?=[A-Z]|\w+ (?:TEXT|INTEGER|REAL))", body.removesuffix(" ) STRICT"))),
    ]


async def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    await (await open_store(f"sqlite:///{migrated}")).close()

    def compare(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), tables.METADATA))

    engine = make_engine(migrated)
    async with engine.begin() as connection:
        assert await connection.run_sync(compare) == []
    await engine.dispose()

    made.touch()
    engine = make_engine(made)
    async with engine.begin() as connection:
        await connection.run_sync(tables.METADATA.create_all)
    await engine.dispose()

    ours, theirs = schema(made), schema(migrated)
    assert theirs.pop("alembic_version")
    assert {name: clauses(sql) for name, sql in ours.items()} == {
        name: clauses(sql) for name, sql in theirs.items()
    }
    assert all("STRICT" in sql for name, sql in ours.items() if not name.startswith("sqlite_"))


async def test_nothing_is_printed(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    await (await open_store(f"sqlite:///{path}")).close()
    assert capfd.readouterr() == ("", "")


async def test_connections_are_set_up(path: Path) -> None:
    async with await open_store(f"sqlite:///{path}") as store, store._engine.begin() as connection:
        for pragma, value in {
            "journal_mode": "wal",
            "foreign_keys": 1,
            "synchronous": 2,  # FULL
            "busy_timeout": 100,
        }.items():
            found = await connection.exec_driver_sql(f"PRAGMA {pragma}")
            assert found.scalar_one() == value


async def test_a_migration_that_fails_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables are made in a transaction too: the next start finds none, or all."""
    monkeypatch.setattr("alembic.op.execute", lambda _: 1 / 0, raising=True)
    with pytest.raises(ZeroDivisionError):
        await open_store(f"sqlite:///{path}")
    monkeypatch.undo()
    assert schema(path) == {}
    async with await open_store(f"sqlite:///{path}") as store:
        assert (await store.look()).settled


def test_the_migrations_can_be_written_for_postgresql() -> None:
    """Not run there yet; but nothing in them is SQLite's alone."""
    script = io.StringIO()
    options = {"as_sql": True, "output_buffer": script}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    steps = ScriptDirectory.from_config(alembic_config()).walk_revisions("base", "heads")
    with Operations.context(context):
        for step in reversed(list(steps)):
            step.module.upgrade()
    sql = script.getvalue()
    assert "revision SERIAL NOT NULL" in sql
    assert "DEFERRABLE INITIALLY DEFERRED" in sql
    assert sql.count("EXECUTE FUNCTION count_touch()") == len(tables.CONFIGURATION)
    assert "STRICT" not in sql
