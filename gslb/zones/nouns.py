"""Values to nouns. Of a noun with faults, what is good is kept, so that it can be checked further.

The good parts of a faulty noun are never served: they only let one reading find all faults.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from gslb.model import Datacenter, Fault, Map, Path, Probe, Vip
from gslb.model.faults import faults_from
from gslb.model.names import Name
from gslb.model.values import Key

NOUNS: Final[dict[str, TypeAdapter[Any]]] = {
    "datacenters": TypeAdapter(Datacenter),
    "probes": TypeAdapter(Probe),
    "maps": TypeAdapter(Map),
    "vips": TypeAdapter(Vip),
}
NAMES: Final[dict[str, TypeAdapter[str]]] = {
    "datacenters": TypeAdapter(Key),
    "probes": TypeAdapter(Key),
    "maps": TypeAdapter(Key),
    "vips": TypeAdapter(Name),
}
_ROUNDS = 8
_GONE: Final = object()


@dataclass(frozen=True)
class Taken:
    """A noun, or the good parts of a faulty one, or None; and all faults that were found.

    `moved` leads from paths in the good parts to what were their paths, where the two differ.
    """

    noun: Any | None
    faults: tuple[Fault, ...]
    moved: Mapping[Path, Path] = field(default_factory=dict)


def take_noun(collection: str, name: str, value: Any) -> Taken:
    """Make a noun of plain values, or as much of one as they hold."""
    root: Path = (collection, name)
    faults: dict[Fault, None] = {}
    try:
        NAMES[collection].validate_python(name)
    except ValidationError as error:
        faults |= dict.fromkeys(faults_from(error, root))
    named = not faults
    marks: Any = None
    cut: set[Path] = set()  # what a part was taken from is judged no further
    for _ in range(_ROUNDS):
        try:
            noun = NOUNS[collection].validate_python(value)
        except ValidationError as error:
            found = faults_from(error, root)
        else:
            return Taken(noun if named else None, tuple(faults), dict(_moves(marks, root)))
        marks = _marked(value, root) if marks is None else marks
        # A later round tells of what is left: its paths are led back to those of the input.
        back = dict(_moves(marks, root))
        told = [replace(fault, path=back.get(fault.path, fault.path)) for fault in found]
        faults |= {fault: None for fault in told if cut.isdisjoint({fault.path, fault.path[:-1]})}
        paths = [fault.path[len(root) :] for fault in found]
        marks, _ = _without(marks, paths)
        value, removed = _without(value, paths)
        cut |= {back.get((*root, *path), (*root, *path))[:-1] for path in removed}
        if value is _GONE:
            break
    return Taken(None, tuple(faults))


def _marked(value: Any, path: Path) -> Any:
    """Give a thing of a value's shape that holds paths."""
    if isinstance(value, dict):
        return {key: _marked(part, (*path, key)) for key, part in value.items()}
    if isinstance(value, list):
        return [_marked(part, (*path, at)) for at, part in enumerate(value)]
    return path


def _moves(marks: Any, path: Path) -> Iterator[tuple[Path, Path]]:
    """Give the paths that differ from those marked, and the marks."""
    if isinstance(marks, tuple):
        if marks != path:
            yield from ((path[:end], marks[:end]) for end in range(3, len(path) + 1))
    elif marks is not None:
        parts = marks.items() if isinstance(marks, dict) else enumerate(marks)
        for step, part in parts:
            yield from _moves(part, (*path, step))


def _without(value: Any, paths: Iterable[Path]) -> tuple[Any, set[Path]]:
    """Give a value without what stands at these paths, or without what lacks it."""
    removed: set[Path] = set()
    for path in paths:
        at, holder = path, _find(value, path[:-1])
        if not _has(holder, path[-1:]):  # what is missing was needed: then its holder goes
            at, holder = path[:-1], _find(value, path[:-2])
        if not at:
            return _GONE, removed
        if _has(holder, at[-1:]):
            holder[at[-1]] = _GONE
        removed.add(at)
    return _swept(value), removed


def _find(value: Any, path: Path) -> Any:
    for step in path:
        if not _has(value, (step,)):
            return None
        value = value[step]
    return value


def _has(holder: Any, step: Path) -> bool:
    """Whether a mapping has a key, or a list a place."""
    if not step:
        return False
    if isinstance(holder, dict):
        return step[0] in holder
    return isinstance(holder, list) and isinstance(step[0], int) and step[0] < len(holder)


def _swept(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _swept(part) for key, part in value.items() if part is not _GONE}
    if isinstance(value, list):
        return [_swept(part) for part in value if part is not _GONE]
    return value
