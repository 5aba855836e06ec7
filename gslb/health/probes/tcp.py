"""The kind `tcp`: well if a connection is accepted. Sends and reads nothing."""

import asyncio

from gslb.health.probes.dial import dial
from gslb.health.probes.outcome import Course
from gslb.health.target import Target


async def probe(target: Target, course: Course) -> str:
    """Connect and close; give the words of success, or Failed."""
    transport, _ = await dial(asyncio.Protocol, target, course)
    transport.abort()
    return "connected"
