"""What is no fault, but may not be what was meant: notes, which refuse nothing.

Two rules of a map overlap where some client may fit both; then the more specific decides. Networks
inside each other are not noted: that is what longer networks are for. Nor is a place inside
another of the same kind of key, such as a city with its country beside another rule of the country.
"""

from collections.abc import Iterator

from gslb.model import Fault, Map, Rule, Vip, World
from gslb.model.maps import PLACE_KEYS

MOST_OF_A_MAP = 20


def check_notes(world: World) -> tuple[Fault, ...]:
    """Give notes on a world that may be served, each at its place; few for each map."""
    notes: list[Fault] = []
    for name, policy in sorted(world.maps.items()):
        found = list(_overlaps(name, policy))
        notes += found[:MOST_OF_A_MAP]
        if left := len(found) - MOST_OF_A_MAP:
            notes += [Fault(("maps", name), f"{left} more rules overlap")] if left > 0 else []
    for name, vip in sorted(world.vips.items()):
        notes += _families(name, vip)
    return tuple(notes)


def _overlaps(name: str, policy: Map) -> Iterator[Fault]:
    rules = policy.rules
    for at, rule in enumerate(rules):
        for other in range(at):
            if rules[other].to != rule.to and _may_meet(rule, rules[other]):
                first, second = (at, other) if _goes_before(rule, rules[other]) else (other, at)
                yield Fault(
                    ("maps", name, "rules", at),
                    f"overlaps rule {other + 1}: clients of both go by rule {first + 1}, whose "
                    f"{_strength(rules[first], rules[second])}",
                )


def _kinds(rule: Rule) -> tuple[str, ...]:
    keys = [key for key in PLACE_KEYS if getattr(rule, key) is not None]
    return ("networks", *keys) if rule.networks is not None else tuple(keys)


def _may_meet(one: Rule, other: Rule) -> bool:
    """Whether nothing that both say tells them apart, and they go by different kinds of keys."""
    mine, its = _kinds(one), _kinds(other)
    shared = set(mine) & set(its)
    if mine[0] == its[0] or (mine[0] != "networks" != its[0] and _nested(one, other)):
        return False
    return all(getattr(one, key) == getattr(other, key) for key in shared)


def _nested(one: Rule, other: Rule) -> bool:
    """Whether two places are of kinds that lie inside each other by nature, and not across."""
    across = {"asn"}
    return not (across & {_kinds(one)[0], _kinds(other)[0]})


def _goes_before(one: Rule, other: Rule) -> bool:
    order = ("networks", *PLACE_KEYS)
    return order.index(_kinds(one)[0]) < order.index(_kinds(other)[0])


def _strength(first: Rule, second: Rule) -> str:
    return f"{_kinds(first)[0]} go before {_kinds(second)[0]}".replace("asn go", "asn goes")


def _families(name: str, vip: Vip) -> Iterator[Fault]:
    """Note a VIP that wants both families of one datacenter, and has none with both."""
    if vip.family != "same_datacenter" or vip.names:
        return
    here = [
        {member.address.version for member in pool.members if member.address is not None}
        for pool in vip.pools.values()
    ]
    if set().union(*here) == {4, 6} and {4, 6} not in here:
        yield Fault(
            ("vips", name, "family"),
            "no datacenter has IPv4 and IPv6 members, so the families of one client come from two",
        )
