"""What must hold for VIPs: their names, their ladders, their probes."""

from collections.abc import Iterator

import dns.rdata
import dns.rdtypes.svcbbase
from dns.rdtypes.svcbbase import ParamKey

from gslb.compiler.map_rules import check_tiers, unknown
from gslb.compiler.scene import Scene, upward
from gslb.compiler.zone_rules import ADDRESSES, SERVICES, ZoneView
from gslb.model import Fault, LastResort, Member, OtherVip, Path, RrsetKey, Vip
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
            yield from _check_hints(views[origin], name)
        yield from _check_ladder(scene, name, vip)
        yield from _check_probe(scene, name, vip)
        if vip.names:
            yield from _check_names(scene, origin, name, vip)


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


def _check_hints(view: ZoneView, name: str) -> Iterator[Fault]:
    """Check that no service record that leads to the VIP hints at addresses of its own."""
    for rtype in SERVICES:
        for text in view.zone.rrsets.rows.get((name, rtype), (0,))[1:]:
            record = dns.rdata.from_text("IN", rtype, text)
            if not isinstance(record, dns.rdtypes.svcbbase.SVCBBase) or not record.priority:
                continue
            if str(record.target).lower() not in {".", name}:
                continue  # whose addresses are not the VIP's
            for key in (ParamKey.IPV4HINT, ParamKey.IPV6HINT):
                if key in record.params:
                    hint = key.name.lower()
                    yield Fault(view.path(name, rtype), f"{name} is a VIP, whose {rtype} record "
                                f"hints at addresses; leave {hint} out, it is written for each "
                                "client (RFC 9460 section 7.3)")  # fmt: skip


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
    if probe.kind not in DEFAULT_PORTS and any(m.probe_port is None for m in _members(vip)):
        yield Fault(path, f"the probe {vip.probe} has no port, and neither has every member; write "
                          "a port for the probe, or a probe_port for each member")  # fmt: skip


def _members(vip: Vip) -> Iterator[Member]:
    return (member for pool in vip.pools.values() for member in pool.members)


def _check_names(scene: Scene, origin: str | None, name: str, vip: Vip) -> Iterator[Fault]:
    """Check a VIP with members that are names, which is answered as a CNAME (RFC 1034 3.6.2)."""
    path: Path = ("vips", name)
    if any(member.address is not None for member in _members(vip)):
        yield Fault((*path, "pools"), f"{name} has names and addresses as members; a name is "
                    "answered as a CNAME, which stands alone: take out the one or the "
                    "other")  # fmt: skip
    if vip.answers != 1:
        yield Fault((*path, "answers"), f"{name} has names as members, and a name has one CNAME "
                    "(RFC 2181 section 10.1); set answers to 1, or leave it out")  # fmt: skip
    if isinstance(vip.fallback, LastResort | OtherVip):
        yield Fault((*path, "fallback"), f"{name} is answered as a CNAME, beside which nothing "
                    "else may stand; let its fallback be all, none or servfail")  # fmt: skip
    for datacenter, pool in vip.pools.items():
        for at, member in enumerate(pool.members):
            yield from _check_named(name, vip, member, (*path, "pools", datacenter, "members", at))
    if origin is not None:
        yield from _check_alone(scene, origin, name)


def _check_named(name: str, vip: Vip, member: Member, path: Path) -> Iterator[Fault]:
    if member.name == name:
        yield Fault((*path, "name"), f"{name} is a member of itself; name another")
    if vip.probe is not None and member.name is not None and member.probe_address is None:
        yield Fault(path, f"the member {member.name} is probed, but a name is not looked up; give "
                          "it a probe_address, or take out the VIP's probe")  # fmt: skip


def _check_alone(scene: Scene, origin: str, name: str) -> Iterator[Fault]:
    path: Path = ("vips", name)
    if name == origin:
        yield Fault(path, f"{name} is the apex of a zone, where no CNAME may stand beside SOA and "
                          "NS; give it addresses as members")  # fmt: skip
        return
    types = ZoneView.of(scene, origin).types_at([name])[name] - set(COLLIDING)
    if others := ", ".join(sorted(types)):
        yield Fault(path, f"{name} has names as members, which are answered as a CNAME, and has "
                          f"{others} records; leave the one or the other (RFC 2181 section "
                          "10.1)")  # fmt: skip
