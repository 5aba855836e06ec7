"""The store is the truth, and open: plain SQL from another process is served, or refused loudly."""

import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from node import Node, running, until, write_zones

API = "api.gslb.example."


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """Give a node whose members are not probed, or are down."""
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as found:
        yield found


def sql(node: Node, statement: str) -> None:
    with sqlite3.connect(node.state / "gslb.db") as connection:
        connection.execute(statement)
    connection.close()


async def alarms(node: Node) -> list[str]:
    _, ready = await node.call("GET", "/readyz")
    return [alarm["words"] for alarm in ready["alarms"]]


async def test_a_weight_changed_by_sql_is_served_within_a_second(node: Node) -> None:
    assert await node.ask(API) == ["192.0.2.20"]
    sql(node, "UPDATE members SET weight = 5 WHERE address = '192.0.2.21'")
    sql(node, "UPDATE members SET weight = 0 WHERE address = '192.0.2.20'")
    start = time.monotonic()

    async def is_served() -> bool:
        return await node.ask(API) == ["192.0.2.21"]

    await until(is_served, "the new weights are answered by")
    assert time.monotonic() - start < 1
    with sqlite3.connect(node.state / "gslb.db") as connection:
        rows = connection.execute(
            "SELECT source, before, after FROM revisions JOIN audit USING (revision)"
            " WHERE collection = 'vips' AND source = 'outside' ORDER BY revision DESC"
        ).fetchall()
    connection.close()
    assert rows
    assert all(before != after for _, before, after in rows)


async def test_a_bad_value_is_refused_and_the_last_good_state_stays(node: Node) -> None:
    sql(node, "UPDATE members SET address = 'nonsense' WHERE address = '192.0.2.20'")

    async def is_refused() -> bool:
        return any("nonsense" in words for words in await alarms(node))

    await until(is_refused, "an alarm names the bad value")
    assert await node.ask(API) == ["192.0.2.20"]
    assert "nonsense" in node.log.read_text()
    status, _ = await node.call("PUT", "/api/v1/datacenters/osaka", {})
    assert status == 409

    sql(node, "UPDATE members SET address = '192.0.2.99' WHERE address = 'nonsense'")

    async def is_mended() -> bool:
        return await node.ask(API) == ["192.0.2.99"] and not await alarms(node)

    await until(is_mended, "the mended address is served and the alarm over")


async def test_sql_itself_refuses_a_weight_out_of_range(node: Node) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        sql(node, "UPDATE members SET weight = 70000")


async def test_what_changed_while_gslb_was_off_is_recorded_and_served(node: Node) -> None:
    await node.end()
    sql(node, "UPDATE members SET address = '192.0.2.77' WHERE address = '192.0.2.20'")
    await node.start()

    async def is_served() -> bool:
        return await node.ask(API) == ["192.0.2.77"]

    await until(is_served, "the change made while off is answered")
    with sqlite3.connect(node.state / "gslb.db") as connection:
        (source,) = connection.execute(
            "SELECT source FROM revisions ORDER BY revision DESC LIMIT 1"
        ).fetchone()
    connection.close()
    assert source == "outside"
