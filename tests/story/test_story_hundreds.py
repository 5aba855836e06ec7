"""Three hundred sites: the nearest that lives, borders that move, true scopes, nodes that agree."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hundreds import (
    COUNTRY,
    FEW,
    LAST,
    RULED,
    Globe,
    make,
    sent,
    site_of,
    told,
    vip,
    write,
    write_places,
)
from node import Node, toy_sites, until

# Alone on two cores each takes at most nine seconds; beside other work several times as long.
pytestmark = pytest.mark.timeout(60)

DEEP, RULES, AMONG, STICKY, SHALLOW = map(vip, range(5))


@pytest.fixture
def globe() -> Globe:
    return Globe.drawn(4)


@asynccontextmanager
async def serving(folder: Path, globe: Globe, *ports: int) -> AsyncIterator[Node]:
    """Serve a globe; `ports` are where the region and the rest are probed."""
    zones = write(folder, globe, *ports)
    node = make(folder, zones, write_places(folder / "city.mmdb", globe))
    try:
        await node.start()
        yield node
    finally:
        await node.end()


def clients(globe: Globe, every: int = 5) -> list[IPv4Network]:
    """Give some of the networks of the database."""
    return list(globe.places)[::every]


def ends(network: IPv4Network) -> list[IPv4Network]:
    """Give the first address of a network, one in the middle, and the last."""
    low, high = int(network.network_address), int(network.broadcast_address)
    return [IPv4Network(at) for at in (low, (low + high) // 2, high)]


@pytest.mark.long
async def test_a_region_dies_and_every_client_gets_the_nearest_that_lives(
    tmp_path: Path, globe: Globe
) -> None:
    networks = clients(globe)
    region = globe.region()
    lives = [name for name in globe.sites if name not in region]
    before = [globe.nearest(one, globe.sites) for one in networks]
    after = [globe.nearest(one, lives) for one in networks]
    assert len({*before} & {*region}) > len(region) / 2  # the story is about somebody
    async with (
        toy_sites("region", "rest") as toys,
        serving(tmp_path, globe, toys["region"].port, toys["rest"].port) as node,
    ):
        await all_sent(node, networks, before, "all to the nearest")
        await toys["region"].kill()
        await all_sent(node, networks, after, "all to the nearest that lives")
        _, status = await node.call("GET", "/api/v1/status")
        pools = status["vips"][DEEP]["pools"]
        down = {name for name in pools if pools[name]["members"][0]["verdict"] == "down"}
        assert down == set(region)
        await toys["region"].start()
        await all_sent(node, networks, before, "all back where they were")


async def all_sent(
    node: Node, networks: Sequence[IPv4Network], wanted: Sequence[str], what: str
) -> None:
    async def is_so() -> bool:
        return sent(node, DEEP, networks) == wanted

    await until(is_so, what)


@pytest.mark.long
async def test_rules_few_sites_and_a_restart(tmp_path: Path, globe: Globe) -> None:
    networks = clients(globe)
    async with serving(tmp_path, globe) as node:
        ruled = IPv4Network(RULED)
        assert sent(node, RULES, networks) == [
            LAST
            if network.subnet_of(ruled)
            else "s000"
            if globe.places[network][1] == COUNTRY
            else globe.nearest(network, globe.sites)
            for network in networks
        ]
        assert sent(node, AMONG, networks) == [globe.nearest(one, FEW) for one in networks]
        _shallow(node, globe, networks)
        names = (DEEP, RULES, AMONG, STICKY)
        before = {name: told(node, name, networks) for name in names}
        await node.end()
        await node.start()
        assert {name: told(node, name, networks) for name in names} == before


def _shallow(node: Node, globe: Globe, networks: Sequence[IPv4Network]) -> None:
    """See that few pools on a map that keeps 16 in order are the nearest where they are in it."""
    near = 0
    for network, site in zip(networks, sent(node, SHALLOW, networks), strict=True):
        kept = globe.order(globe.places[network][0], globe.sites)[:16]
        first = next((name for name in kept if name in FEW), None)
        assert site in FEW
        assert first in {None, site}
        near += first is not None
    assert 0 < near < len(networks)


async def test_an_edit_of_one_location_moves_the_border(tmp_path: Path, globe: Globe) -> None:
    networks = clients(globe)
    async with serving(tmp_path, globe) as node:
        before = sent(node, DEEP, networks)
        busiest, count = Counter(before).most_common(1)[0]
        north, east = globe.sites[busiest]
        globe.sites[busiest] = (-north, east + 180 if east < 0 else east - 180)
        body = {"location": list(globe.sites[busiest])}
        status, reply = await node.call("PUT", f"/api/v1/datacenters/{busiest}", body)
        assert status == 200, reply
        after = sent(node, DEEP, networks)
        assert after == [globe.nearest(one, globe.sites) for one in networks]
        moved = sum(old != new for old, new in zip(before, after, strict=True))
        assert count <= moved < len(networks) / 10
        found = await node.explain(DEEP, str(networks[0]))
        assert [pool["datacenter"] for pool in found["tiers"][0]["pools"]] == [after[0]]


async def test_scopes_are_true_and_as_wide_as_is_true(tmp_path: Path, globe: Globe) -> None:
    async with serving(tmp_path, globe) as node:
        for name in (DEEP, RULES, AMONG):
            held = _same_all_over(node, globe, name)
        for network in _same_all_over(node, globe, DEEP):
            assert len(globe.places_in(network)) == 1
            assert len(globe.places_in(network.supernet())) > 1
        assert len({network.prefixlen for network in held}) > 4


def _same_all_over(node: Node, globe: Globe, name: str) -> list[IPv4Network]:
    """See that the ends and the middle of each scope get its answer; give the scopes."""
    asked = [IPv4Network(one.network_address) for one in clients(globe, 3)]
    answers = told(node, name, asked)
    held = [
        IPv4Network((int(one.network_address), answer.scope), strict=False)
        for one, answer in zip(asked, answers, strict=True)
    ]
    for spots in zip(*map(ends, held), strict=True):
        assert told(node, name, spots) == answers
    return held


@pytest.mark.long
async def test_two_nodes_agree_on_sticky_clients(tmp_path: Path, globe: Globe) -> None:
    networks = [IPv4Network((at << 12, 24)) for at in range(1 << 16, (1 << 16) + 2000)]
    zones = write(tmp_path, globe)
    database = write_places(tmp_path / "city.mmdb", globe)
    nodes = [make(tmp_path, zones, database, name) for name in ("one", "two")]
    try:
        for node in nodes:
            await node.start()
        one, two = (told(node, STICKY, networks) for node in nodes)
        assert one == two
        counts = Counter(site_of(answer.address) for answer in one)
        assert len(counts) == 20
        assert max(counts.values()) < 2 * len(networks) / len(counts)
    finally:
        for node in nodes:
            await node.end()
