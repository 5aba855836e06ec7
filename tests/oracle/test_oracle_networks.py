"""Draws by client network: the same on every node, by weight, and only the lost one's move."""

import struct
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_oracle_ladder import NAME, ORIGIN, ZONE

from gslb import _plane, snapshot
from gslb.compiler import compile_zone
from gslb.model import Vip, World
from gslb.model.names import to_wire

MANY = 100_000


def publish(vip: Vip) -> _plane.Engine:
    """Publish a VIP with all members up."""
    sites: dict[str, Any] = {site: {} for site in vip.pools}
    world = World.model_validate({"datacenters": sites, "vips": {NAME: vip}})
    world = world.model_copy(update={"zones": {ORIGIN: ZONE}})
    document = compile_zone(world, ORIGIN).document
    members, pools = snapshot.configured_weights(snapshot.decode_zone(document))
    engine = _plane.Engine()
    words = snapshot.pack_words(map(snapshot.word, members))
    engine.publish(
        1, [(document, words, snapshot.pack_words(map(snapshot.pool_word, pools)))], [], [], []
    )
    return engine


def ask(engine: _plane.Engine, network: int, rtype: int = 1, length: int = 24) -> bytes:
    """Give the data of the first answer for a client network, by the engine alone; b"" if none."""
    ecs = struct.pack("!HHHBBI", 8, 8, 1, length, 0, network)
    if length <= 24:
        ecs = struct.pack("!HHHBB3s", 8, 7, 1, length, 0, struct.pack("!I", network)[:3])
    packet = (
        struct.pack("!HHHHHH", 0, 0, 1, 0, 0, 1)
        + to_wire(NAME)
        + struct.pack("!HH", rtype, 1)
        + struct.pack("!BHHIH", 0, 41, 1232, 0, len(ecs))
        + ecs
    )
    reply = engine.respond(packet, "127.0.0.1", seed=network)
    assert reply is not None
    if not struct.unpack_from("!H", reply, 6)[0]:
        return b""
    at = 12 + len(to_wire(NAME)) + 4 + 10
    (size,) = struct.unpack_from("!H", reply, at)
    return reply[at + 2 : at + 2 + size]


def networks(count: int) -> list[int]:
    """Give different /24 networks, spread by a multiplier that is prime to their number."""
    return [((at * 40503) % (1 << 24)) << 8 for at in range(count)]


def pool(*members: tuple[str, int], weight: int = 1) -> dict[str, Any]:
    return {
        "weight": weight,
        "members": [{"address": address, "weight": heavy} for address, heavy in members],
    }


TEN = {f"192.0.2.{at}": 1 for at in range(1, 11)}


def test_golden_draws() -> None:
    """Two nodes of any version must agree: a change of these literals moves every sticky client."""
    vip = Vip.model_validate({"sticky": True, "pools": {"tokyo": pool(*TEN.items())}})
    engine = publish(vip)
    drawn = [ask(engine, network)[3] for network in networks(16)]
    assert drawn == GOLDEN
    narrow = Vip.model_validate({**vip.model_dump(), "sticky": {"ipv4": 16}})
    engine = publish(narrow)
    assert len({ask(engine, 0xC612_0000 | at << 8) for at in range(64)}) == 1
    engine = publish(vip)
    assert len({ask(engine, 0xC612_0000 | at << 8) for at in range(64)}) > 5


GOLDEN = [3, 7, 10, 3, 9, 3, 8, 10, 7, 6, 1, 3, 4, 5, 5, 5]


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_lost_member_moves_its_own_clients_and_no_others() -> None:
    """Of ten members one goes: 1/10 of 100,000 networks move, within 1%, all of them its own."""
    vip = Vip.model_validate({"sticky": True, "pools": {"tokyo": pool(*TEN.items())}})
    engine = publish(vip)
    before = {network: ask(engine, network) for network in networks(MANY)}
    counts = Counter(before.values())
    assert len(counts) == 10
    assert all(abs(count / MANY - 0.1) < 0.01 for count in counts.values())
    engine.set_members(to_wire(ORIGIN), [(4, 0)])
    lost = bytes([192, 0, 2, 5])
    moved = 0
    for network, was in before.items():
        now = ask(engine, network)
        assert now != lost
        if was == lost:
            moved += 1
        else:
            assert now == was
    assert abs(moved / MANY - 0.1) < 0.01


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_networks_are_shared_by_weight() -> None:
    vip = Vip.model_validate(
        {
            "sticky": True,
            "pools": {
                "tokyo": pool(("192.0.2.1", 3), ("192.0.2.2", 1), weight=3),
                "paris": pool(("192.0.2.3", 7), weight=1),
            },
        }
    )
    engine = publish(vip)
    counts = Counter(ask(engine, network)[3] for network in networks(40_000))
    for last, share in ((1, 0.5625), (2, 0.1875), (3, 0.25)):
        assert abs(counts[last] / 40_000 - share) < 0.01


@given(
    weights=st.lists(st.integers(1, 9), min_size=3, max_size=3),
    families=st.lists(st.sampled_from([(4,), (6,), (4, 6)]), min_size=3, max_size=3),
    dead=st.sets(st.integers(0, 5), max_size=4),
)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_both_families_come_from_one_datacenter(
    weights: list[int], families: list[tuple[int, ...]], dead: set[int]
) -> None:
    """Wherever a datacenter has live members of every family, both families come from one such."""
    pools: dict[str, Any] = {}
    alive: dict[str, set[int]] = {}
    sizes: list[tuple[str, int]] = []
    for site, weight, has in zip(("tokyo", "paris", "rome"), weights, families, strict=True):
        at = len(pools) + 1
        addresses = {4: f"192.0.2.{at}", 6: f"2001:db8::{at}"}
        pools[site] = pool(*((addresses[family], 1) for family in has), weight=weight)
        sizes += [(site, family) for family in has]
        alive[site] = set(has)
    vip = Vip.model_validate({"family": "same_datacenter", "fallback": "none", "pools": pools})
    engine = publish(vip)
    engine.set_members(to_wire(ORIGIN), [(at, 0) for at in dead if at < len(sizes)])
    for at in dead:
        if at < len(sizes):
            alive[sizes[at][0]].discard(sizes[at][1])
    wanted = {family for has in families for family in has}
    whole = {site for site, has in alive.items() if has == wanted}
    sites = dict(enumerate(("tokyo", "paris", "rome"), start=1))
    for network in networks(60):
        four, six = (ask(engine, network, rtype) for rtype in (1, 28))
        if whole:
            answered = {sites[one[-1]] for one in (four, six) if one}
            assert len(answered) == 1
            assert answered <= whole
        else:
            assert bool(four) == any(4 in has for has in alive.values())
            assert bool(six) == any(6 in has for has in alive.values())
