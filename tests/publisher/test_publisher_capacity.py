"""Capacities in documents: in proportion, and compiled anew where a datacenter's changes."""

from atlases import nowhere

from gslb import snapshot
from gslb.model import Datacenter, Edit, Rrset, World
from gslb.plane import Plane
from gslb.publisher import Press


def world(**limits: float) -> World:
    """Make a zone with two VIPs in tokyo and osaka, and one in kyoto alone."""
    soa = "ns.other. admin.z. 1 3600 900 604800 60"
    records = (
        Rrset(name=name, type=kind, ttl=60, rdata=(data,))
        for name in ("z.", "y.")
        for kind, data in (("SOA", soa), ("NS", "ns.other."))
    )
    rrsets: dict[str, list[Rrset]] = {"z.": [], "y.": []}
    for rrset in records:
        rrsets[rrset.name].append(rrset)
    sites = {name: {"capacity": {"limit": limit}} for name, limit in limits.items()}
    tokyo = {"members": [{"address": "192.0.2.1"}]}
    osaka = {"members": [{"address": "192.0.2.2"}]}
    return World.model_validate(
        {
            "datacenters": {"tokyo": {}, "osaka": {}, "kyoto": {}} | sites,
            "vips": {
                "one.z.": {"pools": {"tokyo": tokyo, "osaka": osaka}},
                "two.z.": {
                    "pools": {"tokyo": {**tokyo, "capacity": {"limit": 0.5}}, "osaka": osaka}
                },
                "three.y.": {"pools": {"kyoto": tokyo}},
            },
            "zones": {
                origin: {"origin": origin, "rrsets": tuple(found)}
                for origin, found in rrsets.items()
            },
        }
    )


def capacities(document: bytes) -> dict[str, list[int]]:
    """Give the capacities of a document's pools by VIP, in the order of the file."""
    return {
        vip.owner[1:4].decode(): [pool.capacity for pool in vip.pools]
        for vip in snapshot.decode_zone(document).vips
    }


def filled(press: Press, found: World) -> None:
    """Answer from a world."""
    edits = [Edit("zones", (origin,), zone) for origin, zone in found.zones.items()]
    press.publish(press.prove(found, edits, 1), 1)


def test_capacities_of_pools_are_whole_numbers_in_proportion() -> None:
    press = Press(Plane(), lambda _: 1.0, nowhere())
    filled(press, world(tokyo=300.0, osaka=100.0))
    found = capacities(press.zones["z."])
    assert found["one"][0] == 3 * found["one"][1] > 0
    assert found["two"] == [round(65_535 * 0.5 / 100), 65_535]
    assert capacities(press.zones["y."]) == {"thr": [0]}


def test_a_datacenters_capacity_compiles_the_zones_with_pools_there_and_no_other() -> None:
    press = Press(Plane(), lambda _: 1.0, nowhere())
    filled(press, world(tokyo=300.0, osaka=100.0))
    after = world(tokyo=100.0, osaka=100.0)
    edit = Edit("datacenters", ("tokyo",), after.datacenters["tokyo"])
    proof = press.prove(after, [edit], 2)
    assert proof.zones.keys() == {"z."}
    press.publish(proof, 2)
    one = capacities(press.zones["z."])["one"]
    assert one[0] == one[1] > 0

    moved = Datacenter.model_validate(
        {**after.datacenters["tokyo"].model_dump(), "location": (35.0, 139.0)}
    )
    again = after.model_copy(update={"datacenters": {**after.datacenters, "tokyo": moved}})
    assert not press.prove(again, [Edit("datacenters", ("tokyo",), moved)], 3).zones
