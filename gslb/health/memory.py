"""Verdicts as data for the state folder, and back. Reads and writes no file.

    {TARGET: {"verdict": "down", "since": 1790000000.0,
              "observation": {"ok": false, "words": "connect refused", "at": ..., "took": ...}}}

TARGET is `Target.text`. Unknown is not remembered. A streak is not either: after a restart a
change of verdict takes its full rise or fall again.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from gslb.health.judge import Observation, State, Verdict
from gslb.health.target import Target

KEPT: Final = (Verdict.UP, Verdict.DOWN)

_log = logging.getLogger("gslb.health")


class _Remembered(msgspec.Struct):
    verdict: Verdict
    since: float
    observation: Observation | None = None


def remember(states: Iterable[tuple[Target, State]]) -> dict[str, dict[str, Any]]:
    """Give the verdicts that are known, ready for JSON."""
    return {
        target.text: {
            "verdict": str(state.verdict),
            "since": state.since,
            "observation": msgspec.to_builtins(state.last),
        }
        for target, state in states
        if state.verdict in KEPT
    }


def recall(memory: Mapping[str, Any]) -> dict[str, State]:
    """Read what was remembered; what can't be read is left out, and said."""
    states: dict[str, State] = {}
    for text, said in memory.items():
        try:
            found = msgspec.convert(said, _Remembered)
        except msgspec.ValidationError as error:
            _log.warning("the verdict remembered of %s can't be read: %s", text, error)
            continue
        if found.verdict in KEPT:
            states[text] = State(found.verdict, found.since, 0, found.observation)
    return states
