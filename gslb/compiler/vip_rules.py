"""What must hold for VIPs: their names, their ladders, their probes."""

from collections.abc import Iterator

from gslb.compiler.map_rules import check_tiers, unknown
from gslb.compiler.scene import Scene, upward
from gslb.compiler.zone_rules import ADDRESSES, ZoneView
from gslb.model import Fault, Path, RrsetKey, Vip
from gslb.model.probe import DEFAULT_PORTS

COLLIDING = (*ADDRESSES, "CNAME", "DNAME")
"""Types that no VIP's name may have, since the VIP answers for them or they answer for it."""


def check_vips(scene: Scene) -> Iterator[Fault]:
    """Give every fault of every VIP."""
    views: dict[str, ZoneView] = {}
    for name, vip in scene.world.vips.items():
        origin = next((above for above in upward(name) if above in scene.world.zones), None)
        if origin is None:
            yield from _check_homeless(scene, name)
        else:
            if origin not in views:
                views[origin] = ZoneView.of(scene, origin)
            yield from _check_name(views[origin], name)
        yield from _check_ladder(scene, name, vip)
        yield from _check_probe(scene, name, vip)


def _check_homeless(scene: Scene, name: str) -> Iterator[Fault]:
    if any(scene.is_faulty("zones", above) for above in upward(name)):
        return
    zones = ", ".join(sorted(scene.world.zones)) or "none"
    yield Fault(("vips", name), f"{name} lies outside every zone; the zones are {zones}")


def _check_name(view: ZoneView, name: str) -> Iterator[Fault]:
    path: Path = ("vips", name)
    if name.startswith("*."):
        yield Fault(path, "a VIP can't be a wildcard; write out its name, or write a wildcard "
                          "CNAME to a VIP into the zone")  # fmt: skip
    for rtype in COLLIDING:
        if RrsetKey(name, rtype) in view.zone.rrsets:
            yield Fault(path, f"{name} has {rtype} records in the zone {view.zone.origin}, too; "
                              "take out those, or the VIP")  # fmt: skip
    if view.cuts and (cut := view.cut_over(name)) is not None:
        yield Fault(path, f"{name} lies in the zone {cut}, which {view.zone.origin} delegates; "
                          "take out its NS records, or the VIP")  # fmt: skip
    if view.dnames and (above := view.dname_over(name)) is not None:
        yield Fault(path, f"{name} lies below the DNAME of {above}, which hides it; take out the "
                          "DNAME, or the VIP (RFC 6672 section 2.4)")  # fmt: skip


def _check_ladder(scene: Scene, name: str, vip: Vip) -> Iterator[Fault]:
    path: Path = ("vips", name)
    for datacenter in vip.pools:
        if scene.lacks("datacenters", datacenter):
            yield Fault((*path, "pools", datacenter), unknown(scene, "datacenters", datacenter))
    if vip.map is not None and scene.lacks("maps", vip.map):
        yield Fault((*path, "map"), unknown(scene, "maps", vip.map))
    if vip.order is not None:
        yield from check_tiers(scene, vip.order, (*path, "order"))
        yield from _check_pools(scene, name, vip)


def _check_pools(scene: Scene, name: str, vip: Vip) -> Iterator[Fault]:
    """Check that each datacenter of `order` has a pool, as far as the pools could be read."""
    if scene.is_faulty("vips", name):
        return
    for at, tier in enumerate(vip.order or ()):
        for datacenter in dict.fromkeys(tier):
            if datacenter not in vip.pools and not scene.lacks("datacenters", datacenter):
                yield Fault(("vips", name, "order", at), f"order names {datacenter} but the VIP "
                            "has no pool there; write the pool, or take the name out")  # fmt: skip


def _check_probe(scene: Scene, name: str, vip: Vip) -> Iterator[Fault]:
    if vip.probe is None:
        return
    path: Path = ("vips", name, "probe")
    if scene.lacks("probes", vip.probe):
        yield Fault(path, unknown(scene, "probes", vip.probe))
        return
    probe = scene.world.probes.get(vip.probe)
    if probe is None or scene.is_faulty("probes", vip.probe) or probe.port is not None:
        return
    members = (member for pool in vip.pools.values() for member in pool.members)
    if probe.kind not in DEFAULT_PORTS and any(member.probe_port is None for member in members):
        yield Fault(path, f"the probe {vip.probe} has no port, and neither has every member; write "
                          "a port for the probe, or a probe_port for each member")  # fmt: skip
