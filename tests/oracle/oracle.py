"""A slow, plain authoritative server over the model: RFC 1034 section 4.3.2 and RFC 4592.

It scans lists where the plane looks things up, and shares no code with it. It knows records and
delegations; VIPs have an oracle of their own, `ladder.py`. No EDNS, no truncation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gslb.model import Rrset, Zone

Labels = tuple[str, ...]

LINKS = 8
"""How many aliases are followed (docs/dns.md)."""


@dataclass
class Reply:
    """What a reply must hold; records as `owner ttl type data`."""

    rcode: str = "NOERROR"
    aa: bool = True
    answer: list[str] = field(default_factory=list)
    authority: list[str] = field(default_factory=list)
    additional: list[str] = field(default_factory=list)


def split(name: str) -> Labels:
    """Split a name of plain letters into lower-case labels, the top one last."""
    return tuple(name.lower().rstrip(".").split("."))


def join(labels: Labels) -> str:
    """Join labels into an absolute name."""
    return ".".join(labels) + "."


class Oracle:
    """One zone's right answers."""

    def __init__(self, zone: Zone) -> None:
        self.origin = split(zone.origin)
        self.rrsets = [(split(rrset.name), rrset) for rrset in zone.rrsets.values()]

    def answer(self, name: str, rtype: str) -> Reply:
        """Give the whole reply to a question."""
        labels = split(name)
        reply = Reply()
        if not self._is_ours(labels):
            return Reply(rcode="REFUSED", aa=False)
        seen: set[Labels] = set()
        while labels not in seen and self._is_ours(labels) and len(seen) <= LINKS:
            seen.add(labels)
            target = self._step(labels, rtype, reply)
            if target is None:
                return reply
            labels = target
        return reply

    def _step(self, labels: Labels, rtype: str, reply: Reply) -> Labels | None:
        """Take one name: add what it gives, and give the name to go on with after a CNAME."""
        cut = self._cut(labels, rtype)
        if cut is not None:
            self._refer(cut, reply)
            return None
        found = self._at(labels)
        if not self._exists(labels):
            wildcard = ("*", *self._closest_encloser(labels))
            if not self._exists(wildcard):
                reply.rcode = "NXDOMAIN"
                self._deny(reply)
                return None
            found = self._at(wildcard)
        alias = next((one for one in found if one.type == "CNAME"), None)
        if alias is not None and rtype != "CNAME":
            reply.answer += records(alias, labels)
            return split(alias.rdata[0])
        wanted = [one for one in found if one.type == rtype]
        for rrset in wanted:
            reply.answer += records(rrset, labels)
            self._add_addresses(rrset, reply)
        if not wanted:
            self._deny(reply)
        return None

    def _is_ours(self, labels: Labels) -> bool:
        return labels[-len(self.origin) :] == self.origin

    def _at(self, labels: Labels) -> list[Rrset]:
        return [rrset for owner, rrset in self.rrsets if owner == labels]

    def _exists(self, labels: Labels) -> bool:
        """RFC 4592 section 2.2: a name exists if it owns records or if a name below it does."""
        return any(owner[-len(labels) :] == labels for owner, _ in self.rrsets)

    def _closest_encloser(self, labels: Labels) -> Labels:
        """RFC 4592 section 3.3.1."""
        return next(above for above in self._upwards(labels) if self._exists(above))

    def _upwards(self, labels: Labels) -> Iterator[Labels]:
        for cut in range(len(labels) - len(self.origin) + 1):
            yield labels[cut:]

    def _cut(self, labels: Labels, rtype: str) -> Rrset | None:
        """Find the topmost delegation at or above a name; DS at the cut itself is the parent's."""
        for above in reversed(list(self._upwards(labels))):
            if above == self.origin or (above == labels and rtype == "DS"):
                continue
            for rrset in self._at(above):
                if rrset.type == "NS":
                    return rrset
        return None

    def _refer(self, cut: Rrset, reply: Reply) -> None:
        reply.aa = bool(reply.answer)
        reply.authority += records(cut, split(cut.name))
        self._add_addresses(cut, reply)

    def _deny(self, reply: Reply) -> None:
        """RFC 2308 section 3: the SOA with the lesser of its TTL and its MINIMUM."""
        (soa,) = (one for one in self._at(self.origin) if one.type == "SOA")
        minimum = int(soa.rdata[0].split()[-1])
        negative = soa.model_copy(update={"ttl": min(soa.ttl, minimum)})
        reply.authority += records(negative, self.origin)

    def _add_addresses(self, rrset: Rrset, reply: Reply) -> None:
        """Add the addresses that the zone itself holds of the names that NS, MX point to."""
        if rrset.type not in {"NS", "MX"}:
            return
        for target in dict.fromkeys(split(data.split()[-1]) for data in rrset.rdata):
            for found in self._at(target) if self._is_ours(target) else ():
                if found.type in {"A", "AAAA"}:
                    reply.additional += records(found, target)


def records(rrset: Rrset, owner: Labels) -> list[str]:
    """Write an RRset's records under an owner."""
    return [f"{join(owner)} {rrset.ttl} {rrset.type} {data}" for data in rrset.rdata]
