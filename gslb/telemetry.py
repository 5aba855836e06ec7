"""What the process says about itself: log lines, alarms that stand until cleared, progress."""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

WELL_AFTER = 10.0  # seconds that a task must run, started again, to count as well

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def set_up_log(level: str) -> None:
    """Send log lines to standard error, one sentence a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("aiohttp.access", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something an operator must know: what, in which words, since when (unix seconds)."""

    key: str
    words: str
    since: float


class Alarms:
    """The alarms that stand now. Each is logged when it starts, changes and ends."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._standing: dict[str, Alarm] = {}
        self._log = logging.getLogger("gslb.alarm")

    def sound(self, key: str, words: str) -> None:
        """Start an alarm, or change its words; the same words again are not logged again."""
        old = self._standing.get(key)
        if old is not None and old.words == words:
            return
        self._standing[key] = Alarm(key, words, old.since if old else self._clock())
        self._log.error("%s: %s", key, words)

    def clear(self, key: str, words: str) -> None:
        """End an alarm, if it stands, saying what is well again."""
        if self._standing.pop(key, None) is not None:
            self._log.warning("%s: over: %s", key, words)

    @property
    def standing(self) -> tuple[Alarm, ...]:
        """Every alarm that stands, oldest first."""
        return tuple(sorted(self._standing.values(), key=lambda alarm: alarm.since))


TOLD_EVERY = 1.0  # seconds: work that ends sooner is not told of
COUNT_AT_ONCE = 1 << 15  # things done between two looks at the clock


class Progress:
    """Says in the log how far long work has come, once a second; nothing of work that is short."""

    def __init__(
        self, what: str, total: int, things: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._total = total
        self._things = things
        self._clock = clock
        self._next = clock() + TOLD_EVERY

    def at(self, done: int) -> None:
        """Say how much is done, if it is time to."""
        now = self._clock()
        if now >= self._next:
            self._next = now + TOLD_EVERY
            logging.getLogger("gslb.progress").info(
                "%s: %s of %s %s", self._what, f"{done:,}", f"{self._total:,}", self._things
            )


async def kept_alive(name: str, work: Callable[[], Awaitable[None]], alarms: Alarms) -> None:
    """Run a task that should never end; when it fails say so, and start it again after a second."""
    key = f"task-{name}"
    loop = asyncio.get_running_loop()
    while True:
        well = loop.call_later(WELL_AFTER, alarms.clear, key, f"the task {name} runs")
        try:
            await work()
        except Exception as error:
            logging.getLogger("gslb").exception("the task %s failed and is started again", name)
            alarms.sound(key, f"the task {name} failed ({error!r}) and is started again")
            well.cancel()
            await asyncio.sleep(1)
