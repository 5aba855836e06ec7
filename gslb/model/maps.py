"""Maps: which tiers of datacenters a client network goes to."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    model_validator,
)

from gslb.model.addresses import Network
from gslb.model.values import Key, Noun


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

PLACE_KEYS = ("asn", "city", "subdivision", "country", "continent")
"""What a rule may say about a client's place, most specific first; networks come before all."""

DEPTH = 16
"""How many nearest datacenters are kept in order if a map does not say."""


class Nearest(Noun):
    """Datacenters by their distance from the client, nearest first.

    The first tier has the `nearest` nearest ones, each tier after it one more, until `depth`
    datacenters are in order; those that are left share one last tier. `among` says which
    datacenters are meant: all that have a location if it is left out.
    """

    nearest: int = Field(default=1, ge=1, le=256, strict=True)
    among: tuple[Key, ...] | None = Field(default=None, min_length=1)
    depth: int = Field(default=DEPTH, ge=1, le=256, strict=True)

    @model_validator(mode="after")
    def _depth_holds_the_first_tier(self) -> "Nearest":
        if self.nearest > self.depth:
            raise ValueError(
                f"nearest is {self.nearest}, but depth keeps only {self.depth} datacenters in "
                "order; raise depth"
            )
        return self


class OtherMap(Noun):
    """Another map, which goes on where this one has no rule."""

    map: Key


def _parse_nearest(value: Any) -> Any:
    if isinstance(value, str) and value != "nearest":
        raise ValueError(f"{value!r} is no way to go; write nearest, or a list of datacenters")
    return {} if value == "nearest" else value


def _format_nearest(way: Nearest) -> Any:
    if way == Nearest():
        return "nearest"
    return {"nearest": way.nearest} | way.model_dump(mode="json", exclude_defaults=True)


_Nearest = Annotated[
    Nearest,
    BeforeValidator(_parse_nearest, json_schema_input_type=Literal["nearest"] | Nearest),
    PlainSerializer(_format_nearest),
    Tag("<nearest>"),
]


def _way(value: Any) -> str:
    if isinstance(value, OtherMap) or (isinstance(value, dict) and "map" in value):
        return "<map>"
    return "<nearest>" if isinstance(value, str | dict | Nearest) else "<tiers>"


Way = Annotated[_Nearest | Annotated[Tiers, Tag("<tiers>")], Discriminator(_way)]
"""`nearest`, or {nearest: N, among: [...], depth: N}, or tiers in order."""

Otherwise = Annotated[
    _Nearest | Annotated[Tiers, Tag("<tiers>")] | Annotated[OtherMap, Tag("<map>")],
    Discriminator(_way),
]
"""A way, or {map: NAME}: the rules of that map, and then its `otherwise`."""


_COUNTRY = r"[A-Z]{2}"


def _parse_country(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_COUNTRY, value):
        raise ValueError(f"{value!r} is no country code; write its two capital letters, like BR")
    return value


Country = Annotated[str, BeforeValidator(_parse_country), Field(pattern=f"^{_COUNTRY}$")]
"""An ISO 3166-1 code of two letters."""


class Rule(Noun):
    """Clients of these networks, and of this place, go this way; all that is given must fit.

    `city` is the English name, `subdivision` an ISO 3166-2 code such as BR-SP or the English
    name, `country` an ISO 3166-1 code, `asn` an autonomous system's number.
    """

    networks: tuple[Network, ...] | None = Field(default=None, min_length=1)
    asn: int | None = Field(default=None, ge=1, le=2**32 - 1)
    city: str | None = Field(default=None, min_length=1)
    subdivision: str | None = Field(default=None, min_length=1)
    country: Country | None = None
    continent: Literal["AF", "AN", "AS", "EU", "NA", "OC", "SA"] | None = None
    to: Way

    @model_validator(mode="after")
    def _says_whom(self) -> "Rule":
        if self.networks is None and all(getattr(self, key) is None for key in PLACE_KEYS):
            raise ValueError(f"the rule matches nobody; give networks or {', '.join(PLACE_KEYS)}")
        return self


class Map(Noun):
    """Turns a client network into tiers: by the most specific rule, or else by `otherwise`.

    Of the rules that fit a client, the one with the longest network goes before all others, then
    one with an `asn`, a `city`, a `subdivision`, a `country`, a `continent`; of two that are equal
    in that, the one that says more; then the first.
    """

    rules: tuple[Rule, ...] = ()
    otherwise: Otherwise
