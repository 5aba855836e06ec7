"""Capacities: one door to loads, shares to shed, and pools without enough live members.

    capacities.follow(steering)      before it is answered from
    capacities.word(key)             the word of a pool, as it stands
    capacities.reweigh(changes)      verdicts; the pools whose words they change are told at once
    capacities.step(counts)          every few seconds: loads to shares; words that change are told

It answers nothing: words leave through `on_pools`. Times are unix seconds.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from gslb import snapshot
from gslb.capacity.gauge import SETTLE_LEAST, Gauge
from gslb.capacity.law import MOST, Shedding
from gslb.capacity.meter import Answers, Counts, Load, Place, ProbeLoad, probed
from gslb.capacity.muster import Muster, Weigh
from gslb.model import Capacity, Fault, Invalid, MemberKey, PoolKey, Refused, Steering
from gslb.telemetry import Alarms

ALARM = "load"
FEW = 8  # places or pools that are named one by one
PART = 500  # places or pools that are worked off at a time

T = TypeVar("T")

_NONE: Counts = {}

OnPools = Callable[[Sequence[tuple[PoolKey, int]]], None]
"""Told of pools whose words changed."""

_log = logging.getLogger("gslb.capacity")


class Capacities:
    """What every place bears, and what follows for the pools."""

    def __init__(
        self,
        *,
        weigh: Weigh,
        probe_load: ProbeLoad,
        on_pools: OnPools,
        alarms: Alarms,
        now: Callable[[], float],
    ) -> None:
        self._muster = Muster(weigh)
        self._probe_load = probe_load
        self._on_pools = on_pools
        self._alarms = alarms
        self._now = now
        self._steering = Steering()
        self._gauges: dict[Place, Gauge] = {}
        self._answers = Answers()
        self._shares: dict[PoolKey, float] = {}
        self._remembered: Mapping[str, float] = {}

    # What it is told

    def follow(self, steering: Steering) -> None:
        """Take in a new steering; places that stay keep their loads and shares."""
        self._steering = steering
        self._muster.follow(steering)
        old, self._gauges = self._gauges, {}
        pools = _pools_by_datacenter(steering)
        for place, capacity in _places(steering):
            mine = [place] if isinstance(place, PoolKey) else pools.get(place, [])
            self._gauges[place] = self._gauge(place, capacity, mine, old.get(place))
        self._remembered = {}
        self._shares = {}
        deque(_share_out(self._gauges.values(), self._shares), maxlen=0)

    def _gauge(
        self, place: Place, capacity: Capacity, pools: list[PoolKey], old: Gauge | None
    ) -> Gauge:
        settle = SETTLE_LEAST
        if capacity.load != "answers":
            settle = max([settle, *(float(self._steering.vips[key.vip].ttl) for key in pools)])
        if old is not None and old.capacity.load == capacity.load:
            return replace(old, capacity=capacity, pools=pools, settle=settle)
        now = self._now()
        share = old.share if old else min(self._remembered.get(_text(place), 0.0), MOST)
        state = Shedding(share, share, changed=now) if share else Shedding()
        return Gauge(place, capacity, pools, settle, now, state=state, since=now, told=share)

    def reweigh(self, changes: Iterable[tuple[MemberKey, float]]) -> None:
        """Take in members' new effective weights, and tell of pools that they bring up or down."""
        flipped = self._muster.reweigh(changes)
        self._tell(flipped)
        for key in flipped[:FEW]:
            live, needed = self._muster.count(key)
            if live < needed:
                _log.warning("the pool %s is down: %d live, %d needed", key, live, needed)
            else:
                _log.info("the pool %s has enough live members again: %d", key, live)
        if len(flipped) > FEW:
            _log.warning("%d pools more have lost or found enough live members; see the status",
                         len(flipped) - FEW)  # fmt: skip

    def push(self, place: Place, load: float) -> None:
        """Take a load that was pushed; Invalid or Refused if this place takes none."""
        gauge = self.gauge(place)
        if gauge.capacity.load != "push":
            raise Refused(
                f"the load here comes from {gauge.capacity.load}; "
                "write load: push into its capacity to push it"
            )
        gauge.load = Load(load, self._now())

    def forget(self, place: Place) -> None:
        """Forget the load of a place, however it was told; Invalid if it has no capacity."""
        self.gauge(place).load = None

    # What follows from it

    def counted(self) -> list[Place]:
        """Give the places whose loads are the plane's answers, which `step` is to be given."""
        return [gauge.place for gauge in self._gauges.values() if gauge.capacity.load == "answers"]

    def step(self, counts: Counts = _NONE) -> None:
        """Read the loads, move the shares on, and tell of the words that change.

        `counts` are the answers of the places `counted`.
        """
        deque(self.steps(counts), maxlen=0)

    def steps(self, counts: Counts = _NONE) -> Iterator[None]:
        """Do what `step` does in small parts, so that others may work between them.

        It ends early if something else is followed meanwhile: that begins a step anew.
        """
        now, gauges = self._now(), self._gauges
        self._answers.read(counts, now)
        for some in _parts(list(gauges.values())):
            for gauge in some:
                self._move(gauge, now)
            yield
            if self._gauges is not gauges:
                return
        self._alarm(now)
        shares: dict[PoolKey, float] = {}
        for _ in _share_out(gauges.values(), shares):
            yield
        if self._gauges is not gauges:
            return
        before, self._shares = self._shares, shares
        for keys in _parts(before | shares):
            self._tell(k for k in keys if before.get(k, 0.0) != shares.get(k, 0.0))
            yield

    def _move(self, gauge: Gauge, now: float) -> None:
        """Read a place's load, and move its share on."""
        source = gauge.capacity.load
        if source == "answers":
            gauge.load = self._answers.load(gauge.place) or gauge.load
        elif source == "probe":
            members = self._members(gauge.pools)
            gauge.load = probed(members, self._probe_load, now, gauge.fresh) or gauge.load
        said = gauge.step(now)
        if said is not None:
            _log.warning("%s", said)

    def _members(self, pools: Iterable[PoolKey]) -> Iterable[MemberKey]:
        for key in pools:
            for member in self._steering.vips[key.vip].pools[key.datacenter].members:
                yield MemberKey(*key, member.target)

    def _alarm(self, now: float) -> None:
        silent = sorted(_text(gauge.place) for gauge in self._gauges.values()
                        if gauge.is_silent(now))  # fmt: skip
        if silent:
            few = ", ".join(silent[:FEW]) + (", …" if len(silent) > FEW else "")
            self._alarms.sound(
                ALARM, f"no fresh load of {few}; nothing is shed there until one is told"
            )
        else:
            self._alarms.clear(ALARM, "every capacity has a fresh load")

    def _tell(self, keys: Iterable[PoolKey]) -> None:
        changes = [(key, self.word(key)) for key in keys if self._holds(key)]
        if changes:
            self._on_pools(changes)

    def _holds(self, key: PoolKey) -> bool:
        vip = self._steering.vips.get(key.vip)
        return vip is not None and key.datacenter in vip.pools

    # What everyone reads

    def word(self, key: PoolKey) -> int:
        """Give the word of a pool that is followed."""
        weight = self._steering.vips[key.vip].pools[key.datacenter].weight
        live = weight if self._muster.enough(key) else 0
        return snapshot.pool_word(live, self._shares.get(key, 0.0))

    def imagined(self, weigh: Weigh) -> Callable[[PoolKey], int]:
        """Give what pools' words would be if members weighed so; shares stay as they are."""
        muster = Muster(weigh)
        muster.follow(self._steering)

        def word(key: PoolKey) -> int:
            weight = self._steering.vips[key.vip].pools[key.datacenter].weight
            live = weight if muster.enough(key) else 0
            return snapshot.pool_word(live, self._shares.get(key, 0.0))

        return word

    def gauge(self, place: Place) -> Gauge:
        """Give how a place stands; Invalid if it has no capacity."""
        found = self._gauges.get(place)
        if found is None:
            raise Invalid([Fault((), f"{_text(place)} has no capacity; write one for it")])
        return found

    def has(self, place: Place) -> bool:
        """Whether a place has a capacity."""
        return place in self._gauges

    @property
    def gauges(self) -> Iterable[Gauge]:
        """Every place with a capacity, as it stands."""
        return self._gauges.values()

    def short(self) -> dict[PoolKey, tuple[int, int]]:
        """Give the pools with too few live members: how many live, how many are needed."""
        return self._muster.short()

    def memory(self) -> dict[str, float]:
        """Give the shares that are shed, ready for JSON and for `recall`."""
        return {_text(gauge.place): gauge.share for gauge in self._gauges.values() if gauge.share}

    def recall(self, remembered: Mapping[str, Any]) -> None:
        """Let these shares (from `memory`) stand for the places that the next `follow` brings."""
        self._remembered = {
            place: share
            for place, share in remembered.items()
            if isinstance(share, float) and 0 < share <= 1
        }


def _parts(things: Iterable[T]) -> Iterator[list[T]]:
    """Give things in lists of `PART`, the last one shorter."""
    rest = iter(things)
    while some := list(islice(rest, PART)):
        yield some


def _share_out(gauges: Iterable[Gauge], shares: dict[PoolKey, float]) -> Iterator[None]:
    """Put down every pool that sheds: the greater share of its own and its datacenter's."""
    for gauge in gauges:
        if gauge.share:
            for keys in _parts(gauge.pools):
                for key in keys:
                    shares[key] = max(shares.get(key, 0.0), gauge.share)
                yield


def _places(steering: Steering) -> Iterable[tuple[Place, Capacity]]:
    for name, datacenter in steering.datacenters.items():
        if datacenter.capacity is not None:
            yield name, datacenter.capacity
    for vip, noun in steering.vips.items():
        for name, pool in noun.pools.items():
            if pool.capacity is not None:
                yield PoolKey(vip, name), pool.capacity


def _pools_by_datacenter(steering: Steering) -> dict[str, list[PoolKey]]:
    found: dict[str, list[PoolKey]] = {}
    if any(datacenter.capacity is not None for datacenter in steering.datacenters.values()):
        for vip, noun in steering.vips.items():
            for name in noun.pools:
                found.setdefault(name, []).append(PoolKey(vip, name))
    return found


def _text(place: Place) -> str:
    return str(place)
