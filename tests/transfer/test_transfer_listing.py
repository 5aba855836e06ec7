"""What a transfer tells of a zone, read back by dnspython: every record; VIPs by the setting."""

import dataclasses
from collections import Counter
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.name
import dns.rdatatype
import dns.versioned
import dns.xfr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from primary import ORIGIN, make_world, primary

from gslb.compiler import compile_zone
from gslb.model import Rrset, World, Zone
from gslb.model.names import to_text, to_wire
from gslb.transfer.axfr import messages
from gslb.transfer.listing import Vips, list_zone, soa_entry
from gslb.transfer.packet import AXFR, Question
from gslb.zones import read_folder

EXAMPLE = Path(__file__).parents[2] / "zones"
LABELS = st.binary(min_size=1, max_size=12).map(bytes.lower) | st.sampled_from([b"*", b"a.b", b"@"])
BELOW = st.lists(LABELS, max_size=4).map(tuple)
HOST = BELOW.map(to_text)
QUOTED = st.binary(max_size=255).map(lambda data: '"' + "".join(f"\\{b:03d}" for b in data) + '"')
DATA: dict[str, st.SearchStrategy[str]] = {
    "A": st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n))),
    "AAAA": st.integers(0, 2**128 - 1).map(lambda n: str(IPv6Address(n))),
    "NS": HOST,
    "CNAME": HOST,
    "DNAME": HOST,
    "PTR": HOST,
    "MX": st.builds(lambda n, host: f"{n} {host}", st.integers(0, 65535), HOST),
    "SRV": st.builds(lambda n, host: f"1 {n} 80 {host}", st.integers(0, 65535), HOST),
    "TXT": st.lists(QUOTED, min_size=1, max_size=80).map(" ".join),
    "CAA": QUOTED.map(lambda text: f"0 issue {text}"),
    "NAPTR": HOST.map(lambda host: f'1 2 "s" "SIP+D2U" "" {host}'),
    "DS": st.binary(min_size=32, max_size=32).map(lambda data: f"60485 8 2 {data.hex()}"),
    "HTTPS": HOST.map(lambda host: f'1 {host} alpn="h2,h3" ipv4hint=192.0.2.1'),
    "LOC": st.just("52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"),
    "TYPE65280": st.binary(max_size=3000).map(lambda data: f"\\# {len(data)} {data.hex()}"),
}


@st.composite
def zones(draw: st.DrawFn) -> Zone:
    """Draw a zone whose records need not make sense together: a transfer does not ask that."""
    origin = draw(st.sampled_from([(), (b"example",), (b"0/25", b"a.b", b"example")]))
    name = to_text(origin)
    parts = [Rrset(name=name, type="SOA", ttl=60, rdata=("ns. admin. 5 1 2 3 4",))]
    for _ in range(draw(st.integers(0, 8))):
        rtype = draw(st.sampled_from(sorted(DATA)))
        data = draw(st.lists(DATA[rtype], min_size=1, max_size=4))
        owner = to_text((*draw(BELOW), *origin))
        parts.append(Rrset(name=owner, type=rtype, ttl=draw(TTLS), rdata=tuple(data)))
    return Zone(origin=name, rrsets={part.key: part for part in parts})


TTLS = st.integers(0, 2**31 - 1)


def told(world: World, origin: str, vips: Vips = "members") -> list[str]:
    """Give each record of the messages of a transfer as dnspython spells it."""
    zone = compile_zone(world, origin)
    question = Question(7, recursion=False, name=to_wire(origin), type=AXFR, end=0)
    parts = list(
        messages(
            question, list_zone(zone.document, soa_entry(zone.soa), vips), spare=100, edns=None
        )
    )
    assert all(len(part) <= 16384 - 100 for part in parts)
    return [
        f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {data.to_text()}"
        for part in parts
        for rrset in dns.message.from_wire(part, xfr=True, one_rr_per_rrset=True).answer
        for data in rrset
    ]


def spelled(zone: Zone) -> Counter[str]:
    """Give each record of a zone in the model as dnspython spells it."""
    return Counter(
        f"{dns.name.from_text(rrset.name)} {rrset.ttl} {rrset.type} {text}"
        for rrset in zone.rrsets.values()
        for text in rrset.rdata
    )


@given(zone=zones())
def test_every_record_is_told_once_and_the_soa_at_both_ends(zone: Zone) -> None:
    records = told(World(zones={zone.origin: zone}), zone.origin)
    assert records[0] == records[-1]
    assert " SOA " in records[0]
    assert Counter(records[:-1]) == spelled(zone)


async def test_the_shipped_example_as_a_secondary_would_have_it() -> None:
    world = read_folder(EXAMPLE).world
    settings = {"transfer_to": "127.0.0.0/8", "transfer_vips": "omit"}
    async with primary(world, **settings) as found:  # type: ignore[arg-type]
        zone = dns.versioned.Zone(ORIGIN, relativize=False)
        query, _ = dns.xfr.make_query(zone)
        await dns.asyncquery.inbound_xfr("127.0.0.1", zone, query, found.port, lifetime=10)
    read = {
        f"{name} {data.ttl} {dns.rdatatype.to_text(data.rdtype)} {one.to_text()}"
        for name, data in zone.iterate_rdatasets()
        for one in data
        if data.rdtype != dns.rdatatype.SOA
    }
    assert read == {line for line in spelled(world.zones[ORIGIN]) if " SOA " not in line}
    assert any(line.startswith("ns.sub.gslb.example. 3600 AAAA") for line in read), "glue"
    assert any(line.startswith("*.dev.gslb.example. ") for line in read), "a wildcard"


POOLS = {
    "tokyo": {"members": [{"address": "192.0.2.1", "weight": 3}, {"address": "2001:db8::1"}]},
    "osaka": {"members": [{"address": "192.0.2.1"}, {"address": "192.0.2.9", "weight": 0}]},
    "spare": {"weight": 0, "members": [{"address": "192.0.2.7"}]},
}
IDLE = {"tokyo": {"members": [{"address": "192.0.2.1", "weight": 0}]}}


@pytest.mark.parametrize(
    ("vip", "addresses"),
    [
        ({"pools": POOLS}, ["A 192.0.2.1", "AAAA 2001:db8::1"]),
        ({"pools": POOLS, "order": [["spare"]]}, ["A 192.0.2.1", "AAAA 2001:db8::1"]),
        ({"pools": IDLE}, []),
        ({"pools": IDLE, "fallback": {"addresses": ["192.0.2.8"]}}, ["A 192.0.2.8"]),
    ],
    ids=["all that have a weight, once", "of every tier", "nobody", "the last resort"],
)
def test_a_vip_is_told_as_with_every_member_healthy(
    vip: dict[str, object], addresses: list[str]
) -> None:
    world = make_world(vips={"vip.gslb.example.": vip | {"ttl": 5}})
    plain = told(make_world(), ORIGIN)
    more = Counter(told(world, ORIGIN)) - Counter(plain)
    assert more == Counter(f"vip.gslb.example. 5 {one}" for one in addresses)
    assert told(world, ORIGIN, "omit") == plain


def test_an_apex_vip_stands_beside_the_soa() -> None:
    world = make_world(vips={ORIGIN: {"pools": POOLS}})
    records = told(world, ORIGIN)
    assert f"{ORIGIN} 30 A 192.0.2.1" in records
    assert records[0] == records[-1]


def test_entries_are_plain_values() -> None:
    zone = compile_zone(make_world(), ORIGIN)
    first, *_, last = list_zone(zone.document, soa_entry(zone.soa), "members")
    assert first == last
    assert dataclasses.astuple(first)[:3] == (to_wire(ORIGIN), 6, 3600)
