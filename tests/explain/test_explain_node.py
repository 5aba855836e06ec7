"""Explanations of a real node: by which rule, what if a site were gone, and how it was before."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from atlases import city, write_database
from node import ZONE, Node, toy_sites, until

from gslb.demo.sites import Site

YAML = """\
datacenters:
  tokyo: {{location: [35.68, 139.69]}}
  frankfurt: {{location: [50.11, 8.68]}}
probes:
  web: {{kind: http, path: /healthz, interval: 200ms, timeout: 150ms, fall: 2, contains: ok}}
maps:
  world:
    rules:
      - {{country: BR, to: [frankfurt, tokyo]}}
      - {{country: DE, city: Munich, to: [tokyo]}}
      - {{networks: [198.51.100.128/25], to: [tokyo]}}
    otherwise: nearest
vips:
  near.gslb.example.:
    map: world
    probe: web
    pools:
      tokyo: {{members: [{{address: 192.0.2.1, probe_address: 127.0.0.1, probe_port: {tokyo}}}]}}
      frankfurt:
        min_live: 2
        members:
          - {{address: 192.0.2.2, probe_address: 127.0.0.1, probe_port: {frankfurt}}}
          - {{address: 192.0.2.3, probe_address: 127.0.0.1, probe_port: {frankfurt}}}
"""
NAME = "near.gslb.example"
PLACES = {
    "198.51.100.0/24": city("DE", "EU", "Berlin", (52.52, 13.4), "BE"),
    "203.0.113.0/24": city("JP", "AS", "Osaka", (34.69, 135.5)),
}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[tuple[Node, dict[str, Site]]]:
    """Give a node with two probed sites that are up, and a database."""
    async with toy_sites("tokyo", "frankfurt") as sites:
        zones = tmp_path / "zones"
        zones.mkdir()
        (zones / "gslb.example.zone").write_text(ZONE)
        ports = {name: site.port for name, site in sites.items()}
        (zones / "gslb.example.yaml").write_text(YAML.format(**ports))
        file = write_database(tmp_path / "city.mmdb", PLACES, "GeoLite2-City")
        node = Node(tmp_path / "state", zones, more=["--geoip", str(file)])
        await node.start()
        try:
            yield node, sites
        finally:
            await node.end()


async def why(node: Node, client: str, *more: tuple[str, str]) -> dict[str, Any]:
    query = urlencode([("name", NAME), ("client", client), *more])
    status, found = await node.call("GET", f"/api/v1/explain?{query}")
    assert status == 200, found
    return dict(found)


async def test_place_and_rules(stage: tuple[Node, dict[str, Site]]) -> None:
    node, _ = stage
    found = await why(node, "198.51.100.0/26")
    place = found["place"]
    assert place["decided_by"] == {"map": "world", "rule": None, "to": "the nearest"}
    assert place["known"]["city"] == "Berlin"
    assert [(miss["rule"], miss["unfit"]) for miss in place["missed"]] == [
        (0, "country"),
        (1, "city"),
        (2, "networks"),
    ]
    (database,) = place["databases"]
    assert database["network"] == "198.51.100.0/24"
    told = "\n".join(found["sentences"])
    assert "Berlin, Berlin State, DE, EU, 52.52° north, 13.40° east" in told
    assert "No rule fits it, so the map world goes on with its otherwise: the nearest." in told
    assert (
        "Rule 2 of the map world (city Munich, country DE) does not: its city is another." in told
    )

    found = await why(node, "198.51.100.200")
    assert found["place"]["decided_by"]["rule"] == 2
    assert found["answers"] == ["192.0.2.1"]


async def test_a_client_of_no_known_place(stage: tuple[Node, dict[str, Site]]) -> None:
    node, _ = stage
    told = "\n".join((await why(node, "8.8.8.8"))["sentences"])
    assert "does not: its country is not known." in told
    assert "Its location is not known, so that all these datacenters share one tier." in told


async def test_without_a_site_a_pool_or_a_member(stage: tuple[Node, dict[str, Site]]) -> None:
    node, _ = stage
    assert (await why(node, "198.51.100.0/26"))["answers"][0] in {"192.0.2.2", "192.0.2.3"}
    for gone in ("frankfurt", f"{NAME}./frankfurt", f"{NAME}./frankfurt/192.0.2.3"):
        # With one of two members gone, the pool has fewer live ones than its min_live.
        found = await why(node, "198.51.100.0/26", ("without", gone))
        assert found["answers"] == ["192.0.2.1"], gone
        assert found["imagined"]["without"] == [gone]
        assert found["sentences"][0].startswith(f"Imagined without {gone}: the answer is 192.0.2.1")
        assert found["now"]["answers"][0] in {"192.0.2.2", "192.0.2.3"}
        members = {
            m["address"]: m["reason"]
            for tier in found["tiers"]
            for pool in tier["pools"]
            for m in pool["members"]
        }
        assert "it is imagined to be gone" in members["192.0.2.3"]
    found = await why(node, "203.0.113.0/24", ("without", "frankfurt"))
    assert "the answer is the same as now: 192.0.2.1" in found["sentences"][0]
    status, problem = await node.call(
        "GET", f"/api/v1/explain?{urlencode({'name': NAME, 'client': '::1', 'without': 'mars'})}"
    )
    assert status == 422
    assert "mars has no members; name a datacenter (frankfurt, tokyo)" in str(problem)
    assert await node.ask(NAME) != []


async def test_as_it_was(stage: tuple[Node, dict[str, Site]]) -> None:
    node, sites = stage
    both_up = time.time()
    await sites["frankfurt"].kill()

    async def moved() -> bool:
        return bool((await why(node, "198.51.100.0/26"))["answers"] == ["192.0.2.1"])

    await until(moved, "the site is found dead")
    then = datetime.fromtimestamp(both_up, UTC).isoformat()
    found = await why(node, "198.51.100.0/26", ("at", then))
    assert found["answers"][0] in {"192.0.2.2", "192.0.2.3"}
    assert found["now"]["answers"] == ["192.0.2.1"]
    assert "with the verdicts of" in found["sentences"][0]
    query = urlencode({"name": NAME, "client": "::1", "at": "2001-01-01T00:00:00Z"})
    status, problem = await node.call("GET", f"/api/v1/explain?{query}")
    assert status == 409
    assert "verdicts are known from" in str(problem)
    for text, word in (("soon", "is no time"), ("2999-01-01T00:00:00Z", "lies ahead")):
        query = urlencode({"name": NAME, "client": "::1", "at": text})
        status, problem = await node.call("GET", f"/api/v1/explain?{query}")
        assert status == 422
        assert word in str(problem)


async def test_the_command_line(stage: tuple[Node, dict[str, Site]]) -> None:
    node, _ = stage
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gslb", "explain", NAME, "--client", "198.51.100.0/26"),
        *("--without", "frankfurt", "--state", str(node.state)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    lines = " ".join(out.decode().split())
    assert process.returncode == 0
    assert "Imagined without frankfurt: the answer is 192.0.2.1 with TTL 30 s; now it is" in lines
