"""Notes: rules that overlap across kinds of keys, and families that cannot stay together."""

from typing import Any

from gslb.compiler import check_notes
from gslb.model import World


def told(*rules: dict[str, Any], **vips: Any) -> list[tuple[str, str]]:
    sites = [["tokyo"], ["paris"], ["rome"]]
    given = [{"to": sites[at % 3], **rule} for at, rule in enumerate(rules)]
    world = World.model_validate(
        {
            "datacenters": {"tokyo": {}, "paris": {}, "rome": {}},
            "maps": {"m": {"rules": given, "otherwise": ["tokyo"]}} if rules else {},
            "vips": {f"{name}.x.": vip for name, vip in vips.items()},
        }
    )
    return [("/".join(map(str, note.path)), note.sentence) for note in check_notes(world)]


def test_an_as_lies_across_countries() -> None:
    ((path, sentence),) = told({"country": "BR"}, {"asn": 64500})
    assert path == "maps/m/rules/1"
    assert sentence == (
        "overlaps rule 1: clients of both go by rule 2, whose asn goes before country"
    )


def test_networks_lie_across_places() -> None:
    ((_, sentence),) = told({"networks": ["10.0.0.0/8"]}, {"continent": "EU"})
    assert "go by rule 1, whose networks go before continent" in sentence


def test_what_lies_inside_by_nature_is_not_noted() -> None:
    assert told({"networks": ["10.0.0.0/8"]}, {"networks": ["10.1.0.0/16"]}) == []
    assert told({"country": "BR"}, {"city": "Santos"}, {"continent": "SA"}) == []


def test_rules_that_cannot_meet_or_lead_the_same_way_are_not_noted() -> None:
    apart = ({"asn": 1, "country": "BR"}, {"country": "JP"})
    assert told(*apart) == []
    assert told({"country": "BR", "to": ["rome"]}, {"asn": 1, "to": ["rome"]}) == []


def test_notes_are_few() -> None:
    many = [{"country": f"A{chr(65 + at)}"} for at in range(26)]
    found = told(*many, {"asn": 1, "to": ["rome", "paris"]})
    assert len(found) == 21
    assert found[-1] == ("maps/m", "6 more rules overlap")


def test_families_that_cannot_stay_together() -> None:
    def vip(*tokyo: str) -> dict[str, Any]:
        pools = {"tokyo": tokyo, "paris": ["2001:db8::2"]}
        return {
            "family": "same_datacenter",
            "pools": {
                site: {"members": [{"address": address} for address in addresses]}
                for site, addresses in pools.items()
            },
        }

    ((path, _),) = told(apart=vip("192.0.2.1"), whole=vip("192.0.2.1", "2001:db8::1"))
    assert path == "vips/apart.x./family"
