"""Where one client is, and which rule decides for it: by the rules that the ranges are made by."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from gslb.geo.atlas import Opened
from gslb.geo.attributes import Place, fits, knows, of_record
from gslb.geo.rules import Decision, Step, chain_of, decide, keys_of, networks_of
from gslb.geo.words import described
from gslb.model import Map, Network, Rule


@dataclass(frozen=True)
class Sighting:
    """What one database says of a client: its record, and for how wide a network it is."""

    opened: Opened
    network: str
    record: Mapping[str, Any]
    place: Place

    @property
    def words(self) -> str:
        """What it says, for people."""
        return described(self.record, self.place)


@dataclass(frozen=True)
class NearMiss:
    """A rule that did not decide: the key that did not fit, or None if another went before it."""

    map: str
    rule: int
    unfit: str | None


@dataclass(frozen=True)
class Look:
    """A client's place, who decided where it goes, and which rules did not."""

    sightings: Sequence[Sighting]
    place: Place
    networks: Sequence[Network]
    decision: Decision
    missed: Sequence[NearMiss]


def look(
    name: str,
    maps: Mapping[str, Map],
    opened: Sequence[Opened],
    address: IPv4Address | IPv6Address,
) -> Look:
    """Look at one client with the eyes of a map."""
    chain = chain_of(name, maps)
    sightings = [_sight(one, address) for one in opened]
    around = sorted(
        (n for n in networks_of(chain) if n.version == address.version and address in n),
        key=lambda network: -network.prefixlen,
    )

    def fitting(key: str, rule: Rule) -> bool:
        known = next((s.place for s in sightings if knows(key, s.place)), {})
        return fits(key, getattr(rule, key), known)

    decision = decide(chain, around, fitting)
    merged: dict[str, str | float] = {}
    for sighting in reversed(sightings):
        merged.update(sighting.place)
    return Look(
        sightings,
        merged,
        around,
        decision,
        [
            NearMiss(step.name, at, _unfit(step, at, around, fitting))
            for step in chain
            for at in range(len(step.policy.rules))
            if (step.name, at) != (decision.map, decision.rule)
        ],
    )


def _unfit(step: Step, at: int, around: Sequence[Network], fitting: Any) -> str | None:
    rule = step.policy.rules[at]
    if rule.networks is not None and not set(rule.networks) & set(around):
        return "networks"
    return next((key for key in keys_of(rule) if not fitting(key, rule)), None)


def _sight(opened: Opened, address: IPv4Address | IPv6Address) -> Sighting:
    record, length = opened.database.look(str(address))
    found = json.loads(record)
    network = ip_network(f"{address}/{length}", strict=False)
    return Sighting(opened, str(network), found or {}, of_record(found or {}))
