"""A folder of zones to a world: `*.zone` master files, `*.yaml` and `*.yml` steering.

Everything at fault is found in one reading. Whether the parts fit together is the compiler's
question; `locate` then says where in the files its faults stand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from gslb.model import COLLECTIONS, Fault, Invalid, Path, Place, World, Zone
from gslb.model.spelling import nearest
from gslb.zones.files import SUFFIXES, origin_of
from gslb.zones.master import read_master
from gslb.zones.nouns import take_noun
from gslb.zones.places import Places
from gslb.zones.tree import read_tree

ANY = "*"
"""In `broken`: any name of the collection may exist, since a file could not be read."""


@dataclass(frozen=True)
class Reading:
    """What a folder holds.

    `world` has the good parts: all that was meant, if there are no faults. `places` says where
    each path of it stands. `broken` are (collection, key) that exist but are faulty; an RRset's
    is ("rrsets", "NAME TYPE"), ("zones", ORIGIN) is a zone of which anything may be missing, and
    (collection, "*") a collection of which anything may be missing.
    """

    world: World
    faults: tuple[Fault, ...]
    places: Mapping[Path, Place]
    broken: frozenset[tuple[str, str]]


@dataclass
class _Findings:
    """What has been read so far."""

    zones: dict[str, Zone] = field(default_factory=dict)
    nouns: dict[str, dict[str, Any]] = field(default_factory=lambda: {c: {} for c in COLLECTIONS})
    faults: list[Fault] = field(default_factory=list)
    places: Places = field(default_factory=Places)
    broken: set[tuple[str, str]] = field(default_factory=set)

    def fault(self, path: Path, sentence: str, place: Place) -> None:
        self.faults.append(Fault(path, sentence, place))


def read_folder(folder: FilePath) -> Reading:
    """Read a folder; Invalid only if there is no folder to read."""
    files = _files(folder)
    found = _Findings()
    masters = [file for file in files if file.suffix == ".zone"]
    if not masters:
        found.fault((), "the folder holds no *.zone file; write one, named for its zone: "
                        "gslb.example.zone", Place(str(folder), 1))  # fmt: skip
    for file in masters:
        _read_zone(file, found)
    for file in files:
        if file.suffix != ".zone":
            _read_steering(file, found)
    # Each part was validated on its own, and validating all again would take as long again.
    parts: dict[str, Any] = {**found.nouns, "zones": found.zones}
    world = World.model_construct(**parts)
    faults = sorted(locate(found.faults, found.places), key=_by_place)
    return Reading(world, tuple(faults), found.places, frozenset(found.broken))


def locate(faults: Iterable[Fault], places: Mapping[Path, Place]) -> tuple[Fault, ...]:
    """Give each fault that has none the place of the longest part of its path that has one."""
    return tuple(
        fault if fault.place is not None else replace(fault, place=_place(fault.path, places))
        for fault in faults
    )


def _place(path: Path, places: Mapping[Path, Place]) -> Place | None:
    cuts = (path[:length] for length in range(len(path), 0, -1))
    return next((places[cut] for cut in cuts if cut in places), None)


def _by_place(fault: Fault) -> tuple[str, int]:
    return (fault.place.file, fault.place.line) if fault.place is not None else ("", 0)


def _files(folder: FilePath) -> list[FilePath]:
    """Give a folder's zone and YAML files by name; hidden ones are left alone."""
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        sentence = (
            f"cannot read the folder {folder}: {error.strerror}; "
            "name a folder that holds *.zone and *.yaml files"
        )
        raise Invalid([Fault((), sentence)]) from error
    return [file for file in files if file.suffix in SUFFIXES and file.name[0] != "."]


def _read_zone(file: FilePath, found: _Findings) -> None:
    place = Place(str(file), 1)
    try:
        origin = origin_of(file)
    except ValueError as error:
        found.fault((), f"the file's name is not a zone's: {error}; rename it", place)
        found.broken.add(("zones", ANY))
        return
    path: Path = ("zones", origin)
    if path in found.places:
        found.fault(path, f"the zone {origin} stands twice, first at {found.places[path]}; "
                          "take one file out", place)  # fmt: skip
        return
    master = read_master(file, origin)
    found.zones[origin] = Zone(origin=origin, rrsets=master.rrsets)
    found.places[path] = place
    found.places.add_zone(path, master.places)
    found.faults += master.faults
    found.broken |= master.broken


def _read_steering(file: FilePath, found: _Findings) -> None:
    tree = read_tree(file)
    for fault in tree.faults:
        found.faults.append(fault)
        _break(fault.path, found)
    top = tree.value
    if top is None:
        if tree.faults:
            found.broken |= {(collection, ANY) for collection in COLLECTIONS}
        return
    if not isinstance(top, dict):
        found.fault((), f"the file is not a mapping; write {', '.join(COLLECTIONS)} with their "
                        "names", Place(str(file), 1))  # fmt: skip
        return
    for section, nouns in top.items():
        _read_section(section, nouns, tree.places, found)


def _read_section(section: str, nouns: Any, places: Mapping[Path, Place], found: _Findings) -> None:
    path: Path = (section,)
    if section not in COLLECTIONS:
        near = nearest(section, COLLECTIONS)
        hint = f"did you mean {near!r}?" if near else f"write one of {', '.join(COLLECTIONS)}"
        found.fault(path, f"unknown key {section!r}; {hint}", places[path])
        found.broken |= {(near, ANY)} if near else set()
    elif nouns is not None and not isinstance(nouns, dict):
        found.fault(path, f"{section} is not a mapping; write names and values", places[path])
        found.broken.add((section, ANY))
    else:
        twins = {name for name in nouns or () if (section, name) in found.places}
        for name in sorted(twins):
            first, place = found.places[section, name], places[section, name]
            found.fault((section, name), f"{name} stands twice, first at {first}; take one out",
                        place)  # fmt: skip
        found.places.update(
            (p, at) for p, at in places.items() if p[0] == section and not twins & {*p[1:2]}
        )
        for name, value in (nouns or {}).items():
            if name not in twins:
                _take(section, name, value, found)


def _take(section: str, name: str, value: Any, found: _Findings) -> None:
    taken = take_noun(section, name, {} if value is None else value)
    found.faults += locate(taken.faults, found.places)
    found.places.update(
        {path: found.places[at] for path, at in taken.moved.items() if at in found.places}
    )
    if taken.faults:
        found.broken.add((section, name))
    if taken.noun is not None:
        found.nouns[section][name] = taken.noun


def _break(path: Path, found: _Findings) -> None:
    """Mark the noun that a path leads into as faulty."""
    if len(path) > 1:
        found.broken.add((str(path[0]), str(path[1])))
