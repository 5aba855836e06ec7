"""The whole watch: real targets on loopback, and a moving clock where time must pass."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from moving import MovingClock
from toys import hangs, page, refused_port, says, toy

from gslb.health import Standing, Target, Verdict, Watch
from gslb.health.probes import Outcome
from gslb.model import Broken, MemberKey, Steering

DEADLINE = 10.0
FAST = {"kind": "http", "interval": "20ms", "timeout": "20ms", "rise": 2, "fall": 2}
A = MemberKey("www.gslb.example.", "tokyo", "192.0.2.1")
B = MemberKey("www.gslb.example.", "paris", "192.0.2.2")


def world(tokyo: int, paris: int, probe: dict[str, Any] | None = None) -> Steering:
    """Two members, probed on loopback ports."""
    here = {"probe_address": "127.0.0.1"}
    return Steering.model_validate(
        {
            "probes": {"web": probe or FAST},
            "vips": {
                "www.gslb.example.": {
                    "probe": "web",
                    "pools": {
                        "tokyo": {
                            "members": [
                                {"address": A.address, "weight": 3, "probe_port": tokyo, **here}
                            ]
                        },
                        "paris": {"members": [{"address": B.address, "probe_port": paris, **here}]},
                    },
                }
            },
        }
    )


class Weights(dict[MemberKey, float]):
    """What was told last of each member."""

    def take(self, changes: Sequence[tuple[MemberKey, float]]) -> None:
        """Take in what is told."""
        self.update(changes)


def standing(watch: Watch, key: MemberKey) -> Standing:
    found = watch.standing(key)
    assert found is not None
    return found


def verdict(watch: Watch, key: MemberKey) -> Verdict:
    return standing(watch, key).verdict


async def test_a_target_dies_and_returns() -> None:
    alive = [True]

    def behave(connection: Any, over: Any) -> None:
        says(page(b"", "200 OK" if alive[0] else "503 Busy"))(connection, over)

    weights = Weights()
    with toy(behave) as site, toy(hangs) as dead:
        async with Watch("node-1", on_weights=weights.take) as watch:
            watch.follow(world(site.port, dead.port))
            assert watch.effective(A) == 3
            assert await watch.settled(DEADLINE)
            assert verdict(watch, A) is Verdict.UP
            assert weights == {B: 0}
            last = standing(watch, B).observation
            assert last is not None
            assert last.words == "no answer within 20ms"
            assert last.took >= 0.019

            alive[0] = False
            assert await watch.until(lambda: verdict(watch, A) is Verdict.DOWN, DEADLINE)
            assert weights == {A: 0, B: 0}
            last = standing(watch, A).observation
            assert last is not None
            assert last.words == "status 503, wanted 200-399"

            alive[0] = True
            assert await watch.until(lambda: verdict(watch, A) is Verdict.UP, DEADLINE)
            assert weights == {A: 3, B: 0}
            facts = watch.facts()
            assert facts.verdicts[Verdict.UP] == facts.verdicts[Verdict.DOWN] == 1
            assert facts.probes > facts.failed >= 3
            assert facts.faults == 0
        assert site.all_closed()
        assert dead.all_closed()
    assert watch.facts().in_flight == 0
    assert len(asyncio.all_tasks()) == 1


async def test_settled_gives_up_at_its_deadline() -> None:
    slow = {"kind": "http", "timeout": "9s"}
    with toy(hangs) as dead:
        async with Watch("node-1", on_weights=Weights().take) as watch:
            watch.follow(world(dead.port, dead.port, slow))
            assert not await watch.settled(0.01)
            assert watch.facts().verdicts[Verdict.UNKNOWN] == 1, "both members share a target"
        assert dead.all_closed()


async def test_nothing_to_probe_is_settled() -> None:
    async with Watch("node-1", on_weights=Weights().take) as watch:
        watch.follow(Steering())
        assert await watch.settled(0)


async def test_a_restart_remembers() -> None:
    refused = refused_port()
    with toy(says(page(b""))) as site:
        steering = world(site.port, refused)
        async with Watch("node-1", on_weights=Weights().take) as watch:
            watch.follow(steering)
            assert await watch.settled(DEADLINE)
            down = standing(watch, B)
            memory = json.loads(json.dumps(watch.memory()))

        again = Watch("node-1", on_weights=Weights().take)
        again.recall(memory)
        again.follow(steering)
        assert await again.settled(0), "the verdicts stand before the first probe"
        assert again.effective(B) == 0
        assert again.effective(A) == 3
        assert standing(again, B) == down
        assert json.loads(json.dumps(again.memory())) == memory
        again.follow(world(site.port, refused + 1 if refused < 65535 else 1))
        assert verdict(again, B) is Verdict.UNKNOWN


def test_what_cannot_be_recalled_is_said_and_left(caplog: pytest.LogCaptureFixture) -> None:
    good = {"verdict": "down", "since": 5, "observation": None}
    watch = Watch("node-1", on_weights=Weights().take)
    text = 'http 127.0.0.1:{} {{"fall":2,"interval":"20ms","timeout":"20ms"}}'
    watch.recall(
        {
            text.format(1001): good,
            text.format(1002): {"verdict": "sideways", "since": 5},
            "x": None,
            "y": {"verdict": "unknown", "since": 5},
        }
    )
    watch.follow(world(1001, 1002))
    assert verdict(watch, A) is Verdict.DOWN
    assert verdict(watch, B) is Verdict.UNKNOWN
    assert caplog.text.count("can't be read") == 2


async def test_unknown_is_not_remembered() -> None:
    watch = Watch("node-1", on_weights=Weights().take)
    watch.follow(world(1001, 1002))
    assert watch.memory() == {}


async def test_a_moving_clock_brings_the_interval() -> None:
    clock = MovingClock()
    asked: list[Target] = []
    well = True

    async def ask(target: Target) -> Outcome:
        asked.append(target)
        return Outcome(ok=well, words="as told")

    weights = Weights()
    async with Watch("node-1", on_weights=weights.take, clock=clock, ask=ask) as watch:
        watch.follow(world(1001, 1002, {"kind": "http", "interval": "10s", "fall": 3}))
        await clock.advance(1)
        assert len(asked) == 2
        await clock.advance(20)
        well = False
        await clock.advance(20)
        assert weights == {}, "two failures of three"
        assert standing(watch, A).streak == 2
        await clock.advance(10)
        assert weights == {A: 0, B: 0}
        assert 0 < clock.wall() - standing(watch, A).since <= 10
        await clock.jump(21)
        assert watch.facts().overdue == 0
        generation = watch.changes.generation
        watch.follow(Steering())
        assert watch.changes.generation == generation + 1
        before = len(asked)
        await clock.advance(60)
        assert len(asked) == before


async def test_a_broken_steering_leaves_the_watch_as_it_was() -> None:
    clock = MovingClock()
    asked = 0

    async def ask(_: Target) -> Outcome:
        nonlocal asked
        asked += 1
        return Outcome(ok=True, words="fine")

    async with Watch("node-1", on_weights=Weights().take, clock=clock, ask=ask) as watch:
        good = world(1001, 1002)
        watch.follow(good)
        with pytest.raises(Broken):
            watch.follow(good.model_copy(update={"probes": {}}))
        await clock.advance(0.02)
        assert asked == 2


async def test_when_telling_fails_the_new_steering_is_still_probed() -> None:
    clock = MovingClock()
    asked: set[int] = set()

    async def ask(target: Target) -> Outcome:
        asked.add(target.port)
        return Outcome(ok=False, words="connect refused")

    fails = [False]

    def on_weights(_: Sequence[tuple[MemberKey, float]]) -> None:
        if fails[0]:
            raise ZeroDivisionError

    async with Watch("node-1", on_weights=on_weights, clock=clock, ask=ask) as watch:
        watch.follow(world(1001, 1002))
        await clock.advance(0.02)
        fails[0] = True
        with pytest.raises(ZeroDivisionError):
            watch.follow(world(1003, 1004))
        fails[0] = False
        await clock.advance(0.02)
        assert asked == {1001, 1002, 1003, 1004}
