"""Questions near the names of the generated zones, drawn by Hypothesis, and as octets."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

import dns.rdatatype
from garden import Garden
from hypothesis import strategies as st
from rdata import DATA
from spelling import MAX_NAME, Labels, octets

ID = 0x0408
TYPES = sorted(
    int(dns.rdatatype.from_text(text))
    for text in (*DATA, "NS", "SOA", "CNAME", "DNAME", "DS", "ANY", "TYPE1000")
)
IN, CHAOS, HESIOD, NONE, EVERY = 1, 3, 4, 254, 255
QUERY_FLAGS = {"RD": 0x0100, "AD": 0x0020, "CD": 0x0010}


@dataclass(frozen=True)
class Question:
    """One question and how it is put; `payload` is None without EDNS."""

    name: Labels
    rtype: int
    rclass: int = IN
    payload: int | None = None
    dnssec_ok: bool = False
    flags: frozenset[str] = frozenset()
    tcp: bool = False

    def wire(self) -> bytes:
        """Write the query; the name in the case in which it stands here."""
        flags = sum(QUERY_FLAGS[flag] for flag in self.flags)
        head = struct.pack("!6H", ID, flags, 1, 0, 0, int(self.payload is not None))
        name = b"".join(bytes([len(label)]) + label for label in self.name) + b"\0"
        query = head + name + struct.pack("!HH", self.rtype, self.rclass)
        if self.payload is None:
            return query
        return query + struct.pack("!xHHIH", 41, self.payload, self.dnssec_ok << 15, 0)

    def in_capitals(self, mask: int) -> "Question":
        """Put letters in capitals, or back, by the bits of a mask."""
        bits = iter(range(MAX_NAME))

        def turned(octet: int) -> int:
            is_letter = 0x61 <= (octet | 0x20) <= 0x7A
            return octet ^ 0x20 if is_letter and mask >> next(bits) & 1 else octet

        return replace(self, name=tuple(bytes(map(turned, label)) for label in self.name))


def names(garden: Garden) -> st.SearchStrategy[Labels]:
    """Draw a name at, above, below or beside one of the zones' names; rare kinds as often."""
    kinds = sorted(kind for kind, found in garden.kinds.items() if found)
    near = st.sampled_from(kinds).flatmap(lambda kind: st.sampled_from(garden.kinds[kind]))
    return st.builds(_twist, near, st.sampled_from(TWISTS), _labels, st.integers(0, 3))


_labels = st.one_of(
    st.sampled_from([b"a", b"www", b"*", b"me", b"x", b"_tcp", b"missing", b"deep"]),
    st.binary(min_size=1, max_size=63),
)


def _bigger(name: Labels, label: bytes, _: int) -> Labels:
    """Put labels before a name until no other fits."""
    while octets(name) + len(label) + 1 <= MAX_NAME:
        name = (label, *name)
    room = MAX_NAME - octets(name) - 1
    return (b"z" * room, *name) if room > 0 else name


TWISTS: list[Callable[[Labels, bytes, int], Labels]] = [
    lambda name, _, __: name,
    lambda name, _, __: name,
    lambda name, _, __: name,
    lambda name, label, _: (label, *name),
    lambda name, label, depth: (*[label] * (depth + 1), *name),
    lambda name, label, _: (label, *name[1:]),
    lambda name, _, depth: name[depth:],
    lambda name, label, depth: (b"*", *name[depth:]) if depth else (label, b"*", *name[1:]),
    _bigger,
]


def _twist(
    name: Labels, twist: Callable[[Labels, bytes, int], Labels], label: bytes, depth: int
) -> Labels:
    found = twist(name, label, depth)
    return found if octets(found) <= MAX_NAME else name


@st.composite
def questions(draw: st.DrawFn, garden: Garden) -> Question:
    """Draw a question."""
    name = draw(names(garden))
    here = [int(dns.rdatatype.from_text(text)) for text in garden.types.get(name, ())]
    every = st.sampled_from(TYPES)
    rtype = draw(st.one_of(st.sampled_from(here), every) if here else every)
    masks = st.one_of(st.just(0), st.just(0), st.integers(0, (1 << 64) - 1))
    payload = draw(st.one_of(st.none(), st.sampled_from([0, 512, 1231, 1232, 4096, 65535]),
                             st.integers(512, 4096)))  # fmt: skip
    rclass = IN if draw(st.integers(0, 30)) else draw(st.sampled_from([CHAOS, HESIOD, NONE, EVERY]))
    return Question(
        name=name,
        rtype=rtype,
        rclass=rclass,
        payload=payload,
        dnssec_ok=payload is not None and draw(st.booleans()),
        flags=draw(st.frozensets(st.sampled_from(sorted(QUERY_FLAGS)))),
        tcp=draw(st.integers(0, 3)) == 0,
    ).in_capitals(draw(masks))
