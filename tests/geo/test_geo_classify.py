"""Ranges of clients: by networks and places, beside a search that is plain and slow."""

import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import acos, cos, radians, sin
from pathlib import Path
from typing import Any

import pytest
from atlases import city, opened, write_database
from hypothesis import given, settings
from hypothesis import strategies as st

from gslb import snapshot
from gslb.compiler import Classified, compile_map
from gslb.geo import classify, look
from gslb.model import Datacenter, Map, Nearest, OtherMap, Rule, Tiers

SITES = {
    "tokyo": Datacenter(location=(35.68, 139.69)),
    "frankfurt": Datacenter(location=(50.11, 8.68)),
    "virginia": Datacenter(location=(38.95, -77.45)),
    "attic": Datacenter(),
}
PLACES = {
    "berlin": city("DE", "EU", "Berlin", (52.52, 13.4), "BE"),
    "munich": city("DE", "EU", "Munich", (48.14, 11.58), "BY"),
    "osaka": city("JP", "AS", "Osaka", (34.69, 135.5), "27"),
    "campinas": city("BR", "SA", "Campinas", (-22.9, -47.06), "SP"),
    "boston": city("US", "NA", "Boston", (42.36, -71.06), "MA"),
    "somewhere": {"country": {"iso_code": "US"}, "continent": {"code": "NA"}},
}
NUMBERS = (64500, 64501, 64502)
PARTS = (
    *(f"192.0.2.{at}/27" for at in range(0, 256, 32)),
    "198.51.100.0/24",
    "203.0.113.128/25",
    "2001:db8::/36",
    "2001:db8:4000::/38",
    "2001:db8:ffff:ffff::/64",
)
RULED = ("192.0.2.0/24", "192.0.2.64/26", "198.51.0.0/16", "0.0.0.0/0", "2001:db8::/32", "::/1")

TIERS = st.sampled_from([("tokyo",), ("frankfurt", "tokyo"), ("virginia", ["frankfurt", "attic"])])
NEAR: st.SearchStrategy[Any] = st.builds(
    dict,
    nearest=st.integers(1, 3),
    depth=st.integers(3, 4),
    among=st.none() | st.just(("tokyo", "virginia")),
)
WAYS = TIERS | st.just("nearest") | NEAR
PLACE_KEYS = {
    "asn": st.sampled_from(NUMBERS),
    "city": st.sampled_from(["Berlin", "Osaka", "Boston"]),
    "subdivision": st.sampled_from(["DE-BY", "BR-SP", "Berlin State", "JP-27"]),
    "country": st.sampled_from(["DE", "JP", "US"]),
    "continent": st.sampled_from(["EU", "NA", "SA"]),
}
RULES = st.fixed_dictionaries(
    {"to": WAYS},
    optional={
        "networks": st.lists(st.sampled_from(RULED), min_size=1, max_size=3, unique=True),
        **PLACE_KEYS,
    },
).filter(lambda rule: len(rule) > 1)
MAPS = st.lists(RULES, max_size=5)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    where = draw(
        st.dictionaries(st.sampled_from(PARTS), st.sampled_from(sorted(PLACES)), min_size=1)
    )
    systems = draw(st.dictionaries(st.sampled_from(PARTS), st.sampled_from(NUMBERS), min_size=1))
    rules, more, otherwise = draw(MAPS), draw(st.none() | MAPS), draw(WAYS)
    maps = {"m": Map.model_validate({"rules": rules, "otherwise": otherwise})}
    if more is not None:
        maps = {
            "m": Map.model_validate({"rules": rules, "otherwise": {"map": "n"}}),
            "n": Map.model_validate({"rules": more, "otherwise": otherwise}),
        }
    bias = {"bias": draw(st.integers(-99, 99))}
    return {
        "cities": {part: PLACES[name] for part, name in where.items()},
        "systems": {part: {"autonomous_system_number": n} for part, n in systems.items()},
        "maps": maps,
        "sites": {**SITES, "tokyo": SITES["tokyo"].model_copy(update=bias)},
    }


@given(worlds())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_ranges_are_what_a_plain_search_finds(world: dict[str, Any]) -> None:
    cities, systems, maps, sites = world.values()
    with tempfile.TemporaryDirectory() as folder:
        atlas = opened(
            write_database(Path(folder) / "city.mmdb", cities),
            write_database(Path(folder) / "asn.mmdb", systems, "Test-ASN"),
        )
        found = classify("m", maps, sites, atlas.opened)
        for address in boundaries(found):
            record = {**_at(cities, address), **_at(systems, address)}
            due = plain("m", maps, sites, record, address)
            assert ladder_of(found, address) == due, address
            decision = look("m", maps, atlas.opened, address).decision
            assert (decision.map, decision.rule) == decided("m", maps, record, address), address


def _at(records: Mapping[str, Mapping[str, Any]], address: Any) -> Mapping[str, Any]:
    return next((r for part, r in records.items() if address in ip_network(part)), {})


def boundaries(found: Classified) -> Iterator[IPv4Address | IPv6Address]:
    """Give both ends of every range, and of every network that was named."""
    for start in struct.unpack(f"<{len(found.ipv4.starts) // 4}I", found.ipv4.starts):
        yield from (IPv4Address(start), IPv4Address((start - 1) % 2**32))
    for start in struct.unpack(f"<{len(found.ipv6.starts) // 8}Q", found.ipv6.starts):
        yield from (IPv6Address(start << 64), IPv6Address(((start - 1) % 2**64) << 64))
    for part in (*PARTS, *RULED):
        network = ip_network(part)
        last = int(network.broadcast_address)
        yield network.network_address
        yield ip_address(last) if network.version == 4 else IPv6Address(last >> 64 << 64)


def ladder_of(found: Classified, address: IPv4Address | IPv6Address) -> Tiers:
    """Look an address up in ranges, one by one."""
    four = address.version == 4
    ranges, key = (found.ipv4, int(address)) if four else (found.ipv6, int(address) >> 64)
    width, letter = (4, "I") if four else (8, "Q")
    starts = struct.unpack(f"<{len(ranges.starts) // width}{letter}", ranges.starts)
    classes = struct.unpack(f"<{len(ranges.classes) // 4}I", ranges.classes)
    at = max(number for number, start in enumerate(starts) if start <= key)
    return found.ladders[classes[at]]


# The plain search: as the docstrings of the model say it, and no more


def decided(
    name: str, maps: Mapping[str, Map], record: Mapping[str, Any], address: Any
) -> tuple[str, int | None]:
    policy = maps[name]
    best: tuple[Any, ...] | None = None
    for at, rule in enumerate(policy.rules):
        length = covers(rule, address)
        if length is None or not all(matches(rule, key, record) for key in given_keys(rule)):
            continue
        keys = given_keys(rule)
        first = list(PLACE_KEYS).index(keys[0]) if keys else 9
        rank = (-length, first, -len(keys), at)
        best = rank if best is None else min(best, rank)
    if best is not None:
        return name, best[-1]
    if isinstance(policy.otherwise, OtherMap):
        return decided(policy.otherwise.map, maps, record, address)
    return name, None


def covers(rule: Rule, address: Any) -> int | None:
    if rule.networks is None:
        return -1
    lengths = [n.prefixlen for n in rule.networks if n.version == address.version and address in n]
    return max(lengths, default=None)


def given_keys(rule: Rule) -> list[str]:
    return [key for key in PLACE_KEYS if getattr(rule, key) is not None]


def matches(rule: Rule, key: str, record: Mapping[str, Any]) -> bool:
    wanted = getattr(rule, key)
    if key == "asn":
        return bool(record.get("autonomous_system_number") == wanted)
    if key == "city":
        return bool(record.get("city", {}).get("names", {}).get("en") == wanted)
    if key == "subdivision":
        country = record.get("country", {}).get("iso_code")
        return any(
            wanted in (f"{country}-{part['iso_code']}", part["names"]["en"])
            for part in record.get("subdivisions", ())
        )
    field = {"country": "iso_code", "continent": "code"}[key]
    return bool(record.get(key, {}).get(field) == wanted)


def plain(
    name: str,
    maps: Mapping[str, Map],
    sites: Mapping[str, Datacenter],
    record: Mapping[str, Any],
    address: Any,
) -> Tiers:
    which, rule = decided(name, maps, record, address)
    way = maps[which].otherwise if rule is None else maps[which].rules[rule].to
    assert not isinstance(way, OtherMap)
    return order(way, sites, record) if isinstance(way, Nearest) else way


def order(way: Nearest, sites: Mapping[str, Datacenter], record: Mapping[str, Any]) -> Tiers:
    names = sorted(n for n in way.among or sites if sites[n].location is not None)
    place = record.get("location")
    if place is None:
        return (tuple(names),)
    here = (place["latitude"], place["longitude"])
    by_distance = sorted(names, key=lambda name: (distance(here, sites[name]), name))
    depth = min(way.depth, len(names))
    first = min(way.nearest, depth)
    near, rest = by_distance[:depth], by_distance[depth:]
    tiers = [tuple(sorted(near[:first])), *((name,) for name in near[first:])]
    return (*tiers, tuple(sorted(rest))) if rest else tuple(tiers)


def distance(here: Sequence[float], site: Datacenter) -> float:
    """Give the angle by the spherical law of cosines: another way than gslb's."""
    assert site.location is not None
    (lat, lon), (north, east) = (map(radians, place) for place in (here, site.location))
    angle = acos(sin(lat) * sin(north) + cos(lat) * cos(north) * cos(east - lon))
    return angle * (1 - site.bias / 100) if site.bias > 0 else angle / (1 + site.bias / 100)


# Single cases


def test_without_databases_networks_still_work() -> None:
    policy = Map.model_validate(
        {
            "rules": [
                {"networks": ["192.0.2.0/24", "2001:db8::/32"], "to": ["tokyo"]},
                {"networks": ["192.0.2.64/26"], "to": ["frankfurt"]},
            ],
            "otherwise": ["virginia"],
        }
    )
    found = classify("m", {"m": policy}, SITES, [])
    told = {text: ladder_of(found, ip_address(text)) for text in ("192.0.2.1", "192.0.2.65", "::1")}
    assert told == {
        "192.0.2.1": (("tokyo",),),
        "192.0.2.65": (("frankfurt",),),
        "::1": (("virginia",),),
    }
    assert found.atlas == ""


def test_a_bias_moves_the_border(tmp_path: Path) -> None:
    half_way = {"192.0.2.0/24": {"location": {"latitude": 45.0, "longitude": -40.0}}}
    atlas = opened(write_database(tmp_path / "city.mmdb", half_way))
    maps = {"m": Map.model_validate({"otherwise": "nearest"})}
    first = []
    for bias in (0, -60, 60):
        sites = {**SITES, "virginia": SITES["virginia"].model_copy(update={"bias": bias})}
        found = classify("m", maps, sites, atlas.opened)
        first.append(ladder_of(found, ip_address("192.0.2.1"))[0])
    assert first == [("virginia",), ("frankfurt",), ("virginia",)]


def test_the_first_database_that_knows_counts(tmp_path: Path) -> None:
    one = write_database(tmp_path / "one.mmdb", {"192.0.2.0/24": {"country_code": "JP"}}, "Flat")
    other = write_database(
        tmp_path / "other.mmdb",
        {"192.0.2.0/24": city("DE", "EU", "Berlin", (52.52, 13.4))},
    )
    policy = Map.model_validate(
        {
            "rules": [{"country": "JP", "to": ["tokyo"]}, {"country": "DE", "to": ["frankfurt"]}],
            "otherwise": "nearest",
        }
    )
    for files, due in (((one, other), "tokyo"), ((other, one), "frankfurt")):
        found = classify("m", {"m": policy}, SITES, opened(*files).opened)
        assert ladder_of(found, ip_address("192.0.2.9")) == ((due,),)


def test_hundreds_of_sites_keep_the_nearest_in_order(tmp_path: Path) -> None:
    sites = {
        f"s{at:03}": Datacenter(location=(at % 17 * 10 - 80, at // 17 * 17 - 170))
        for at in range(340)
    }
    records = {
        f"10.{at}.0.0/16": {"location": {"latitude": at % 13 * 14 - 84, "longitude": at - 120}}
        for at in range(240)
    }
    atlas = opened(write_database(tmp_path / "city.mmdb", records))
    found = classify("m", {"m": Map(otherwise=Nearest(depth=5))}, sites, atlas.opened)
    for at in range(0, 240, 7):
        ladder = ladder_of(found, ip_address(f"10.{at}.1.2"))
        here = (at % 13 * 14 - 84, at - 120)
        due = sorted(sites, key=lambda name: (round(distance(here, sites[name]), 12), name))
        assert [len(tier) for tier in ladder] == [1, 1, 1, 1, 1, 335]
        near = [round(distance(here, sites[tier[0]]), 9) for tier in ladder[:5]]
        assert near == [round(distance(here, sites[name]), 9) for name in due[:5]]


def test_documents_hold_it_for_the_plane(tmp_path: Path) -> None:
    atlas = opened(
        write_database(tmp_path / "c.mmdb", {"192.0.2.0/24": PLACES["osaka"]}, "GeoLite2-City")
    )
    found = classify("m", {"m": Map(otherwise=Nearest())}, SITES, atlas.opened)
    written = compile_map("m", found)
    document = snapshot.decode_map(written)
    assert snapshot.map_atlas(written) == document.atlas == found.atlas
    assert document.datacenters == ["frankfurt", "tokyo", "virginia"]
    assert document.atlas.startswith("GeoLite2-City built 20")
    assert sorted(document.classes) == [[[0, 1, 2]], [[1], [0], [2]]]


@pytest.mark.parametrize("length", [64, 48])
def test_an_ipv6_client_is_told_apart_in_its_upper_half(tmp_path: Path, length: int) -> None:
    part = f"2001:db8:7:9::/{length}" if length == 64 else "2001:db8:7::/48"
    atlas = opened(write_database(tmp_path / "c.mmdb", {part: PLACES["osaka"]}))
    maps = {"m": Map.model_validate({"rules": [{"country": "JP", "to": ["tokyo"]}],
                                     "otherwise": ["virginia"]})}  # fmt: skip
    found = classify("m", maps, SITES, atlas.opened)
    inside = ip_network(part)
    assert ladder_of(found, inside[1]) == (("tokyo",),)
    assert ladder_of(found, inside.network_address - 1) == (("virginia",),)
