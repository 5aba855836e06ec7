"""Opening a TCP connection, and why it did not open, in words. Sends and reads nothing."""

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Final, TypeVar

from gslb.health.probes.outcome import Course, Failed
from gslb.health.target import Target

P = TypeVar("P", bound=asyncio.Protocol)

OURS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors that tell of this machine and not of the target: raised as they are."""

_WORDS: Final = {
    errno.ECONNREFUSED: "connect refused",
    errno.ECONNRESET: "connect reset",
    errno.ETIMEDOUT: "connect timed out in the kernel",
}


async def dial(
    make: Callable[[], P], target: Target, course: Course
) -> tuple[asyncio.Transport, P]:
    """Connect; Failed in words if the target can't be reached. The caller aborts the transport."""
    course.late = "connect timed out after {}"
    loop = asyncio.get_running_loop()
    try:
        transport, protocol = await loop.create_connection(make, target.address, target.port)
    except OSError as error:
        if error.errno in OURS:
            raise
        raise Failed(connect_words(error)) from error
    # On loopback TCP may connect a free ephemeral port to itself (simultaneous open, RFC 9293
    # section 3.5): then nobody listens there.
    if transport.get_extra_info("sockname") == transport.get_extra_info("peername"):
        transport.abort()
        raise Failed(_WORDS[errno.ECONNREFUSED])
    return transport, protocol


def connect_words(error: OSError) -> str:
    """Say why a connection did not open."""
    number = error.errno or 0
    reason = os.strerror(number) if number else str(error)
    return _WORDS.get(number) or f"connect: {reason[:1].lower()}{reason[1:]}"
