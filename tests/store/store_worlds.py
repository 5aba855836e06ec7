"""Worlds for the store's tests: one that uses every field, and any that Hypothesis thinks of."""

import ipaddress
import string
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from hypothesis import strategies as st
from pydantic import TypeAdapter

from gslb.model import Edit, Rrset, World, find_edits
from gslb.store import Store

NOW = datetime(2026, 11, 23, 21, 15, 0, 123456, tzinfo=UTC)
T = TypeVar("T")


def rich() -> World:
    return World.model_validate(
        {
            "datacenters": {
                "tokyo": {"location": [35.68, 139.69], "bias": -20, "capacity": 1000.5},
                "frankfurt": {
                    "location": [50.11, 8.68],
                    "bias": 99,
                    "capacity": {
                        "limit": 200,
                        "load": "push",
                        "shed_from": "70%",
                        "shed_full": "90%",
                        "fresh": "5s",
                    },
                },
                "attic": {},
                "virginia": {"location": [38.95, -77.45]},
            },
            "probes": {
                "web": {
                    "kind": "http",
                    "port": 8080,
                    "interval": "5s",
                    "timeout": "1500ms",
                    "rise": 4,
                    "fall": 5,
                    "path": "/healthz?deep=1",
                    "host": "www.example",
                    "status": ["200-299", "404", "200-299"],
                    "contains": 'it\'s "ok"',
                    "load_header": "X-Load",
                },
                "plain": {"kind": "http"},
                "door": {"kind": "tcp", "port": 22, "interval": "1h"},
            },
            "maps": {
                "world": {
                    "rules": [
                        {"networks": ["10.0.0.0/8", "2001:db8::/32"], "to": ["tokyo"]},
                        {"asn": 4294967295, "to": [["attic", "tokyo"]]},
                        {"city": "São Paulo", "country": "BR", "to": ["virginia", ["attic"]]},
                        {"subdivision": "BY", "continent": "EU", "to": ["frankfurt"]},
                        {"country": "JP", "to": "nearest"},
                        {
                            "country": "KR",
                            "to": {"nearest": 2, "among": ["virginia", "tokyo"], "depth": 3},
                        },
                    ],
                    "otherwise": "nearest",
                },
                "close": {"otherwise": {"nearest": 3, "among": ["tokyo", "frankfurt"], "depth": 9}},
                "more": {
                    "rules": [{"continent": "AF", "to": ["frankfurt"]}],
                    "otherwise": {"map": "world"},
                },
                "fixed": {"otherwise": ["virginia", ["tokyo", "frankfurt"]]},
            },
            "vips": {
                "www.gslb.example.": {
                    "ttl": 20,
                    "map": "world",
                    "probe": "web",
                    "answers": 3,
                    "sticky": {"ipv4": 20, "ipv6": 48},
                    "family": "same_datacenter",
                    "fallback_ttl": 5,
                    "fallback": {"addresses": ["203.0.113.200", "2001:db8:ffff::1"]},
                    "pools": {
                        "tokyo": {
                            "weight": 7,
                            "min_live": 2,
                            "capacity": {"limit": 10, "load": "probe"},
                            "members": [
                                {"address": "192.0.2.11", "weight": 0},
                                {"address": "192.0.2.10", "weight": 65535},
                                {
                                    "address": "2001:db8:1::10",
                                    "probe_address": "127.0.0.1",
                                    "probe_port": 18081,
                                },
                            ],
                        },
                        "frankfurt": {"members": [{"address": "198.51.100.10"}]},
                        "attic": {"weight": 0, "members": [{"address": "203.0.113.10"}]},
                    },
                },
                "other.gslb.example.": {
                    "sticky": True,
                    "fallback": {"vip": "ordered.gslb.example."},
                    "pools": {
                        "tokyo": {"members": [{"address": "192.0.2.13"}]},
                        "frankfurt": {
                            "min_live": "50%",
                            "members": [
                                {"name": "b.cdn.example."},
                                {"address": "198.51.100.13"},
                                {"name": "a.cdn.example.", "weight": 3, "probe_port": 80},
                            ],
                        },
                    },
                },
                "all.gslb.example.": {
                    "answers": "all",
                    "fallback": "none",
                    "map": "fixed",
                    "pools": {"tokyo": {"members": [{"address": "192.0.2.12"}]}},
                },
                "ordered.gslb.example.": {
                    "fallback": "servfail",
                    "probe": "door",
                    "order": ["virginia", ["tokyo", "frankfurt"]],
                    "pools": {
                        "virginia": {"members": [{"address": "203.0.113.20"}]},
                        "tokyo": {"members": [{"address": "192.0.2.20"}]},
                    },
                },
            },
            "zones": {
                "gslb.example.": {
                    "origin": "gslb.example.",
                    "rrsets": [
                        rrset("gslb.example.", "SOA", "ns1.example. ops.example. 1 2 3 4 5"),
                        rrset("gslb.example.", "NS", "ns1.example.", "ns2.example."),
                        rrset("*.gslb.example.", "TXT", '"it\'s" "\\"quoted\\" \\; \\009"'),
                        rrset("odd\\032label.gslb.example.", "A", "192.0.2.9", "192.0.2.1"),
                        rrset("odd\\032label.gslb.example.", "TYPE65280", r"\# 2 beef"),
                    ],
                },
                "empty.example.": {"origin": "empty.example.", "rrsets": []},
            },
        }
    )


def rrset(name: str, rtype: str, *rdata: str) -> dict[str, Any]:
    return {"name": name, "type": rtype, "ttl": 300, "rdata": rdata}


def one_rrset(name: str, rtype: str, *rdata: str) -> Rrset:
    return Rrset.model_validate(rrset(name, rtype, *rdata))


def vip_with(world: World, change: Callable[[dict[str, Any]], None]) -> Edit:
    """Give an edit that changes the rich world's first VIP as the API would."""
    raw = world.vips["www.gslb.example."].model_dump(mode="json")
    change(raw)
    value = TypeAdapter(type(world.vips["www.gslb.example."])).validate_python(raw)
    return Edit("vips", ("www.gslb.example.",), value)


async def put(store: Store, *edits: Edit, base: int) -> int:
    return await store.commit(
        edits, base=base, author="ada", source="api", summary="a test", at=NOW
    )


async def fill(store: Store, world: World) -> int:
    return await put(store, *find_edits(World(), world), base=0)


# Any world

_KEYS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=4)
_LABELS = st.text(string.ascii_lowercase + "-_", min_size=1, max_size=5)
_NAMES = st.lists(_LABELS, min_size=1, max_size=3).map(lambda parts: ".".join(parts) + ".")
_WORDS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
_ADDRESSES = st.ip_addresses().map(str)
_WEIGHTS = st.integers(0, 65535)
_PORTS = st.none() | st.integers(1, 65535)
_CAPACITIES = st.none() | st.fixed_dictionaries(
    {
        "limit": st.floats(0, 1e9, exclude_min=True, allow_subnormal=False),
        "load": st.sampled_from(["answers", "push", "probe"]),
        "shed_from": st.integers(1, 99),
        "shed_full": st.integers(100, 1000),
        "fresh": st.integers(1, 86_400_000),
    }
)
_DATACENTERS = st.fixed_dictionaries(
    {
        "location": st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
        "bias": st.integers(-99, 99),
        "capacity": _CAPACITIES,
    }
)
_TIMES = {
    "port": _PORTS,
    "interval": st.integers(5000, 86_400_000),
    "timeout": st.integers(1, 5000),
    "rise": st.integers(1, 100),
    "fall": st.integers(1, 100),
}
_PROBES = st.fixed_dictionaries({"kind": st.just("tcp"), **_TIMES}) | st.fixed_dictionaries(
    {
        "kind": st.just("http"),
        **_TIMES,
        "status": st.lists(st.sampled_from(["200", "200-399", "404"]), min_size=1, max_size=3),
        "contains": _WORDS,
        "load_header": st.none() | st.just("X-Load"),
    }
)
_NETWORKS = st.lists(st.ip_addresses().map(ipaddress.ip_network).map(str), min_size=1, max_size=3)


def _tiers(names: list[str]) -> st.SearchStrategy[list[list[str]]]:
    tier = st.lists(st.sampled_from(names), min_size=1, max_size=3)
    return st.lists(tier, min_size=1, max_size=3)


def _nearest(names: list[str]) -> st.SearchStrategy[Any]:
    among = st.none() | st.lists(st.sampled_from(names), min_size=1, max_size=3)
    numbers = {"nearest": st.integers(1, 16), "depth": st.integers(16, 256), "among": among}
    return st.just("nearest") | st.fixed_dictionaries(numbers)


def _maps(names: list[str], keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    way = _tiers(names) | _nearest(names)
    other = st.sampled_from(keys).map(lambda key: {"map": key})
    rule = st.fixed_dictionaries(
        {
            "networks": st.none() | _NETWORKS,
            "asn": st.integers(1, 2**32 - 1),
            "city": _WORDS,
            "subdivision": _WORDS,
            "to": way,
        }
    )
    return st.fixed_dictionaries({"rules": st.lists(rule, max_size=3), "otherwise": way | other})


def _targeted(member: dict[str, Any]) -> dict[str, Any]:
    """Write a member's target, (key, value), out as that key."""
    key, value = member["target"]
    return {key: value, **{name: part for name, part in member.items() if name != "target"}}


def _vips(
    names: list[str], maps: list[str], probes: list[str], vips: list[str]
) -> st.SearchStrategy[Any]:
    target = st.tuples(st.just("address"), _ADDRESSES) | st.tuples(st.just("name"), _NAMES)
    member = st.fixed_dictionaries(
        {
            "target": target,
            "weight": _WEIGHTS,
            "probe_address": st.none() | _ADDRESSES,
            "probe_port": _PORTS,
        }
    )
    members = st.lists(member, min_size=1, max_size=4, unique_by=lambda found: found["target"]).map(
        lambda found: [_targeted(one) for one in found]
    )
    pool = st.fixed_dictionaries(
        {
            "weight": _WEIGHTS,
            "min_live": st.integers(1, 65535) | st.integers(1, 100).map("{}%".format),
            "capacity": _CAPACITIES,
            "members": members,
        }
    )
    last = st.lists(_ADDRESSES, min_size=1, max_size=3).map(lambda found: {"addresses": found})
    steered = st.fixed_dictionaries({"order": _tiers(names)}) | st.fixed_dictionaries(
        {"map": st.sampled_from([None, *maps])}
    )
    vip = st.fixed_dictionaries(
        {
            "ttl": st.integers(0, 2**31 - 1),
            "probe": st.sampled_from([None, *probes]),
            "answers": st.integers(1, 64) | st.just("all"),
            "sticky": st.booleans()
            | st.fixed_dictionaries({"ipv4": st.integers(1, 32), "ipv6": st.integers(1, 64)}),
            "family": st.sampled_from(["apart", "same_datacenter"]),
            "fallback": st.sampled_from(["all", "none", "servfail"])
            | last
            | st.sampled_from(vips).map(lambda name: {"vip": name}),
            "fallback_ttl": st.none() | st.integers(0, 2**31 - 1),
            "pools": st.dictionaries(st.sampled_from(names), pool, min_size=1),
        }
    )
    return st.tuples(vip, steered).map(lambda parts: parts[0] | parts[1])


def _zones() -> st.SearchStrategy[dict[str, Any]]:
    texts = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"]), min_size=1)
    return st.dictionaries(_NAMES, st.dictionaries(_NAMES, texts, max_size=3), max_size=2).map(
        lambda zones: {
            origin: {
                "origin": origin,
                "rrsets": [rrset(name, "A", *rdata) for name, rdata in owners.items()],
            }
            for origin, owners in zones.items()
        }
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Give any world whose names exist."""
    datacenters = draw(st.dictionaries(_KEYS, _DATACENTERS, min_size=1, max_size=4))
    names = list(datacenters)
    probes = draw(st.dictionaries(_KEYS, _PROBES, max_size=3))
    keys = draw(st.lists(_KEYS, min_size=1, max_size=3, unique=True))
    maps = {key: draw(_maps(names, keys)) for key in keys}
    owners = draw(st.lists(_NAMES, min_size=1, max_size=3, unique=True))
    vips = {owner: draw(_vips(names, keys, list(probes), owners)) for owner in owners}
    return World.model_validate(
        {
            "datacenters": datacenters,
            "probes": probes,
            "maps": maps,
            "vips": vips,
            "zones": draw(_zones()),
        }
    )
