"""From observations to a verdict. Pure: no clock, no I/O, no weights.

              first: well              `fall` failures in a row
    unknown ───────────────▶ up ─────────────────────────────────▶ down
       │                      ◀─────────────────────────────────────▲
       │                       `rise` successes in a row            │
       └────────────────────────────────────────────────────────────┘
              first: failed

    drained: an operator's word; observations are noted and change nothing. Not set by anyone yet.

What one observation does (streak: observations in a row that contradict the verdict):

    verdict   observation   streak + 1        next verdict   next streak
    unknown   well          -                 up             0
    unknown   failed        -                 down           0
    up        well          -                 up             0
    up        failed        less than fall    up             streak + 1
    up        failed        fall or more      down           0
    down      failed        -                 down           0
    down      well          less than rise    down           streak + 1
    down      well          rise or more      up             0
    drained   any           -                 drained        0
    any       no testimony  -                 the same       the same

No testimony (`ok` is None) means that the prober failed, and not the target: it is noted, so that
people see it, and it neither takes a member out nor brings it back.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Verdict(StrEnum):
    """What is held to be true of a target."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
    DRAINED = "drained"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one probe saw: well or not, in which words, when (unix seconds), how long it took (s).

    `ok` is None where the prober itself failed and nothing was learned about the target. `load` is
    what the target told of its load, None if it told nothing.
    """

    ok: bool | None
    words: str
    at: float
    took: float
    load: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A verdict, since when (unix seconds), and what may change it."""

    verdict: Verdict
    since: float
    streak: int = 0
    last: Observation | None = None


def judge(state: State, observation: Observation, rise: int, fall: int) -> State:
    """Give the state after an observation; `rise` and `fall` are at least 1."""
    noted = replace(state, last=observation)
    if observation.ok is None:
        return noted
    seen = Verdict.UP if observation.ok else Verdict.DOWN
    if state.verdict in (seen, Verdict.DRAINED):
        return replace(noted, streak=0)
    needed = {Verdict.UP: fall, Verdict.DOWN: rise}.get(state.verdict, 1)
    if state.streak + 1 < needed:
        return replace(noted, streak=state.streak + 1)
    return State(seen, observation.at, 0, observation)
