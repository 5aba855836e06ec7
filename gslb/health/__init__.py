"""The watch: who is probed when, what was observed, what it means, and the weights that follow.

    target    what is probed: a definition, an address, a port; once, whoever uses it
    probes/   how it is asked; one small file a kind
    judge     a state and an observation to the next state; pure
    rota      when each target is asked; one timer for all
    board     verdicts by target, effective weights by member
    clock     the time, and a timer; tests bring one that jumps
    watch     all of it behind one door

It knows nothing of the plane, the store or the API: weights leave through a callback.
"""

from gslb.health.board import Standing
from gslb.health.clock import Clock, SystemClock, Timer
from gslb.health.judge import Observation, State, Verdict, judge
from gslb.health.target import Target, targets_of
from gslb.health.watch import Facts, Watch

__all__ = [
    "Clock",
    "Facts",
    "Observation",
    "Standing",
    "State",
    "SystemClock",
    "Target",
    "Timer",
    "Verdict",
    "Watch",
    "judge",
    "targets_of",
]
