"""A clock that jumps, for tests of the watch: nothing waits, and every timer is kept."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

ROUNDS = 8  # of the event loop; enough for a probe that answers at once to be taken in


@dataclass(eq=False)
class _Call:
    moment: float
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class MovingClock:
    """Stands still until it is moved."""

    def __init__(self, wall: float = 1_790_000_000.0, now: float = 5_000.0) -> None:
        self._wall_less_now = wall - now
        self._now = now
        self._calls: list[tuple[float, int, _Call]] = []
        self._order = count()

    def wall(self) -> float:
        """Give unix seconds."""
        return self._now + self._wall_less_now

    def now(self) -> float:
        """Give seconds to plan by."""
        return self._now

    def call_at(self, moment: float, call: Callable[[], None]) -> _Call:
        """Call once when the clock is moved there."""
        made = _Call(moment, call)
        heapq.heappush(self._calls, (moment, next(self._order), made))
        return made

    @property
    def waiting(self) -> int:
        """How many calls are to come."""
        return sum(not made.cancelled for _, _, made in self._calls)

    async def advance(self, seconds: float) -> None:
        """Move on, stopping at each call on the way."""
        end = self._now + seconds
        await _rounds()
        while self._calls and self._calls[0][0] <= end:
            moment, _, made = heapq.heappop(self._calls)
            if not made.cancelled:
                self._now = max(self._now, moment)
                made.call()
                await _rounds()
        self._now = max(self._now, end)

    async def jump(self, seconds: float) -> None:
        """Move on at once, as after a suspended machine; what was missed is late."""
        self._now += seconds
        await self.advance(0)


async def _rounds() -> None:
    for _ in range(ROUNDS):
        await asyncio.sleep(0)
