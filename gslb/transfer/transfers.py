"""A node's zone transfers: connections taken from the plane, and secondaries told of changes."""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, Self

from gslb.compiler.serial import is_newer, serial_of
from gslb.plane import Plane
from gslb.settings import WireSettings
from gslb.telemetry import Alarms
from gslb.transfer.datagram import answer
from gslb.transfer.hall import Hall, Zones
from gslb.transfer.keys import read_keys
from gslb.transfer.notify import Notifier
from gslb.transfer.secondary import read_secondaries
from gslb.transfer.session import Session

SESSIONS: Final = 256  # connections held here at once; more are closed
ALARM: Final = "serial"

_log = logging.getLogger("gslb.transfer")


class Transfers:
    """Serves transfers and tells of changes; a context manager, from before the plane starts.

    Invalid, with every fault, if the settings name keys that are not there or not right.
    """

    def __init__(
        self,
        settings: WireSettings,
        plane: Plane,
        zones: Zones,
        alarms: Alarms,
        now: Callable[[], float],
    ) -> None:
        keys = read_keys(settings.transfer_keys)
        self._plane = plane
        self._zones = zones
        self._alarms = alarms
        self._sessions: set[asyncio.Task[None]] = set()
        self._highest: dict[str, int] = {}
        self.hall = Hall(settings, keys, plane, zones, now)
        self.notifier = Notifier(read_secondaries(settings.notify, keys), alarms, now)
        self._serves = settings.transfers
        if settings.notify and not settings.transfers:
            _log.warning(
                "notify names secondaries, but nobody may transfer: "
                "set transfer_to or transfer_keys"
            )

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._plane.handover_fd, self._take)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._plane.handover_fd >= 0:
            asyncio.get_running_loop().remove_reader(self._plane.handover_fd)
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self.notifier.close()

    def published(self) -> None:
        """Take note of what is answered now: tell the secondaries, and watch the serials."""
        self.notifier.published(self._zones.soas)
        if self._serves:
            self._watch(self.serials)

    def _watch(self, serials: Mapping[str, int]) -> None:
        """Sound the alarm for serials that went back: no secondary would follow them."""
        back = []
        for origin, serial in serials.items():
            highest = self._highest.setdefault(origin, serial)
            if is_newer(serial, highest):
                self._highest[origin] = serial
            elif serial != highest:
                back.append(f"{origin} (from {highest} to {serial})")
        if back:
            self._alarms.sound(
                ALARM,
                f"the serial went back, so that secondaries keep the old zone: {', '.join(back)}; "
                "write a higher one into the SOA record, by as much as it went back or more",
            )
        else:
            self._alarms.clear(ALARM, "every serial is higher than before")

    def _take(self) -> None:
        """Take what the plane has handed over."""
        self._take_connections()
        for datagram in self._plane.handed_datagrams():
            try:
                answer(self.hall, datagram)
            except OSError as error:
                _log.debug("a reply to %s cannot be sent: %r", datagram.peer, error)
            except Exception:  # noqa: BLE001  (one datagram may not cost the others their answers)
                _log.exception("a signed question of %s failed", datagram.peer)

    def _take_connections(self) -> None:
        for descriptor, peer, octets in self._plane.handed_over():
            connection = socket.socket(fileno=descriptor)
            if len(self._sessions) >= SESSIONS:
                connection.close()
                self.hall.refused(peer, "a connection", f"{SESSIONS} are held already")
                continue
            work = _logged(Session(self.hall, peer).serve(connection, octets), peer)
            session = asyncio.get_running_loop().create_task(work)
            self._sessions.add(session)
            session.add_done_callback(self._sessions.discard)

    @property
    def serials(self) -> dict[str, int]:
        """The SOA serial of each zone, by origin."""
        return {origin: serial_of(soa) for origin, soa in self._zones.soas.items()}

    def facts(self) -> dict[str, Any]:
        """Give every zone's serial, its secondaries, and its last transfers, ready for JSON."""
        return {
            origin: {
                "serial": serial,
                "secondaries": self.notifier.facts(origin),
                "transfers": self.hall.facts(origin),
            }
            for origin, serial in sorted(self.serials.items())
        }


async def _logged(work: Coroutine[Any, Any, None], peer: str) -> None:
    """Serve a connection; what goes wrong on our side is told of, and ends only that one."""
    try:
        await work
    except Exception:  # noqa: BLE001  (whatever it is, the others go on)
        _log.exception("the connection of %s is closed, since serving it failed", peer)
