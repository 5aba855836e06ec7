"""Edits: the one form in which a world changes, from the API, from files, from outside SQL.

An edit puts a value at a key or, where the value is None, deletes what is there. Applying edits
and finding them between two worlds are inverse to each other.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from gslb.model.faults import Path
from gslb.model.records import Rrset, RrsetKey
from gslb.model.rrsets import Row, Rows, Rrsets, row_of, rrset_of
from gslb.model.values import Noun
from gslb.model.world import COLLECTIONS, World
from gslb.model.zone import Zone

K = TypeVar("K")
V = TypeVar("V")

Collection = Literal["datacenters", "probes", "maps", "vips", "zones", "rrsets"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One value put or deleted.

    `key` is (name,) for a datacenter, probe, map, VIP or zone, and (origin, name, type) for an
    RRset. Putting a zone puts all of its RRsets, and drops those it does not have.
    """

    collection: Collection
    key: tuple[str, ...]
    value: Noun | None

    @property
    def path(self) -> Path:
        """Where in a world it acts."""
        if self.collection != "rrsets":
            return (self.collection, *self.key)
        origin, name, rtype = self.key
        return ("zones", origin, "rrsets", name, rtype)

    def told(self) -> dict[str, str]:
        """Say what it does and where, ready for JSON."""
        does = "delete" if self.value is None else "put"
        return {"path": "/".join(map(str, self.path)), "does": does}


def value_at(world: World, edit: Edit) -> Noun | None:
    """Give what stands where an edit would act."""
    if edit.collection != "rrsets":
        part: Mapping[str, Noun] = getattr(world, edit.collection)
        return part.get(edit.key[0])
    origin, name, rtype = edit.key
    zone = world.zones.get(origin)
    return zone.rrsets.get(RrsetKey(name, rtype)) if zone else None


def apply_edits(world: World, edits: Iterable[Edit]) -> World:
    """Give the world as it would be; KeyError where an RRset's zone does not exist."""
    parts: dict[str, dict[str, Any]] = {
        name: dict(getattr(world, name)) for name in (*COLLECTIONS, "zones")
    }
    opened: dict[str, Rows] = {}  # zones of which single RRsets change: copied once, however many
    for edit in edits:
        if edit.collection == "rrsets":
            origin, name, rtype = edit.key
            if origin not in opened:
                opened[origin] = dict(parts["zones"][origin].rrsets.rows)
            rrset = edit.value
            _put(opened[origin], (name, rtype), row_of(rrset) if isinstance(rrset, Rrset) else None)
            continue
        if edit.collection == "zones":
            opened.pop(edit.key[0], None)
        _put(parts[edit.collection], edit.key[0], edit.value)
    zones = parts["zones"]
    for origin, rows in opened.items():
        zones[origin] = zones[origin].model_copy(update={"rrsets": Rrsets(rows)})
    return world.model_copy(update=parts)


def _put(part: dict[Any, Any], key: object, value: object | None) -> None:
    if value is None:
        part.pop(key, None)
    else:
        part[key] = value


def find_edits(before: World, after: World) -> tuple[Edit, ...]:
    """Give the fewest edits that lead from one world to the other."""
    return tuple(_find(before, after))


def _find(before: World, after: World) -> Iterator[Edit]:
    for collection in COLLECTIONS:
        for name, value in _changed(getattr(before, collection), getattr(after, collection)):
            yield Edit(collection, (name,), value)
    for origin, zone in _changed(before.zones, after.zones):
        old = before.zones.get(origin)
        if old is None or zone is None:
            yield Edit("zones", (origin,), zone)
            continue
        for key, row in _changed_rows(old, zone):
            yield Edit("rrsets", (origin, *key), rrset_of(key, row) if row else None)


def _changed_rows(before: Zone, after: Zone) -> Iterator[tuple[tuple[str, str], Row | None]]:
    return _changed(before.rrsets.rows, after.rrsets.rows)


def _changed(before: Mapping[K, V], after: Mapping[K, V]) -> Iterator[tuple[K, V | None]]:
    for key in before:
        if key not in after:
            yield key, None
    for key, value in after.items():
        if before.get(key) != value:
            yield key, value
