"""What a zone transfer tells of a zone: the records of its document, in their order.

Steered names are told as they would be answered with every member healthy: the addresses of all
members that have a weight in a pool that has one, of both families; or, by the setting
`transfer_vips`, not at all. Which client gets which of them cannot be said in records.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from gslb import snapshot

Vips = Literal["members", "omit"]
"""What becomes of steered names."""

_SOA = 6
_ADDRESSES = ((1, 4), (28, 16))  # A and AAAA: the type, and the octets of an address


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: its owner in wire form, its type, TTL in seconds, data in wire form."""

    owner: bytes
    type: int
    ttl: int
    data: bytes


def list_zone(zone: snapshot.Zone, vips: Vips) -> Iterator[Entry]:
    """Give the records of a zone, the SOA first and last (RFC 5936 section 2.2)."""
    soa = next(_entries(rrset for rrset in zone.rrsets if _is_soa(zone, rrset)))
    yield soa
    yield from _entries(rrset for rrset in zone.rrsets if not _is_soa(zone, rrset))
    if vips == "members":
        for vip in zone.vips:
            yield from _vip(vip)
    yield soa


def soa_of(zone: snapshot.Zone) -> Entry:
    """Give the SOA record of a zone; every zone that is published has one."""
    return next(list_zone(zone, "omit"))


def _is_soa(zone: snapshot.Zone, rrset: snapshot.Rrset) -> bool:
    return rrset.type == _SOA and rrset.owner == zone.origin


def _entries(rrsets: Iterable[snapshot.Rrset]) -> Iterator[Entry]:
    for rrset in rrsets:
        for data in rrset.rdata:
            yield Entry(rrset.owner, rrset.type, rrset.ttl, data)


def _vip(vip: snapshot.Vip) -> Iterator[Entry]:
    addresses = {
        member.address: None
        for pool in vip.pools
        if pool.weight
        for member in pool.members
        if member.weight
    } or dict.fromkeys(vip.fallback.addresses)
    for rtype, octets in _ADDRESSES:
        for address in addresses:
            if len(address) == octets:
                yield Entry(vip.owner, rtype, vip.ttl, address)
