"""Datacenters, maps and VIPs: what an operator says about where clients should go."""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
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

from gslb.model.names import Name
from gslb.model.values import Key, Noun, Port, Ttl, Weight


def _parse_address(value: Any) -> Any:
    try:
        address = ip_address(value if not isinstance(value, int | bytes) else str(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not an IPv4 or IPv6 address") from error
    if getattr(address, "scope_id", None) is not None:
        raise ValueError(f"the address {address} names an interface; leave out the % and the rest")
    return address


def _parse_network(value: Any) -> Any:
    try:
        return ip_network(value if not isinstance(value, int | bytes) else str(value))
    except ValueError as error:
        raise ValueError(
            f"{value!r} is not a network; write 10.0.0.0/8 or 2001:db8::/32, host bits zero"
        ) from error


Address = Annotated[
    IPv4Address | IPv6Address,
    BeforeValidator(_parse_address, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]
Network = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(_parse_network, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]


class Datacenter(Noun):
    """A site. `location` is degrees north and degrees east."""

    location: (
        tuple[
            Annotated[float, Field(ge=-90, le=90)],
            Annotated[float, Field(ge=-180, le=180)],
        ]
        | None
    ) = None


def _parse_tier(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _format_tier(tier: tuple[str, ...]) -> str | list[str]:
    return tier[0] if len(tier) == 1 else list(tier)


Tier = Annotated[
    tuple[Key, ...],
    BeforeValidator(_parse_tier),
    PlainSerializer(_format_tier),
    Field(min_length=1),
]
"""Datacenters that share clients by weight; a lone name in files is a tier of one."""

Tiers = Annotated[tuple[Tier, ...], Field(min_length=1)]
"""Tiers in the order in which they are tried."""

MAX_ANSWERS = 64

PLACE_KEYS = ("asn", "city", "subdivision", "country", "continent")
"""What a rule may say about a client's place, most specific first; networks come before all."""


class Rule(Noun):
    """Clients of these networks, or of this place, go to these tiers."""

    networks: tuple[Network, ...] | None = Field(default=None, min_length=1)
    asn: int | None = Field(default=None, ge=1, le=2**32 - 1)
    city: str | None = Field(default=None, min_length=1)
    subdivision: str | None = Field(default=None, min_length=1)
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    continent: Literal["AF", "AN", "AS", "EU", "NA", "OC", "SA"] | None = None
    to: Tiers

    @model_validator(mode="after")
    def _says_whom(self) -> "Rule":
        if self.networks is None and all(getattr(self, key) is None for key in PLACE_KEYS):
            raise ValueError(f"the rule matches nobody; give networks or {', '.join(PLACE_KEYS)}")
        return self


Otherwise = Annotated[
    Annotated[Literal["nearest"], Tag("<nearest>")] | Annotated[Tiers, Tag("<tiers>")],
    Discriminator(lambda value: "<nearest>" if isinstance(value, str) else "<tiers>"),
]
"""`nearest`, or tiers in order."""


class Map(Noun):
    """Turns a client network into tiers: the most specific rule, or else `otherwise`."""

    rules: tuple[Rule, ...] = ()
    otherwise: Otherwise


class Member(Noun):
    """An address to answer with; probed there, or at `probe_address` and `probe_port`."""

    address: Address
    weight: Weight = 1
    probe_address: Address | None = None
    probe_port: Port | None = None


class Pool(Noun):
    """A VIP's members in one datacenter."""

    weight: Weight = 1
    members: tuple[Member, ...] = Field(min_length=1)

    @field_validator("members")
    @classmethod
    def _no_address_twice(cls, members: tuple[Member, ...]) -> tuple[Member, ...]:
        seen: set[Address] = set()
        for member in members:
            if member.address in seen:
                raise ValueError(f"the address {member.address} stands twice in this pool")
            seen.add(member.address)
        return members


class LastResort(Noun):
    """Addresses to answer with when nothing is live."""

    addresses: tuple[Address, ...] = Field(min_length=1)


FallbackWord = Literal["all", "none", "servfail"]
Fallback = Annotated[
    Annotated[FallbackWord, Tag("<word>")] | Annotated[LastResort, Tag("<last resort>")],
    Discriminator(lambda value: "<word>" if isinstance(value, str) else "<last resort>"),
]


Answers = Annotated[
    Annotated[Literal["all"], Tag("<word>")]
    | Annotated[int, Field(ge=1, le=MAX_ANSWERS, strict=True), Tag("<number>")],
    Discriminator(lambda value: "<word>" if isinstance(value, str) else "<number>"),
]
"""How many members an answer holds, or `all` of the pool drawn."""


class Vip(Noun):
    """A name answered with members chosen for the client by the ladder.

    Give `map`, or `order`, or neither: then all datacenters share clients in one weighted tier.
    """

    ttl: Ttl = 30
    map: Key | None = None
    order: Tiers | None = None
    probe: Key | None = None
    answers: Answers = 1
    sticky: bool = False
    fallback: Fallback = "all"
    pools: dict[Key, Pool] = Field(min_length=1)

    @model_validator(mode="after")
    def _map_or_order(self) -> "Vip":
        if self.map is not None and self.order is not None:
            raise ValueError("give map or order, not both")
        return self


__all__ = [
    "PLACE_KEYS",
    "Address",
    "Datacenter",
    "Fallback",
    "LastResort",
    "Map",
    "Member",
    "Name",
    "Network",
    "Pool",
    "Rule",
    "Tier",
    "Tiers",
    "Vip",
]
