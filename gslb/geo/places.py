"""The places of an opened database, column by column, each read once and kept.

A *code* says what a classification can tell apart of a place: 0 is "this database does not know".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gslb.geo.attributes import LOCATION, OF_KEY, PATHS, Place, fits, knows
from gslb.geo.nearest import orders
from gslb.model import Datacenter, Nearest, Tiers
from gslb.plane import Database

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FINE = 1e7  # coordinates that differ by less than 1e-7 degrees, a centimetre, are one


class Places:
    """What a database's places have."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._columns: dict[str, tuple[npt.NDArray[Any], Sequence[str]]] = {}
        self._located: tuple[Floats, Floats, Whole] | None = None

    def load(self, names: Sequence[str]) -> None:
        """Read columns in one pass, those that have not been."""
        wanted = [name for name in names if name not in self._columns]
        if not wanted:
            return
        asked = [(name, list(PATHS[name][1]), PATHS[name][0]) for name in wanted]
        for name, (packed, words) in self._database.columns(asked).items():
            kind = "<f8" if PATHS[name][0] == "number" else "<u4"
            self._columns[name] = (np.frombuffer(packed, kind), words)

    def has(self, name: str) -> bool:
        """Whether any place has an attribute."""
        self.load((name,))
        column, words = self._columns[name]
        return len(words) > 1 or bool(not words and np.isfinite(column).any())

    def coordinates(self) -> tuple[Floats, Floats, Whole]:
        """Give the distinct coordinates, and for each place which they are; -1: not known."""
        if self._located is None:
            self.load(LOCATION)
            latitude, longitude = (self._columns[name][0] for name in LOCATION)
            known = np.flatnonzero(np.isfinite(latitude) & np.isfinite(longitude))
            lat, lon = latitude[known], longitude[known]
            north, east = (np.rint(part * _FINE).astype(np.int64) for part in (lat, lon))
            _, first, which = np.unique(
                (north << 32) + east, return_index=True, return_inverse=True
            )
            numbers = np.full(len(latitude), -1, dtype=np.int64)
            numbers[known] = which
            self._located = (lat[first], lon[first], numbers)
        return self._located

    def near(
        self, way: Nearest, datacenters: Mapping[str, Datacenter]
    ) -> tuple[Whole, Sequence[Tiers | None]]:
        """Give each place's code under a way to the nearest, and the ladder of each code."""
        latitude, longitude, which = self.coordinates()
        if not len(latitude):
            return np.zeros(len(which), dtype=np.int64), (None,)
        numbers, ladders = orders(latitude, longitude, way, datacenters)
        codes = np.append(numbers + 1, 0)  # the last stands for -1
        return codes[which], (None, *ladders)

    def fitting(
        self, key: str, wanted: Sequence[str | int]
    ) -> tuple[Whole, Sequence[frozenset[str | int] | None]]:
        """Give each place's code under a key of rules, and which of `wanted` each code fits."""
        names = OF_KEY[key]
        self.load(names)
        rows = _codes(self._columns[names[0]][0])
        for name in names[1:]:
            rows = _joined(rows, _codes(self._columns[name][0]))
        _, first, which = np.unique(rows, return_index=True, return_inverse=True)
        known = frozenset(wanted)
        found: dict[frozenset[str | int] | None, int] = {None: 0}
        codes = np.empty(len(first), dtype=np.int64)
        for at, place in enumerate(first.tolist()):
            matched = _matched(key, known, self._place(names, place))
            codes[at] = found.setdefault(matched, len(found))
        return codes[which], tuple(found)

    def _place(self, names: Sequence[str], place: int) -> Place:
        found: dict[str, str | float] = {}
        for name in names:
            column, words = self._columns[name]
            value = column[place]
            if words and value:
                found[name] = words[int(value)]
            elif not words and np.isfinite(value):
                found[name] = float(value)
        return found


def _matched(key: str, wanted: frozenset[str | int], place: Place) -> frozenset[str | int] | None:
    if not knows(key, place):
        return None
    if key == "subdivision":
        return frozenset(value for value in wanted if fits(key, value, place))
    value = place[key]  # one look instead of many: it is equal to one of them, or to none
    return wanted & {int(value) if isinstance(value, float) else value}


def _codes(column: npt.NDArray[Any]) -> Whole:
    if column.dtype.kind == "f":
        column = np.nan_to_num(column, nan=-1.0)
    return column.astype(np.int64)


def _joined(one: Whole, other: Whole) -> Whole:
    """Make one number of two, different where either is."""
    if int(one.max(initial=0)) >= 1 << 31:
        one = np.unique(one, return_inverse=True)[1].astype(np.int64)
    joined: Whole = (one << 32) + other
    return joined


def signatures(
    columns: Sequence[tuple[Whole, int]], count: int
) -> tuple[Whole, list[tuple[int, ...]]]:
    """Give each of `count` places the number of its combination of codes, and the combinations.

    Each column has, beside the codes, how many there are.
    """
    if not columns:
        return np.zeros(count, dtype=np.int64), [()]
    mixed = columns[0][0]
    for codes, how_many in columns[1:]:
        mixed = np.unique(mixed, return_inverse=True)[1] * how_many + codes
    _, first, numbers = np.unique(mixed, return_index=True, return_inverse=True)
    rows = zip(*(codes[first].tolist() for codes, _ in columns), strict=True)
    return numbers, list(rows)
