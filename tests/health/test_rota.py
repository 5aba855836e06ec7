"""The rota on a clock that jumps: who is asked when, and what becomes of a probe that crashes."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from moving import MovingClock
from toys import http_target, tcp_target

from gslb.health import Observation, Target
from gslb.health.probes import Outcome
from gslb.health.rota import Rota

GOOD = Outcome(ok=True, words="fine")


class Desk:
    """A rota under test, and all that it did."""

    def __init__(self, seed: str = "node-1", limit: int = 1024) -> None:
        self.clock = MovingClock()
        self.asked: dict[Target, list[float]] = defaultdict(list)
        self.seen: list[tuple[Target, Observation]] = []
        self.answer: Callable[[Target], Awaitable[Outcome]] = self._fine
        self.rota = Rota(self.clock, self._ask, self._observe, seed=seed, limit=limit)

    async def _fine(self, _: Target) -> Outcome:
        return GOOD

    async def _ask(self, target: Target) -> Outcome:
        self.asked[target].append(self.clock.now())
        return await self.answer(target)

    def _observe(self, target: Target, observation: Observation) -> None:
        self.seen.append((target, observation))

    @property
    def starts(self) -> list[float]:
        """When probes started, over all targets."""
        return sorted(at for times in self.asked.values() for at in times)


@asynccontextmanager
async def desk(seed: str = "node-1", limit: int = 1024) -> AsyncIterator[Desk]:
    made = Desk(seed, limit)
    made.rota.start()
    try:
        yield made
    finally:
        await made.rota.stop()


def many(number: int, interval: str = "10s") -> list[Target]:
    return [
        tcp_target(1 + at % 60000, f"192.0.2.{at // 60000}", interval=interval, timeout="100ms")
        for at in range(number)
    ]


def gaps(times: Iterable[float]) -> list[float]:
    return [b - a for a, b in pairwise(times)]


async def test_every_new_target_is_asked_within_a_second() -> None:
    async with desk() as d:
        d.rota.follow(many(500))
        await d.clock.advance(1.0)
        assert len(d.asked) == 500
        assert max(Counter(int((at % 1) * 10) for at in d.starts).values()) < 100


async def test_a_short_interval_is_a_short_window() -> None:
    async with desk() as d:
        d.rota.follow(many(20, "200ms"))
        await d.clock.advance(0.2)
        assert len(d.asked) == 20


async def test_after_the_first_the_interval_is_steady_and_phases_are_spread() -> None:
    async with desk() as d:
        targets = many(1000)
        d.rota.follow(targets)
        await d.clock.advance(101.0)
        for times in d.asked.values():
            first, *steady = gaps(times)
            assert 5 <= first <= 15
            assert steady == pytest.approx([10.0] * len(steady))
            assert len(times) in {10, 11}
        by_second = Counter(int(at) for at in d.starts if 5020 <= at < 5100)
        assert len(by_second) == 80
        assert max(by_second.values()) <= 2 * 100  # twice the mean


async def test_two_nodes_differ_and_one_node_does_not() -> None:
    starts = []
    for seed in ("node-1", "node-2", "node-1"):
        async with desk(seed) as d:
            d.rota.follow(many(20))
            await d.clock.advance(30)
            starts.append(d.starts)
    assert starts[0] == starts[2]
    assert not set(starts[0]) & set(starts[1])


async def test_a_shared_target_is_asked_once() -> None:
    async with desk() as d:
        d.rota.follow([http_target(80), http_target(80), http_target(80)])
        await d.clock.advance(1)
        assert len(d.starts) == 1


async def test_a_removed_target_is_asked_no_more_and_its_probe_is_cancelled() -> None:
    ended: list[Target] = []

    async def hang(target: Target) -> Outcome:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(target)
        raise AssertionError

    async with desk() as d:
        d.answer = hang
        keep, lose = many(2)
        d.rota.follow([keep, lose])
        await d.clock.advance(1)
        assert d.rota.in_flight == 2
        d.rota.follow([keep])
        await d.clock.advance(0)
        assert ended == [lose]
        assert d.rota.in_flight == 1
        await d.clock.advance(60)
        assert len(d.asked[lose]) == 1
        assert d.seen == []
    assert ended == [lose, keep]
    assert d.rota.in_flight == 0
    assert d.clock.waiting == 0


async def test_following_again_disturbs_nobody() -> None:
    async with desk() as one, desk() as other:
        targets = many(10)
        one.rota.follow(targets)
        other.rota.follow(targets)
        for _ in range(30):
            await one.clock.advance(1)
            one.rota.follow([*targets, http_target(80)])
            one.rota.follow(targets)
            await other.clock.advance(1)
        assert one.asked == other.asked


async def test_one_that_comes_back_is_new() -> None:
    async with desk() as d:
        (target,) = many(1)
        d.rota.follow([target])
        await d.clock.advance(1)
        d.rota.follow([])
        d.rota.follow([target])
        await d.clock.advance(1)
        assert len(d.asked[target]) == 2


async def test_a_target_is_never_asked_twice_at_the_same_time() -> None:
    release = asyncio.Event()

    async def slow(_: Target) -> Outcome:
        await release.wait()
        return GOOD

    async with desk() as d:
        d.answer = slow
        (target,) = many(1)
        d.rota.follow([target])
        await d.clock.advance(35)
        assert len(d.asked[target]) == 1
        assert d.rota.overdue() == 1
        release.set()
        await d.clock.advance(0)
        assert len(d.asked[target]) == 2, "late, so at once, and once"
        assert d.rota.overdue() == 0
        await d.clock.advance(40)
        again, *steady = gaps(d.asked[target][1:])
        assert 5 <= again <= 15
        assert steady == pytest.approx([10.0] * len(steady))
        assert len(steady) >= 2


async def test_after_a_jump_of_the_clock_each_is_asked_once() -> None:
    async with desk() as d:
        targets = many(200)
        d.rota.follow(targets)
        await d.clock.advance(20)
        before = len(d.starts)
        await d.clock.jump(3600)
        assert len(d.starts) == before + 200
        await d.clock.advance(4.9)
        assert len(d.starts) == before + 200


async def test_no_more_than_the_limit_are_under_way_and_none_is_forgotten() -> None:
    release = asyncio.Semaphore(0)
    most = 0

    async def slow(_: Target) -> Outcome:
        nonlocal most
        most = max(most, d.rota.in_flight)
        await release.acquire()
        return GOOD

    async with desk(limit=7) as d:
        d.answer = slow
        targets = many(100)
        d.rota.follow(targets)
        await d.clock.advance(2)
        assert d.rota.in_flight == most == 7
        for _ in targets:
            release.release()
        await d.clock.advance(0)
        while len(d.asked) < 100:
            await d.clock.advance(0)
        assert most == 7


async def test_a_crash_is_said_and_the_rota_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def crash(_: Target) -> Outcome:
        raise ZeroDivisionError("oh")

    async with desk() as d:
        d.answer = crash
        targets = many(50)
        d.rota.follow(targets)
        await d.clock.advance(1)
        assert {o.words for _, o in d.seen} == {"prober fault: ZeroDivisionError('oh')"}
        assert {o.ok for _, o in d.seen} == {None}
        said = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert len(said) == 1, "the same fault is logged once a minute"
        assert said[0].exc_info is not None
        assert d.rota.faults == 50
        assert d.rota.failed == 0
        d.answer = d._fine
        d.seen.clear()
        await d.clock.advance(15)
        assert {target for target, _ in d.seen} == set(targets)


async def test_a_probe_that_cancels_itself_is_a_crash(caplog: pytest.LogCaptureFixture) -> None:
    async def cancel(_: Target) -> Outcome:
        raise asyncio.CancelledError

    async with desk() as d:
        d.answer = cancel
        d.rota.follow(many(1))
        await d.clock.advance(30)
        assert len(d.seen) in {3, 4}
        assert d.seen[0][1].words == "prober fault: CancelledError()"
    assert "prober fault" in caplog.text


async def test_an_observer_that_crashes_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = MovingClock()
    asked = 0

    async def ask(_: Target) -> Outcome:
        nonlocal asked
        asked += 1
        return GOOD

    def observe(_: Target, __: Observation) -> None:
        raise ZeroDivisionError

    rota = Rota(clock, ask, observe, seed="node-1")
    rota.follow(many(1))
    assert clock.waiting == 0, "nothing is asked before the start"
    rota.start()
    await clock.advance(41)
    await rota.stop()
    assert asked >= 4
    assert "could not be taken in" in caplog.text


async def test_an_observation_says_when_and_how_long() -> None:
    release = asyncio.Event()

    async def slow(_: Target) -> Outcome:
        await release.wait()
        return Outcome(ok=False, words="status 503")

    async with desk() as d:
        d.answer = slow
        d.rota.follow(many(1))
        await d.clock.advance(1)
        (started,) = d.starts
        release.set()
        await d.clock.advance(0)
        ((_, observation),) = d.seen
        assert observation == Observation(
            ok=False, words="status 503", at=d.clock.wall(), took=d.clock.now() - started
        )
        assert (d.rota.done, d.rota.failed) == (1, 1)
