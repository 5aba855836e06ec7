"""Capacities: one door to loads, shares to shed, and pools without enough live members.

    capacities.follow(steering)      before it is answered from
    capacities.word(key)             the word of a pool, as it stands
    capacities.reweigh(changes)      verdicts; the pools whose words they change are told at once
    capacities.step(counts)          every few seconds: loads to shares; words that change are told

It answers nothing: words leave through `on_pools`. Times are unix seconds.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gslb import snapshot
from gslb.capacity.gauge import SETTLE_LEAST, Gauge
from gslb.capacity.law import MOST, Shedding
from gslb.capacity.meter import Answers, Counts, Load, Place, ProbeLoad, probed
from gslb.capacity.muster import Muster, Weigh
from gslb.model import Capacity, Fault, Invalid, MemberKey, PoolKey, Refused, Steering
from gslb.telemetry import Alarms

ALARM = "load"

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
        self._shares = self._found_shares()

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
        for key in flipped:
            live, needed = self._muster.count(key)
            if live < needed:
                _log.warning("the pool %s is down: %d live, %d needed", key, live, needed)
            else:
                _log.info("the pool %s has enough live members again: %d", key, live)
        self._tell(flipped)

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

    @property
    def counts_answers(self) -> bool:
        """Whether a load is the plane's answers a second, so that `step` needs its counters."""
        return any(gauge.capacity.load == "answers" for gauge in self._gauges.values())

    def step(self, counts: Counts = ()) -> None:
        """Read the loads, move the shares on, and tell of the words that change.

        `counts` are the answers since the start by VIP and datacenter.
        """
        now = self._now()
        self._read(counts, now)
        for gauge in self._gauges.values():
            said = gauge.step(now)
            if said is not None:
                _log.warning("%s", said)
        self._alarm(now)
        shares = self._found_shares()
        before, self._shares = self._shares, shares
        self._tell(k for k in before | shares if before.get(k, 0.0) != shares.get(k, 0.0))

    def _read(self, counts: Counts, now: float) -> None:
        counted = [gauge for gauge in self._gauges.values() if gauge.capacity.load == "answers"]
        if counted:
            wanted = {key for gauge in counted for key in gauge.pools}
            self._answers.read(counts, wanted, now)
            for gauge in counted:
                gauge.load = self._answers.load(gauge.pools) or gauge.load
        for gauge in self._gauges.values():
            if gauge.capacity.load == "probe":
                members = self._members(gauge.pools)
                gauge.load = probed(members, self._probe_load, now, gauge.fresh) or gauge.load

    def _members(self, pools: Iterable[PoolKey]) -> Iterable[MemberKey]:
        for key in pools:
            for member in self._steering.vips[key.vip].pools[key.datacenter].members:
                yield MemberKey(*key, member.target)

    def _alarm(self, now: float) -> None:
        silent = sorted(_text(gauge.place) for gauge in self._gauges.values()
                        if gauge.is_silent(now))  # fmt: skip
        if silent:
            few = ", ".join(silent[:8]) + (", …" if len(silent) > 8 else "")  # noqa: PLR2004
            self._alarms.sound(
                ALARM, f"no fresh load of {few}; nothing is shed there until one is told"
            )
        else:
            self._alarms.clear(ALARM, "every capacity has a fresh load")

    def _found_shares(self) -> dict[PoolKey, float]:
        """Give the share of every pool that sheds: the greater of its own and its datacenter's."""
        shares: dict[PoolKey, float] = {}
        for gauge in self._gauges.values():
            if gauge.share:
                for key in gauge.pools:
                    shares[key] = max(shares.get(key, 0.0), gauge.share)
        return shares

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
