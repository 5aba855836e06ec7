"""The kind `http`: one HTTP/1.1 GET (RFC 9112); well by status and, if wanted, by a text.

It follows no redirects and speaks no TLS. It reads no more than it needs: it ends at the status
if no text is wanted, at the text if it is found, and at a limit if neither comes.
"""

import asyncio
import math
from typing import Final

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpResponseParser,
)

from gslb.health.probes.dial import dial
from gslb.health.probes.outcome import Course, Failed
from gslb.health.target import Target
from gslb.model import Broken, HttpProbe

HEADER_LIMIT: Final = 64 * 1024  # octets before the body, interim answers included
BODY_LIMIT: Final = 64 * 1024  # octets of the body in which the text must stand
LONGEST_TEXT: Final = 60  # characters of the wanted text that are told


async def probe(target: Target, course: Course) -> str:
    """Ask once; give the words of success, or Failed with what was wrong."""
    definition = target.probe
    if not isinstance(definition, HttpProbe):
        raise Broken(f"the probe of {target} is not of kind http")
    decided: asyncio.Future[str | Exception] = asyncio.get_running_loop().create_future()
    transport, exchange = await dial(lambda: _Exchange(definition, course, decided), target, course)
    try:
        course.late = "no answer within {}"
        transport.write(_request(definition, target))
        found = await decided
    finally:
        transport.abort()
        exchange.let_go()
    if isinstance(found, Exception):
        raise found
    return found


def _request(definition: HttpProbe, target: Target) -> bytes:
    return (
        f"GET {definition.path} HTTP/1.1\r\n"
        f"Host: {definition.host or target.authority}\r\n"
        "User-Agent: gslb\r\n"
        "Accept: */*\r\n"
        "Accept-Encoding: identity\r\n"
        "Connection: close\r\n\r\n"
    ).encode("ascii")


def _load(value: bytes) -> float | None:
    """Read a load; None if it is not a number from 0 up."""
    try:
        load = float(value)
    except ValueError:
        return None
    return load if math.isfinite(load) and load >= 0 else None


class _Exchange(asyncio.Protocol):
    """What the target answers, until it is decided."""

    def __init__(
        self, definition: HttpProbe, course: Course, decided: "asyncio.Future[str | Exception]"
    ) -> None:
        self._definition = definition
        self._course = course
        self._decided = decided
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._needle = (definition.contains or "").encode()
        self._load_header = (definition.load_header or "").lower().encode()
        self._header_octets = 0
        self._in_body = False
        self._body = bytearray()

    def let_go(self) -> None:
        """Part from the parser, which holds this object: neither waits for the cycle collector."""
        self._parser = None

    # What the transport calls

    def data_received(self, data: bytes) -> None:
        if self._decided.done() or self._parser is None:
            return
        if not self._in_body:
            self._course.late = "header unfinished after {}"
            self._header_octets += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            pass  # 101, decided as any other status
        except HttpParserCallbackError as error:
            self._broke(error)
        except HttpParserError as error:
            self._fail(f"not HTTP: {error}")
        if not self._in_body and self._header_octets > HEADER_LIMIT:
            self._fail(f"header longer than {HEADER_LIMIT // 1024} KiB")

    def eof_received(self) -> None:
        self._ended("closed")

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended("reset" if exc else "closed")

    # What the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._load_header and name.lower() == self._load_header:
            self._course.load = _load(value)

    def on_headers_complete(self) -> None:
        status = self._status()
        if 100 <= status < 200 and status != 101:  # noqa: PLR2004  (interim, RFC 9110 section 15.2)
            return
        self._in_body = True
        if not any(low <= status <= high for low, high in self._definition.status):
            self._fail(f"status {status}, wanted {self._wanted()}")
        elif not self._needle:
            self._succeed(f"status {status}")
        else:
            self._course.late = f"body unfinished after {{}}, without {self._text()} so far"

    def on_body(self, body: bytes) -> None:
        if self._decided.done():
            return
        start = max(0, len(self._body) - len(self._needle) + 1)
        self._body += body[: BODY_LIMIT - len(self._body)]
        if self._body.find(self._needle, start) >= 0:
            self._succeed(f"status {self._status()}, body has {self._text()}")
        elif len(self._body) >= BODY_LIMIT:
            self._fail(f"body lacks {self._text()} in its first {BODY_LIMIT // 1024} KiB")

    def on_message_complete(self) -> None:
        if self._in_body:
            self._fail(f"body lacks {self._text()}")

    # Deciding; the first decision stands. A failure is a result here: an exception set on a future
    # that nobody awaits any more would be logged as forgotten.

    def _ended(self, how: str) -> None:
        if self._in_body:
            self._fail(f"body lacks {self._text()}, {how} after {len(self._body)} octets")
        elif self._header_octets:
            self._fail(f"{how} inside the header")
        else:
            self._fail(f"{how} before a status line")

    def _succeed(self, words: str) -> None:
        if not self._decided.done():
            self._decided.set_result(words)

    def _fail(self, words: str) -> None:
        self._broke(Failed(words))

    def _broke(self, error: Exception) -> None:
        if not self._decided.done():
            self._decided.set_result(error)

    def _status(self) -> int:
        return self._parser.get_status_code() if self._parser else 0

    def _wanted(self) -> str:
        said = self._definition.model_dump(mode="json", include={"status"})
        return ", ".join(said["status"])

    def _text(self) -> str:
        text = repr(self._definition.contains)
        return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
