"""gslb, NSD and Knot on the same generated zones: the same replies, but for named differences."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import pytest
from dns.rdatatype import ANY, RdataType
from dns.rdatatype import from_text as type_number
from exchange import Server, exchange
from garden import garden, grow
from hypothesis import given, settings
from hypothesis import strategies as st
from questions import Question, questions
from replies import Record, Reply, parse
from rules import RULES, agree, by_rrset, in_lower_case
from second import sections

from gslb.compiler import check
from gslb.model import World

EXAMPLES = int(os.environ.get("GSLB_DIFFERENTIAL_EXAMPLES", "400"))
"""How many questions each property is asked; with the setting they are new ones each time."""

pytestmark = pytest.mark.timeout(60 + EXAMPLES // 20)

some = settings(
    max_examples=EXAMPLES,
    derandomize="GSLB_DIFFERENTIAL_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
)
anything = st.deferred(lambda: questions(garden()))


Standing = Callable[[bytes, int], list[list[Record]]]


def ask(server: Server, question: Question) -> tuple[bytes, Reply]:
    wire = exchange(server, question.wire(), tcp=question.tcp)
    assert wire is not None, f"{server.name} is silent on {question}"
    reply = parse(wire)
    assert server.name != "gslb" or question.wire()[12:].startswith(reply.question), "its letters"
    return wire, reply


def compare(gslb: Server, peer: Server, question: Question) -> list[str]:
    """See that two servers agree; give the rules that were needed for it."""
    ours, theirs = ask(gslb, question)[1], ask(peer, question)[1]
    (mine, yours), used = agree(question, peer.name, ours, theirs)
    assert mine == yours, (
        f"{question}\n{question.wire().hex()}\ngslb: {ours}\n{peer.name}: {theirs}\n"
        f"after the rules {used}\ngslb: {mine}\n{peer.name}: {yours}"
    )
    return used


@some
@given(question=anything)
def test_the_replies_are_the_same(gslb: Server, peer: Server, question: Question) -> None:
    compare(gslb, peer, question)


def walk() -> Iterator[Question]:
    """Ask for what stands at names of every kind, and for all of it at once."""
    for kind, names in garden().kinds.items():
        step = 1 if kind == "big" else max(1, len(names) // 15)
        for name in names[::step]:
            for text in {"A": None} | dict.fromkeys(garden().types.get(name, ())):
                yield Question(name, type_number(text), tcp=True)
            yield Question(name, ANY, payload=1232)


def odd_ones() -> Iterator[Question]:
    """Ask in other classes, and for what is too big for datagrams of many sizes."""
    for rclass in (3, 4, 254, 255):
        yield Question(garden().kinds["apex"][0], RdataType.SOA, rclass, payload=1232)
    for name in garden().kinds["big"]:
        for text in garden().types[name]:
            for payload in range(512, 1233, 90):
                yield Question(name, type_number(text), payload=payload)
    for name in garden().kinds["below dname"]:
        yield Question(name, RdataType.A)


def test_every_rule_is_needed(gslb: Server, peer: Server) -> None:
    used = Counter(
        rule for question in chain(walk(), odd_ones()) for rule in compare(gslb, peer, question)
    )
    assert used.keys() == {rule.name for rule in RULES if peer.name in rule.peers}


@some
@given(question=anything)
def test_two_parsers_read_the_same(gslb: Server, question: Question) -> None:
    """Octets after the end are refused by dnspython; dnslib writes each record anew."""
    wire, reply = ask(gslb, question)
    found = sections(wire, reply)
    assert found in (None, (reply.answer, reply.authority, reply.additional))


def test_dnslib_reads_nearly_all(gslb: Server) -> None:
    """What dnslib cannot hold stays the exception, so that the test above is one."""
    found = [sections(*ask(gslb, question)) for question in islice(walk(), 0, None, 3)]
    assert len(found) > 100
    assert found.count(None) < len(found) / 5


@some
@given(question=anything, mask=st.integers(1, (1 << 64) - 1))
def test_letters_make_no_difference(gslb: Server, question: Question, mask: int) -> None:
    """RFC 4343: the question comes back as it was asked; all else is the same but for letters."""
    question = replace(question, tcp=True)  # letters decide what can be compressed, and cut
    one, two = ask(gslb, question)[1], ask(gslb, question.in_capitals(mask))[1]
    assert in_lower_case(one) == in_lower_case(two)


@some
@given(question=anything)
def test_udp_differs_from_tcp_in_length_alone(gslb: Server, question: Question) -> None:
    """RFC 2181 section 9: with TC clear, answer and authority are whole; no RRset is in part."""
    small = ask(gslb, replace(question, tcp=False))[1]
    whole = ask(gslb, replace(question, tcp=True))[1]
    assert small.octets <= min(max(question.payload or 512, 512), 1232)
    assert "TC" not in whole.flags
    assert small.opt == whole.opt
    if "TC" not in small.flags:
        assert small.rcode == whole.rcode
        assert (small.answer, small.authority) == (whole.answer, whole.authority)
    for name in ("answer", "authority", "additional"):
        rrsets = {(record.owner, record.rtype) for record in getattr(small, name)}
        here = [record for record in getattr(whole, name) if (record.owner, record.rtype) in rrsets]
        assert list(getattr(small, name)) == here


@some
@given(question=anything)
def test_what_is_added_stands_in_the_zones(
    gslb: Server, standing: Standing, question: Question
) -> None:
    """See to what the rule `additional` lets pass: no address is made up, no RRset is in part."""
    for key, added in by_rrset(ask(gslb, question)[1].additional).items():
        assert added in standing(*key)


def test_the_manual_lists_exactly_these_rules() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "differences.md").read_text()
    rows = [line for line in manual.splitlines() if line.startswith("| ")][1:]
    names = {"nsd": "NSD", "knot": "Knot"}
    assert rows == [
        f"| {rule.name} | {', '.join(names[peer] for peer in rule.peers)} "
        f"| {rule.differs} | {rule.allows} |"
        for rule in RULES
    ]


def test_the_zones_have_no_faults(world: World) -> None:
    assert [fault.sentence for fault in check(world)] == []
    assert (
        len({rrset.name for zone in world.zones.values() for rrset in zone.rrsets.values()}) > 4000
    )


def test_the_same_seed_gives_the_same_zones() -> None:
    assert grow(7, scale=0.05) == grow(7, scale=0.05)
    assert grow(7, scale=0.05) != grow(8, scale=0.05)
