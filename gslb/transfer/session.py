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
from dataclasses import dataclass
from typing import Final

from gslb.compiler.serial import SOA, is_newer, serial_of
from gslb.model.names import from_wire
from gslb.transfer import axfr, tsig
from gslb.transfer.hall import Hall
from gslb.transfer.keys import Key
from gslb.transfer.listing import Entry, list_zone, soa_entry
from gslb.transfer.packet import (
    AXFR,
    FORMERR,
    HEADER,
    IXFR,
    LONGEST,
    NOTAUTH,
    OPT,
    SERVFAIL,
    Malformed,
    Question,
    error_reply,
    read_question,
    records,
    truncated,
)

STALLED: Final = 30.0  # seconds in which a peer must take something of what is sent to it
TURN: Final = 20.0  # seconds to wait for one's turn before it is refused

_log = logging.getLogger("gslb.transfer")


@dataclass(slots=True)
class Request:
    """A message and who sent it; `plain` is without its signature, `reply` an error or None."""

    plain: bytes
    question: Question | None
    signer: tsig.Signer | None = None
    reply: bytes | None = None
    why: str = ""

    @property
    def key(self) -> Key | None:
        """The key that it is rightly signed with."""
        return self.signer.key if self.signer else None


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
        transport, _ = await loop.create_connection(lambda: protocol, sock=connection)
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        try:
            while (message := await self._read()) is not None:
                await self._answer(message)
        except (TimeoutError, OSError) as error:
            _log.debug("the connection of %s ends: %r", self._peer, error)
        finally:
            transport.abort() if self._is_stalled() else self._writer.close()

    def _is_stalled(self) -> bool:
        return self._writer.transport.get_write_buffer_size() > 0

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

    async def _answer(self, message: bytes) -> None:
        request = self._check(message)
        question = request.question
        if request.reply is not None:
            self._hall.refused(self._peer, "a question", request.why)
            await self._send(request.reply)
        elif question is None or question.type not in {AXFR, IXFR}:
            self._hall.counts["questions"] += 1
            await self._reply(request, self._hall.plane.respond(request.plain, self._peer))
        else:
            await self._transfer(request, question)

    def _check(self, message: bytes) -> Request:
        """Look at a message's signature (RFC 8945 section 5.2)."""
        try:
            plain, signature = tsig.find(message)
            if signature is None:
                return Request(message, read_question(message))
            key, error = tsig.check(plain, signature, self._hall.keys, self._hall.now())
        except Malformed as fault:
            return Request(message, None, reply=error_reply(message, FORMERR), why=str(fault))
        if error or key is None:
            reply = tsig.rejected(message, signature, key, error, self._hall.now())
            name = from_wire(signature.key)
            why = f"signed with {name}, but {tsig.WORDS.get(error, error)}"
            return Request(plain, None, reply=reply, why=why)
        plain = message[:2] + plain[2:]  # the id of who asks now, if somebody stands between
        return Request(plain, read_question(plain), tsig.Signer(key, signature.mac))

    async def _reply(self, request: Request, reply: bytes | None) -> None:
        """Send a reply, signed if its question was (RFC 8945 section 5.3)."""
        if reply is None:
            return
        if request.signer is not None:
            if len(reply) + self._spare(request) > LONGEST:
                reply = truncated(reply)
            reply = request.signer.sign(reply, self._hall.now())
        await self._send(reply)

    @staticmethod
    def _spare(request: Request) -> int:
        return len(request.key.wire) + tsig.OVERHEAD if request.key else 0

    async def _transfer(self, request: Request, question: Question) -> None:
        """Answer a question for a zone transfer, or refuse it."""
        kind = "IXFR" if question.type == IXFR else "AXFR"
        origin = from_wire(question.name)
        what = f"{kind} of {origin}"
        soa = self._hall.zones.soas.get(origin)
        if refusal := self._hall.allowed.refusal(self._peer, request.key):
            self._hall.refused(self._peer, what, refusal)
            await self._reply(request, self._hall.plane.respond(request.plain, self._peer))
        elif soa is None:
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
            await self._reply(request, self._hall.plane.respond(request.plain, self._peer))

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
        edns = self._hall.payload if _has_edns(request.plain) else None
        stream = axfr.messages(question, entries, spare=self._spare(request), edns=edns)
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


def _has_edns(message: bytes) -> bool:
    return any(record.type == OPT for record in records(message))


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
