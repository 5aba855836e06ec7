"""Packets that made the plane panic: each kind is logged once, whole, and sounds an alarm.

A panic drops the one packet that caused it (`plane/src/panics.rs`) and is a bug of gslb. Whoever
sends such packets may send many: what was logged before is only counted, as
`gslb_dns_dropped_total{cause="panic"}`.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from gslb.telemetry import Alarms

LOOK_EVERY = 1.0  # seconds
CALM_AFTER = 3600.0  # seconds without a panic until the alarm ends
KINDS = 100  # messages that are remembered; a node that knows more needs no more of them

_log = logging.getLogger("gslb.panics")


class Panics:
    """Asks the plane for packets that made it panic, and tells the operator of them."""

    def __init__(
        self,
        drain: Callable[[], Sequence[tuple[bytes, str, str]]],
        alarms: Alarms,
        clock: Callable[[], float],
    ) -> None:
        self._drain = drain
        self._alarms = alarms
        self._clock = clock
        self._seen: set[str] = set()
        self._last: float | None = None

    async def follow(self) -> None:
        """Look every second, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self.look()

    def look(self) -> None:
        """Log what is new, and sound the alarm; end it after an hour without a panic."""
        now = self._clock()
        for packet, source, message in self._drain():
            self._last = now
            if message not in self._seen and len(self._seen) < KINDS:
                self._seen.add(message)
                self._tell(packet, source, message)
        if self._last is not None and now - self._last >= CALM_AFTER:
            self._last = None
            self._alarms.clear("plane-panic", "no packet has made the plane panic for an hour")

    def _tell(self, packet: bytes, source: str, message: str) -> None:
        _log.error(
            "a packet from %s made the plane panic and was dropped (%s); "
            "this is a bug of gslb: please report it with the packet: %s",
            source,
            message,
            packet.hex(),
        )
        self._alarms.sound(
            "plane-panic",
            f"a packet made the plane panic and was dropped ({message}); "
            "please report it with the packet, which is in the log",
        )
