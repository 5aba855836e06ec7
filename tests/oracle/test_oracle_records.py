"""For generated zones and questions the plane answers what the slow oracle answers."""

from collections.abc import Iterator

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle, Reply

from gslb import _plane
from gslb.compiler import compile_zone
from gslb.model import Rrset, World, Zone

ORIGIN = "z."
SOA = Rrset(name=ORIGIN, type="SOA", ttl=600, rdata=("ns.z. admin.z. 1 7200 900 1209600 300",))
NS = Rrset(name=ORIGIN, type="NS", ttl=600, rdata=("ns.z.",))
NS_ADDRESS = Rrset(name="ns.z.", type="A", ttl=600, rdata=("192.0.2.53",))

labels = st.sampled_from(["a", "b", "*"])
owners = st.lists(labels, min_size=1, max_size=4).map(lambda parts: ".".join([*parts, ORIGIN]))
asked_labels = st.sampled_from(["a", "b", "c", "*", "A", "ns"])
ttls = st.sampled_from([0, 60, 900])
addresses = st.lists(
    st.integers(1, 250).map(lambda n: f"192.0.2.{n}"), min_size=1, max_size=3, unique=True
)


def data_of(rtype: str, targets: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Draw the data of an RRset, whose names are mostly names of the zone."""
    some = st.lists(targets, min_size=1, max_size=2, unique=True)
    return {
        "A": addresses,
        "AAAA": st.just(["2001:db8::1"]),
        "TXT": st.just(['"text"']),
        "MX": some.map(lambda names: [f"10 {name}" for name in names]),
        "NS": some,
        "CNAME": targets.map(lambda name: [name]),
    }[rtype]


@st.composite
def types_at(draw: st.DrawFn, owner: str) -> list[str]:
    """Draw what stands at one name: an alias alone, a delegation, or data."""
    kind = draw(st.sampled_from(["data", "data", "CNAME", "CNAME", "NS"]))
    if kind == "CNAME":
        return ["CNAME"]
    if kind == "NS" and "*" not in owner:  # RFC 4592 section 4.2 leaves these undefined
        return draw(st.sampled_from([["NS"], ["NS", "A"], ["NS", "TXT", "AAAA"]]))
    return draw(st.lists(st.sampled_from(["A", "AAAA", "TXT", "MX"]), min_size=1, unique=True))


@st.composite
def zones(draw: st.DrawFn) -> Zone:
    """Draw a small zone, thick with wildcards, cuts, aliases and empty non-terminals."""
    names = draw(st.lists(owners, min_size=1, max_size=8, unique=True))
    below = [f"b.{name}" for name in names]
    targets = st.sampled_from([*names, *names, *below, "ns.z.", "z.", "out.test."])
    found = [SOA, NS, NS_ADDRESS]
    for name in names:
        found += [
            Rrset(name=name, type=rtype, ttl=draw(ttls), rdata=tuple(draw(data_of(rtype, targets))))
            for rtype in draw(types_at(name))
        ]
    return Zone(origin=ORIGIN, rrsets={rrset.key: rrset for rrset in found})


questions = st.tuples(
    st.lists(asked_labels, max_size=5).map(lambda parts: ".".join([*parts, ORIGIN])),
    st.sampled_from(["A", "AAAA", "TXT", "MX", "CNAME", "NS", "SOA", "DS"]),
)


def publish(zone: Zone) -> _plane.Engine:
    engine = _plane.Engine()
    document = compile_zone(World(zones={zone.origin: zone}), zone.origin).document
    engine.publish(1, [(document, b"", b"")], [], [], [])
    return engine


def section(rrsets: list[dns.rrset.RRset]) -> list[str]:
    """Give the records, names in lower case: compression may take the question's (RFC 4343)."""
    return sorted(
        f"{str(rrset.name).lower()} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} "
        + str(data).lower()
        for rrset in rrsets
        for data in rrset
    )


def ask(engine: _plane.Engine, name: str, rtype: str) -> Reply:
    query = dns.message.make_query(dns.name.from_text(name), rtype)
    wire = engine.respond(query.to_wire(), "127.0.0.1", tcp=True)
    assert wire is not None
    reply = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert reply.question == query.question
    return Reply(
        dns.rcode.to_text(reply.rcode()),
        bool(reply.flags & dns.flags.AA),
        section(reply.answer),
        section(reply.authority),
        section(reply.additional),
    )


def nearby(zone: Zone) -> Iterator[tuple[str, str]]:
    """Ask for all that stands in a zone, and for addresses at and below each of its names."""
    for name, rtype in zone.rrsets:
        yield name, rtype
        yield name, "A"
        yield f"c.{name}", "A"


@settings(max_examples=400, derandomize=True, deadline=None)
@given(zone=zones(), asked=st.lists(questions, min_size=1, max_size=12))
def test_the_plane_agrees_with_the_oracle(zone: Zone, asked: list[tuple[str, str]]) -> None:
    engine = publish(zone)
    oracle = Oracle(zone)
    for name, rtype in [*asked, *nearby(zone)]:
        wanted = oracle.answer(name, rtype)
        for part in (wanted.answer, wanted.authority, wanted.additional):
            part.sort()
        assert ask(engine, name, rtype) == wanted, (name, rtype)


def test_a_name_outside_is_refused() -> None:
    zone = Zone(origin=ORIGIN, rrsets={one.key: one for one in (SOA, NS, NS_ADDRESS)})
    assert ask(publish(zone), "y.", "A") == Oracle(zone).answer("y.", "A")
