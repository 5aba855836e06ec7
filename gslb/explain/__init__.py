"""Why a client gets its answer: the plane's trace of the real decision, told with the verdicts.

Nothing is decided again here. A question is put to the very function that answers packets, with a
witness; what the witness wrote is joined with what the health board knows, so that every
candidate, chosen or not, has a reason. Where a map placed the client, the rules that made its
ranges are asked once more, for this one client, which of them decided.

    question   what is asked, as a packet         reasons    why each candidate won or lost
    places     where the client is, and by which rule it went        sentences  all of it in words
    imagine    the same world with other verdicts: what if, and what was then
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gslb.explain.imagine import Documents, Weigh, imagine, read_targets, without
from gslb.explain.places import as_data, look_at, tell_place
from gslb.explain.question import Question
from gslb.explain.reasons import Ask, give_reasons
from gslb.explain.sentences import tell, tell_distrust
from gslb.explain.times import moment, read_moment
from gslb.geo import Opened
from gslb.model import Map, Vip
from gslb.plane import Plane
from gslb.trace import Trace

SEED = 1
"""Of the draws of two explanations that are compared, so that only what changed shows."""


@dataclass(frozen=True)
class Known:
    """What is known beside the plane's trace: verdicts, the world, the databases."""

    ask: Ask
    vips: Mapping[str, Vip]
    maps: Mapping[str, Map]
    opened: Sequence[Opened]


def explain(
    plane: Plane, known: Known, question: Question, seed: int | None = None
) -> dict[str, Any]:
    """Explain the answer to one question of one client, as JSON-ready data.

    The keys of the plane's trace are kept (`trace.py`); members gain `verdict`, `since`,
    `observation` and `reason`; `place` says where the client is and which rule decided; `unnamed`
    lists pools that no tier of the client names; `sentences` tells the whole. `seed` fixes the
    draws. Invalid names every bad argument.
    """
    packet, source = question.packet()
    trace = plane.explain(packet, source, seed=seed)
    vip = known.vips.get(trace.vip or "")
    give_reasons(trace, known.ask, known.vips)
    unnamed = _unnamed(trace, known.vips)
    found = look_at(trace, known.maps, known.opened)
    placed = list(tell_place(found, known.maps)) if found else []
    told: dict[str, Any] = msgspec.to_builtins(trace)
    sentences = tell(trace, vip, unnamed, placed) if trace.client else tell_distrust(question.via)
    return told | {
        "question": {
            "name": question.name,
            "type": question.rtype,
            "client": question.client,
            "via": question.via or None,
        },
        "place": as_data(found, known.maps) if found else None,
        "unnamed": unnamed,
        "sentences": list(sentences),
    }


def compare(now: Mapping[str, Any], then: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Join two explanations of one question: what is imagined or was, beside what is now."""
    before, after = (_answer(found) for found in (now, then))
    change = f"the answer is the same as now: {after}"
    if before != after:
        change = f"the answer is {after}; now it is {before}"
    first = f"Imagined {what}: {change}."
    return {**then, "now": dict(now), "sentences": [first, *then["sentences"]]}


def _answer(found: Mapping[str, Any]) -> str:
    if found["answers"]:
        return f"{', '.join(found['answers'])} with TTL {found['ttl']} s"
    return str(found["rcode"])


def _unnamed(trace: Trace, vips: Mapping[str, Vip]) -> list[str]:
    """Give the VIP's datacenters that no tier of this client names."""
    vip = vips.get(trace.vip or "")
    named = {datacenter for tier in trace.tiers for datacenter in tier.datacenters}
    return [datacenter for datacenter in vip.pools if datacenter not in named] if vip else []


__all__ = [
    "SEED",
    "Ask",
    "Documents",
    "Known",
    "Question",
    "Weigh",
    "compare",
    "explain",
    "imagine",
    "moment",
    "read_moment",
    "read_targets",
    "without",
]
