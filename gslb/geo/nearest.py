"""Which datacenters lie how far from a place: great circles on a sphere, and a bias for each.

The distance of two places is the angle between them, by the haversine formula. A datacenter's bias
makes its distance shorter or longer as Amazon Route 53 publishes it for geoproximity: with a bias
b > 0 it is multiplied by 1 - b/100, with b < 0 divided by 1 + b/100. Equal distances go by name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gslb.model import Datacenter, Nearest, Tiers

AT_ONCE = 8192  # places whose distances are worked out together: bounds memory, lets others run

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[Any]


def sites(way: Nearest, datacenters: Mapping[str, Datacenter]) -> tuple[str, ...]:
    """Give the names of the datacenters that a way orders: those that have a location, sorted."""
    meant = datacenters if way.among is None else way.among
    return tuple(
        sorted(
            name for name in meant if name in datacenters and datacenters[name].location is not None
        )
    )


def distances(latitude: Floats, longitude: Floats, located: Sequence[Datacenter]) -> Floats:
    """Give biased distances in radians, a row for each place (degrees), a column for each site."""
    there = np.radians(np.array([site.location for site in located], dtype=np.float64))
    lat, lon = np.radians(latitude)[:, None], np.radians(longitude)[:, None]
    chord = (
        np.sin((lat - there[:, 0]) / 2) ** 2
        + np.cos(lat) * np.cos(there[:, 0]) * np.sin((lon - there[:, 1]) / 2) ** 2
    )
    angle = 2 * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    bias = np.array([site.bias for site in located], dtype=np.float64)
    scaled: Floats = angle * np.where(bias > 0, 1 - bias / 100, 1 / (1 + np.minimum(bias, 0) / 100))
    return scaled


def orders(
    latitude: Floats, longitude: Floats, way: Nearest, datacenters: Mapping[str, Datacenter]
) -> tuple[Whole, tuple[Tiers, ...]]:
    """Give each place's number among the distinct ladders of a way, and these ladders.

    Latitude and longitude in degrees, without NaN.
    """
    names = sites(way, datacenters)
    located = [datacenters[name] for name in names]
    kept = min(way.depth, len(names))
    first = min(way.nearest, kept)
    ordered = np.empty((len(latitude), kept), dtype=np.uint16)
    for start in range(0, len(latitude), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        order = np.argsort(distances(latitude[part], longitude[part], located), kind="stable")
        order = order[:, :kept]
        if first > 1:
            order[:, :first] = np.sort(order[:, :first])
        ordered[part] = order
    rows, numbers = _distinct(ordered)
    return numbers, tuple(_ladder(row, first, names) for row in rows)


def _distinct(rows: Whole) -> tuple[list[list[int]], Whole]:
    """Give the distinct rows, and for each row which of them it is."""
    numbers = np.zeros(len(rows), dtype=np.int64)
    base = int(rows.max(initial=0)) + 1
    for column in rows.T:  # numbers, and not octets: numpy sorts those without the interpreter
        numbers = np.unique(numbers * base + column, return_inverse=True)[1]
    _, first = np.unique(numbers, return_index=True)
    return rows[first].tolist(), numbers


def _ladder(row: Sequence[int], first: int, names: Sequence[str]) -> Tiers:
    """Make the tiers of an order: the first ones together, one by one, and those that are left."""
    near = [names[at] for at in row]
    taken = set(near)
    rest = tuple(name for name in names if name not in taken)
    tiers = (tuple(near[:first]), *((name,) for name in near[first:]))
    return (*tiers, rest) if rest else tiers


def together(way: Nearest, datacenters: Mapping[str, Datacenter]) -> Tiers:
    """Give the ladder of clients whose place is not known: all datacenters of a way in one tier."""
    return (sites(way, datacenters),)
