"""Loads, from where they are told: pushed, read by probes, or counted in the plane.

A load is in the unit of its capacity's limit, at a time in unix seconds; None is no load.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gslb.model import MemberKey, PoolKey

Place = PoolKey | str
"""A pool, or a datacenter by its name: what has a capacity."""

Counts = Mapping[Place, int]
"""Answers since the start; a place that is not there gave none."""


@dataclass(frozen=True, slots=True)
class Load:
    """A load and when it was told."""

    value: float
    at: float


ProbeLoad = Callable[[MemberKey], tuple[str, float, float] | None]
"""Gives a member's target, the load that it told last, and when."""


def probed(
    members: Iterable[MemberKey], probe_load: ProbeLoad, now: float, fresh: float
) -> Load | None:
    """Sum what the members' targets told within `fresh` seconds, each target once."""
    told = {
        found[0]: Load(found[1], found[2])
        for key in members
        if (found := probe_load(key)) is not None
    }
    loads = [load for load in told.values() if now - load.at <= fresh]
    if not loads:
        return None
    return Load(math.fsum(load.value for load in loads), max(load.at for load in loads))


class Answers:
    """Answers a second of places, from counters that only grow."""

    def __init__(self) -> None:
        self._counts: Counts = {}
        self._at: float | None = None
        self._rates: dict[Place, float] | None = None

    def read(self, counts: Counts, now: float) -> None:
        """Take in counters; a first look gives no rates, a counter that fell began anew."""
        if self._at is not None and now > self._at:
            took, before = now - self._at, self._counts
            self._rates = {
                place: (count - before.get(place, 0) if count >= before.get(place, 0) else count)
                / took
                for place, count in counts.items()
            }
        self._counts, self._at = counts, now

    def load(self, place: Place) -> Load | None:
        """Give the answers a second of a place; None before there were two looks."""
        rates, at = self._rates, self._at
        return None if rates is None or at is None else Load(rates.get(place, 0.0), at)
