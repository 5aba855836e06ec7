"""Probes: one way of asking a kind, in a file of its name; here is the list of them.

A kind is `async def probe(target, course) -> words`: it returns when the target is well, raises
Failed when it is not, writes into `course` what it waits for, and closes what it opened however
it ends. It has no limit of its own: `ask` gives it one for the whole probe.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from gslb.health.probes import http, tcp
from gslb.health.probes.outcome import Course, Failed, Outcome
from gslb.health.target import Target
from gslb.model.values import format_duration

Kind = Callable[[Target, Course], Awaitable[str]]

KINDS: Final[Mapping[str, Kind]] = {"http": http.probe, "tcp": tcp.probe}


async def ask(target: Target) -> Outcome:
    """Probe a target once, within its timeout in all."""
    course = Course()
    milliseconds = target.probe.timeout
    try:
        async with asyncio.timeout(milliseconds / 1000):
            words = await KINDS[target.probe.kind](target, course)
            return Outcome(ok=True, words=words, load=course.load)
    except Failed as failed:
        return Outcome(ok=False, words=str(failed))
    except TimeoutError:
        return Outcome(ok=False, words=course.told(format_duration(milliseconds)))


__all__ = ["KINDS", "Course", "Failed", "Kind", "Outcome", "ask"]
