"""Zones and maps to the snapshot's documents. They are compiled one by one, and are checked before.

The same world gives the same bytes: records, VIPs and datacenters are sorted, pools and members
keep their order. A zone's document depends on its records and VIPs alone, so that an edit
elsewhere does not touch it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gslb import snapshot
from gslb.compiler.geography import Classified
from gslb.compiler.records import compile_records
from gslb.compiler.scene import upward
from gslb.compiler.serial import soa_of, with_serial
from gslb.compiler.zone_rules import SERVICES
from gslb.model import (
    LastResort,
    Member,
    MemberKey,
    OtherVip,
    Pool,
    PoolKey,
    Sticky,
    Tiers,
    Vip,
    World,
    Zone,
)
from gslb.model.names import to_wire

MOST_CAPACITY = 65_535

_FALLBACKS = {
    "all": snapshot.FallbackKind.ALL,
    "none": snapshot.FallbackKind.NONE,
    "servfail": snapshot.FallbackKind.SERVFAIL,
}


@dataclass(frozen=True, slots=True)
class CompiledZone:
    """A zone's document, and whose the words beside it are, in document order."""

    origin: str
    document: bytes
    members: tuple[MemberKey, ...]
    pools: tuple[PoolKey, ...]
    soa: snapshot.Rrset


def maps_of(world: World, origin: str) -> tuple[str, ...]:
    """Give the names of the maps that a zone's VIPs use, sorted."""
    return tuple(sorted({vip.map for _, vip in _vips_of(world, origin) if vip.map is not None}))


def compile_zone(world: World, origin: str, changed: int = 0) -> CompiledZone:
    """Compile a zone with its VIPs; the world must be without faults (`check`).

    `changed` is the revision at which the zone last changed, by which its serial is raised.
    """
    vips = sorted(_vips_of(world, origin), key=lambda item: item[0])
    maps = maps_of(world, origin)
    datacenters = sorted({name for _, vip in vips for name in _datacenters_of(vip)})
    index = {name: at for at, name in enumerate(datacenters)}
    hinted = _hinted(world.zones[origin], dict(vips))
    scope = _Scope(world, index, maps, {name: at for at, (name, _) in enumerate(vips)})
    document = snapshot.Zone(
        format=snapshot.FORMAT,
        origin=to_wire(origin),
        datacenters=datacenters,
        maps=list(maps),
        rrsets=with_serial(compile_records(world.zones[origin].rrsets, origin), changed),
        vips=[_vip(name, vip, scope, hints=name in hinted) for name, vip in vips],
        changed=changed,
    )
    return CompiledZone(
        origin,
        snapshot.encode(document),
        tuple(
            MemberKey(name, datacenter, member.target)
            for name, vip in vips
            for datacenter, pool in vip.pools.items()
            for member in pool.members
        ),
        tuple(PoolKey(name, datacenter) for name, vip in vips for datacenter in vip.pools),
        soa_of(document),
    )


def _vips_of(world: World, origin: str) -> Iterator[tuple[str, Vip]]:
    """Give the VIPs whose closest zone this is."""
    for name, vip in world.vips.items():
        # The text test is quick and never misses; an escaped dot can only make it too generous.
        if name.endswith(origin) and _closest(world, name) == origin:
            yield name, vip


def _closest(world: World, name: str) -> str | None:
    return next((above for above in upward(name) if above in world.zones), None)


def _hinted(zone: Zone, vips: Mapping[str, Vip]) -> set[str]:
    """Give the VIPs with service records, and those that they fall back on: hints name both."""
    found: set[str] = set()
    for name in vips:
        other: str | None = name
        if not any((name, kind) in zone.rrsets for kind in SERVICES):
            continue
        while other is not None and other not in found:
            found.add(other)
            fallback = vips[other].fallback if other in vips else None
            other = fallback.vip if isinstance(fallback, OtherVip) else None
    return found


def _datacenters_of(vip: Vip) -> Iterator[str]:
    yield from vip.pools
    for tier in vip.order or ():
        yield from tier


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the numbers in a zone's document point into, and the world that it is made of."""

    world: World
    index: dict[str, int]  # datacenters
    maps: tuple[str, ...]
    vips: dict[str, int]


def _vip(name: str, vip: Vip, scope: _Scope, *, hints: bool) -> snapshot.Vip:
    # Address hints (RFC 9460 section 7.3) must name what A and AAAA answer this client: with them
    # a VIP draws alike whatever it is asked for.
    index, maps = scope.index, scope.maps
    shares = _shares(scope.world, vip)
    sticky = vip.sticky or Sticky()
    if vip.map is not None:
        tiers = []
    elif vip.order is not None:
        tiers = _tiers(vip.order, index)
    else:
        tiers = [[index[datacenter] for datacenter in vip.pools]]
    return snapshot.Vip(
        owner=to_wire(name),
        ttl=vip.ttl,
        answers=0 if vip.answers == "all" else vip.answers,
        sticky=hints or vip.sticky is not None,
        fallback=_fallback(vip, scope),
        map=snapshot.NO_MAP if vip.map is None else maps.index(vip.map),
        tiers=tiers,
        pools=[
            _pool(index[datacenter], pool, shares[datacenter])
            for datacenter, pool in vip.pools.items()
        ],
        steady=hints or vip.family == "same_datacenter",
        prefixes=(sticky.ipv4, sticky.ipv6),
        names=vip.names,
    )


def _shares(world: World, vip: Vip) -> dict[str, int]:
    """Give the capacity of a VIP's pools as whole numbers in proportion; 0 is not known.

    It is the pool's own, else its datacenter's. The largest of a VIP is MOST_CAPACITY.
    """
    limits: dict[str, float] = {}
    for name, pool in vip.pools.items():
        datacenter = world.datacenters.get(name)
        capacity = pool.capacity or (datacenter.capacity if datacenter else None)
        limits[name] = capacity.limit if capacity else 0.0
    most = max(limits.values())
    return {
        name: max(round(limit / most * MOST_CAPACITY), 1) if limit else 0
        for name, limit in limits.items()
    }


def _tiers(tiers: Tiers, index: dict[str, int]) -> list[list[int]]:
    return [list(map(index.__getitem__, tier)) for tier in tiers]


def _fallback(vip: Vip, scope: _Scope) -> snapshot.Fallback:
    ttl = snapshot.OWN_TTL if vip.fallback_ttl is None else vip.fallback_ttl
    if isinstance(vip.fallback, LastResort):
        addresses = [address.packed for address in vip.fallback.addresses]
        return snapshot.Fallback(snapshot.FallbackKind.ADDRESSES, addresses, ttl)
    if isinstance(vip.fallback, OtherVip):
        other = scope.vips[vip.fallback.vip]
        return snapshot.Fallback(snapshot.FallbackKind.VIP, [], ttl, other)
    return snapshot.Fallback(_FALLBACKS[vip.fallback], [], ttl)


def _pool(datacenter: int, pool: Pool, capacity: int) -> snapshot.Pool:
    members = [snapshot.Member(_target(member), member.weight) for member in pool.members]
    return snapshot.Pool(datacenter, pool.weight, members, capacity)


def _target(member: Member) -> bytes:
    return member.address.packed if member.address is not None else to_wire(member.target)


def compile_map(name: str, classified: Classified) -> bytes:
    """Compile a map whose clients have been classified."""
    ladders = classified.ladders
    found: set[str] = set()
    for ladder in ladders:
        found.update(*ladder)
    datacenters = sorted(found)
    index = {datacenter: at for at, datacenter in enumerate(datacenters)}
    return snapshot.encode(
        snapshot.Map(
            format=snapshot.FORMAT,
            name=name,
            datacenters=datacenters,
            classes=snapshot.raw_list(_tiers(ladder, index) for ladder in ladders),
            ipv4=classified.ipv4,
            ipv6=classified.ipv6,
            atlas=classified.atlas,
        )
    )
