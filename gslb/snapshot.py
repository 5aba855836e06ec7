"""The contract with the plane: what crosses, and its version.

A document is MessagePack in arrays (msgspec here, serde in `plane/src/snapshot/`). There are three
kinds: a `Zone`, published one by one; a `Map`, shared by the VIPs of all zones; and a `Policy`, how
this node speaks, which is not a part of what is published. Effective
weights are not in the documents: they are words, handed over beside them and changed in place.

    Zone ── rrsets
         ── vips ── pools ── members        numbered in document order: word i is member i
         ── maps  (names of Map documents)

Numbers: TTLs in seconds; names and record data in uncompressed wire form, names lower-case;
addresses 4 or 16 octets, network order.
"""

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from ipaddress import ip_address
from typing import Any

import msgspec

from gslb.model import MemberKey, PoolKey
from gslb.model.names import from_wire

FORMAT = 2
"""Raised with every change that an older plane would misread; the plane refuses another."""

NO_MAP = -1
"""A VIP whose `tiers` stand in the document itself."""

ONE = 1 << 16
"""Weight 1.0 in the 16.16 fixed point of a word."""

NO_CAP = 0xFFFF_FFFF
"""A TTL cap that caps nothing."""

OWN_TTL = -1
"""A fallback that answers with its VIP's TTL."""

NO_VIP = -1
"""A fallback that asks no other VIP."""

IN_IPV4 = {16: 0xFFFF_FFF0, 32: 0xFFFF_FFF1}
"""Classes of IPv6 ranges in which an IPv4 address lies this many bits from the start: the class is
that of the IPv4 address (6to4, RFC 3056; Teredo's servers, RFC 4380)."""


class FallbackKind(IntEnum):
    """What a VIP answers when none of its members is live."""

    ALL = 0  # as if every member were up, by configured weights
    NONE = 1  # NODATA
    SERVFAIL = 2
    ADDRESSES = 3  # the addresses given
    VIP = 4  # what another VIP of the zone answers


class Rrset(msgspec.Struct, frozen=True, array_like=True):
    """Records of one owner and type."""

    owner: bytes
    type: int
    ttl: int
    rdata: list[bytes]


class Member(msgspec.Struct, frozen=True, array_like=True):
    """An address, or a name where the VIP's `names` says so; configured weight, 0 to 65535."""

    target: bytes
    weight: int


class Pool(msgspec.Struct, frozen=True, array_like=True):
    """Members in one datacenter; `datacenter` indexes the zone's list.

    Where every pool of the ladder sheds a client, one is drawn by `capacity`; 0 is not known.
    """

    datacenter: int
    weight: int
    members: list[Member]
    capacity: int = 0


class Fallback(msgspec.Struct, frozen=True, array_like=True):
    """A kind, addresses where the kind is ADDRESSES, an index of the zone's VIPs where it is VIP.

    `ttl` is in seconds, or OWN_TTL.
    """

    kind: int
    addresses: list[bytes]
    ttl: int = OWN_TTL
    vip: int = NO_VIP


class Vip(msgspec.Struct, frozen=True, array_like=True):
    """A steered name. `answers` 0 means all. `map` indexes the zone's maps, or is NO_MAP.

    `sticky` draws pool and members by a hash of the client network; `steady` draws the pool so,
    among those that are live in every family that the VIP has. `prefixes` are the lengths of
    client networks, IPv4 and IPv6. With `names`, members are names and are answered as CNAME.
    """

    owner: bytes
    ttl: int
    answers: int
    sticky: bool
    fallback: Fallback
    map: int
    tiers: list[list[int]]  # datacenter indices, used where map is NO_MAP
    pools: list[Pool]
    steady: bool = False
    prefixes: tuple[int, int] = (24, 56)
    names: bool = False


class Zone(msgspec.Struct, frozen=True, array_like=True):
    """One zone, complete."""

    format: int
    origin: bytes
    datacenters: list[str]
    maps: list[str]
    rrsets: list[Rrset]
    vips: list[Vip]
    changed: int = 0  # the revision of the last change; the SOA's serial was raised by it


class Head(msgspec.Struct, frozen=True, array_like=True):
    """A zone whose RRsets, which may be a million, are left as they lie."""

    format: int
    origin: bytes
    datacenters: list[str]
    maps: list[str]
    rrsets: msgspec.Raw
    vips: list[Vip]
    changed: int = 0


class Ranges(msgspec.Struct, frozen=True, array_like=True):
    """Sorted range starts and a class for each, as packed little-endian arrays.

    The first start is 0, so every address has a class. IPv4 starts are uint32; IPv6 starts are
    uint64, the upper half of the address. Classes are uint32.
    """

    starts: bytes
    classes: bytes


class Map(msgspec.Struct, frozen=True, array_like=True):
    """Client ranges to classes, and each class's tiers (indices into `datacenters`).

    `atlas` says of which geography databases it is made; the plane does not read it.
    """

    format: int
    name: str
    datacenters: list[str]
    classes: list[list[list[int]]]
    ipv4: Ranges
    ipv6: Ranges
    atlas: str = ""


class Network(msgspec.Struct, frozen=True, array_like=True):
    """An address of 4 or 16 octets and a prefix length."""

    address: bytes
    prefix: int


class RateLimit(msgspec.Struct, frozen=True, array_like=True):
    """Response rate limiting; prefixes are those of client networks, `limit` 0 means none."""

    limit: int  # answers a second, of one kind to one client network
    slip: int  # every how many-th limited answer is sent, truncated; 0: none
    ipv4_prefix: int
    ipv6_prefix: int
    entries: int  # client networks remembered at once
    exempt: list[Network]


class Tcp(msgspec.Struct, frozen=True, array_like=True):
    """Limits of TCP: connections in all and for each client network, times in milliseconds."""

    connections: int
    per_network: int
    ipv4_prefix: int
    ipv6_prefix: int
    idle: int
    message: int


class Policy(msgspec.Struct, frozen=True, array_like=True):
    """How this node speaks. Empty texts say nothing; no secrets mean no cookies."""

    format: int
    payload: int  # the longest answer over UDP, octets
    ecs_from: list[Network]  # whose client subnets are believed
    proxy_from: list[Network]  # which front ends may say for whom they ask
    nsid: bytes
    version: str
    identity: str
    cookie_secrets: list[bytes]  # 16 octets each; the first signs, all are believed
    cookies_required: bool
    rate: RateLimit
    tcp: Tcp
    stale: bool  # what is answered could not be renewed
    transfers: bool  # questions for zone transfers are handed over
    explain_txt: bool = False  # TXT _explain.NAME tells why this client gets its answer


def decode_zone(document: bytes) -> Zone:
    """Read a zone's document; msgspec.DecodeError or ValidationError if it is not one."""
    return msgspec.msgpack.decode(document, type=Zone)


def decode_map(document: bytes) -> Map:
    """Read a map's document; errors as `decode_zone`."""
    return msgspec.msgpack.decode(document, type=Map)


class _Sources(msgspec.Struct, frozen=True, array_like=True):
    """A map of which nothing is read but what it is made of."""

    format: int
    name: str
    datacenters: msgspec.Raw
    classes: msgspec.Raw
    ipv4: msgspec.Raw
    ipv6: msgspec.Raw
    atlas: str = ""


def map_atlas(document: bytes) -> str:
    """Say of which geography databases a map's document is made; errors as `decode_zone`."""
    return msgspec.msgpack.decode(document, type=_Sources).atlas


class _Outline(msgspec.Struct, frozen=True, array_like=True):
    """A zone whose RRsets and VIPs are not read yet."""

    format: int
    origin: bytes
    datacenters: msgspec.Raw
    maps: msgspec.Raw
    rrsets: list[msgspec.Raw]
    vips: list[msgspec.Raw]
    changed: int = 0


class ZoneReader:
    """A zone's document, read piece by piece: a large one would hold the interpreter for seconds.

    msgspec.DecodeError or ValidationError if it is not one.
    """

    def __init__(self, document: bytes) -> None:
        self._outline = msgspec.msgpack.decode(document, type=_Outline)
        self.origin = self._outline.origin

    @property
    def rrsets(self) -> Iterator[Rrset]:
        """The RRsets, in their order, each read when it is asked for."""
        decoder = msgspec.msgpack.Decoder(Rrset)
        return (decoder.decode(raw) for raw in self._outline.rrsets)

    @property
    def vips(self) -> Iterator[Vip]:
        """The VIPs, in their order, each read when it is asked for."""
        decoder = msgspec.msgpack.Decoder(Vip)
        return (decoder.decode(raw) for raw in self._outline.vips)


def decode_head(document: bytes) -> Head:
    """Read all of a zone's document but its RRsets; errors as `decode_zone`."""
    return msgspec.msgpack.decode(document, type=Head)


def zone_keys(zone: Zone | Head) -> tuple[tuple[MemberKey, ...], tuple[PoolKey, ...]]:
    """Give the keys of a zone's members and pools, in the order of its words."""
    members: list[MemberKey] = []
    pools: list[PoolKey] = []
    for vip in zone.vips:
        name = from_wire(vip.owner)
        for pool in vip.pools:
            datacenter = zone.datacenters[pool.datacenter]
            pools.append(PoolKey(name, datacenter))
            members += (
                MemberKey(name, datacenter, _target(vip, member)) for member in pool.members
            )
    return tuple(members), tuple(pools)


def _target(vip: Vip, member: Member) -> str:
    return from_wire(member.target) if vip.names else str(ip_address(member.target))


def configured_weights(zone: Zone | Head) -> tuple[list[int], list[int]]:
    """Give the configured weights of a zone's members and pools, in the order of its words."""
    pools = [pool for vip in zone.vips for pool in vip.pools]
    return [member.weight for pool in pools for member in pool.members], [
        pool.weight for pool in pools
    ]


def raw(value: Any) -> Any:
    """Write a part of a document beforehand; it is copied as it is when the whole is written."""
    return msgspec.Raw(msgspec.msgpack.encode(value))


def raw_list(values: Iterable[Any]) -> Any:
    """Write a list before the document it stands in, value by value.

    Others run between two values. A list of as many written ones would hold the interpreter until
    all of it is written.
    """
    parts = [msgspec.msgpack.encode(value) for value in values]
    head = b"\xdd" + len(parts).to_bytes(4, "big")  # array 32 of the MessagePack specification
    return msgspec.Raw(head + b"".join(parts))


def encode(document: Zone | Map | Policy) -> bytes:
    """Write a document."""
    return msgspec.msgpack.encode(document)


def word(weight: float, ttl_cap: int = NO_CAP) -> int:
    """Make a word: TTL cap in seconds in the upper half, weight in 16.16 in the lower.

    A weight above 0 never rounds to 0, which would mean "not now".
    """
    fixed = min(max(round(weight * ONE), 1), 0xFFFF_FFFF) if weight > 0 else 0
    return (min(ttl_cap, NO_CAP) << 32) | fixed


def pool_word(weight: float, shed: float = 0.0) -> int:
    """Make a pool's word: the share of clients that it sheds, 0 to 1, in the place of the cap."""
    return word(weight, round(min(max(shed, 0.0), 1.0) * NO_CAP))


def pack_words(words: Iterable[int]) -> bytes:
    """Pack words as little-endian uint64."""
    values = list(words)
    return struct.pack(f"<{len(values)}Q", *values)
