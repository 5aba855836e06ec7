"""What a zone transfer tells of a zone: the records of its document, in their order.

Steered names are told as they would be answered with every member healthy: the addresses of all
members that have a weight in a pool that has one, of both families; or, by the setting
`transfer_vips`, not at all. Which client gets which of them cannot be said in records. Of members
that are names the one of the greatest share is told, the first of equals: a zone holds one CNAME
at a name (RFC 2181 section 10.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gslb import snapshot
from gslb.compiler.serial import SOA

Vips = Literal["members", "omit"]
"""What becomes of steered names."""

_CNAME = 5

_ADDRESSES = ((1, 4), (28, 16))  # A and AAAA: the type, and the octets of an address


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: its owner in wire form, its type, TTL in seconds, data in wire form."""

    owner: bytes
    type: int
    ttl: int
    data: bytes


def list_zone(document: bytes, soa: Entry, vips: Vips) -> Iterator[Entry]:
    """Give the records of a zone's document, its SOA first and last (RFC 5936 section 2.2)."""
    zone = snapshot.ZoneReader(document)
    yield soa
    for rrset in zone.rrsets:
        if rrset.type != SOA:
            for data in rrset.rdata:
                yield Entry(rrset.owner, rrset.type, rrset.ttl, data)
    if vips == "members":
        for vip in zone.vips:
            yield from _vip(vip)
    yield soa


def soa_entry(soa: snapshot.Rrset) -> Entry:
    """Give the one record of a SOA."""
    return Entry(soa.owner, soa.type, soa.ttl, soa.rdata[0])


def _vip(vip: snapshot.Vip) -> Iterator[Entry]:
    if vip.names:
        yield Entry(vip.owner, _CNAME, vip.ttl, _greatest(vip))
        return
    addresses = {
        member.target: None
        for pool in vip.pools
        if pool.weight
        for member in pool.members
        if member.weight
    } or dict.fromkeys(vip.fallback.addresses)
    for rtype, octets in _ADDRESSES:
        for address in addresses:
            if len(address) == octets:
                yield Entry(vip.owner, rtype, vip.ttl, address)


def _greatest(vip: snapshot.Vip) -> bytes:
    """Give the name that most clients get if they are one tier: shares of shares."""
    shares = [
        (pool.weight * member.weight / (sum(one.weight for one in pool.members) or 1), member)
        for pool in vip.pools
        for member in pool.members
    ]
    return max(shares, key=lambda one: one[0])[1].target
