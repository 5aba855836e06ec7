"""Real secondaries, NSD, Knot and BIND, transfer with TSIG and follow edits through the API."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from node import Node, running, until, write_zones
from secondaries import KEY, ORIGIN, Secondary, free_port, secondary, write_keys

KINDS = [pytest.param(kind, marks=pytest.mark.peer(kind)) for kind in ("nsd", "knotd", "named")]


async def edit(node: Node, words: str) -> None:
    body = {"ttl": 60, "rdata": [f'"{words}"']}
    status, found = await node.call("PUT", f"/api/v1/zones/{ORIGIN}/rrsets/new.{ORIGIN}/TXT", body)
    assert status in {200, 201}, found


async def zone_facts(node: Node) -> dict[str, Any]:
    _, found = await node.call("GET", "/api/v1/status")
    return dict(found["zones"][f"{ORIGIN}."])


async def acknowledged(node: Node, port: int) -> bool:
    facts = await zone_facts(node)
    standing = facts["secondaries"][f"127.0.0.1:{port}"]
    return bool(standing["acknowledged"] == facts["serial"])


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_secondary_transfers_and_follows(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("GSLB_TRANSFER_KEYS", str(write_keys(tmp_path)))
    monkeypatch.setenv("GSLB_NOTIFY", f"127.0.0.1:{port}#{KEY}")
    zones = write_zones(tmp_path / "zones", {"tokyo": 1, "frankfurt": 1})
    async with (
        running(tmp_path / "state", zones) as node,
        secondary(kind, tmp_path / kind, port, node.dns) as found,
    ):
        await found.becomes(f"txt.{ORIGIN}", "TXT", ['"hello"'])
        await found.becomes(f"www.{ORIGIN}", "A", ["192.0.2.10", "198.51.100.10"])
        await found.becomes(f"api.{ORIGIN}", "A", ["192.0.2.20"])
        assert await found.serial() == 2
        for number in (1, 2):
            await edit(node, f"edit {number}")
            await found.becomes(f"new.{ORIGIN}", "TXT", [f'"edit {number}"'])
        await _elsewhere_moves_no_serial(node, found)
        weight = {"pools": {"tokyo": {"members": [{"address": "192.0.2.77"}]}}}
        status, told = await node.call("PATCH", f"/api/v1/vips/api.{ORIGIN}.", weight)
        assert status == 200, told
        await found.becomes(f"api.{ORIGIN}", "A", ["192.0.2.77"])
        assert (
            await found.serial() == (await zone_facts(node))["serial"] == 1 + 5
        )  # written, and the fifth revision
        await until(lambda: acknowledged(node, port), "the acknowledgement")
        facts = await zone_facts(node)
        assert facts["transfers"]["127.0.0.1"]["key"] == KEY
        _, metrics = await node.call("GET", "/metrics")
        assert f'gslb_zone_serial{{zone="{ORIGIN}."}} 6.0' in metrics
        assert 'gslb_notifies_total{result="acknowledged"}' in metrics
        told = await _status(node)
        assert f"zone {ORIGIN}. serial 6\n  127.0.0.1:{port} acknowledged it at 20" in told
        assert "  127.0.0.1 transferred serial 6 at 20" in told
        assert f", signed with {KEY}\n" in told
    log = node.log.read_text()
    assert f"127.0.0.1:{port} acknowledges {ORIGIN}. serial 6" in log
    assert "ERROR" not in log


async def _status(node: Node) -> str:
    """Give what `gslb status` prints."""
    words = (sys.executable, "-m", "gslb", "status", "--state", str(node.state))
    process = await asyncio.create_subprocess_exec(*words, stdout=PIPE)
    told, _ = await process.communicate()
    return told.decode()


async def _elsewhere_moves_no_serial(node: Node, found: Secondary) -> None:
    """See that the serial stands when a revision changes no record of the zone."""
    before = await found.serial()
    status, told = await node.call("PUT", "/api/v1/datacenters/osaka", {})
    assert status == 201, told
    assert (await zone_facts(node))["serial"] == before


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.peer("knotd")
async def test_a_restart_moves_no_serial_and_a_secondary_that_slept_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secondary is down while an edit is made; then gslb is started again, then it."""
    port = free_port()
    monkeypatch.setenv("GSLB_TRANSFER_TO", "127.0.0.0/8")
    monkeypatch.setenv("GSLB_TRANSFER_KEYS", str(write_keys(tmp_path)))
    monkeypatch.setenv("GSLB_NOTIFY", f"127.0.0.1:{port}#{KEY}")
    zones = write_zones(tmp_path / "zones", {"tokyo": 1, "frankfurt": 1})
    async with running(tmp_path / "state", zones) as node:
        await edit(node, "while it slept")
        before = await node.ask(ORIGIN, "SOA")
        assert await node.end() == 0
        await node.start()
        assert await node.ask(ORIGIN, "SOA") == before
        async with secondary("knotd", tmp_path / "knot", port, node.dns) as found:
            await found.becomes(f"new.{ORIGIN}", "TXT", ['"while it slept"'])
            await until(lambda: acknowledged(node, port), "the acknowledgement")
