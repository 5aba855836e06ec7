"""NOTIFY (RFC 1996): secondaries are told of each new serial until they acknowledge it.

    a serial is published ─▶ wait a moment for more ─▶ send ─▶ acknowledged: done
                                                        ▲ │
                                                        └─┘ no answer, or an error: 1 s, 2 s, … 60 s

Each zone and secondary has at most one task under way; a newer serial is told by the task that is
there. Whoever does not acknowledge for long is told of by the alarm `notify`.
"""

import asyncio
import logging
import secrets
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from dnslib import OPCODE, RD, RR, DNSHeader, DNSQuestion, DNSRecord

from gslb import snapshot
from gslb.compiler.serial import SOA, serial_of
from gslb.telemetry import Alarms
from gslb.transfer.axfr import label
from gslb.transfer.keys import Key
from gslb.transfer.packet import HEADER, Malformed
from gslb.transfer.secondary import Secondary, Standing
from gslb.transfer.tsig import WORDS, Signer, check, find

GATHER: Final = 0.1  # seconds in which changes become one NOTIFY
FIRST_WAIT: Final = 1.0  # seconds for the first answer; doubled with each try
LONGEST_WAIT: Final = 60.0  # RFC 1996 section 3.6
LATE: Final = 60.0  # seconds without acknowledgement before the alarm
AT_ONCE: Final = 32  # exchanges under way with one secondary
ALARM: Final = "notify"

OUTCOMES: Final = ("sent", "acknowledged", "failed")
"""What is counted: each NOTIFY sent, and what became of it, or that nothing came back."""

_RCODE = 0xF
_REPLY_FLAGS = 0xF800  # QR and opcode
_NOTIFY_REPLY = 0xA000

_log = logging.getLogger("gslb.notify")


def make_notify(soa: snapshot.Rrset, ident: int) -> bytes:
    """Make a NOTIFY that tells a zone's SOA (RFC 1996 sections 3.7 and 4.5)."""
    header = DNSHeader(id=ident, opcode=OPCODE.NOTIFY, aa=1, rd=0)
    message = DNSRecord(header)
    message.add_question(DNSQuestion(label(soa.owner), SOA))
    message.add_answer(RR(label(soa.owner), SOA, ttl=soa.ttl, rdata=RD(soa.rdata[0])))
    return bytes(message.pack())


def read_reply(
    reply: bytes, ident: int, signer: Signer | None, keys: Mapping[bytes, Key], now: float
) -> str | None:
    """Read what came back: "" if it acknowledges, else why not; None if it is no reply to this."""
    if len(reply) < HEADER:
        return None
    found, flags = struct.unpack_from("!HH", reply)
    if found != ident or flags & _REPLY_FLAGS != _NOTIFY_REPLY:
        return None
    try:
        if signer is not None and (words := _distrust(reply, signer, keys, now)):
            return f"it answers {_rcode(flags)}, and {words}"
    except Malformed as error:
        return f"its answer cannot be read: {error}"
    return "" if flags & _RCODE == 0 else f"it answers {_rcode(flags)}; let it take NOTIFY from us"


def _distrust(reply: bytes, signer: Signer, keys: Mapping[bytes, Key], now: float) -> str:
    """Say why the signature of a reply is not right; "" if it is."""
    plain, signature = find(reply)
    if signature is None:
        return f"its answer is not signed; give it the key {signer.key.name}"
    if signature.error:
        return f"says of our signature: {WORDS.get(signature.error, signature.error)}"
    _, error = check(plain, signature, keys, now, signer.mac)
    return f"of its own signature: {WORDS[error]}" if error else ""


def _rcode(flags: int) -> str:
    names = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
    return {9: "NOTAUTH", **dict(enumerate(names))}.get(flags & _RCODE, f"RCODE{flags & _RCODE}")


class Notifier:
    """Tells every secondary of every zone's serial."""

    def __init__(
        self, secondaries: tuple[Secondary, ...], alarms: Alarms, now: Callable[[], float]
    ) -> None:
        self._secondaries = secondaries
        self._alarms = alarms
        self._now = now
        self._soas: Mapping[str, snapshot.Rrset] = {}
        self._standings: dict[tuple[str, str], Standing] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._turns = {one.name: asyncio.Semaphore(AT_ONCE) for one in secondaries}
        self.counts: Counter[str] = Counter()

    def published(self, soas: Mapping[str, snapshot.Rrset]) -> None:
        """Take the SOAs that are answered now; tell of those that are new."""
        self._soas = soas
        for key in [key for key in self._standings if key[0] not in soas]:
            self._standings.pop(key).news.set()  # whoever waits for it looks again
        for origin, soa in soas.items():
            for secondary in self._secondaries:
                self._tell(origin, secondary, serial_of(soa))
        self._judge()

    def _tell(self, origin: str, secondary: Secondary, serial: int) -> None:
        key = (origin, secondary.name)
        standing = self._standings.get(key)
        if standing is None:
            standing = self._standings[key] = Standing(serial, self._now())
        elif standing.serial != serial:
            if standing.is_settled:  # else it waits since before
                standing.told_since = self._now()
            standing.serial = serial
            standing.attempts = 0
            standing.news.set()
        if not standing.is_settled and not self._is_being_told(key):
            task = asyncio.get_running_loop().create_task(self._until_acknowledged(key, secondary))
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._forget(key))

    def _is_being_told(self, key: tuple[str, str]) -> bool:
        """Whether a task will look at the standing again; one that ended stays listed a while."""
        task = self._tasks.get(key)
        return task is not None and not task.done()

    def _forget(self, key: tuple[str, str]) -> None:
        """Take an ended task off the list, unless another one stands in its place already."""
        if not self._is_being_told(key):
            self._tasks.pop(key, None)

    async def close(self) -> None:
        """Stop telling."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def standings(self, origin: str) -> dict[str, Standing]:
        """Give how a zone stands at each secondary, by the secondary's name."""
        return {name: found for (zone, name), found in self._standings.items() if zone == origin}

    async def _until_acknowledged(self, key: tuple[str, str], secondary: Secondary) -> None:
        origin = key[0]
        await asyncio.sleep(GATHER)
        while (standing := self._standings.get(key)) is not None and not standing.is_settled:
            soa = self._soas[origin]
            serial = serial_of(soa)
            wait = min(FIRST_WAIT * 2**standing.attempts, LONGEST_WAIT)
            standing.attempts = min(standing.attempts + 1, 32)
            standing.news.clear()
            give_up = asyncio.get_running_loop().time() + wait
            async with self._turns[secondary.name]:
                words = await self._exchange(secondary, soa, wait)
            self._note(origin, secondary, standing, serial, words)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(give_up if words else 0):
                    await standing.news.wait()
            if not standing.is_settled:
                await asyncio.sleep(GATHER)

    def _note(
        self, origin: str, secondary: Secondary, standing: Standing, serial: int, words: str
    ) -> None:
        if words:
            self.counts["failed"] += 1
            if words != standing.words:
                _log.warning(
                    "%s does not acknowledge %s serial %d: %s; it is told again",
                    *(secondary.name, origin, serial, words),
                )
            standing.words = words
        else:
            self.counts["acknowledged"] += 1
            _log.info("%s acknowledges %s serial %d", secondary.name, origin, serial)
            standing.acknowledged = serial
            standing.acknowledged_at = self._now()
            standing.words = ""
        self._judge()

    async def _exchange(self, secondary: Secondary, soa: snapshot.Rrset, wait: float) -> str:
        """Send one NOTIFY and wait for its answer; "" if it acknowledges, else why not."""
        ident = secrets.randbits(16)
        message = make_notify(soa, ident)
        signer = Signer(secondary.key) if secondary.key else None
        if signer is not None:
            message = signer.sign(message, self._now())
        self.counts["sent"] += 1
        keys = {secondary.key.wire: secondary.key} if secondary.key else {}

        def read(reply: bytes) -> str | None:
            return read_reply(reply, ident, signer, keys, self._now())

        try:
            async with asyncio.timeout(wait):
                return await _ask(secondary, message, read)
        except TimeoutError:
            return "no answer"
        except OSError as error:
            return f"it cannot be reached: {error.strerror or error}"

    def _judge(self) -> None:
        """Sound the alarm while somebody has not acknowledged for long."""
        now = self._now()
        late: dict[str, list[str]] = {}
        for (origin, name), standing in sorted(self._standings.items()):
            if not standing.is_settled and standing.words and now - standing.told_since > LATE:
                late.setdefault(f"{name} ({standing.words})", []).append(origin)
        if late:
            told = "; ".join(f"{name}: {_some(origins)}" for name, origins in late.items())
            self._alarms.sound(
                ALARM, f"secondaries do not acknowledge changes, and may answer old ones: {told}"
            )
        else:
            self._alarms.clear(ALARM, "every secondary has acknowledged")

    def facts(self, origin: str) -> dict[str, Any]:
        """Give how a zone stands at each secondary, ready for JSON."""
        return {name: found.facts() for name, found in self.standings(origin).items()}


def _some(origins: list[str]) -> str:
    shown = 3
    more = f" and {len(origins) - shown} more" if len(origins) > shown else ""
    return ", ".join(origins[:shown]) + more


class _Exchange(asyncio.DatagramProtocol):
    """Waits for the one reply that counts."""

    def __init__(self, read: Callable[[bytes], str | None]) -> None:
        self._read = read
        self.found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _: Any) -> None:
        words = self._read(data)
        if words is not None and not self.found.done():
            self.found.set_result(words)

    def error_received(self, exc: Exception) -> None:
        if not self.found.done():
            self.found.set_exception(exc)


async def _ask(secondary: Secondary, message: bytes, read: Callable[[bytes], str | None]) -> str:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _Exchange(read), remote_addr=(secondary.host, secondary.port)
    )
    try:
        transport.sendto(message)
        return await protocol.found
    finally:
        transport.close()
