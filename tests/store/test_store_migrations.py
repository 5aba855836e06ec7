"""The migrations make what the tables say, and nothing is told on the console."""

import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gslb.model import World
from gslb.store import columns, open_store, tables
from gslb.store.engine import make_engine
from gslb.store.migrate import alembic_config


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
        return {name: re.sub(r"\s+", " ", sql).strip() for name, sql in rows}


def clauses(sql: str) -> list[str]:
    """Give a CREATE TABLE in an order that does not depend on who wrote it."""
    head, _, body = sql.partition(" ( ")
    body = re.sub(r"\s*\)\s*STRICT$", "", body)
    return [
        head,
        *sorted(re.split(r", (?=[A-Z]|\w+ (?:TEXT|INTEGER|REAL))", body)),
    ]


async def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    await (await open_store(f"sqlite:///{migrated}")).close()

    def compare(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), columns.METADATA))

    engine = make_engine(migrated)
    async with engine.begin() as connection:
        assert await connection.run_sync(compare) == []
    await engine.dispose()

    made.touch()
    engine = make_engine(made)
    async with engine.begin() as connection:
        await connection.run_sync(columns.METADATA.create_all)
    await engine.dispose()

    ours, theirs = schema(made), schema(migrated)
    assert theirs.pop("alembic_version")
    assert {name: clauses(sql) for name, sql in ours.items()} == {
        name: clauses(sql) for name, sql in theirs.items()
    }
    assert all("STRICT" in sql for name, sql in ours.items() if not name.startswith("sqlite_"))


OLD_ROWS = """
INSERT INTO datacenters (name, position, latitude, longitude) VALUES
    ('tokyo', 0, 35.5, 139.5), ('attic', 1, NULL, NULL);
INSERT INTO probes (name, kind, path) VALUES ('web', 'http', '/well');
INSERT INTO probe_statuses VALUES ('web', 0, 200, 299);
INSERT INTO maps (name, position, otherwise) VALUES ('world', 0, 'nearest'), ('fixed', 1, 'tiers');
INSERT INTO map_tiers VALUES ('fixed', 0, 0, 'attic');
INSERT INTO map_rules (map, position, country) VALUES ('world', 0, 'JP');
INSERT INTO map_rule_networks VALUES ('world', 0, 0, '10.0.0.0/8');
INSERT INTO map_rule_tiers VALUES ('world', 0, 0, 0, 'tokyo');
INSERT INTO vips (name, position, map, probe, sticky, fallback) VALUES
    ('www.gslb.example.', 0, 'world', 'web', 1, 'addresses'),
    ('all.gslb.example.', 1, NULL, NULL, 0, 'none');
INSERT INTO vip_fallback_addresses VALUES ('www.gslb.example.', 0, '203.0.113.1');
INSERT INTO vip_tiers VALUES ('all.gslb.example.', 0, 0, 'attic');
INSERT INTO pools VALUES ('www.gslb.example.', 'tokyo', 0, 7), ('all.gslb.example.', 'attic', 0, 1);
INSERT INTO members (vip, datacenter, address) VALUES
    ('www.gslb.example.', 'tokyo', '192.0.2.1'), ('all.gslb.example.', 'attic', '192.0.2.2');
"""

OLD_WORLD = World.model_validate(
    {
        "datacenters": {"tokyo": {"location": [35.5, 139.5]}, "attic": {}},
        "probes": {"web": {"kind": "http", "path": "/well", "status": ["200-299"]}},
        "maps": {
            "world": {
                "rules": [{"country": "JP", "networks": ["10.0.0.0/8"], "to": ["tokyo"]}],
                "otherwise": "nearest",
            },
            "fixed": {"otherwise": ["attic"]},
        },
        "vips": {
            "www.gslb.example.": {
                "map": "world",
                "probe": "web",
                "sticky": True,
                "fallback": {"addresses": ["203.0.113.1"]},
                "pools": {"tokyo": {"weight": 7, "members": [{"address": "192.0.2.1"}]}},
            },
            "all.gslb.example.": {
                "order": ["attic"],
                "fallback": "none",
                "pools": {"attic": {"members": [{"address": "192.0.2.2"}]}},
            },
        },
    }
)


async def test_a_store_of_the_first_schema_is_taken_over_whole(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    engine = make_engine(path)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0001"))
    await engine.dispose()
    with closing(sqlite3.connect(path)) as outside, outside:
        outside.executescript(OLD_ROWS)
    async with await open_store(f"sqlite:///{path}") as store:
        assert (await store.read()).world == OLD_WORLD
    with closing(sqlite3.connect(path)) as outside, outside:
        outside.execute("PRAGMA foreign_keys = ON")
        assert outside.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert outside.execute("PRAGMA foreign_key_check").fetchall() == []
        for refused in (
            "UPDATE datacenters SET bias = 100",
            "UPDATE vips SET fallback = 'vip'",
            "UPDATE maps SET otherwise = 'map'",
            "UPDATE pools SET capacity = 0",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
                outside.execute(refused)
        outside.execute("UPDATE maps SET otherwise = 'map', otherwise_map = 'fixed' "
                        "WHERE name = 'world'")  # fmt: skip
        outside.execute("DELETE FROM vips WHERE name = 'www.gslb.example.'")
        assert outside.execute("SELECT vip FROM members").fetchall() == [("all.gslb.example.",)]


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
