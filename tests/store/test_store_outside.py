"""Changes made outside, by plain SQL: noticed, read, recorded; or refused by SQL, or when read."""

import asyncio
import json
import sqlite3
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from store_worlds import NOW, fill, put, rich

from gslb.model import Datacenter, Edit, Invalid, Refused, apply_edits, find_edits
from gslb.store import Store, open_store

WORLD = rich()
VIP = "www.gslb.example."
HEAVIER = "UPDATE members SET weight = 5 WHERE address = '192.0.2.10'"
OSAKA = Edit("datacenters", ("osaka",), Datacenter())


@contextmanager
def outside(path: Path, *, keys: bool = False) -> Iterator[sqlite3.Connection]:
    """Give another program's connection; like the shell's, it checks no foreign keys."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA foreign_keys = {keys}")
        yield connection


async def test_a_change_is_noticed_read_and_adopted(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    before = await store.look()
    with outside(path) as connection:
        connection.execute(HEAVIER)
    look = await store.look()
    assert look == replace(before, touch=before.touch + 1, settled=False)
    assert before.mark
    assert not look.mark, "a store that was changed outside has no mark until that is recorded"

    with pytest.raises(Refused, match="changed outside"):
        await put(store, OSAKA, base=1)

    stored = await store.read()
    members = stored.world.vips[VIP].pools["tokyo"].members
    assert [member.weight for member in members] == [0, 5, 1]
    edits = find_edits(WORLD, stored.world)
    assert [edit.path for edit in edits] == [("vips", VIP)]
    assert (
        await store.adopt(edits, before=WORLD, touch=stored.touch, base=stored.revision, at=NOW)
        == 2
    )

    assert (await store.look()).settled
    assert (await store.read()).world == apply_edits(WORLD, edits)
    revision = (await store.revisions())[0]
    assert (revision.author, revision.source) == ("sql", "outside")
    assert revision.summary == "1 value changed by SQL"
    (row,) = await store.audit(2)
    weights = [
        json.loads(text or "")["pools"]["tokyo"]["members"][1]["weight"]
        for text in (row.before, row.after)
    ]
    assert weights == [65535, 5]
    assert await put(store, OSAKA, base=2) == 3


@pytest.mark.skipif(which("sqlite3") is None, reason="the sqlite3 shell is not installed")
async def test_the_shell_is_a_second_way_in(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    shell = await asyncio.create_subprocess_exec("sqlite3", path, HEAVIER, stderr=PIPE, stdout=PIPE)
    assert (*await shell.communicate(), shell.returncode) == (b"", b"", 0)
    assert not (await store.look()).settled


async def test_what_changed_while_gslb_was_off_is_noticed(path: Path) -> None:
    async with await open_store(f"sqlite:///{path}") as store:
        await fill(store, WORLD)
    with outside(path) as connection:
        connection.execute("DELETE FROM members WHERE address = '192.0.2.11'")
    async with await open_store(f"sqlite:///{path}", create=False) as store:
        look = await store.look()
        assert (look.revision, look.settled) == (1, False)


async def test_a_store_filled_by_sql_alone_is_not_taken_for_empty(store: Store, path: Path) -> None:
    with outside(path) as connection:
        connection.execute("INSERT INTO datacenters (name) VALUES ('osaka')")
    look = await store.look()
    assert (look.revision, look.settled) == (0, False)
    assert list((await store.read()).world.datacenters) == ["osaka"]


async def test_every_table_of_configuration_is_watched(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    unwatched = {"touch", "revisions", "audit", "tokens", "alembic_version", "sqlite_sequence"}
    with outside(path) as connection:
        listed = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        tables = {name for (name,) in listed} - unwatched
        assert len(tables) == 19
        for table in tables:
            before = (await store.look()).touch
            connection.execute(f"UPDATE {table} SET rowid = rowid WHERE rowid = 1")
            connection.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {table} LIMIT 1")
            connection.execute(f"DELETE FROM {table} WHERE rowid = 1")
            connection.execute(f"INSERT INTO {table} SELECT * FROM kept")
            connection.execute("DROP TABLE kept")
            assert (await store.look()).touch == before + 3, table


async def test_a_change_that_came_while_another_was_read_is_not_swallowed(
    store: Store, path: Path
) -> None:
    await fill(store, WORLD)
    with outside(path) as connection:
        connection.execute(HEAVIER)
        stored = await store.read()
        connection.execute("UPDATE members SET weight = 6 WHERE address = '192.0.2.10'")
    with pytest.raises(Refused, match="changed again while it was read"):
        await store.adopt([], before=WORLD, touch=stored.touch, base=1, at=NOW)
    assert not (await store.look()).settled


async def test_a_settled_store_has_nothing_to_adopt(store: Store) -> None:
    revision = await fill(store, WORLD)
    touch = (await store.look()).touch
    assert await store.adopt([], before=WORLD, touch=touch, base=revision, at=NOW) == revision
    with pytest.raises(Refused, match="at revision 1, not 0"):
        await store.adopt([], before=WORLD, touch=touch, base=0, at=NOW)
    assert len(await store.revisions()) == 1


REFUSED_BY_SQL = [
    ("UPDATE members SET weight = 70000", "weight_is_0_to_65535"),
    ("UPDATE members SET weight = -1", "weight_is_0_to_65535"),
    ("UPDATE members SET weight = 'heavy'", "cannot store TEXT value in INTEGER column"),
    ("UPDATE members SET weight = 1.5", "cannot store REAL value in INTEGER column"),
    ("UPDATE members SET weight = NULL", "NOT NULL constraint failed"),
    ("UPDATE members SET probe_port = 0", "probe_port_is_1_to_65535"),
    ("UPDATE pools SET weight = 65536", "weight_is_0_to_65535"),
    ("UPDATE vips SET ttl = -1", "ttl_is_0_to_2147483647"),
    ("UPDATE vips SET answers = 65", "answers_is_0_to_64"),
    ("UPDATE vips SET fallback = 'any'", "fallback_is_all_or_none"),
    ("UPDATE vips SET name = 'WWW.example.'", "name_is_lower_case_and_ends_with_a_dot"),
    ("UPDATE probes SET kind = 'icmp' WHERE name = 'door'", "kind_is_http_or_tcp"),
    ("UPDATE probes SET timeout_ms = interval_ms + 1", "timeout_ms_is_within_interval_ms"),
    ("UPDATE datacenters SET latitude = 91", "latitude_is_minus_90_to_90"),
    ("UPDATE datacenters SET latitude = NULL WHERE name = 'tokyo'", "go_together"),
    ("UPDATE maps SET otherwise = 'farthest'", "otherwise_is_nearest_or_tiers"),
    ("UPDATE pools SET datacenter = 'osaka' WHERE weight = 7", "FOREIGN KEY constraint failed"),
    ("UPDATE vips SET map = 'mars'", "FOREIGN KEY constraint failed"),
    ("DELETE FROM probes WHERE name = 'web'", "FOREIGN KEY constraint failed"),
    ("DELETE FROM datacenters WHERE name = 'attic'", "FOREIGN KEY constraint failed"),
]


@pytest.mark.parametrize(("statement", "words"), REFUSED_BY_SQL)
async def test_sql_refuses_at_once(store: Store, path: Path, statement: str, words: str) -> None:
    await fill(store, WORLD)
    with outside(path, keys=True) as connection, pytest.raises(sqlite3.Error, match=words):
        connection.execute(statement)
    assert (await store.look()).settled


async def test_a_parent_takes_its_children_along_and_a_new_name_reaches_all(
    store: Store, path: Path
) -> None:
    await fill(store, WORLD)
    with outside(path, keys=True) as connection:
        connection.execute(f"DELETE FROM vips WHERE name = '{VIP}'")
        connection.execute("DELETE FROM zones WHERE origin = 'gslb.example.'")
        connection.execute("DELETE FROM map_rules WHERE position = 0")
        connection.execute("UPDATE datacenters SET name = 'osaka' WHERE name = 'tokyo'")
    world = (await store.read()).world
    assert list(world.vips) == [
        "other.gslb.example.",
        "all.gslb.example.",
        "ordered.gslb.example.",
    ]
    assert list(world.vips["ordered.gslb.example."].pools) == ["virginia", "osaka"]
    assert list(world.zones) == ["empty.example."]
    assert [rule.asn for rule in world.maps["world"].rules] == [4294967295, None, None, None, None]


REFUSED_WHEN_READ = [
    (
        "UPDATE members SET address = 'nonsense' WHERE address = '192.0.2.10'",
        ("vips", VIP, "pools", "tokyo", "members", 1, "address"),
        (
            "'nonsense' is not an IPv4 or IPv6 address (in members WHERE vip = 'www.gslb.example.' "
            "AND datacenter = 'tokyo' AND address = 'nonsense')"
        ),
    ),
    (
        "UPDATE vip_fallback_addresses SET address = 'x' WHERE position = 1",
        ("vips", VIP, "fallback", "addresses", 1),
        (
            f"'x' is not an IPv4 or IPv6 address (in vip_fallback_addresses WHERE vip = '{VIP}' "
            "AND position = 1)"
        ),
    ),
    (
        f"DELETE FROM members WHERE vip = '{VIP}' AND datacenter = 'attic'",
        ("vips", VIP, "pools", "attic", "members"),
        f"write at least 1 (in pools WHERE vip = '{VIP}' AND datacenter = 'attic')",
    ),
    (
        f"UPDATE vips SET name = 'Www' WHERE name = '{VIP}'",
        ("vips", "Www"),
        "the name 'Www' is not absolute",
    ),
    (
        "UPDATE vips SET name = '\\119ww.x.' WHERE name = 'all.gslb.example.'",
        ("vips", "\\119ww.x."),
        "write 'www.x.' (in vips WHERE name = '\\119ww.x.')",
    ),
    (
        "UPDATE vip_tiers SET datacenter = 'no good' WHERE tier = 1 AND position = 1",
        ("vips", "ordered.gslb.example.", "order", 1, 1),
        "(in vip_tiers WHERE vip = 'ordered.gslb.example.' AND tier = 1 AND position = 1)",
    ),
    (
        "INSERT INTO vip_tiers VALUES ('www.gslb.example.', 0, 0, 'tokyo')",
        ("vips", VIP),
        f"give map or order, not both (in vips WHERE name = '{VIP}')",
    ),
    (
        "DELETE FROM pools WHERE datacenter = 'frankfurt'",
        ("vips", VIP, "pools", "frankfurt"),
        (
            "it belongs to nothing; add the row that it belongs to, or delete this one "
            f"(in members WHERE vip = '{VIP}' AND datacenter = 'frankfurt' "
            "AND address = '198.51.100.10')"
        ),
    ),
    (
        "UPDATE map_rule_networks SET network = '10.0.0.1/8' WHERE position = 0",
        ("maps", "world", "rules", 0, "networks", 0),
        "(in map_rule_networks WHERE map = 'world' AND rule = 0 AND position = 0)",
    ),
    (
        "UPDATE map_rules SET country = '12' WHERE position = 2",
        ("maps", "world", "rules", 2, "country"),
        "(in map_rules WHERE map = 'world' AND position = 2)",
    ),
    (
        "DELETE FROM map_rules WHERE position = 1",
        ("maps", "world", "rules"),
        "(in map_rule_tiers WHERE map = 'world' AND rule = 1 AND tier = 0 AND position = 1)",
    ),
    (
        "DELETE FROM map_tiers WHERE map = 'fixed'",
        ("maps", "fixed", "otherwise"),
        "(in maps WHERE name = 'fixed')",
    ),
    (
        "UPDATE probes SET path = 'healthz' WHERE name = 'web'",
        ("probes", "web", "path"),
        "(in probes WHERE name = 'web')",
    ),
    (
        "UPDATE datacenters SET name = 'it''s' WHERE name = 'attic'",
        ("datacenters", "it's"),
        "(in datacenters WHERE name = 'it''s')",
    ),
    (
        "UPDATE records SET rdata = 'nowhere' WHERE type = 'A' AND position = 1",
        ("zones", "gslb.example.", "rrsets", "odd\\032label.gslb.example.", "A"),
        "'nowhere' is not data of a A record",
    ),
    (
        "UPDATE rrsets SET type = 'TYPE1' WHERE type = 'A'",
        ("zones", "gslb.example.", "rrsets", "odd\\032label.gslb.example.", "TYPE1", "rdata"),
        "too few; write at least 1",
    ),
    (
        "DELETE FROM zones WHERE origin = 'gslb.example.'",
        ("zones", "gslb.example.", "rrsets", "gslb.example.", "SOA"),
        "it belongs to nothing",
    ),
]


@pytest.mark.parametrize(("statement", "where", "words"), REFUSED_WHEN_READ)
async def test_a_bad_row_is_named_by_path_and_by_table(
    store: Store, path: Path, statement: str, where: tuple[str | int, ...], words: str
) -> None:
    await fill(store, WORLD)
    with outside(path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        assert connection.execute(statement).rowcount > 0
    with pytest.raises(Invalid) as caught:
        await store.read()
    told = {fault.path: fault.sentence for fault in caught.value.faults}
    assert words in told.get(where, ""), caught.value


async def test_all_faults_are_told_at_once(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    with outside(path) as connection:
        connection.execute("UPDATE members SET address = 'a' WHERE address = '192.0.2.10'")
        connection.execute("UPDATE members SET probe_address = 'b' WHERE address = '192.0.2.12'")
        connection.execute("UPDATE probes SET host = 'c d' WHERE name = 'web'")
        connection.execute("UPDATE records SET rdata = 'e' WHERE type = 'SOA'")
    with pytest.raises(Invalid) as caught:
        await store.read()
    assert [fault.path[:2] for fault in caught.value.faults] == [
        ("probes", "web"),
        ("vips", VIP),
        ("vips", "all.gslb.example."),
        ("zones", "gslb.example."),
    ]
