"""Faults between the parts of a world: each kind, with its path and nothing else."""

from typing import Any

import pytest

from gslb.compiler import AnyGeography, check
from gslb.compiler.scene import upward
from gslb.model import World
from gslb.model.names import ancestors

POOL = {"members": [{"address": "192.0.2.1"}]}
APEX = [
    ("x.example.", "SOA", ["ns.x.example. host.x.example. 1 2 3 4 5"]),
    ("x.example.", "NS", ["ns.x.example."]),
    ("ns.x.example.", "A", ["192.0.2.53"]),
]


def world(
    *rows: tuple[str, str, list[str]], apex: list[tuple[str, str, list[str]]] = APEX, **parts: Any
) -> World:
    records = [
        {"name": name, "type": rtype, "ttl": 60, "rdata": rdata}
        for name, rtype, rdata in (*apex, *rows)
    ]
    return World.model_validate(
        {
            "zones": {"x.example.": {"origin": "x.example.", "rrsets": records}},
            "datacenters": {"tokyo": {}, "paris": {}, "rome": {"location": [41.9, 12.5]}},
            **parts,
        }
    )


def told(faults: Any) -> list[tuple[str, str]]:
    return [("/".join(map(str, fault.path)), fault.sentence) for fault in faults]


ZONES: dict[str, tuple[World, list[tuple[str, str]]]] = {
    "sound": (world(), []),
    "no SOA": (world(apex=APEX[1:]), [("zones/x.example.", "no SOA")]),
    "no NS": (world(apex=[APEX[0], APEX[2]]), [("zones/x.example.", "no NS")]),
    "two SOAs": (
        world(apex=[("x.example.", "SOA", ["a. b. 1 2 3 4 5", "a. c. 1 2 3 4 5"]), *APEX[1:]]),
        [("x.example./SOA", "2 SOA records")],
    ),
    "SOA below": (
        world(("a.x.example.", "SOA", ["a. b. 1 2 3 4 5"])),
        [("a.x.example./SOA", "only at")],
    ),
    "out of zone": (world(("a.y.", "A", ["192.0.2.1"])), [("a.y./A", "out of the zone")]),
    "CNAME beside": (
        world(("a.x.example.", "CNAME", ["b."]), ("a.x.example.", "MX", ["1 b."])),
        [("a.x.example./CNAME", "beside MX")],
    ),
    "CNAME beside DNSSEC types": (
        world(("a.x.example.", "CNAME", ["b."]), ("a.x.example.", "NSEC", ["b. CNAME"])),
        [],
    ),
    "two CNAMEs": (
        world(("a.x.example.", "CNAME", ["b.", "c."])),
        [("a.x.example./CNAME", "2 CNAME")],
    ),
    "below a DNAME": (
        world(("a.x.example.", "DNAME", ["b."]), ("c.a.x.example.", "A", ["192.0.2.1"])),
        [("c.a.x.example./A", "hides it")],
    ),
    "NS without address": (
        world(apex=APEX[:2]),
        [("x.example./NS", "no address records")],
    ),
    "NS by a wildcard": (world(("*.x.example.", "A", ["192.0.2.1"]), apex=APEX[:2]), []),
    "glue missing": (
        world(("c.x.example.", "NS", ["ns.c.x.example."])),
        [("c.x.example./NS", "no glue")],
    ),
    "glue given, other child's glue not needed": (
        world(
            ("c.x.example.", "NS", ["ns.c.x.example.", "ns.d.x.example.", "far.away."]),
            ("ns.c.x.example.", "AAAA", ["2001:db8::1"]),
            ("d.x.example.", "NS", ["far.away."]),
        ),
        [],
    ),
    "NS and MX to a CNAME": (
        world(
            ("a.x.example.", "CNAME", ["b."]),
            ("m.x.example.", "MX", ["1 a.x.example."]),
            ("c.x.example.", "NS", ["a.x.example."]),
        ),
        [("m.x.example./MX", "is a CNAME"), ("c.x.example./NS", "is a CNAME")],
    ),
}


@pytest.mark.parametrize("case", ZONES)
def test_zones(case: str) -> None:
    given, expected = ZONES[case]
    found = told(check(given))
    assert len(found) == len(expected), found
    for (path, sentence), (path_end, word) in zip(found, expected, strict=True):
        assert path.endswith(path_end)
        assert word in sentence


def vip(name: str = "w.x.example.", **parts: Any) -> dict[str, Any]:
    return {"vips": {name: {"pools": {"tokyo": POOL}, **parts}}}


TCP: dict[str, Any] = {"probes": {"bare": {"kind": "tcp"}, "web": {"kind": "http"}}}
VIPS: dict[str, tuple[World, str, str]] = {
    "outside": (world(**vip("w.y.")), "vips/w.y.", "outside every zone"),
    "wildcard": (world(**vip("*.x.example.")), "vips/*.x.example.", "wildcard"),
    "A": (
        world(("w.x.example.", "A", ["192.0.2.1"]), **vip()),
        "vips/w.x.example.",
        "has A records",
    ),
    "CNAME": (world(("w.x.example.", "CNAME", ["b."]), **vip()), "vips/w.x.example.", "has CNAME"),
    "at a cut": (world(("w.x.example.", "NS", ["b."]), **vip()), "vips/w.x.example.", "delegates"),
    "below a DNAME": (
        world(("d.x.example.", "DNAME", ["b."]), **vip("w.d.x.example.")),
        "vips/w.d.x.example.",
        "DNAME",
    ),
    "pool": (world(**vip(pools={"mars": POOL})), "/pools/mars", "unknown datacenter mars"),
    "map": (world(**vip(map="m")), "/map", "unknown map m; there are no maps yet"),
    "probe": (world(**vip(probe="p")), "/probe", "unknown probe p"),
    "probe port": (world(**vip(probe="bare"), **TCP), "/probe", "no port"),
    "order": (world(**vip(order=["tokyo", "mars"])), "/order/1", "unknown datacenter mars"),
    "no pool": (
        world(**vip(order=["tokyo", "paris"])),
        "/order/1",
        "order names paris but the VIP has no",
    ),
    "twice": (world(**vip(order=["tokyo", ["tokyo"]])), "/order/1", "twice"),
}


@pytest.mark.parametrize("case", VIPS)
def test_vips(case: str) -> None:
    given, path, word = VIPS[case]
    found = told(check(given))
    found = [(path, words) for path, words in found if "geography" not in words or word in words]
    assert len(found) == 1, found
    assert found[0][0].endswith(path)
    assert word in found[0][1]


def test_sound_vips() -> None:
    found = check(
        world(
            ("w.x.example.", "TXT", ['"beside"']),
            **vip(probe="web", order=[["tokyo"]]),
            **TCP,
        )
    )
    assert found == ()


def rule(networks: list[str] | None = None, **parts: Any) -> dict[str, Any]:
    return {"networks": networks, "to": ["tokyo"], **parts}


MAPS: dict[str, tuple[dict[str, Any], str, str]] = {
    "nearest of nowhere": ({"otherwise": "nearest"}, "/otherwise", "geography database"),
    "goes round": ({"otherwise": {"map": "m"}}, "/otherwise/map", "m to m"),
    "no such map": ({"otherwise": {"map": "n"}}, "/otherwise/map", "unknown map n"),
    "among": (
        {"otherwise": {"nearest": 1, "among": ["mars", "rome"]}},
        "/otherwise/among/0",
        "unknown datacenter mars",
    ),
    "country": (
        {"rules": [rule(country="BR")], "otherwise": ["tokyo"]},
        "/rules/0/country",
        "geography database",
    ),
    "unknown": (
        {"rules": [rule(["::/0"], to=[["mars"]])], "otherwise": ["tokyo"]},
        "/to/0",
        "mars",
    ),
    "otherwise": ({"otherwise": ["mars"]}, "/otherwise/0", "unknown datacenter"),
    "twice": (
        {"rules": [rule(["::/8"]), rule(["1.0.0.0/8", "::/8"])], "otherwise": ["tokyo"]},
        "/rules/1/networks/1",
        "first in rule 1",
    ),
    "long": ({"rules": [rule(["::/65"])], "otherwise": ["tokyo"]}, "/networks/0", "/64"),
}


@pytest.mark.parametrize("case", MAPS)
def test_maps(case: str) -> None:
    policy, path, word = MAPS[case]
    found = told(check(world(maps={"m": policy})))
    found = [(path, words) for path, words in found if "geography" not in words or word in words]
    assert len(found) == 1, found
    assert found[0][0].endswith(path)
    assert word in found[0][1]


def test_nearest_needs_places() -> None:
    policy = {"otherwise": {"nearest": 2, "among": ["tokyo", "rome"]}}
    (fault,) = told(check(world(maps={"m": policy}), geography=AnyGeography()))
    assert fault == ("maps/m/otherwise/among/0", fault[1])
    assert fault[1].startswith("tokyo has no location")
    bare = world(maps={"m": {"otherwise": "nearest"}}, datacenters={"tokyo": {}})
    (fault,) = told(check(bare, geography=AnyGeography()))
    assert "none has one" in fault[1]
    assert check(world(maps={"m": {"otherwise": "nearest"}}), geography=AnyGeography()) == ()


def test_a_network_may_stand_in_two_rules_that_ask_for_other_places() -> None:
    rules = [rule(["10.0.0.0/8"], country="BR"), rule(["10.0.0.0/8"])]
    policy = {"rules": rules, "otherwise": ["tokyo"]}
    assert check(world(maps={"m": policy}), geography=AnyGeography()) == ()


KNOWN: list[tuple[World, tuple[str, str]]] = [
    (world(apex=APEX[1:]), ("rrsets", "x.example. SOA")),
    (world(apex=APEX[:2]), ("rrsets", "ns.x.example. AAAA")),
    (world(apex=APEX[:2]), ("vips", "ns.x.example.")),
    (world(apex=[]), ("zones", "x.example.")),
    (world(**vip("w.y.")), ("zones", "y.")),
    (world(**vip("w.y.")), ("zones", "*")),
    (world(**vip(probe="p")), ("probes", "p")),
    (world(**vip(probe="p")), ("probes", "*")),
    (world(**vip(map="m")), ("maps", "m")),
    (world(**vip(pools={"mars": POOL})), ("datacenters", "mars")),
    (world(**vip(order=["paris"])), ("vips", "w.x.example.")),
]


@pytest.mark.parametrize(("given", "known"), KNOWN)
def test_what_is_faulty_is_not_missing(given: World, known: tuple[str, str]) -> None:
    assert check(given)
    assert check(given, [known]) == ()


@pytest.mark.parametrize("name", [".", "a.", "a.b.", "a\\.b.c.", "*.a.b.c."])
def test_upward_is_ancestors(name: str) -> None:
    assert upward(name) == ancestors(name)
