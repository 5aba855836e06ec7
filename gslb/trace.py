"""What the witness wrote: the shape of the JSON of `plane/src/trace.rs`, field by field.

The health of a member is not the plane's to know; `explain` fills it in.
"""

from typing import Literal

import msgspec

Lookup = Literal["exact", "wildcard", "cut", "nxdomain", "nodata", "cname", "dname", "refused"]


class Client(msgspec.Struct):
    """For whom it was answered; `prefix` bits of the address are known.

    `front_end` told the source of the packet, if one did; with ECS that is not the client.
    """

    address: str
    prefix: int
    origin: Literal["ecs", "source", "proxy"] = msgspec.field(name="from")
    front_end: str | None = None


class Link(msgspec.Struct):
    """One name of a chain of aliases, and how it was found."""

    name: str
    lookup: Lookup


class Member(msgspec.Struct):
    """A member as the draw saw it, and (from the board) why its weight is what it is.

    `share` is its chance, 0 to 1, to be drawn first if its pool is; `ttl_cap` is in seconds;
    `since` in unix seconds.
    """

    address: str
    weight: float
    configured: int
    ttl_cap: int | None
    share: float
    chosen: bool
    family_match: bool
    verdict: str = "up"
    since: float | None = None
    observation: str = "not probed"
    reason: str = ""


class Pool(msgspec.Struct):
    """A pool as the draw saw it; `share` is its chance to be drawn if its tier answers.

    `shed` is the share of clients that it sheds, `shed_client` whether this one is among them.
    It is `halved` (passed over) if it is not live in every family of the VIP and another pool of
    its tier is. Where every live pool sheds the client it weighs `capacity`, or if that is 0 its
    configured weight.
    """

    datacenter: str
    weight: float
    configured: int
    live: bool
    shed: float
    shed_client: bool
    halved: bool
    capacity: int
    share: float
    chosen: bool
    members: list[Member]


class Tier(msgspec.Struct):
    """A tier of the client's ladder, counted from 0."""

    tier: int
    datacenters: list[str]
    live: bool
    chosen: bool
    pools: list[Pool]


class Steered(msgspec.Struct):
    """How a VIP steers the client that was asked as the fallback of another."""

    vip: str | None
    sticky: bool
    steady: bool
    map: str | None
    class_: int | None = msgspec.field(name="class")
    range_prefix: int | None
    tiers: list[Tier]
    overflow: bool
    fallback: Literal["all", "none", "servfail", "addresses", "vip"] | None


class Trace(msgspec.Struct):
    """What happened to one packet, step by step."""

    zone: str | None
    revision: int
    generation: int
    name: str | None
    rtype: str | None = msgspec.field(name="type")
    rcode: str | None
    aa: bool
    truncated: bool
    client: Client | None
    lookup: Lookup
    chain: list[Link]
    vip: str | None
    sticky: bool
    steady: bool
    map: str | None
    class_: int | None = msgspec.field(name="class")
    range_prefix: int | None
    tiers: list[Tier]
    overflow: bool
    fallback: Literal["all", "none", "servfail", "addresses", "vip"] | None
    fallback_vips: list[Steered]
    ttl: int | None
    scope: int
    answers: list[str]
    rrsets: list[str]
