"""One connection that left the plane: its transfers, and its other questions, until it is idle.

frame ─▶ signature right? ─▶ a transfer? ─▶ allowed? ─▶ its turn ─▶ messages, as the peer reads
          │ NOTAUTH           │ no           │ REFUSED
                              └─▶ the plane answers, and we sign
"""

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gslb.compiler.serial import SOA, is_newer, serial_of
from gslb.model.names import from_wire
from gslb.transfer import axfr
from gslb.transfer.hall import Hall
from gslb.transfer.listing import Entry, list_zone, soa_entry
from gslb.transfer.packet import (
    AXFR,
    HEADER,
    IXFR,
    LONGEST,
    NOTAUTH,
    SERVFAIL,
    Question,
    error_reply,
    records,
)
from gslb.transfer.request import Request, read_request

STALLED: Final = 30.0  # seconds in which a peer must take something of what is sent to it
TURN: Final = 20.0  # seconds to wait for one's turn before it is refused

_log = logging.getLogger("gslb.transfer")


class Session:
    """Serves one connection until it ends, is idle, or stalls."""

    def __init__(self, hall: Hall, peer: str) -> None:
        self._hall = hall
        self._peer = peer
        self._reader = asyncio.StreamReader()
        self._writer: asyncio.StreamWriter

    async def serve(self, connection: socket.socket, octets: bytes) -> None:
        """Serve a connection; `octets` were read from it before."""
        loop = asyncio.get_running_loop()
        self._reader.feed_data(octets)
        protocol = asyncio.StreamReaderProtocol(self._reader)
        try:
            transport, _ = await loop.create_connection(lambda: protocol, sock=connection)
        except OSError as error:
            connection.close()
            _log.debug("the connection of %s is lost: %r", self._peer, error)
            return
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        try:
            await self._converse()
        except (TimeoutError, OSError) as error:
            _log.debug("the connection of %s ends: %r", self._peer, error)
        finally:
            transport.abort()

    async def _converse(self) -> None:
        """Answer messages; the first refusal is the last word, so that nobody stays for nothing."""
        while (message := await self._read()) is not None:
            if not await self._answer(message):
                break
        self._writer.close()
        async with asyncio.timeout(STALLED):
            await self._writer.wait_closed()  # what was sent is read, or the peer is gone

    async def _read(self) -> bytes | None:
        """Read a message; None at the end of the stream, or when it is idle."""
        try:
            async with asyncio.timeout(self._hall.idle):
                (length,) = struct.unpack("!H", await self._reader.readexactly(2))
                return await self._reader.readexactly(length) if length >= HEADER else None
        except (asyncio.IncompleteReadError, TimeoutError):
            return None

    async def _send(self, message: bytes) -> None:
        self._writer.write(struct.pack("!H", len(message)) + message)
        async with asyncio.timeout(STALLED):
            await self._writer.drain()

    async def _answer(self, message: bytes) -> bool:
        """Answer a message; False if it was refused."""
        request = read_request(message, self._hall.keys, self._hall.now)
        question = request.question
        if request.reply is not None:
            self._hall.refused(self._peer, "a question", request.why)
            await self._send(request.reply)
            return False
        if question is None or question.type not in {AXFR, IXFR}:
            self._hall.counts["questions"] += 1
            await self._reply(request, self._ask_plane(request))
            return True
        return await self._transfer(request, question)

    async def _reply(self, request: Request, reply: bytes | None) -> None:
        if reply is not None:
            await self._send(request.signed(reply, self._hall.now, LONGEST))

    def _ask_plane(self, request: Request) -> bytes | None:
        return self._hall.plane.respond(request.plain, self._peer, tcp=True)

    async def _transfer(self, request: Request, question: Question) -> bool:
        """Answer a question for a zone transfer, or refuse it; False if it may not be asked."""
        kind = "IXFR" if question.type == IXFR else "AXFR"
        origin = from_wire(question.name)
        what = f"{kind} of {origin}"
        soa = self._hall.zones.soas.get(origin)
        if refusal := self._hall.allowed.refusal(self._peer, request.key):
            self._hall.refused(self._peer, what, refusal)
            await self._reply(request, self._ask_plane(request))
            return False
        if soa is None:
            self._hall.refused(self._peer, what, "there is no such zone here")
            await self._reply(request, error_reply(request.plain, NOTAUTH))
        elif kind == "IXFR" and not _is_behind(request.plain, serial_of(soa)):
            await self._stream(request, question, [soa_entry(soa)], self._hall.is_current)
        elif await self._hall.turn(TURN):
            try:
                await self._tell(request, question, origin, kind.lower())
            finally:
                self._hall.turn_ends()
        else:
            self._hall.refused(self._peer, what, f"{TURN:.0f} s passed before its turn came; the "
                               "setting transfers_at_once says how many run")  # fmt: skip
            await self._reply(request, self._ask_plane(request))
        return True

    async def _tell(self, request: Request, question: Question, origin: str, kind: str) -> None:
        """Tell a whole zone; what it is at the beginning is told, whatever is published."""
        start = time.perf_counter()
        document, soa = self._hall.zones.document(origin), self._hall.zones.soas.get(origin)
        if document is None or soa is None:  # it went while this waited
            await self._reply(request, error_reply(request.plain, SERVFAIL))
            return
        serial = serial_of(soa)
        entries = list_zone(document, soa_entry(soa), self._hall.vips)

        def done(messages: int, octets: int) -> None:
            self._hall.told(self._peer, request.key, origin, serial, kind)
            _log.info(
                "%s of %s serial %d to %s%s: %d octets in %d messages, %.2f s",
                *(kind.upper(), origin, serial, self._peer),
                f", signed with {request.key.name}" if request.key else "",
                *(octets, messages, time.perf_counter() - start),
            )

        try:
            await self._stream(request, question, entries, done)
        except (TimeoutError, OSError) as error:
            self._hall.failed(self._peer, f"{kind.upper()} of {origin}", error)
            raise

    async def _stream(
        self,
        request: Request,
        question: Question,
        entries: Iterable[Entry],
        done: Callable[[int, int], None],
    ) -> None:
        """Send records as messages, as fast as the peer reads.

        `done` gets the number of messages and of octets before the last one leaves: who has it all
        can see it counted.
        """
        edns = self._hall.payload if request.payload is not None else None
        stream = axfr.messages(question, entries, spare=request.spare, edns=edns)
        count = octets = 0
        following = await asyncio.to_thread(_next, stream)
        while (message := following) is not None:
            count += 1
            octets += len(message)
            following = await asyncio.to_thread(_next, stream)
            if following is None:
                done(count, octets)
            await self._reply(request, message)


def _next(stream: Iterator[bytes]) -> bytes | None:
    """Make the next message; in a thread, since it is much work."""
    return next(stream, None)


def _is_behind(message: bytes, serial: int) -> bool:
    """Whether an IXFR question, by the SOA in its authority section, has not this serial yet.

    Without a SOA, which it must have (RFC 1995 section 3), everything is told; so it is if neither
    serial is the newer one (RFC 1982 section 3.2).
    """
    for record in records(message):
        if record.type == SOA and record.end - record.data >= 20:  # noqa: PLR2004  (its numbers)
            theirs = int.from_bytes(message[record.end - 20 : record.end - 16], "big")
            return theirs != serial and not is_newer(theirs, serial)
    return True
