"""Why a client gets its answer, over the API: now, if something were gone, or at a time before."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from gslb.api.parts import PARTS, Parts
from gslb.explain import (
    SEED,
    Ask,
    Known,
    Question,
    Weigh,
    compare,
    explain,
    imagine,
    moment,
    read_moment,
    read_targets,
    without,
)
from gslb.health import Observation, Standing, Verdict
from gslb.model import Broken, Fault, Invalid, MemberKey, Refused

IMAGINING = web.AppKey("imagining", asyncio.Lock)
"""Each imagined world is a whole plane: one at a time."""

TRIES = 5  # to imagine while nothing is published


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [web.get("/api/v1/explain", explained)]


async def explained(request: web.Request) -> web.Response:
    """Explain an answer: `?name=www.gslb.example&type=A&client=203.0.113.0/24&via=192.0.2.80`.

    `without` (may be given again) imagines a datacenter, pool or member gone; `at` asks how it was.
    """
    parts = request.app[PARTS]
    query = request.query
    faults = [
        Fault((key,), f"{key} is missing; write ?name=…&type=A&client=203.0.113.7")
        for key in ("name", "client")
        if key not in query
    ]
    if faults:
        raise Invalid(faults)
    question = Question(
        query["name"], query.get("type", "A"), query["client"], query.get("via", "")
    )
    gone, at = query.getall("without", []), query.get("at", "")
    known = Known(
        parts.watch.standing, parts.desk.world.vips, parts.desk.world.maps, parts.atlas.opened
    )
    if not gone and not at:
        return web.json_response(explain(parts.plane, known, question))
    async with request.app[IMAGINING]:
        found = await asyncio.to_thread(_of_one_moment, parts, known, question, gone, at)
    return web.json_response(found)


def _of_one_moment(
    parts: Parts, known: Known, question: Question, gone: Sequence[str], at: str
) -> dict[str, Any]:
    """Explain what is imagined, again if something was published meanwhile: never of two worlds."""
    for _ in range(TRIES):
        generation = parts.plane.generation
        try:
            found = _imagined(parts, known, question, gone, at)
        except (Broken, KeyError):
            if parts.plane.generation == generation:
                raise
            continue
        if parts.plane.generation == generation:
            return found
    raise Refused("the world changed while it was being imagined; ask again")


def _imagined(
    parts: Parts, known: Known, question: Question, gone: Sequence[str], at: str
) -> dict[str, Any]:
    """Explain beside what is now; in a thread, since a plane is made for it."""
    now = time.time()
    steering = parts.desk.world
    when = read_moment(at, now) if at else None
    standing: Ask = parts.watch.standing
    weigh: Weigh = parts.watch.effective
    if when is not None:
        past = parts.watch.past(when)
        standing, weigh = past.standing, past.effective
    keys = read_targets(gone, steering)
    weighed = without(weigh, keys)
    words = []
    if when is not None:
        words.append(f"with the verdicts of {moment(when)} and the configuration of today")
    if gone:
        words.append(f"without {', '.join(gone)}")

    def ask(key: MemberKey) -> Standing | None:
        found = standing(key)
        return _gone(found, now) if key in keys else found

    other = imagine(parts.plane, parts.press, weighed, parts.capacities.imagined(weighed))
    then = explain(other, replace(known, ask=ask), question, SEED)
    what = " and ".join(words)
    return compare(explain(parts.plane, known, question, SEED), then, what) | {
        "imagined": {"without": list(gone), "at": when}
    }


def _gone(found: Standing | None, now: float) -> Standing:
    seen = Observation(ok=False, words="it is imagined to be gone", at=now, took=0.0)
    target = found.target if found else ""
    return Standing(Verdict.DOWN, now, 0, seen, target, 0.0)
