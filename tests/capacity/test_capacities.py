"""Loads to words: watermarks of pools and datacenters, stale loads, min_live, restarts, storms."""

from itertools import pairwise
from typing import Any

import pytest

from gslb import snapshot
from gslb.capacity import Capacities
from gslb.capacity.capacities import PART
from gslb.model import Invalid, MemberKey, PoolKey, Refused, Steering
from gslb.telemetry import Alarms

WWW = PoolKey("www.gslb.example.", "tokyo")
API = PoolKey("api.gslb.example.", "tokyo")


def steering(limit: object = None, **pool: Any) -> Steering:
    """Make two VIPs in tokyo; `pool` is added to the pool of www."""
    members = [{"address": f"192.0.2.{number}"} for number in range(1, 5)]
    return Steering.model_validate(
        {
            "datacenters": {"tokyo": {"capacity": limit}},
            "vips": {
                WWW.vip: {"pools": {"tokyo": {"weight": 3, "members": members, **pool}}},
                API.vip: {"pools": {"tokyo": {"members": members[:1]}}},
            },
        }
    )


class Node:
    """Capacities with a clock to move, members to kill, and the words that were told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.weights: dict[MemberKey, float] = {}
        self.probed: dict[MemberKey, tuple[str, float, float]] = {}
        self.told: list[tuple[PoolKey, int]] = []
        self.alarms = Alarms(lambda: self.now)
        self.capacities = self.make()

    def make(self) -> Capacities:
        """Make capacities as the service does."""
        return Capacities(
            weigh=lambda key: self.weights.get(key, 1.0),
            probe_load=self.probed.get,
            on_pools=self.told.extend,
            alarms=self.alarms,
            now=lambda: self.now,
        )

    def step(self, seconds: float = 5.0, **counts: int) -> None:
        """Let time pass, and the loads be read."""
        self.now += seconds
        self.capacities.step({"tokyo": sum(counts.values())} if counts else {})

    def shed(self, key: PoolKey = WWW) -> float:
        """Give the share that a pool's word sheds."""
        return (self.capacities.word(key) >> 32) / snapshot.NO_CAP

    def weight(self, key: PoolKey = WWW) -> float:
        """Give the weight in a pool's word."""
        return (self.capacities.word(key) & 0xFFFF_FFFF) / snapshot.ONE


def test_a_pushed_load_sheds_in_every_pool_of_its_datacenter() -> None:
    node = Node()
    node.capacities.follow(steering({"limit": 1000, "load": "push"}))
    node.capacities.push("tokyo", 1000)
    node.step()
    assert node.shed() == pytest.approx(1 / 6)
    assert node.shed(API) == pytest.approx(1 / 6)
    assert {key for key, _ in node.told} == {WWW, API}
    assert dict(node.told)[WWW] == snapshot.pool_word(3, node.shed())


def test_the_greater_share_of_pool_and_datacenter_counts() -> None:
    node = Node()
    node.capacities.follow(
        steering({"limit": 1000, "load": "push"}, capacity={"limit": 10, "load": "push"})
    )
    node.capacities.push("tokyo", 1000)
    node.capacities.push(WWW, 20)
    node.step()
    assert node.shed() == pytest.approx(6 / 11)
    assert node.shed(API) == pytest.approx(1 / 6)


def test_a_load_that_is_too_old_is_not_believed_and_alarms() -> None:
    node = Node()
    node.capacities.follow(steering({"limit": 1000, "load": "push", "fresh": "60s"}))
    node.capacities.push("tokyo", 1000)
    node.step()
    for _ in range(12):
        node.step()
    assert [alarm.key for alarm in node.alarms.standing] == ["load"]
    assert "tokyo" in node.alarms.standing[0].words
    for _ in range(20):
        node.step()
    assert node.shed() == 0
    node.capacities.push("tokyo", 500)
    node.step()
    assert node.alarms.standing == ()


def test_answers_a_second_are_the_differences_of_the_counters() -> None:
    node = Node()
    node.capacities.follow(steering({"limit": 100}))
    node.step(www=1_000_000, api=5)
    assert node.capacities.gauge("tokyo").load is None
    node.step(www=1_000_400, api=105)
    load = node.capacities.gauge("tokyo").load
    assert load is not None
    assert load.value == 100
    assert node.shed() == pytest.approx(1 / 6)


def test_probed_loads_are_summed_over_targets_each_once() -> None:
    node = Node()
    node.capacities.follow(steering({"limit": 100, "load": "probe"}))
    for number, told_load in enumerate((10.0, 20.0, 30.0, 40.0), 1):
        told = (f"target {number}", told_load, node.now)
        node.probed[MemberKey(*WWW, f"192.0.2.{number}")] = told
        if number == 1:
            node.probed[MemberKey(*API, "192.0.2.1")] = told
    node.step()
    load = node.capacities.gauge("tokyo").load
    assert load is not None
    assert load.value == 100


def test_a_pool_with_too_few_live_members_is_down_and_comes_back() -> None:
    node = Node()
    node.capacities.follow(steering(min_live="50%"))
    keys = [MemberKey(*WWW, f"192.0.2.{number}") for number in range(1, 5)]
    node.capacities.reweigh([(key, 0.0) for key in keys[:2]])
    assert (node.weight(), node.told) == (3, [])
    node.capacities.reweigh([(keys[2], 0.0)])
    assert node.weight() == 0
    assert node.told == [(WWW, snapshot.pool_word(0))]
    assert node.capacities.short() == {WWW: (1, 2)}
    node.capacities.reweigh([(keys[0], 1.0)])
    assert node.weight() == 3


def test_counts_of_live_members_stay_over_edits_elsewhere_and_follow_edits_here() -> None:
    node = Node()
    before = steering(min_live=2)
    node.capacities.follow(before)
    for number in (1, 2, 3):
        key = MemberKey(*WWW, f"192.0.2.{number}")
        node.weights[key] = 0.0
        node.capacities.reweigh([(key, 0.0)])
    node.capacities.follow(before.model_copy(update={"probes": {}}))
    assert node.weight() == 0
    node.capacities.follow(steering(min_live=1))
    assert node.weight() == 3
    node.capacities.follow(steering(min_live=3))
    assert node.weight() == 0


def test_what_is_shed_survives_a_restart_and_an_edit() -> None:
    node = Node()
    capacity = {"limit": 1000, "load": "push"}
    node.capacities.follow(steering(capacity))
    node.capacities.push("tokyo", 2000)
    node.step()
    node.capacities.follow(steering(capacity, weight=5))
    assert node.shed() == pytest.approx(6 / 11)
    memory = node.capacities.memory()
    node.capacities = node.make()
    node.capacities.recall({**memory, "rubbish": "x"})
    node.capacities.follow(steering(capacity))
    assert node.shed() == pytest.approx(6 / 11)


def test_a_load_is_refused_where_it_is_not_pushed() -> None:
    node = Node()
    node.capacities.follow(steering({"limit": 1000}))
    with pytest.raises(Refused, match="comes from answers"):
        node.capacities.push("tokyo", 1)
    with pytest.raises(Invalid, match="has no capacity"):
        node.capacities.push("osaka", 1)


def test_a_step_of_many_pools_is_done_in_small_parts() -> None:
    pool = {"members": [{"address": "192.0.2.1"}]}
    vips = {
        f"v{number}.gslb.example.": {"pools": {"tokyo": pool, "osaka": pool}}
        for number in range(20_000)
    }
    sites = {name: {"capacity": {"limit": 10, "load": "push"}} for name in ("tokyo", "osaka")}
    node = Node()
    node.capacities.follow(Steering.model_validate({"datacenters": sites, "vips": vips}))
    node.capacities.push("tokyo", 20)
    told = [0, *(len(node.told) for _ in node.capacities.steps())]
    assert told[-1] == 20_000
    assert max(after - before for before, after in pairwise(told)) <= PART
    assert len(told) > 40


def test_a_step_ends_where_something_else_is_followed() -> None:
    node = Node()
    node.capacities.follow(steering({"limit": 1000, "load": "push"}))
    node.capacities.push("tokyo", 1000)
    steps = node.capacities.steps()
    next(steps)
    node.capacities.follow(steering(None))
    assert list(steps) == []
    assert node.told == []


def test_a_storm_of_verdicts_tells_of_each_pool_once() -> None:
    vips = {
        f"v{number}.gslb.example.": {
            "pools": {
                "tokyo": {
                    "min_live": 2,
                    "members": [{"address": f"10.0.{at}.{number % 250}"} for at in range(4)],
                }
            }
        }
        for number in range(2500)
    }
    node = Node()
    node.capacities.follow(Steering.model_validate({"datacenters": {"tokyo": {}}, "vips": vips}))
    changes = [
        (MemberKey(f"v{number}.gslb.example.", "tokyo", f"10.0.{at}.{number % 250}"), 0.0)
        for number in range(2500)
        for at in range(4)
    ]
    node.capacities.reweigh(changes)
    assert len(node.told) == len(set(node.told)) == 2500
