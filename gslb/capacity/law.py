"""From a load to the share of clients to shed. Pure: `now` is an argument, and nothing is stored.

With o the offered load over the limit, L and H the watermarks `shed_from` and `shed_full` as
fractions of it:

    share(o) = 0                        for o <= L
               (o - L) / (H - L + o)    above

The load that stays is o (1 - share) = o H / (H - L + o). At o = L that is L; it grows with o, as
its derivative H (H - L) / (H - L + o)^2 is above 0; and as o grows without end it nears H. So what
stays lies between L and H, whatever is offered.

A load that is told comes from the clients that stay, and clients move only as their resolvers'
records run out, one TTL (`settle`) after the share changed. So the offered load is the told one
over (1 - felt), where `felt` is the share that surely has its effect already, the least of those
in force within the last TTL:

                 told load asks for more (at once)
            ┌───────────────────────────────────────┐
            │                                       ▼
        settled, felt = share                   moving, felt = the share one `settle` ago
            │     ▲                                 │  more asked for: grows again, felt follows
            │     └─────────────────────────────────┘
            │              `settle` has passed since the last change
            │
            └─▶ what stays is below L + share (H - L) by more than MARGIN, or no load is believed:
                at most one STEP back, then moving

All clients that still come were answered under `felt` or a greater share: the offered load is never
taken for more than it is, so a late load cannot make the share run away; and nothing is taken back
before the last change was seen whole. L + share (H - L) is the load that stays where the share is
just right.
Where a load comes by overflow, from clients whom everybody sheds, it does not fall when the share
grows; then the share grows to MOST, and by that rule it is taken back when the load has gone.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

MARGIN: Final = 0.08  # what stays must be this much below the law's before any is taken back
STEP: Final = 0.10  # the most that is taken back in one `settle`
GRAIN: Final = 0.005  # less than this is not worth a change
NOISE: Final = (
    0.10  # an offered load that differs by less is smoothed, one that differs by more not
)
MOST: Final = 0.98  # some clients stay, or nothing would tell when the load has gone


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Where shedding begins, and the load that it keeps below; fractions of the limit."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shedding:
    """How much is shed, and what that rests on.

    `offered` is the smoothed offered load over the limit, NaN before the first. Times are in the
    seconds of `now`: `changed` is that of the last change of `share`, `seen` of the last load.
    `past` has the lower shares before, and until when each was in force.
    """

    share: float = 0.0
    felt: float = 0.0
    offered: float = math.nan
    changed: float = -math.inf
    seen: float = -math.inf
    past: tuple[tuple[float, float], ...] = ()


def share_of(offered: float, marks: Watermarks) -> float:
    """Give the share to shed of an offered load, both as fractions; 0 to below 1."""
    if offered <= marks.low:
        return 0.0
    return (offered - marks.low) / (marks.high - marks.low + offered)


def _expected(share: float, marks: Watermarks) -> float:
    """Give the load that stays where a share is just right: the law, solved for what stays."""
    return marks.low + share * (marks.high - marks.low)


def advance(
    state: Shedding, ratio: float | None, marks: Watermarks, settle: float, now: float
) -> Shedding:
    """Give the state after a load, told as a fraction of the limit; None: no load is believed.

    `settle` is how many seconds a change of the share takes to have its whole effect.
    """
    settled = now - state.changed >= settle
    past = tuple(one for one in state.past if now - one[0] < settle)
    state = replace(state, past=past, felt=past[0][1] if past else state.share)
    if ratio is None:
        return _taken_back(replace(state, offered=math.nan), 0.0, now) if settled else state
    state = _smoothed(state, ratio / (1 - state.felt), settle, now, settled=settled)
    asked = min(share_of(state.offered, marks), MOST)
    if asked > state.share + GRAIN:
        return replace(state, share=asked, past=(*past, (now, state.share)), changed=now)
    stays = state.offered * (1 - state.share)
    calm = stays < _expected(state.share, marks) * (1 - MARGIN)
    return _taken_back(state, asked, now) if settled and calm else state


def _smoothed(
    state: Shedding, offered: float, settle: float, now: float, *, settled: bool
) -> Shedding:
    """Take in an offered load: at once if it is far from what was held, else slowly.

    Before the share has settled an offered load is a lower bound: it can only raise what is held.
    """
    held = state.offered
    if math.isnan(held) or (settled and abs(offered - held) > NOISE * held):
        return replace(state, offered=offered, seen=now)
    if offered > held * (1 + NOISE):
        return replace(state, offered=offered, seen=now)
    if settled:
        weight = 1 - math.exp(-max(now - state.seen, 0.0) / settle)
        held += weight * (offered - held)
    return replace(state, offered=held, seen=now)


def _taken_back(state: Shedding, asked: float, now: float) -> Shedding:
    if state.share <= asked:
        return state
    share = max(asked, state.share - STEP)
    if share <= GRAIN:
        share = 0.0
    return replace(state, share=share, felt=share, changed=now, past=())
