"""The watch: one door to all of health.

    async with Watch("node-1", on_weights=press.reweigh) as watch:
        watch.recall(memory)            # after a restart: the verdicts that stood
        watch.follow(world)             # probe what this names, and nothing else
        await watch.settled(5.0)        # every target has a verdict, or the time is up

It answers nothing and stores nothing: weights leave through `on_weights`, at the moment of the
verdict; `memory` is data for someone else to keep.
"""

import resource
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from gslb.health import memory
from gslb.health.board import Board, OnWeights, Past, Standing
from gslb.health.changes import Changes
from gslb.health.clock import Clock, SystemClock
from gslb.health.judge import Observation, State, Verdict
from gslb.health.probes import Outcome, ask
from gslb.health.rota import Rota
from gslb.health.target import Target
from gslb.model import MemberKey, Steering

MOST_IN_FLIGHT = 4096


@dataclass(frozen=True, slots=True)
class Facts:
    """The watch in numbers. `probes`, `failed` and `faults` count from the start.

    `faults` are probes that failed by our own fault; `overdue` are targets whose
    observation is more than an interval late; `in_flight` are probes under way.
    """

    verdicts: dict[Verdict, int]
    probes: int
    failed: int
    faults: int
    overdue: int
    in_flight: int


class Watch:
    """Probes what a steering names, and knows how every member stands."""

    def __init__(
        self,
        node: str,
        *,
        on_weights: OnWeights,
        clock: Clock | None = None,
        ask: Callable[[Target], Awaitable[Outcome]] = ask,
    ) -> None:
        clock = clock or SystemClock()
        self.changes = Changes()
        self._board = Board(clock.wall, on_weights)
        self._rota = Rota(clock, ask, self._observe, seed=node, limit=_room())
        self._remembered: dict[str, State] = {}

    async def __aenter__(self) -> Self:
        self._rota.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._rota.stop()

    # What it is told

    def follow(self, steering: Steering) -> None:
        """Probe what this steering names, from now on.

        Weights of its members are right when this returns. Broken if it names what is not there.
        """
        try:
            self._board.follow(steering, self._remembered)
            self._remembered = {}
        finally:  # also where telling failed: board and rota never part
            self._rota.follow(self._board.targets)
            self.changes.tell()

    def recall(self, remembered: Mapping[str, Any]) -> None:
        """Let these verdicts (from `memory`) stand for targets that the next `follow` brings.

        They stand until observations overturn them by rise or fall, as any other verdict.
        """
        self._remembered = memory.recall(remembered)

    def _observe(self, target: Target, observation: Observation) -> None:
        try:
            self._board.observe(target, observation)
        finally:
            self.changes.tell()

    # What it knows

    def effective(self, key: MemberKey) -> float:
        """Give a member's effective weight; Broken if it is not followed."""
        return self._board.effective(key)

    def standing(self, key: MemberKey) -> Standing | None:
        """Say how a member stands; None if it is not probed: then it counts as up."""
        return self._board.standing(key)

    def past(self, at: float) -> Past:
        """Give how members stood at a time, unix seconds; Refused if that is not known."""
        return self._board.past(at)

    def load(self, key: MemberKey) -> tuple[str, float, float] | None:
        """Give what a member's target told last of its load: target, load, unix seconds."""
        return self._board.load(key)

    def standings(self) -> Iterator[tuple[MemberKey, Standing]]:
        """Give every probed member's standing."""
        return self._board.standings()

    def memory(self) -> dict[str, dict[str, Any]]:
        """Give the verdicts, ready for JSON and for `recall`."""
        return memory.remember(self._board.states())

    def facts(self) -> Facts:
        """Count."""
        rota = self._rota
        return Facts(
            self._board.verdicts(),
            rota.done,
            rota.failed,
            rota.faults,
            rota.overdue(),
            rota.in_flight,
        )

    async def settled(self, deadline_seconds: float) -> bool:
        """Wait until every target has a verdict; False if the time is up before."""
        return await self.until(lambda: not self._board.unknown, deadline_seconds)

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition on the watch holds; False if the time is up before."""
        return await self.changes.until(holds, seconds)


def _room() -> int:
    """Give how many probes may be under way: at most half of the files we may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_IN_FLIGHT if soft < 0 else max(16, min(MOST_IN_FLIGHT, soft // 2))
