"""One run that counts: what the server spent on it, and whether anything else disturbed it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.cases import Case
from bench.client import CLOSED, Heard, Load, ask
from bench.machine import Bench, children_seconds, cpu_seconds, machine_seconds
from bench.servers import Running

WARM_UP = 20_000  # answers
QUIET = 0.04  # of a core: as much as others may have used in a run that counts
TRIES = 40  # of a run that others disturb


@dataclass(frozen=True)
class Run:
    """Answers a second, CPU microseconds an answer, questions lost.

    `busy` is the share of a core that the server used, `others` what neither server nor client
    used, in cores.
    """

    rate: float
    cpu: float
    busy: float
    lost: int
    others: float


def undisturbed(bench: Bench, run: Callable[[], Run]) -> Run:
    """Run; again while something else disturbs it, but not for ever."""
    for _ in range(TRIES):
        found = run()
        if bench.quick or found.others < QUIET:
            break
        time.sleep(1)
    return found


def measure(bench: Bench, server: Running, case: Case, count: int, load: Load = CLOSED) -> Run:
    """Warm up, then ask `count` questions undisturbed and see what they cost the server."""

    def run() -> Run:
        ask(bench, server, case, min(WARM_UP, count), load)
        before, whole, asking = cpu_seconds(server.pid), machine_seconds(), children_seconds()
        heard = ask(bench, server, case, count, load)
        return _spent(server, heard, before, whole, asking)

    return undisturbed(bench, run)


def _spent(server: Running, heard: Heard, before: float, whole: float, asking: float) -> Run:
    used = cpu_seconds(server.pid) - before
    others = machine_seconds() - whole - used - (children_seconds() - asking)
    took = heard.seconds
    cpu = used / heard.answered * 1e6
    return Run(heard.rate, cpu, used / took, heard.lost, others / took)
