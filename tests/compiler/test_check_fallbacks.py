"""VIPs that fall back on others: each fault of it, and chains that are right."""

from typing import Any

from gslb.compiler import AnyGeography, check
from gslb.model import World

APEX = [("SOA", "a. b. 1 2 3 4 5"), ("NS", "ns.elsewhere.")]


def told(**fallbacks: str) -> list[tuple[str, str]]:
    """Give the faults of VIPs in the zone x., each with the VIP that it falls back on."""
    vips: dict[str, Any] = {
        f"{name}.x.": {
            "fallback": {"vip": other},
            "pools": {"tokyo": {"members": [{"address": "192.0.2.1"}]}},
        }
        for name, other in fallbacks.items()
    }
    pool = {"tokyo": {"members": [{"address": "192.0.2.9"}]}}
    vips |= {
        "end.x.": {"pools": pool},
        "far.y.": {"pools": pool},
        "alias.x.": {"pools": {"tokyo": {"members": [{"name": "cdn.elsewhere."}]}}},
    }
    world = World.model_validate(
        {
            "datacenters": {"tokyo": {}},
            "vips": vips,
            "zones": {
                origin: {
                    "origin": origin,
                    "rrsets": [
                        {"name": origin, "type": rtype, "ttl": 60, "rdata": [data]}
                        for rtype, data in APEX
                    ],
                }
                for origin in ("x.", "y.")
            },
        }
    )
    faults = check(world, geography=AnyGeography())
    return [("/".join(map(str, fault.path)), fault.sentence) for fault in faults]


def test_a_chain_that_ends_is_no_fault() -> None:
    assert told(a="b.x.", b="c.x.", c="end.x.") == []


def test_what_may_not_be_fallen_back_on() -> None:
    for other, word in (
        ("none.x.", "unknown vip none.x."),
        ("far.y.", "is in the zone y. and a.x. in x."),
        ("alias.x.", "are names"),
        ("a.x.", "go round: a.x. to a.x."),
    ):
        ((path, sentence),) = told(a=other)
        assert path == "vips/a.x./fallback/vip"
        assert word in sentence


def test_loops_are_told_at_each_vip_of_them() -> None:
    found = told(a="b.x.", b="c.x.", c="b.x.")
    assert [path for path, _ in found] == ["vips/b.x./fallback/vip", "vips/c.x./fallback/vip"]
    assert all("go round" in sentence for _, sentence in found)


def test_a_chain_may_not_be_long() -> None:
    found = told(a="b.x.", b="c.x.", c="d.x.", d="end.x.")
    assert [path for path, _ in found] == ["vips/a.x./fallback/vip"]
    assert "more than 4 VIPs" in found[0][1]
