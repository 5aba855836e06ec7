"""Who is probed when: one timer over a heap of targets, and a short task for each probe.

A new target is asked once soon (within a second, or its interval if that is shorter), and from
then on at its own phase of its interval:

    follow ─▶ soon ─▶ phase ─▶ phase + interval ─▶ phase + 2 intervals ...
                 half to one and a half
                    intervals later

Soon and phase come from a hash of the node's name and the target, so that targets spread evenly,
nodes differ, and no second of a restart is like the one before. Phases lie on the clock, not on
the end of the last probe: nothing drifts. A probe that comes late is made once, and what was
missed is left out: there are no bursts. A target is never asked twice at the same time.

The rota judges nothing: what a probe saw is handed on as an observation. A probe that crashes is
an observation too, without testimony.
"""

import asyncio
import heapq
import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import count

from gslb.health.clock import Clock, Timer
from gslb.health.judge import Observation
from gslb.health.probes import Outcome
from gslb.health.target import Target

SOON = 1.0  # seconds within which a new target is first asked
EARLY = 0.001  # seconds that an event loop's timer may come before its time
BATCH = 64  # probes started before the event loop gets its turn
LATE = 0.5  # seconds over its interval before a target counts as overdue
IN_FLIGHT = 1024  # probes at one time, unless the caller says otherwise
SAY_AGAIN = 60.0  # seconds before the same prober fault is logged again

_log = logging.getLogger("gslb.health")


@dataclass(slots=True, eq=False)
class _Entry:
    target: Target
    part: float  # 0 to 1: where in the window and in the interval
    due: float
    task: "asyncio.Task[Outcome] | None" = None
    gone: bool = False
    started: float = 0.0


class Rota:
    """Asks every target it follows, in its time, and hands on what was observed."""

    def __init__(
        self,
        clock: Clock,
        ask: Callable[[Target], Awaitable[Outcome]],
        observe: Callable[[Target, Observation], None],
        *,
        seed: str,
        limit: int = IN_FLIGHT,
    ) -> None:
        self._clock = clock
        self._ask = ask
        self._observe = observe
        self._seed = seed.encode()
        self._limit = limit
        self._entries: dict[Target, _Entry] = {}
        self._heap: list[tuple[float, int, _Entry]] = []
        self._order = count()
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._timer: Timer | None = None
        self._armed = 0.0
        self._running = False
        self._said: dict[str, float] = {}
        self.done = 0
        self.failed = 0
        self.faults = 0

    # Starting and stopping

    def start(self) -> None:
        """Begin to ask, on the running event loop."""
        self._running = True
        self._arm()

    async def stop(self) -> None:
        """Ask no more; every probe under way is cancelled and has ended when this returns."""
        self._running = False
        self.follow(())
        self._disarm()
        if self._tasks:
            await asyncio.wait(self._tasks)
            await asyncio.sleep(0)  # aborted transports close their sockets in the next round

    # Who

    def follow(self, targets: Iterable[Target]) -> None:
        """Ask these from now on: new ones soon, others undisturbed; the rest stop at once."""
        wanted = dict.fromkeys(targets)
        lost = [target for target in self._entries if target not in wanted]
        for target in lost:
            self._drop(self._entries.pop(target))
        if lost:
            self._heap = [item for item in self._heap if not item[2].gone]
            heapq.heapify(self._heap)
        now = self._clock.now()
        for target in wanted:
            if target not in self._entries:
                self._entries[target] = self._new(target, now)
        self._arm()

    def _new(self, target: Target, now: float) -> _Entry:
        digest = blake2b(target.text.encode(), key=self._seed[:64], digest_size=8).digest()
        part = int.from_bytes(digest) / 2**64
        entry = _Entry(target, part, now + part * min(target.interval, SOON))
        self._push(entry)
        return entry

    def _drop(self, entry: _Entry) -> None:
        entry.gone = True
        if entry.task is not None:
            entry.task.cancel()

    # When

    def _push(self, entry: _Entry) -> None:
        heapq.heappush(self._heap, (entry.due, next(self._order), entry))

    def _arm(self) -> None:
        """Set the timer to the next target due; a full rota is armed again when a probe ends."""
        if not (self._running and self._heap and len(self._tasks) < self._limit):
            self._disarm()
        elif self._timer is None or self._armed != self._heap[0][0]:
            self._disarm()
            self._armed = self._heap[0][0]
            self._timer = self._clock.call_at(self._armed, self._tick)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        now = self._clock.now() + EARLY
        try:
            for _ in range(BATCH):
                if not self._heap or self._heap[0][0] > now or len(self._tasks) >= self._limit:
                    break
                self._launch(heapq.heappop(self._heap)[2])
        finally:
            self._arm()

    def _launch(self, entry: _Entry) -> None:
        entry.started = self._clock.now()
        entry.task = asyncio.get_running_loop().create_task(self._probe(entry.target))
        self._tasks.add(entry.task)
        entry.task.add_done_callback(partial(self._ended, entry))

    async def _probe(self, target: Target) -> Outcome:
        return await self._ask(target)

    def _again(self, entry: _Entry) -> None:
        """Plan the next probe: the target's first phase point half an interval after this start.

        Half, so that a start that was soon or late is not followed by another at once. The point
        may be past if the probe took long: then the next starts at once.
        """
        interval = entry.target.interval
        phase = entry.part * interval
        step = math.floor((entry.started + interval / 2 - phase) / interval) + 1
        entry.due = step * interval + phase
        self._push(entry)

    # What was seen

    def _ended(self, entry: _Entry, task: "asyncio.Task[Outcome]") -> None:
        self._tasks.discard(task)
        entry.task = None
        if entry.gone:
            if not task.cancelled():
                task.exception()  # seen, and of no interest any more
            self._arm()
            return
        try:
            self._tell(entry, self._outcome(entry.target, task))
        except Exception:  # noqa: BLE001  (whatever it is: it is said, and the rota goes on)
            _log.exception("what was observed of %s could not be taken in", entry.target)
        finally:
            if not entry.gone:
                self._again(entry)
            self._arm()

    def _tell(self, entry: _Entry, outcome: Outcome) -> None:
        self.done += 1
        self.failed += outcome.ok is False
        self.faults += outcome.ok is None
        took = self._clock.now() - entry.started
        self._observe(
            entry.target,
            Observation(outcome.ok, outcome.words, self._clock.wall(), took, outcome.load),
        )

    def _outcome(self, target: Target, task: "asyncio.Task[Outcome]") -> Outcome:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            return task.result()
        words = f"prober fault: {error!r}"
        self._say(target, words, error)
        return Outcome(ok=None, words=words)

    def _say(self, target: Target, words: str, error: BaseException) -> None:
        """Log a prober fault; the same words once a minute, however many targets they meet."""
        now = self._clock.now()
        self._said = {said: at for said, at in self._said.items() if now - at < SAY_AGAIN}
        if words not in self._said:
            self._said[words] = now
            _log.error("%s at %s; its verdict stays", words, target, exc_info=error)

    # Facts

    @property
    def in_flight(self) -> int:
        """How many probes are under way."""
        return len(self._tasks)

    def overdue(self) -> int:
        """How many targets wait for an observation more than an interval after its time."""
        late = self._clock.now() - LATE
        return sum(entry.due + entry.target.interval < late for entry in self._entries.values())
