"""Killed and started again, a node gives its last right answer first, store or no store."""

import asyncio
import signal
import sqlite3
import time
from pathlib import Path

import dns.asyncquery
import dns.edns
import dns.message
import pytest
from node import Node, running, staged, toy_sites, until, write_zones

WWW = "www.gslb.example."
FRANKFURT = ["198.51.100.10"]


async def failed_over(node: Node) -> None:
    """Wait until tokyo is out, and until the state folder knows it."""

    async def is_so() -> bool:
        saved = (node.state / "served" / "verdicts.json").read_text()
        return await node.ask(WWW) == FRANKFURT and '"down"' in saved

    await until(is_so, "tokyo is down, and saved so")


async def test_the_first_answer_after_kill_9_is_the_last_right_one(tmp_path: Path) -> None:
    async with staged(tmp_path) as (node, sites):
        await sites["tokyo"].kill()
        await failed_over(node)
        await node.end(signal.SIGKILL)
        await node.start()
        assert await node.ask(WWW) == FRANKFURT
        assert (await node.member(WWW, "tokyo"))["verdict"] == "down"


async def test_the_store_is_gone_and_answers_go_on(tmp_path: Path) -> None:
    async with staged(tmp_path) as (node, sites):
        await sites["tokyo"].kill()
        await failed_over(node)
        await node.end(signal.SIGKILL)
        for path in node.state.glob("gslb.db*"):
            path.rename(tmp_path / path.name)

        await node.start()
        assert await node.ask(WWW) == FRANKFURT
        assert await node.ask("txt.gslb.example.", "TXT") == ['"hello"']
        _, ready = await node.call("GET", "/readyz")
        assert ready["ready"]
        assert [alarm["key"] for alarm in ready["alarms"]] == ["store"]
        assert "gslb.db" in ready["alarms"][0]["words"]
        _, metrics = await node.call("GET", "/metrics")
        assert 'gslb_alarm_since_seconds{alarm="store"}' in metrics
        assert "store:" in node.log.read_text()
        status, problem = await node.call("DELETE", f"/api/v1/vips/{WWW}")
        assert (status, problem["status"]) == (503, 503)

        async def says_stale() -> bool:
            query = dns.message.make_query(WWW, "A", use_edns=0)
            reply = await dns.asyncquery.udp(query, "127.0.0.1", port=node.dns, timeout=5)
            codes = [one.code for one in reply.options if isinstance(one, dns.edns.EDEOption)]
            return codes == [dns.edns.EDECode.STALE_ANSWER]

        await until(says_stale, "answers say that they are of a state that cannot be renewed")

        await sites["tokyo"].start()  # probing goes on without the store

        async def tokyo_is_back() -> bool:
            return await node.ask(WWW) == ["192.0.2.10"]

        await until(tokyo_is_back, "tokyo is answered again")
        for path in tmp_path.glob("gslb.db*"):
            path.rename(node.state / path.name)

        async def alarm_is_over() -> bool:
            _, ready = await node.call("GET", "/readyz")
            return not ready["alarms"]

        await until(alarm_is_over, "the store is found again")

        async def says_nothing() -> bool:
            return not await says_stale()

        await until(says_nothing, "answers are no longer stale")


async def test_the_store_is_unreadable(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as node:
        await node.end(signal.SIGKILL)
        for path in node.state.glob("gslb.db*"):
            path.write_bytes(b"not a database, whatever its name says" * 200)
        await node.start()
        assert await node.ask("api.gslb.example.") == ["192.0.2.20"]
        _, ready = await node.call("GET", "/readyz")
        assert [alarm["key"] for alarm in ready["alarms"]] == ["store"]


async def test_sigterm_ends_within_two_seconds(tmp_path: Path) -> None:
    async with toy_sites("tokyo", "frankfurt") as sites:
        await sites["tokyo"].behave("hang")  # a probe is under way
        zones = write_zones(tmp_path / "zones", {n: s.port for n, s in sites.items()})
        async with running(tmp_path / "state", zones) as node:
            start = time.monotonic()
            assert await node.end() == 0
            assert time.monotonic() - start < 2
            assert "Traceback" not in node.log.read_text()


async def test_a_probe_that_was_edited_keeps_its_verdict_over_a_restart(tmp_path: Path) -> None:
    async with staged(tmp_path) as (node, sites):
        await sites["tokyo"].kill()
        await failed_over(node)
        patch = {"interval": "1h", "timeout": "2s"}
        assert (await node.call("PATCH", "/api/v1/probes/web", patch))[0] == 200
        await node.end(signal.SIGKILL)
        await node.start()
        assert await node.ask(WWW) == FRANKFURT


async def test_a_store_made_anew_at_the_same_revision_is_read(tmp_path: Path) -> None:
    first = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    other = write_zones(tmp_path / "other", {"tokyo": 9, "frankfurt": 9})
    yaml = other / "gslb.example.yaml"
    yaml.write_text(yaml.read_text().replace("192.0.2.20", "192.0.2.55"))
    async with running(tmp_path / "elsewhere", other) as made:
        await made.end()
    async with running(tmp_path / "state", first) as node:
        assert await node.ask("api.gslb.example.") == ["192.0.2.20"]
        (tmp_path / "elsewhere" / "gslb.db").replace(node.state / "gslb.db")

        async def is_read() -> bool:
            return await node.ask("api.gslb.example.") == ["192.0.2.55"]

        await until(is_read, "the store that was put in place is answered from")


ALREADY = "which is answered already"


async def test_a_store_that_holds_what_is_answered_is_not_read_again(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as node:
        await node.end()
        await node.start()
        assert ALREADY in node.log.read_text()
        assert "differs from the store" not in node.log.read_text()

        path = "/api/v1/zones/gslb.example./rrsets"
        more = {"ttl": 5, "rdata": ["192.0.2.5"]}
        assert (await node.call("PUT", f"{path}/new.gslb.example./A", more))[0] == 201
        assert await node.ask("new.gslb.example.") == ["192.0.2.5"]
        _, found = await node.call("GET", path)
        owners = {"gslb.example.", "ns1.gslb.example.", "txt.gslb.example.", "new.gslb.example."}
        assert {rrset["name"] for rrset in found} == owners

        await node.end()
        node.log.write_text("")
        await node.start()
        assert ALREADY in node.log.read_text()
        assert "differs from the store" in node.log.read_text()
        (node.state / "same").unlink()

        zone = zones / "gslb.example.zone"
        zone.write_text(f"{zone.read_text()}new 5 IN A 192.0.2.5\n")
        for _ in range(2):  # by reading the folder, and by the note that was made then
            await node.end()
            node.log.write_text("")
            await node.start()
            assert "differs from the store" not in node.log.read_text()
            assert (node.state / "same").exists()
        _, found = await node.call("GET", f"{path}?name=new.gslb.example.")
        assert found == [{"name": "new.gslb.example.", "type": "A", **more}]


async def test_a_store_changed_while_off_is_read(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as node:
        await node.end()
        with sqlite3.connect(node.state / "gslb.db") as connection:
            connection.execute("UPDATE records SET rdata = '192.0.2.9' WHERE rdata = '127.0.0.1'")
        connection.close()
        await node.start()
        assert ALREADY not in node.log.read_text()
        assert await node.ask("ns1.gslb.example.") == ["192.0.2.9"]


@pytest.mark.timeout(60)
async def test_a_held_write_lock_stops_neither_the_start_nor_the_end(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as node:
        await node.end(signal.SIGKILL)
        connection = sqlite3.connect(node.state / "gslb.db", isolation_level=None)
        try:
            connection.execute("UPDATE members SET weight = 5 WHERE address = '192.0.2.21'")
            connection.execute("BEGIN IMMEDIATE")
            await node.start()
            assert await node.ask("api.gslb.example.") == ["192.0.2.20"]

            async def alarms() -> bool:
                _, ready = await node.call("GET", "/readyz")
                return any(alarm["key"] == "store-busy" for alarm in ready["alarms"])

            await until(alarms, "an alarm tells of the held lock")
            edit = asyncio.create_task(node.call("PUT", "/api/v1/datacenters/osaka", {}))
            await asyncio.sleep(0)
            start = time.monotonic()
            assert await node.end() == 0
            took = time.monotonic() - start
            await asyncio.gather(edit, return_exceptions=True)
            assert took < 2, node.log.read_text()
        finally:
            connection.close()
