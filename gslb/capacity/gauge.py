"""One capacity and how it stands: its limit, its last load, what it sheds. No I/O."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from gslb.capacity.law import Shedding, Watermarks, advance
from gslb.capacity.meter import Load, Place
from gslb.model import Capacity, PoolKey

SETTLE_LEAST = (
    10.0  # seconds: the shortest time in which a change of a share is held to have effect
)
TOLD_STEP = 0.10  # a share that differs by this much from the one last logged is logged again
UNITS = {"answers": "answers/s", "push": "pushed", "probe": "probed"}
"""What a load is called by where it comes from."""


def name_of(place: Place) -> str:
    """Name a place as an operator would."""
    return f"the pool {place}" if isinstance(place, PoolKey) else f"the datacenter {place}"


@dataclass(slots=True)
class Gauge:
    """A place with a capacity. `settle` is in seconds, `since` and `born` in unix seconds."""

    place: Place
    capacity: Capacity
    pools: list[PoolKey]
    settle: float
    born: float
    load: Load | None = None
    state: Shedding = field(default_factory=Shedding)
    since: float = 0.0
    told: float = 0.0

    @property
    def fresh(self) -> float:
        """For how many seconds a load is believed."""
        return self.capacity.fresh / 1000

    @property
    def share(self) -> float:
        """The share of the clients that is shed."""
        return self.state.share

    def believed(self, now: float) -> Load | None:
        """Give the last load if it is fresh."""
        load = self.load
        return load if load is not None and now - load.at <= self.fresh else None

    def is_silent(self, now: float) -> bool:
        """Whether no load has been told for longer than one is believed."""
        return self.believed(now) is None and now - self.born > self.fresh

    def step(self, now: float) -> str | None:
        """Move the share on by the law; give a sentence if that is worth a line in the log.

        A load that was taken in already says nothing new.
        """
        load = self.believed(now)
        if load is not None and load.at <= self.state.seen:
            return None
        ratio = None if load is None else load.value / self.capacity.limit
        marks = Watermarks(self.capacity.shed_from / 100, self.capacity.shed_full / 100)
        before = self.share
        at = now if load is None else load.at
        self.state = advance(self.state, ratio, marks, self.settle, at)
        return self._told(before, now)

    def _told(self, before: float, now: float) -> str | None:
        share = self.share
        if not before and share:
            self.since = now
        begun_or_ended = bool(before) != bool(share)
        if not (begun_or_ended or abs(share - self.told) >= TOLD_STEP):
            return None
        self.told = share
        return self.words()

    def words(self) -> str:
        """Say how this place stands; times are UTC."""
        load = "no load is believed"
        if self.load is not None:
            unit = UNITS[self.capacity.load]
            load = f"load {self.load.value:g} of {self.capacity.limit:g} ({unit})"
        if not self.share:
            return f"{name_of(self.place)} sheds no clients: {load}"
        since = f"{datetime.fromtimestamp(self.since, UTC):%H:%M:%SZ}"
        return f"{name_of(self.place)} sheds {self.share:.0%} of its clients since {since}: {load}"
