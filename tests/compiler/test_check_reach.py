"""Rules that decide for nobody are named; those that decide for somebody are not."""

from ipaddress import ip_network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gslb.compiler import AnyGeography, check
from gslb.compiler.map_rules import _covered
from gslb.geo.networks import find_ranges
from gslb.model import Network, World

SITES: dict[str, Any] = {"tokyo": {}, "paris": {}}


def told(*rules: dict[str, Any]) -> list[tuple[str, str]]:
    """Give the paths, below the map's rules, and the sentences of all faults."""
    policy = {"rules": [{"to": ["tokyo"]} | rule for rule in rules], "otherwise": ["paris"]}
    world = World.model_validate({"datacenters": SITES, "maps": {"m": policy}})
    faults = check(world, geography=AnyGeography())
    return [("/".join(map(str, fault.path[3:])), fault.sentence) for fault in faults]


def test_a_rule_that_says_the_same_of_clients_again() -> None:
    twice = told({"country": "BR"}, {"continent": "SA"}, {"country": "BR", "to": ["paris"]})
    assert [path for path, _ in twice] == ["2"]
    assert "rule 1" in twice[0][1]
    assert told({"country": "BR"}, {"country": "BR", "continent": "SA"}, {"asn": 1}) == []


def test_a_network_whose_halves_are_taken() -> None:
    halves = {"networks": ["10.0.0.0/9", "10.128.0.0/9"], "to": ["paris"]}
    found = told({"networks": ["10.0.0.0/8"]}, halves)
    assert [path for path, _ in found] == ["0/networks/0"]
    assert "cover all of it" in found[0][1]


def test_a_half_that_asks_for_a_country_leaves_room() -> None:
    """Who is in that half and elsewhere comes to the wider network."""
    low, high = {"networks": ["10.0.0.0/9"]}, {"networks": ["10.128.0.0/9"], "country": "JP"}
    assert told({"networks": ["10.0.0.0/8"]}, low, high) == []


def networks(version: int) -> st.SearchStrategy[Network]:
    """Draw short networks, so that they often cover each other."""
    bits = 32 if version == 4 else 128

    def make(length: int, number: int) -> Network:
        start = (number % (1 << length)) << (bits - length)
        return ip_network(f"{ip_network('0.0.0.0/0' if version == 4 else '::/0')[start]}/{length}")

    return st.builds(make, st.integers(0, 4), st.integers(0, 15))


@given(st.sets(networks(4) | networks(6), max_size=24))
def test_covered_networks_are_those_without_a_range(drawn: set[Network]) -> None:
    numbers = {network: at for at, network in enumerate(sorted(drawn, key=str))}
    seen = {at for version in (4, 6) for at in find_ranges(numbers.items(), version, -1)[1]}
    assert _covered(drawn) == {network for network, at in numbers.items() if at not in seen}
