"""One zone in the making: what stands at which name, and what each name is there for."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

import dns.rdata
import dns.rdataclass
from rdata import DATA
from spelling import MAX_NAME, Labels, any_label, octets, spell

TTLS = (0, 1, 60, 300, 3600, 86400, (1 << 31) - 1)  # the last is the greatest, RFC 2181 section 8


@dataclass
class Plot:
    """A zone's records in presentation form, by owner and type, and its names by their kind."""

    origin: Labels
    rng: Random
    rrsets: dict[Labels, dict[str, tuple[int, list[str]]]] = field(default_factory=dict)
    kinds: defaultdict[str, list[Labels]] = field(default_factory=lambda: defaultdict(list))
    barren: set[Labels] = field(default_factory=set)
    _fresh: int = 0

    def put(self, name: Labels, rtype: str, data: Iterable[str], ttl: int | None = None) -> None:
        """Add an RRset; data that is equal but for spelling and case is left out."""
        seconds = self.rng.choice(TTLS) if ttl is None else ttl
        records = list({_wire(rtype, text).lower(): text for text in data}.values())
        assert octets(name) <= MAX_NAME, name
        assert rtype not in self.rrsets.get(name, {}), (name, rtype)
        self.rrsets.setdefault(name, {})[rtype] = (seconds, records)

    def put_some(self, name: Labels, rtype: str, count: int = 0) -> None:
        """Add an RRset of random data."""
        draw, rng = DATA[rtype], self.rng
        many = count or rng.choice([1, 1, 1, 2, 3, 5])
        pick = self.host if rtype == "MX" else self.target
        self.put(name, rtype, [draw(rng, pick) for _ in range(many)])

    def tag(self, kind: str, name: Labels) -> Labels:
        """Remember what a name is there for."""
        self.kinds[kind].append(name)
        return name

    # Names to build on

    def new(self, word: str, parent: Labels | None = None) -> Labels:
        """Give a name that nothing else has, in the zone and not below a DNAME."""
        self._fresh += 1
        label = f"{word}{self._fresh}".encode()
        return (label, *(self.parent() if parent is None else parent))

    def parent(self) -> Labels:
        """Give a name to put names below: often one that exists, with a few labels before it."""
        rng = self.rng
        found = self.origin
        if rng.random() < 0.5 and self.kinds["host"]:
            found = rng.choice(self.kinds["host"])
        for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
            found = (any_label(rng), *found)
        return found if octets(found) < MAX_NAME - 70 and not self.hidden(found) else self.origin

    def hidden(self, name: Labels) -> bool:
        """Whether a name lies at or below a DNAME, or is taken by an alias."""
        return any(name[cut:] in self.barren for cut in range(len(name)))

    # Names to point to

    def one(self, *kinds: str) -> Labels:
        """Give a name of one of these kinds that has any yet, else the origin."""
        with_names = [kind for kind in kinds if self.kinds[kind]]
        return (
            self.rng.choice(self.kinds[self.rng.choice(with_names)]) if with_names else self.origin
        )

    def host(self) -> Labels:
        """Give a name with addresses, or a name outside."""
        return self.one("host") if self.rng.random() < 0.8 else self.outside()

    def outside(self) -> Labels:
        """Give a name that none of the zones holds."""
        return self.rng.choice(
            [(b"www", b"other", b"test"), (b"test",), (b"ns", b"elsewhere", b"example"), ()]
        )

    def missing(self) -> Labels:
        """Give a name that probably does not exist."""
        return (b"missing", *(self.parent() if self.rng.random() < 0.5 else self.one("host")))

    def target(self) -> Labels:
        """Give any name at all to point to."""
        ways: list[Callable[[], Labels]] = [
            lambda: self.one("host"),
            lambda: self.one("plain", "host", "wild", "long"),
            lambda: self.one("alias", "chain", "covered"),
            lambda: self.one("cut", "glue", "below cut"),
            lambda: self.one("dname", "below dname"),
            lambda: self.one("foreign"),
            self.outside,
            self.missing,
        ]
        return self.rng.choice(ways)()

    # What comes of it

    def finish(self) -> None:
        """Find the empty non-terminals."""
        above = {name[cut:] for name in self.rrsets for cut in range(1, len(name))}
        inside = (name for name in above if name[-len(self.origin) :] == self.origin)
        for name in sorted(set(inside) - self.rrsets.keys()):
            self.tag("ent", name)

    def lines(self) -> Iterator[str]:
        """Write the zone as a master file, the SOA first."""
        rng = self.rng
        for name, types in self.rrsets.items():
            for rtype, (ttl, records) in types.items():
                for data in records:
                    yield f"{spell(name, rng)} {ttl} IN {rtype} {data}"


def _wire(rtype: str, text: str) -> bytes:
    return dns.rdata.from_text(dns.rdataclass.IN, rtype, text).to_wire() or b""
