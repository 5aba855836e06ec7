"""From a world to what the plane answers: compile what changed, weigh, swap in.

The press keeps the documents that are being answered from, so that it knows which zones and maps
an edit touches and where each member's word lies. It judges nothing: `rehearse` does, before.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gslb import snapshot
from gslb.compiler import Geography, check, compile_map, compile_zone
from gslb.compiler.restore import restore_zone
from gslb.compiler.serial import serial_of, soa_of
from gslb.geo import Atlas, chain_of, classify, mark, needs, orders_sites
from gslb.heap import growing, let_go
from gslb.model import Edit, Fault, Invalid, MemberKey, PoolKey, Steering, World
from gslb.model.names import to_wire
from gslb.plane import Plane, Release

Weigh = Callable[[MemberKey], float]


class Pools(Protocol):
    """Who knows the words of pools: their weights, and what they shed."""

    def follow(self, steering: Steering) -> None:
        """Take in what will be answered from."""

    def word(self, key: PoolKey) -> int:
        """Give a pool's word at this moment."""


class ConfiguredPools:
    """Pools by their configured weights, that shed nothing."""

    def __init__(self) -> None:
        self._steering = Steering()

    def follow(self, steering: Steering) -> None:
        """Take in what will be answered from."""
        self._steering = steering

    def word(self, key: PoolKey) -> int:
        """Give a pool's word."""
        return snapshot.pool_word(self._steering.vips[key.vip].pools[key.datacenter].weight)


def rehearse(world: World, geography: Geography, kept: Collection[str] = ()) -> None:
    """Check a world as it would be; Invalid with all faults.

    Maps in `kept` stay as they were classified, whatever databases are in use now.
    """
    faults = check(world, geography=geography, kept=kept)
    if faults:
        raise Invalid(faults)


@dataclass(frozen=True, slots=True)
class Proof:
    """What an edit changes, compiled and not yet swapped in; None stands for what goes."""

    world: World
    zones: dict[str, "Sheet | None"]
    maps: dict[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A zone being answered from: its document and the keys of its words, in their order.

    `changed` is the revision at which it last changed, `soa` the one that is answered.
    """

    document: bytes
    members: tuple[MemberKey, ...]
    pools: tuple[PoolKey, ...]
    changed: int
    soa: snapshot.Rrset

    @classmethod
    def compiled(cls, world: World, origin: str, changed: int) -> "Sheet":
        """Compile a zone."""
        zone = compile_zone(world, origin, changed)
        return cls(zone.document, zone.members, zone.pools, changed, zone.soa)

    @classmethod
    def of(cls, document: bytes) -> "Sheet":
        """Read the keys out of a document."""
        zone = snapshot.decode_head(document)
        members, pools = snapshot.zone_keys(zone)
        soa = soa_of(snapshot.ZoneReader(document))
        return cls(document, members, pools, zone.changed, soa)


class Press:
    """Holds what is being answered from, and swaps in what follows."""

    def __init__(
        self, plane: Plane, weigh: Weigh, atlas: Atlas, pools: Pools | None = None
    ) -> None:
        self._plane = plane
        self._atlas = atlas
        self._pools = pools or ConfiguredPools()
        self._weigh = weigh
        self._world = World()
        self._sheets: dict[str, Sheet] = {}
        self._maps: dict[str, bytes] = {}
        self._made_of: dict[str, tuple[bytes, str]] = {}  # a map's document, and its databases
        self._words: dict[MemberKey, tuple[bytes, int]] = {}
        self._pool_words: dict[PoolKey, tuple[bytes, int]] = {}

    @property
    def world(self) -> World:
        """The world being answered from."""
        return self._world

    @property
    def geography(self) -> Geography:
        """Who knows where clients are."""
        return self._atlas

    @property
    def zones(self) -> dict[str, bytes]:
        """The zone documents being answered from, by origin."""
        return {origin: sheet.document for origin, sheet in self._sheets.items()}

    @property
    def maps(self) -> dict[str, bytes]:
        """The map documents being answered from, by name."""
        return dict(self._maps)

    @property
    def serials(self) -> dict[str, int]:
        """The SOA serial that each zone is answered with, by origin."""
        return {origin: serial_of(sheet.soa) for origin, sheet in self._sheets.items()}

    @property
    def soas(self) -> dict[str, snapshot.Rrset]:
        """The SOA that each zone is answered with, by origin."""
        return {origin: sheet.soa for origin, sheet in self._sheets.items()}

    def document(self, origin: str) -> bytes | None:
        """Give the document that a zone is answered from; None if there is no such zone."""
        sheet = self._sheets.get(origin)
        return sheet.document if sheet else None

    def holds(self, world: World) -> bool:
        """Whether this world is the one being answered from.

        Records that are not read yet are told apart by what they compile to: that is quicker.
        """
        mine = self._world
        if world.steering != mine.steering or world.zones.keys() != mine.zones.keys():
            return False
        return all(self._holds_zone(world, origin) for origin in world.zones)

    def _holds_zone(self, world: World, origin: str) -> bool:
        mine = self._world.zones[origin]
        if not mine.rrsets.are_read:
            mine_sheet = self._sheets[origin]
            sheet = Sheet.compiled(world, origin, mine_sheet.changed)
            if sheet.document == mine_sheet.document:
                return True
        return world.zones[origin] == mine

    def prove(
        self,
        world: World,
        edits: Sequence[Edit],
        revision: int | None = None,
        changed: Mapping[str, int] | None = None,
    ) -> Proof:
        """Compile what these edits, which lead from what is answered to `world`, touch.

        They are made at `revision`; None if they are in `changed` already, the revision at which
        each zone last changed. Without `changed` that is what the zones answered from say.
        """
        zones, maps = _touched(self._world, world, edits)
        if changed is None:
            changed = {origin: sheet.changed for origin, sheet in self._sheets.items()}
        if revision is not None:
            changed = {**changed, **dict.fromkeys(zones, revision)}
        zones |= {o for o, sheet in self._sheets.items() if sheet.changed != changed.get(o, 0)}
        return Proof(
            world,
            {
                origin: Sheet.compiled(world, origin, changed.get(origin, 0))
                if origin in world.zones
                else None
                for origin in sorted(zones)
            },
            {name: self._map(world, name) if name in world.maps else None for name in sorted(maps)},
        )

    def _map(self, world: World, name: str) -> bytes:
        classified = classify(name, world.maps, world.datacenters, self._atlas.opened)
        document = compile_map(name, classified)
        self._made_of[name] = (document, classified.atlas)
        ladders = list(classified.ladders)
        del classified
        let_go(ladders)
        return document

    def _atlas_of(self, name: str) -> str:
        """Say of which databases a map that is answered from is made; a large one is read once."""
        document = self._maps[name]
        known = self._made_of.get(name)
        if known is None or known[0] is not document:
            known = self._made_of[name] = (document, snapshot.map_atlas(document))
        return known[1]

    def placed_anew(self) -> dict[str, bytes]:
        """Compile the maps that other databases than those in use have classified.

        A map that asks what these do not have stays as it is: better old than wrong.
        """
        world = self._world
        now = mark(self._atlas.opened)
        anew = [
            name
            for name in self._maps
            if needs(name, world.maps) and not self.lacking(name) and self._atlas_of(name) != now
        ]
        with growing():
            return {name: self._map(world, name) for name in anew}

    def lacking(self, name: str) -> tuple[Fault, ...]:
        """Give what a map asks of clients that no database in use knows."""
        world = self._world
        others = world.maps.keys() - {step.name for step in chain_of(name, world.maps)}
        return check(World(datacenters=world.datacenters, maps=world.maps), (), self._atlas, others)

    def unplaced(self) -> tuple[Fault, ...]:
        """Give what maps ask that no database in use knows; they stay as they were classified."""
        names = (name for name in sorted(self._maps) if needs(name, self._world.maps))
        return tuple(dict.fromkeys(fault for name in names for fault in self.lacking(name)))

    def rehearse(self, world: World, edits: Sequence[Edit]) -> None:
        """Check a world that these edits lead to; Invalid with all faults.

        Maps that they do not touch go on as they are, also where their database is missing now:
        an edit elsewhere is not refused for it.
        """
        _, touched = _touched(self._world, world, edits)
        rehearse(world, self._atlas, self._maps.keys() - touched)

    def publish(self, proof: Proof, revision: int) -> int:
        """Swap in a proof with the weights of this moment; give the generation."""
        sheets = {origin: sheet for origin, sheet in proof.zones.items() if sheet is not None}
        gone = [origin for origin, sheet in proof.zones.items() if sheet is None]
        lost_maps = [name for name, data in proof.maps.items() if data is None]
        maps = {name: data for name, data in proof.maps.items() if data is not None}
        self._pools.follow(proof.world)
        generation = self._swap(revision, sheets, maps, gone, lost_maps)
        self._world = proof.world
        return generation

    def publish_maps(self, maps: Mapping[str, bytes], revision: int) -> int:
        """Swap in maps of the world that is answered from; give the generation.

        No word moves, so that it may run in a thread, as it may be long.
        """
        generation = self._plane.publish(Release(revision, (), list(maps.values())))
        self._maps = {**self._maps, **maps}
        return generation

    def restore(
        self, revision: int, steering: Steering, zones: dict[str, bytes], maps: dict[str, bytes]
    ) -> int:
        """Swap in saved documents; the world behind them is read back out of them."""
        sheets = {origin: Sheet.of(document) for origin, document in zones.items()}
        self._pools.follow(steering)
        generation = self._swap(revision, sheets, maps, [], [])
        records = {origin: restore_zone(document) for origin, document in zones.items()}
        self._world = World(
            datacenters=steering.datacenters,
            probes=steering.probes,
            maps=steering.maps,
            vips=steering.vips,
            zones=records,
        )
        return generation

    def reweigh(self, changes: Iterable[tuple[MemberKey, float]]) -> None:
        """Store new effective weights into the words that are being answered from."""
        by_zone: dict[bytes, list[tuple[int, int]]] = {}
        for key, weight in changes:
            place = self._words.get(key)
            if place is not None:
                by_zone.setdefault(place[0], []).append((place[1], snapshot.word(weight)))
        for origin, words in by_zone.items():
            self._plane.set_members(origin, words)

    def set_pools(self, changes: Iterable[tuple[PoolKey, int]]) -> None:
        """Store new words of pools that are being answered from."""
        by_zone: dict[bytes, list[tuple[int, int]]] = {}
        for key, word in changes:
            place = self._pool_words.get(key)
            if place is not None:
                by_zone.setdefault(place[0], []).append((place[1], word))
        for origin, words in by_zone.items():
            self._plane.set_pools(origin, words)

    def release(self, weigh: Weigh, pool_word: Callable[[PoolKey], int]) -> Release:
        """Give all that is answered from, with other words, for a plane that imagines."""
        return Release(
            0,
            [
                (
                    sheet.document,
                    [snapshot.word(weigh(key)) for key in sheet.members],
                    [pool_word(key) for key in sheet.pools],
                )
                for sheet in self._sheets.values()
            ],
            list(self._maps.values()),
        )

    def _swap(
        self,
        revision: int,
        sheets: dict[str, Sheet],
        maps: dict[str, bytes],
        gone: Sequence[str],
        lost_maps: Sequence[str],
    ) -> int:
        known = self._sheets
        generation = self._plane.publish(
            Release(
                revision,
                [
                    (
                        sheet.document,
                        [snapshot.word(self._weigh(key)) for key in sheet.members],
                        [self._pools.word(key) for key in sheet.pools],
                    )
                    for sheet in sheets.values()
                ],
                list(maps.values()),
                [to_wire(origin) for origin in gone if origin in known],
                [name for name in lost_maps if name in self._maps],
            )
        )
        for origin in (*gone, *sheets):
            for key in known[origin].members if origin in known else ():
                self._words.pop(key, None)
            for pool in known[origin].pools if origin in known else ():
                self._pool_words.pop(pool, None)
        self._sheets = {o: s for o, s in {**known, **sheets}.items() if o not in gone}
        self._maps = {n: d for n, d in {**self._maps, **maps}.items() if n not in lost_maps}
        for origin, sheet in sheets.items():
            wire = to_wire(origin)
            self._words.update((key, (wire, at)) for at, key in enumerate(sheet.members))
            self._pool_words.update((key, (wire, at)) for at, key in enumerate(sheet.pools))
        return generation


def _weighed_by(before: World, after: World, datacenter: str) -> set[str]:
    """Give the zones whose pools tell this datacenter's capacity, if that changes."""
    old, new = (world.datacenters.get(datacenter) for world in (before, after))
    if (old and old.capacity) == (new and new.capacity):
        return set()
    vips = (name for name, vip in after.vips.items() if datacenter in vip.pools)
    return {origin for name in vips if (origin := after.zone_of(name))}


def _touched(before: World, after: World, edits: Sequence[Edit]) -> tuple[set[str], set[str]]:
    """Give the zones and the maps whose documents these edits may change."""
    zones: set[str] = set()
    maps: set[str] = set()
    for edit in edits:
        if edit.collection == "maps":
            maps |= _that_end_in(edit.key[0], before, after)
        elif edit.collection == "datacenters":
            maps |= {name for name in after.maps if orders_sites(name, after.maps)}
            zones |= _weighed_by(before, after, edit.key[0])
        elif edit.collection == "vips":
            zones |= {z for w in (before, after) if (z := w.zone_of(edit.key[0]))}
        elif edit.collection == "rrsets":
            zones.add(edit.key[0])
        elif edit.collection == "zones":
            # A zone that comes or goes takes VIPs from the one around it, or gives them back.
            around = {o for w in (before, after) for o in w.zones if w.zones[o].holds(edit.key[0])}
            zones |= around | {edit.key[0]}
    return zones, maps


def _that_end_in(name: str, before: World, after: World) -> set[str]:
    """Give a map, and those that go on with it."""
    found = {name}
    for world in (before, after):
        found |= {
            other for other in world.maps if name in {s.name for s in chain_of(other, world.maps)}
        }
    return found
