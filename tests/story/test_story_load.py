"""A busy site sends a part of its clients on, takes them back, and remembers it over a kill."""

import asyncio
import json
import signal
import time
from collections import Counter
from pathlib import Path

import dns.edns
import dns.message
import pytest
from node import Node, running, until, write_zones

WWW = "www.gslb.example."
PUSHED = {"capacity": {"limit": 1000, "load": "push"}}
TOKYO, FRANKFURT = "192.0.2.10", "198.51.100.10"
NETWORKS = 256


async def ask_all(node: Node) -> dict[str, int]:
    """Ask once from every client network, spread over a second; count the answers."""
    found: Counter[str] = Counter()
    for number in range(NETWORKS):
        option = dns.edns.ECSOption(f"203.0.{number}.0", 24)
        query = dns.message.make_query(WWW, "A", use_edns=0, options=[option])
        found[await node.reply(query)] += 1
        await asyncio.sleep(1 / NETWORKS)
    return dict(found)


async def sheds(node: Node) -> float:
    """Give the share that tokyo sheds."""
    _, told = await node.call("GET", "/api/v1/load/tokyo")
    return float(told["shed"])


@pytest.mark.long
@pytest.mark.timeout(150)
async def test_answers_counted_in_the_plane_make_a_site_shed_and_take_back(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    yaml = zones / "gslb.example.yaml"
    yaml.write_text(yaml.read_text().replace("    probe: web\n", ""))
    async with running(tmp_path / "state", zones) as node:
        assert await ask_all(node) == {TOKYO: NETWORKS}
        capacity = {"capacity": {"limit": 120}}
        assert (await node.call("PUT", "/api/v1/datacenters/tokyo", capacity))[0] == 200
        end = time.monotonic() + 60
        while not await sheds(node):
            assert time.monotonic() < end, "tokyo sheds none of its clients"
            await ask_all(node)
        share, found = await sheds(node), await ask_all(node)
        assert found.keys() == {TOKYO, FRANKFURT}
        assert found[FRANKFURT] == pytest.approx(share * NETWORKS, abs=0.15 * NETWORKS)
        assert "the datacenter tokyo sheds" in node.log.read_text()

        async def took_back() -> bool:
            return await sheds(node) == 0

        await until(took_back, "tokyo takes its clients back", within=100)
        assert await ask_all(node) == {TOKYO: NETWORKS}
        assert "the datacenter tokyo sheds no clients" in node.log.read_text()


async def test_what_was_shed_is_shed_at_once_after_a_kill(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as node:
        assert (await node.call("PUT", "/api/v1/datacenters/tokyo", PUSHED))[0] == 200
        assert (await node.call("PUT", "/api/v1/load/tokyo", {"load": 2000}))[0] == 200

        async def is_saved() -> bool:
            file = node.state / "shed.json"
            return file.exists() and json.loads(file.read_bytes()) == {
                "tokyo": pytest.approx(6 / 11)
            }

        await until(is_saved, "the state folder knows what is shed")
        await node.end(signal.SIGKILL)
        await node.start()
        assert await sheds(node) == pytest.approx(6 / 11)
