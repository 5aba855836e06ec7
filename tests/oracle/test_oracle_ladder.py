"""For generated ladders and weights each member's share over many draws fits its weight."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import dns.message
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ladder import Weights, chance, chi_square, configured, live_members, shares

from gslb import _plane, snapshot
from gslb.compiler import compile_zone
from gslb.model import Rrset, Vip, World, Zone

ORIGIN = "z."
NAME = "vip.z."
DRAWS = 1500
SITES = ["tokyo", "osaka", "paris", "lyon"]
ZONE = Zone(
    origin=ORIGIN,
    rrsets=[
        Rrset(name=ORIGIN, type="SOA", ttl=60, rdata=("ns.z. a.z. 1 7200 900 1209600 300",)),
        Rrset(name=ORIGIN, type="NS", ttl=60, rdata=("ns.z.",)),
        Rrset(name="ns.z.", type="A", ttl=60, rdata=("192.0.2.53",)),
    ],
)
FAMILIES = {4: "A", 6: "AAAA"}

weights = st.one_of(st.integers(0, 9), st.sampled_from([0, 1, 100, 65535]))


def address(site: str, number: int, family: int) -> str:
    at = SITES.index(site)
    return f"10.0.{at}.{number}" if family == 4 else f"2001:db8:{at}::{number}"


@st.composite
def ladders(draw: st.DrawFn) -> Vip:
    """Draw a VIP: its pools, its weights, and an order of tiers or none."""
    sites = draw(st.lists(st.sampled_from(SITES), min_size=1, unique=True))
    pools = {
        site: {
            "weight": draw(weights),
            "members": [
                {"address": address(site, number, family), "weight": draw(weights)}
                for number in range(draw(st.integers(1, 4)))
                for family in draw(st.sampled_from([(4,), (4,), (6,), (4, 6)]))
            ],
        }
        for site in sites
    }
    cuts = draw(st.lists(st.booleans(), min_size=len(sites), max_size=len(sites)))
    order: list[list[str]] = []
    for site, cut in zip(draw(st.permutations(sites)), cuts, strict=True):
        if cut or not order:
            order.append([])
        order[-1].append(site)
    return Vip.model_validate(
        {
            "answers": draw(st.sampled_from([1, 1, 2, 3, "all"])),
            "fallback": draw(st.sampled_from(["all", "none", "servfail"])),
            "order": draw(st.sampled_from([order, None])),
            "pools": pools,
        }
    )


def publish(vip: Vip, live: Weights) -> _plane.Engine:
    """Publish a VIP whose members have these effective weights."""
    world = World(datacenters={site: {} for site in SITES}, vips={NAME: vip}, zones={ORIGIN: ZONE})
    document = compile_zone(world, ORIGIN).document
    zone = snapshot.decode_zone(document)
    keys, _ = snapshot.zone_keys(zone)
    words = [snapshot.word(live[key.datacenter, key.address]) for key in keys]
    pools = [snapshot.pool_word(weight) for weight in snapshot.configured_weights(zone)[1]]
    engine = _plane.Engine()
    packed = (document, snapshot.pack_words(words), snapshot.pack_words(pools))
    engine.publish(1, [packed], [], [], [])
    return engine


def draw_all(engine: _plane.Engine, rtype: str, count: int = DRAWS) -> Iterator[list[str]]:
    """Ask with the seeds 0, 1, 2…; give the addresses of each reply in their order."""
    packet = dns.message.make_query(NAME, rtype).to_wire()
    for seed in range(count):
        wire = engine.respond(packet, "127.0.0.1", seed=seed)
        assert wire is not None
        reply = dns.message.from_wire(wire, one_rr_per_rrset=True)
        assert reply.rcode() == dns.rcode.NOERROR
        yield [str(rrset[0]) for rrset in reply.answer]


def due(vip: Vip, live: Weights, family: int) -> Weights | None:
    """Give the weights that are drawn by: live ones, or all under `fallback: all`; else None."""
    if shares(vip, live, family):
        return live
    up = configured(vip)
    return up if vip.fallback == "all" and shares(vip, up, family) else None


@settings(max_examples=60, derandomize=True, deadline=None)
@given(vip=ladders(), family=st.sampled_from([4, 6]), data=st.data())
def test_shares_fit_the_weights(vip: Vip, family: int, data: st.DataObject) -> None:
    up = configured(vip)
    dead = data.draw(st.sets(st.sampled_from(sorted(up))))
    live = {key: 0 if key in dead else weight for key, weight in up.items()}
    engine = publish(vip, live)
    drawn_by = due(vip, live, family)
    if drawn_by is None:
        check_nothing_live(engine, vip, family)
        return
    expected = shares(vip, drawn_by, family)
    if vip.answers == 1:
        check_shares(Counter(one for (one,) in draw_all(engine, FAMILIES[family])), expected)
        return
    pools = [
        set(found)
        for site, pool in vip.pools.items()
        if (found := live_members(pool, site, drawn_by, family)) and found.keys() <= expected.keys()
    ]
    for drawn in draw_all(engine, FAMILIES[family], 100):
        (pool_drawn,) = (pool for pool in pools if drawn[0] in pool)
        assert set(drawn) <= pool_drawn
        assert len(drawn) == len(set(drawn))
        wanted = len(pool_drawn) if vip.answers == "all" else min(vip.answers, len(pool_drawn))
        assert len(drawn) == wanted


def check_shares(counts: Counter[str], expected: dict[str, Fraction]) -> None:
    """Compare counts with shares; members too rare for chi-square are merged into one."""
    assert counts.keys() <= expected.keys(), "a member that weighs nothing was answered"
    rare = {key for key, share in expected.items() if share * DRAWS < 10}
    shares_kept = {key: share for key, share in expected.items() if key not in rare}
    counts_kept = Counter({key: counts[key] for key in shares_kept})
    rest = sum((expected[key] for key in rare), Fraction())
    if rest * DRAWS >= 5:
        shares_kept["rare"] = rest
        counts_kept["rare"] = sum(counts[key] for key in rare)
    else:
        assert sum(counts[key] for key in rare) < 40
    if len(shares_kept) > 1:
        statistic = chi_square(counts_kept, shares_kept)
        assert chance(statistic, len(shares_kept) - 1) > 1e-6, (counts, expected)


def check_nothing_live(engine: _plane.Engine, vip: Vip, family: int) -> None:
    """RFC 2308 NODATA, or SERVFAIL where the VIP says so and has members of the family."""
    packet = dns.message.make_query(NAME, FAMILIES[family]).to_wire()
    wire = engine.respond(packet, "127.0.0.1")
    assert wire is not None
    reply = dns.message.from_wire(wire)
    has_family = any(
        member.address is not None and member.address.version == family
        for pool in vip.pools.values()
        for member in pool.members
    )
    failed = vip.fallback == "servfail" and has_family
    assert reply.rcode() == (dns.rcode.SERVFAIL if failed else dns.rcode.NOERROR)
    assert not reply.answer


@pytest.mark.parametrize(
    ("statistic", "freedom", "wanted"),
    [(3.841, 1, 0.05), (5.991, 2, 0.05), (16.266, 3, 0.001), (18.307, 10, 0.05)],
)
def test_chances_are_those_of_the_tables(statistic: float, freedom: int, wanted: float) -> None:
    assert chance(statistic, freedom) == pytest.approx(wanted, rel=0.01)


def test_the_test_itself_can_fail() -> None:
    vip = Vip.model_validate(
        {
            "pools": {
                "tokyo": {
                    "members": [{"address": "10.0.0.1", "weight": 2}, {"address": "10.0.0.2"}]
                }
            }
        }
    )
    engine = publish(vip, dict.fromkeys(configured(vip), 1))
    counts = Counter(one for (one,) in draw_all(engine, "A"))
    with pytest.raises(AssertionError):
        check_shares(counts, shares(vip, configured(vip), 4))
