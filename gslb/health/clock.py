"""The time as the watch sees it: one clock to tell, one to plan by, and a timer.

It plans nothing itself. Limits on a single probe are not here: those are real seconds always.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call to come."""

    def cancel(self) -> None:
        """Take it back; nothing happens if it was made already."""


class Clock(Protocol):
    """What the watch asks of time."""

    def wall(self) -> float:
        """Give unix seconds, to tell people; may jump."""

    def now(self) -> float:
        """Give seconds that never run backwards, to plan by."""

    def call_at(self, moment: float, call: Callable[[], None]) -> Timer:
        """Call once when `now` reaches the moment; soon, never at once, if it is past."""


class SystemClock:
    """The machine's clocks, and the running event loop's timer."""

    def wall(self) -> float:
        """Give unix seconds."""
        return time.time()

    def now(self) -> float:
        """Give monotonic seconds."""
        return time.monotonic()

    def call_at(self, moment: float, call: Callable[[], None]) -> Timer:
        """Call once when `now` reaches the moment, a millisecond more or less."""
        delay = max(0.0, moment - time.monotonic())
        return asyncio.get_running_loop().call_later(delay, call)
