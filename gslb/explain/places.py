"""Where a client is, and which rule of a map took it to its tiers, in words and as data."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from gslb.geo import Look, Opened, look
from gslb.geo.attributes import LOCATION, Place, knows
from gslb.geo.rules import keys_of
from gslb.model import Map, Nearest, Rule, Tiers
from gslb.trace import Trace

MOST_TOLD = 8
"""How many rules that did not decide are told in sentences; JSON has all of them."""


def look_at(trace: Trace, maps: Mapping[str, Map], opened: Sequence[Opened]) -> Look | None:
    """Look at the client of a trace with the eyes of its map; None if no map placed it."""
    if trace.map is None or trace.map not in maps or trace.client is None:
        return None
    return look(trace.map, maps, opened, ip_address(trace.client.address))


def as_data(found: Look, maps: Mapping[str, Map]) -> dict[str, Any]:
    """Give it as JSON-ready data; rules are counted from 0."""
    return {
        "databases": [
            {
                "file": str(one.opened.file),
                "database": one.opened.title,
                "network": one.network,
                "says": one.words,
            }
            for one in found.sightings
        ],
        "known": dict(found.place),
        "networks": [str(network) for network in found.networks],
        "decided_by": {
            "map": found.decision.map,
            "rule": found.decision.rule,
            "to": way_text(found.decision.way),
        },
        "missed": [
            {
                "map": miss.map,
                "rule": miss.rule,
                "says": rule_text(maps[miss.map].rules[miss.rule]),
                "unfit": miss.unfit,
            }
            for miss in found.missed
        ],
    }


def tell_place(found: Look, maps: Mapping[str, Map]) -> Iterator[str]:
    """Tell where the client is, which rule decided, and which others did not, and why."""
    for one in found.sightings:
        yield f"  {one.opened.title} has its {one.network}: {one.words}."
    decision = found.decision
    if decision.rule is None:
        yield (
            f"  No rule fits it, so the map {decision.map} goes on with its otherwise: "
            f"{way_text(decision.way)}."
        )
    else:
        rule = maps[decision.map].rules[decision.rule]
        yield (
            f"  Rule {decision.rule + 1} of the map {decision.map} decides: {rule_text(rule)}, "
            f"to {way_text(decision.way)}."
        )
    if isinstance(decision.way, Nearest) and not all(name in found.place for name in LOCATION):
        yield "  Its location is not known, so that all these datacenters share one tier."
    # Those that nearly fit come first: of several keys only one is wrong.
    missed = sorted(
        found.missed,
        key=lambda miss: (
            miss.unfit is not None,
            -len(keys_of(maps[miss.map].rules[miss.rule])),
        ),
    )
    for miss in missed[:MOST_TOLD]:
        rule = maps[miss.map].rules[miss.rule]
        why = _why_not(miss.unfit, found.place)
        yield f"  Rule {miss.rule + 1} of the map {miss.map} ({rule_text(rule)}) does not: {why}."
    if len(missed) > MOST_TOLD:
        yield f"  {len(missed) - MOST_TOLD} more rules do not decide."


def _why_not(unfit: str | None, place: Place) -> str:
    """Say why a rule did not decide, by the key that did not fit."""
    if unfit is None:
        return "a more specific one decides"
    if unfit == "networks":
        return "the client is in none of its networks"
    return f"its {unfit} is {'another' if knows(unfit, place) else 'not known'}"


def rule_text(rule: Rule) -> str:
    """Say in a few words whom a rule means."""
    parts = [f"{key} {getattr(rule, key)}" for key in keys_of(rule)]
    if rule.networks is not None:
        few = ", ".join(map(str, rule.networks[:3]))
        parts.insert(0, f"networks {few}{', …' if len(rule.networks) > 3 else ''}")  # noqa: PLR2004
    return ", ".join(parts)


def way_text(way: Tiers | Nearest) -> str:
    """Say in a few words where a way leads."""
    if isinstance(way, Nearest):
        among = f" of {', '.join(way.among)}" if way.among else ""
        return f"the nearest{'' if way.nearest == 1 else f' {way.nearest}'}{among}"
    return ", then ".join(" and ".join(tier) for tier in way)
