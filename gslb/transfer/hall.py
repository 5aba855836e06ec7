"""What all transfers share: the zones, who may have them, whose turn it is, and what was done."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gslb import snapshot
from gslb.plane import Plane
from gslb.settings import WireSettings
from gslb.transfer.allow import Allowed
from gslb.transfer.keys import Key, Keys
from gslb.transfer.listing import Vips

REMEMBERED: Final = 1000  # zones and peers whose last transfer is told
RESULTS: Final = ("axfr", "ixfr", "current", "refused", "failed", "questions")
"""What is counted: whole zones told, IXFR of who had it already, what was refused, what broke off,
and other questions on connections that were handed over."""

QUIET: Final = 60.0  # seconds in which the same refusal of the same peer is not logged again
LINES: Final = 30  # refusals logged in that time; sources may be forged, and differ each time

_log = logging.getLogger("gslb.transfer")


class Zones(Protocol):
    """What is answered from: the press."""

    @property
    def soas(self) -> Mapping[str, snapshot.Rrset]:
        """The SOA of each zone, by origin."""

    def document(self, origin: str) -> bytes | None:
        """Give a zone's document."""


@dataclass(frozen=True, slots=True)
class Told:
    """A transfer that was done: which serial, at what time, signed with which key."""

    serial: int
    at: float
    key: str | None
    kind: str


class Hall:
    """Where sessions meet; it counts `RESULTS`."""

    def __init__(
        self,
        settings: WireSettings,
        keys: Keys,
        plane: Plane,
        zones: Zones,
        now: Callable[[], float],
    ) -> None:
        self.keys = keys
        self.plane = plane
        self.zones = zones
        self.now = now
        self.allowed = Allowed(settings.transfer_to)
        self.vips: Vips = settings.transfer_vips
        self.payload = settings.udp_payload
        self.idle = settings.tcp_idle / 1000  # seconds
        self.counts: Counter[str] = Counter()
        self.running = 0
        self._turns = asyncio.Semaphore(settings.transfers_at_once)
        self._told: dict[tuple[str, str], Told] = {}
        self._logged: set[tuple[str, str, str]] = set()
        self._logged_since = -QUIET

    async def turn(self, seconds: float) -> bool:
        """Wait for one's turn to transfer; False if it did not come in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._turns.acquire()
        except TimeoutError:
            return False
        self.running += 1
        return True

    def turn_ends(self) -> None:
        """Let the next one have its turn."""
        self.running -= 1
        self._turns.release()

    def told(self, peer: str, key: Key | None, origin: str, serial: int, kind: str) -> None:
        """Note that a zone was told."""
        self.counts[kind] += 1
        place = (origin, peer)
        self._told.pop(place, None)  # the newest stand last
        if len(self._told) >= REMEMBERED:
            del self._told[next(iter(self._told))]
        self._told[place] = Told(serial, self.now(), key.name if key else None, kind)

    def is_current(self, *_: object) -> None:
        """Note that somebody asked for what is newer, and has it already."""
        self.counts["current"] += 1

    def refused(self, peer: str, what: str, why: str) -> None:
        """Note that something was refused, and log it, though not again and again."""
        self.counts["refused"] += 1
        now = self.now()
        if not 0 <= now - self._logged_since < QUIET:
            self._logged, self._logged_since = set(), now
        if (peer, what, why) in self._logged or len(self._logged) > LINES:
            return
        self._logged.add((peer, what, why))
        if len(self._logged) > LINES:
            _log.warning(
                "more is refused, and not logged for up to %.0f s; "
                'gslb_transfers_total{result="refused"} counts on',
                QUIET,
            )
        else:
            _log.warning("%s is refused to %s: %s", what, peer, why)

    def failed(self, peer: str, what: str, error: Exception) -> None:
        """Note that a transfer broke off."""
        self.counts["failed"] += 1
        reason = "it reads no more" if isinstance(error, TimeoutError) else str(error)
        _log.warning("%s to %s broke off: %s", what, peer, reason)

    def facts(self, origin: str) -> dict[str, Any]:
        """Give the last transfer of a zone to each peer, ready for JSON."""
        return {
            peer: {"serial": told.serial, "at": told.at, "key": told.key, "kind": told.kind}
            for (zone, peer), told in self._told.items()
            if zone == origin
        }
