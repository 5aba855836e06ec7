"""CPU time an answer with 1, 2, 4 and 8 UDP workers: what the workers cost each other.

The server has all cores but the client's. The client asks from many sockets, so that the kernel has
something to spread over the workers; with one socket all would go to one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.cases import STATIC_A
from bench.client import Load
from bench.kinds import OURS
from bench.machine import Bench, server_cores
from bench.runs import QUIET, Run, measure
from bench.servers import Kind, running, turned
from bench.tables import median, ratio, table
from bench.worlds import STEERED, World

WORKERS = (1, 2, 4, 8)
COUNT = 400_000  # questions a run
LOAD = Load(window=256, sockets=32)
HEAD = ("workers", "answers/s", "CPU us an answer", "of 1 worker", "lost", "disturbed", "aim")


def main(bench: Bench) -> None:
    """Measure and print the table."""
    cores = server_cores(bench)
    runs: dict[str, list[Run]] = defaultdict(list)
    for at in range(bench.rounds):
        print(f"workers: round {at + 1} of {bench.rounds}", flush=True)
        for kind in turned([_with(count) for count in WORKERS], at):
            folder = bench.folder / f"{kind.name}-{at}"
            with running(kind, STEERED, folder, *cores) as server:
                run = measure(bench, server, STATIC_A, bench.times(COUNT), LOAD)
            runs[kind.name].append(run)
    one = median(run.cpu for run in runs[_with(1).name])
    rows = [_row(count, runs[_with(count).name], one) for count in WORKERS]
    table(f"CPU time by number of workers, on {len(cores)} core(s): static A, EDNS", HEAD, rows)


def _with(workers: int) -> Kind:
    """Give our server with so many workers."""

    def command(folder: Path, port: int, world: World) -> Sequence[str]:
        words = list(OURS.command(folder, port, world))
        words[words.index("--workers") + 1] = str(workers)
        return words

    return replace(OURS, name=f"gslb-{workers}", command=command)


def _row(count: int, runs: Sequence[Run], one: float) -> Sequence[str]:
    cpu = median(run.cpu for run in runs)
    return (
        str(count),
        f"{median(run.rate for run in runs):,.0f}",
        f"{cpu:.2f}",
        ratio(cpu, one),
        str(sum(run.lost for run in runs)),
        str(sum(run.others >= QUIET for run in runs)),
        "" if count == 1 else "0.90 to 1.10 of 1 worker",
    )
