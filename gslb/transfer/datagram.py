"""A signed question over UDP: the plane's answer to it, signed.

Secondaries ask so for the SOA, to see whether a zone has changed (BIND does, if it has a key), and
believe no other answer.
"""

from typing import Protocol

from gslb.transfer.hall import Hall
from gslb.transfer.request import PLAIN_PAYLOAD, read_request


class Datagram(Protocol):
    """What the plane hands over."""

    @property
    def peer(self) -> str:
        """The address that sent it."""

    @property
    def octets(self) -> bytes:
        """The message."""

    def reply(self, octets: bytes) -> None:
        """Send the reply."""


def answer(hall: Hall, datagram: Datagram) -> None:
    """Answer a signed question; OSError if the system will not send the reply."""
    request = read_request(datagram.octets, hall.keys, hall.now)
    if request.reply is not None:
        hall.refused(datagram.peer, "a question over UDP", request.why)
        datagram.reply(request.reply)
        return
    hall.counts["questions"] += 1
    reply = hall.plane.respond(request.plain, datagram.peer, tcp=False)
    if reply is not None:
        longest = min(request.payload or PLAIN_PAYLOAD, hall.payload)
        datagram.reply(request.signed(reply, hall.now, max(longest, PLAIN_PAYLOAD)))
