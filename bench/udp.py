"""Answers a second over UDP, beside the peers and the kernel's limit, in alternating rounds."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from bench.cases import CASES, MISSING, Case
from bench.kinds import ECHO, KNOTD, NSDD, OURS, PEER
from bench.machine import Bench
from bench.runs import QUIET, Run, measure
from bench.servers import Kind, present, running, turned
from bench.tables import median, ratio, table

COUNT = 400_000  # questions a run
KINDS = (ECHO, PEER, KNOTD, NSDD, OURS)
HEAD = (
    *("server", "answers/s", "of the echo", "of gdnsd", "CPU us an answer", "core used"),
    *("lost", "disturbed", "aim"),
)
AIMS = {MISSING.name: "at least 1.0 of gdnsd and of NSD"}
AIM = "at least 0.98 of the echo; at least 1.0 of gdnsd and of Knot"

Runs = dict[tuple[str, str], list[Run]]


def main(bench: Bench) -> None:
    """Measure and print one table for each case."""
    kinds = present(KINDS)
    for kind in kinds:
        if kind.unsteered:
            print(kind.unsteered)
    compare(bench, kinds, CASES, lambda case: AIMS.get(case.name, AIM))


def compare(
    bench: Bench, kinds: Sequence[Kind], cases: Sequence[Case], aim: Callable[[Case], str]
) -> None:
    """Measure servers in alternating rounds; a table for each case, our aim in the last column."""
    runs: Runs = defaultdict(list)
    for at in range(bench.rounds):
        load = os.getloadavg()[0]
        print(f"udp: round {at + 1} of {bench.rounds}, load average {load:.2f}", flush=True)
        for kind in turned(kinds, at):
            _round(bench, kind, cases, at, runs)
    for case in cases:
        rows = [_row(kind, case, runs, aim(case)) for kind in kinds if runs[kind.name, case.name]]
        table(f"UDP: {case.title}", HEAD, rows)


def _round(bench: Bench, kind: Kind, cases: Sequence[Case], at: int, runs: Runs) -> None:
    """Start a server anew for each world, and ask it that world's questions."""
    for world in {case.world.name: case.world for case in cases}.values():
        able = [case for case in cases if case.world is world and _can(kind, case)]
        folder = bench.folder / f"udp-{kind.name}-{world.name}-{at}"
        with running(kind, world, folder, bench.server_core) as server:
            for case in able:
                run = measure(bench, server, case, bench.times(COUNT))
                runs[kind.name, case.name].append(run)


def _can(kind: Kind, case: Case) -> bool:
    return not (kind.unsteered and case.steered)


def _row(kind: Kind, case: Case, runs: Runs, aim: str) -> Sequence[str]:
    ours = runs[kind.name, case.name]
    rate = median(run.rate for run in ours)
    return (
        kind.title,
        f"{rate:,.0f}",
        ratio(rate, _rate(runs[ECHO.name, case.name])),
        ratio(rate, _rate(runs[PEER.name, case.name])),
        f"{median(run.cpu for run in ours):.2f}",
        f"{median(run.busy for run in ours):.2f}",
        str(sum(run.lost for run in ours)),
        str(sum(run.others >= QUIET for run in ours)),
        aim if kind is OURS else "",
    )


def _rate(runs: Iterable[Run]) -> float:
    return median(run.rate for run in runs)
