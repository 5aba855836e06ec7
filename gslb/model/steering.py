"""Datacenters and VIPs: what an operator says about what clients are answered with."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    field_validator,
    model_validator,
)

from gslb.model.addresses import Address
from gslb.model.maps import Tiers
from gslb.model.names import Name
from gslb.model.values import Duration, Key, Noun, Percent, Port, Ttl, Weight

MAX_ANSWERS = 64


class Capacity(Noun):
    """How much load a pool or datacenter can take, in any unit, and from where it is known.

    `load` says who tells the load: the plane counts `answers` a second, agents `push` it by the
    API, or the members' `probe` reads it. Between `shed_from` and `shed_full`, in percent of
    `limit`, a growing share of the clients goes to the next tier.
    """

    limit: float = Field(gt=0, allow_inf_nan=False)
    load: Literal["answers", "push", "probe"] = "answers"
    shed_from: Percent = 80
    shed_full: Percent = 100
    fresh: Duration = 60_000  # a load told longer ago is not believed

    @model_validator(mode="after")
    def _watermarks_in_order(self) -> "Capacity":
        if self.shed_from >= self.shed_full:
            raise ValueError(
                f"shed_from is {self.shed_from}% and shed_full {self.shed_full}%; "
                "shed_from must be below shed_full"
            )
        return self


def _parse_capacity(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"limit": value} if number else value


def _format_capacity(capacity: Capacity) -> Any:
    told = capacity.model_dump(mode="json", exclude_defaults=True)
    return capacity.limit if told.keys() == {"limit"} else told


SomeCapacity = Annotated[
    Capacity,
    BeforeValidator(_parse_capacity, json_schema_input_type=float | Capacity),
    PlainSerializer(_format_capacity),
]
"""A capacity, or only its limit."""


class Datacenter(Noun):
    """A site. `location` is degrees north and degrees east.

    `bias` grows (1 to 99) or shrinks (-1 to -99) the region in which it counts as nearest: at 50
    it seems half as far away as it is, at -50 twice as far.
    """

    location: (
        tuple[
            Annotated[float, Field(ge=-90, le=90)],
            Annotated[float, Field(ge=-180, le=180)],
        ]
        | None
    ) = None
    bias: int = Field(default=0, ge=-99, le=99, strict=True)
    capacity: SomeCapacity | None = None


class Member(Noun):
    """An address to answer with, or a name (a CNAME record).

    It is probed at its address, or at `probe_address` and `probe_port`.
    """

    address: Address | None = None
    name: Name | None = None
    weight: Weight = 1
    probe_address: Address | None = None
    probe_port: Port | None = None

    @model_validator(mode="after")
    def _address_or_name(self) -> "Member":
        if (self.address is None) == (self.name is None):
            raise ValueError("give a member an address, or a name, and not both")
        return self

    @property
    def target(self) -> str:
        """What it is answered as, in text: its address, or its name."""
        return str(self.address if self.address is not None else self.name)


_MIN_LIVE = re.compile(r"(?P<share>100|[1-9]\d?)%")


def _parse_min_live(value: Any) -> Any:
    if isinstance(value, str) and not _MIN_LIVE.fullmatch(value):
        raise ValueError(f"{value!r} is not a number of members; write 2, or 50%")
    return value


MinLive = Annotated[
    Annotated[int, Field(ge=1, le=65535, strict=True), Tag("<number>")]
    | Annotated[str, Tag("<share>")],
    Discriminator(lambda value: "<share>" if isinstance(value, str) else "<number>"),
    BeforeValidator(_parse_min_live, json_schema_input_type=int | str),
]
"""How many members of a pool must be live, or what share of them, as `50%`."""


class Pool(Noun):
    """A VIP's members in one datacenter. With fewer live members than `min_live` it is down."""

    weight: Weight = 1
    min_live: MinLive = 1
    capacity: SomeCapacity | None = None
    members: tuple[Member, ...] = Field(min_length=1)

    @field_validator("members")
    @classmethod
    def _none_twice(cls, members: tuple[Member, ...]) -> tuple[Member, ...]:
        seen: set[str] = set()
        for member in members:
            if member.target in seen:
                what = "address" if member.name is None else "name"
                raise ValueError(f"the {what} {member.target} stands twice in this pool")
            seen.add(member.target)
        return members

    @property
    def needed(self) -> int:
        """How many members must be live; a share is rounded up."""
        if isinstance(self.min_live, int):
            return self.min_live
        return -(-len(self.members) * int(self.min_live.removesuffix("%")) // 100)


class LastResort(Noun):
    """Addresses to answer with when nothing is live."""

    addresses: tuple[Address, ...] = Field(min_length=1)


class OtherVip(Noun):
    """Another VIP of the same zone, which answers when nothing of this one is live."""

    vip: Name


def _fallback(value: Any) -> str:
    if isinstance(value, str):
        return "<word>"
    other = isinstance(value, OtherVip) or (isinstance(value, dict) and "vip" in value)
    return "<other>" if other else "<last resort>"


FallbackWord = Literal["all", "none", "servfail"]
Fallback = Annotated[
    Annotated[FallbackWord, Tag("<word>")]
    | Annotated[LastResort, Tag("<last resort>")]
    | Annotated[OtherVip, Tag("<other>")],
    Discriminator(_fallback),
]


Answers = Annotated[
    Annotated[Literal["all"], Tag("<word>")]
    | Annotated[int, Field(ge=1, le=MAX_ANSWERS, strict=True), Tag("<number>")],
    Discriminator(lambda value: "<word>" if isinstance(value, str) else "<number>"),
]
"""How many members an answer holds, or `all` of the pool drawn."""


class Sticky(Noun):
    """Client networks of these prefix lengths keep their members."""

    ipv4: int = Field(default=24, ge=1, le=32, strict=True)
    ipv6: int = Field(default=56, ge=1, le=64, strict=True)


def _parse_sticky(value: Any) -> Any:
    return {} if value is True else None if value is False else value


def _format_sticky(sticky: Sticky | None) -> Any:
    if sticky is None:
        return False
    return sticky.model_dump(exclude_defaults=True) or True


SomeSticky = Annotated[
    Sticky | None,
    BeforeValidator(_parse_sticky, json_schema_input_type=bool | Sticky),
    PlainSerializer(_format_sticky),
]
"""True, false, or the prefix lengths of client networks."""


class Vip(Noun):
    """A name answered with members chosen for the client by the ladder.

    Give `map`, or `order`, or neither: then all datacenters share clients in one weighted tier.
    With `family: same_datacenter` the A and the AAAA records that one client network gets come
    from one datacenter. `fallback_ttl` is the TTL of what the fallback answers; else `ttl` is.
    """

    ttl: Ttl = 30
    map: Key | None = None
    order: Tiers | None = None
    probe: Key | None = None
    answers: Answers = 1
    sticky: SomeSticky = None
    family: Literal["apart", "same_datacenter"] = "apart"
    fallback: Fallback = "all"
    fallback_ttl: Ttl | None = None
    pools: dict[Key, Pool] = Field(min_length=1)

    @model_validator(mode="after")
    def _map_or_order(self) -> "Vip":
        if self.map is not None and self.order is not None:
            raise ValueError("give map or order, not both")
        return self

    @property
    def names(self) -> bool:
        """Whether it has members that are names, for which it is answered as a CNAME."""
        return any(
            member.name is not None for pool in self.pools.values() for member in pool.members
        )
