"""Documents say what the world says, in one order."""

from pathlib import Path
from typing import Any

import pytest

from gslb import snapshot
from gslb.compiler import compile_map, compile_zone, maps_of
from gslb.compiler.restore import restore_zone
from gslb.geo import classify
from gslb.model import Rrset, Rrsets, World
from gslb.model.records import rdata_wire
from gslb.zones import read_folder

EXAMPLE = Path(__file__).parents[2] / "zones"
ORIGIN = "gslb.example."


def example() -> World:
    return read_folder(EXAMPLE).world


def document(world: World, origin: str = ORIGIN) -> snapshot.Zone:
    return snapshot.decode_zone(compile_zone(world, origin).document)


def offices(world: World) -> bytes:
    return compile_map("offices", classify("offices", world.maps, world.datacenters, []))


def test_keys_are_in_document_order() -> None:
    compiled = compile_zone(example(), ORIGIN)
    keys = snapshot.zone_keys(snapshot.decode_zone(compiled.document))
    assert (compiled.members, compiled.pools) == keys
    assert len(compiled.members) == 3 + 4 + 4 + 3


def test_ladders() -> None:
    zone = document(example())
    vips = {vip.owner[1 : 1 + vip.owner[0]].decode(): vip for vip in zone.vips}
    assert list(vips) == ["api", "app", "dual", "www"]
    names = zone.datacenters
    ladder = {
        name: [[names[at] for at in tier] for tier in vip.tiers] for name, vip in vips.items()
    }
    assert ladder == {
        "www": [["tokyo"], ["frankfurt"], ["virginia"]],
        "api": [["tokyo", "frankfurt", "virginia"]],
        "dual": [["frankfurt"], ["tokyo"]],
        "app": [],
    }
    assert [pool.weight for pool in vips["api"].pools] == [60, 30, 10]
    assert [member.weight for member in vips["api"].pools[0].members] == [3, 1]
    assert zone.maps[vips["app"].map] == "offices"
    assert vips["www"].map == snapshot.NO_MAP
    assert vips["dual"].answers == 0
    assert vips["app"].sticky
    kinds = {name: snapshot.FallbackKind(vip.fallback.kind).name for name, vip in vips.items()}
    assert kinds == {"www": "ALL", "api": "SERVFAIL", "dual": "ADDRESSES", "app": "NONE"}
    assert [len(address) for address in vips["dual"].fallback.addresses] == [4, 16]


def test_a_vip_with_address_hints_draws_alike_for_every_type() -> None:
    world = example()
    zone = world.zones[ORIGIN]
    www = Rrset(name=f"www.{ORIGIN}", type="HTTPS", ttl=60, rdata=("1 .",))
    changed = zone.model_copy(update={"rrsets": Rrsets.of([*zone.rrsets.values(), www])})
    world = world.model_copy(update={"zones": {**world.zones, ORIGIN: changed}})
    drawn = {
        vip.owner[1 : 1 + vip.owner[0]]: (vip.sticky, vip.steady) for vip in document(world).vips
    }
    assert drawn[b"www"] == (True, True)
    assert drawn[b"api"] == (False, False)


def test_fallback_ttl() -> None:
    world = example()
    name = f"www.{ORIGIN}"
    vip = world.vips[name].model_copy(update={"fallback_ttl": 5})
    world = world.model_copy(update={"vips": {**world.vips, name: vip}})
    ttls = {vip.owner[1 : 1 + vip.owner[0]]: vip.fallback.ttl for vip in document(world).vips}
    assert ttls[b"www"] == 5
    assert ttls[b"api"] == snapshot.OWN_TTL


def test_records_are_wire_form() -> None:
    rrsets = {(rrset.owner, rrset.type): rrset for rrset in document(example()).rrsets}
    mail = rrsets[b"\x04gslb\x07example\x00", 15]
    assert mail.rdata == [b"\x00\x0a\x04mail\x04gslb\x07example\x00"]
    assert mail.ttl == 3600


def test_same_world_same_bytes_in_any_order() -> None:
    world = example()
    zone = world.zones[ORIGIN]
    turned = world.model_copy(
        update={
            "vips": dict(reversed(world.vips.items())),
            "datacenters": dict(reversed(world.datacenters.items())),
            "zones": {
                ORIGIN: zone.model_copy(
                    update={"rrsets": Rrsets(dict(reversed(zone.rrsets.rows.items())))}
                )
            },
        }
    )
    assert compile_zone(turned, ORIGIN) == compile_zone(world, ORIGIN)
    assert offices(turned) == offices(world)


def test_a_vip_belongs_to_the_closest_zone() -> None:
    vip = {"pools": {"t": {"members": [{"address": "192.0.2.1"}]}}, "map": "m"}
    origins = ("x.example.", "b.x.example.", "ax.example.", ".")
    parts: dict[str, Any] = {
        "zones": {origin: {"origin": origin, "rrsets": []} for origin in origins},
        "vips": dict.fromkeys(
            ("w.x.example.", "w.b.x.example.", "w.ax.example.", "a\\.x.example.", "x.example."), vip
        ),
    }
    world = World.model_validate(parts)
    owners = {
        origin: [member.vip for member in compile_zone(world, origin).members] for origin in origins
    }
    assert owners == {
        "x.example.": ["w.x.example.", "x.example."],
        "b.x.example.": ["w.b.x.example."],
        "ax.example.": ["w.ax.example."],
        ".": ["a\\.x.example."],
    }
    assert maps_of(world, "x.example.") == ("m",)


def test_map() -> None:
    found = snapshot.decode_map(offices(example()))
    names = found.datacenters
    classes = [[[names[at] for at in tier] for tier in ladder] for ladder in found.classes]
    assert classes == [
        [["tokyo", "frankfurt", "virginia"]],
        [["tokyo"], ["frankfurt"]],
        [["frankfurt"], ["virginia"]],
        [["virginia"], ["frankfurt", "tokyo"]],
    ]
    starts = [
        int.from_bytes(found.ipv4.starts[at : at + 4], "little")
        for at in range(0, len(found.ipv4.starts), 4)
    ]
    assert starts[:5] == [0, 10 << 24, 10 << 24 | 64 << 16, 10 << 24 | 128 << 16, 11 << 24]


@pytest.mark.parametrize("centimetres", [0, 1, 29, 57, 246093, -29, -100000])
def test_a_location_keeps_its_centimetres(centimetres: int) -> None:
    """RFC 1876 section 2: whole centimetres above 100,000 m below the ground."""
    wire = rdata_wire("LOC", f"5 53 36.963 S 18 35 2.467 E {centimetres / 100:.2f}m 1m 9m 0.29m")
    assert int.from_bytes(wire[-4:], "big") == 10_000_000 + centimetres
    assert wire[:4] == b"\x00\x12\x92\x21"


ODD = [
    ("x.example.", "SOA", "Ns.x.example. host.x.example. 1 2 3 4 5"),
    ("x.example.", "NS", "Ns.x.example."),
    ("x.example.", "MX", "10 Mail.x.example."),
    ("a\\.b.x.example.", "A", "192.0.2.1"),
    ("\\000\\255.x.example.", "AAAA", "2001:db8::1"),
    ("*.x.example.", "TXT", '"a \\"b\\"" "\\200"'),
    ("_s._tcp.x.example.", "SRV", "1 2 3 ."),
    ("t.x.example.", "TYPE65280", "\\# 2 beef"),
    ("h.x.example.", "HTTPS", '1 . alpn="h2" ipv4hint="192.0.2.1"'),
    ("p.x.example.", "PTR", "a\\@b.x.example."),
    ("c.x.example.", "CNAME", "."),
]


def test_a_zone_is_read_back_out_of_its_document() -> None:
    rrsets = [{"name": name, "type": rtype, "ttl": 5, "rdata": [data]} for name, rtype, data in ODD]
    zones = {"x.example.": {"origin": "x.example.", "rrsets": rrsets}}
    world = World.model_validate({"zones": zones})
    restored = restore_zone(compile_zone(world, "x.example.").document)
    assert not restored.rrsets.are_read
    assert restored == world.zones["x.example."]
    example_zone = example().zones[ORIGIN]
    assert restore_zone(compile_zone(example(), ORIGIN).document) == example_zone
