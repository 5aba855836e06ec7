"""What a publish costs those who ask meanwhile: answers lost, delay of the worst answer.

A real `gslb serve` on one core, Python and one UDP worker together; an edit through its API takes
the whole way: store, compile, publish of the zone. The same run without edits stands beside it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.cases import STATIC_A, Case
from bench.client import Heard, Load, ask
from bench.edits import editing
from bench.kinds import OURS
from bench.machine import Bench
from bench.servers import Running, running
from bench.tables import median, table
from bench.worlds import EDITED

SECONDS = 10  # of a run
SHARE = 0.5  # of what the server can answer
UNTIL_TIME = 1_000_000_000  # questions: the time ends the run
MOST = 400_000  # questions, to see what it can
WINDOW = 8192  # outstanding questions of the paced client
HEAD = (
    *("questions", "edits", "median edit", "answers/s", "lost", "median", "99.9%"),
    *("worst, median of rounds", "worst of all", "worst added", "aim"),
)
CASE = Case("edited", STATIC_A.title, EDITED, STATIC_A.questions, addresses=STATIC_A.addresses)


def main(bench: Bench) -> None:
    """Measure and print the table."""
    state = bench.folder / f"gslb-{EDITED.name}" / "state"
    with running(OURS, EDITED, bench.folder / "server", bench.server_core) as server:
        limit = ask(bench, server, CASE, bench.times(MOST)).rate
        seconds = 3 if bench.quick else bench.times(SECONDS)
        paced = Load(WINDOW, rate=round(limit * SHARE), seconds=seconds)
        rows = [
            row
            for title, load in (
                (f"{paced.rate:,} a second, half of what it can", paced),
                (f"{Load().window} outstanding, all that it can", Load(seconds=seconds)),
            )
            for row in _pair(bench, server, state, title, load)
        ]
    what = f"{EDITED.names:,} names and {EDITED.vips:,} VIPs"
    table(f"Publishing a zone of {what}, edit after edit, milliseconds", HEAD, rows)


def _pair(
    bench: Bench, server: Running, state: Path, title: str, load: Load
) -> Iterator[Sequence[str]]:
    """Ask without edits and with them, in turn, and give both rows."""
    calm: list[Heard] = []
    busy: list[Heard] = []
    took: list[float] = []
    for at in range(bench.rounds):
        print(f"publish: {title}: round {at + 1} of {bench.rounds}", flush=True)
        calm.append(ask(bench, server, CASE, UNTIL_TIME, load))
        with editing(state) as edits:
            busy.append(ask(bench, server, CASE, UNTIL_TIME, load))
        took += edits.took
    added = median(run.worst for run in busy) - median(run.worst for run in calm)
    yield (*_row(title, calm, ()), "", "")
    yield (*_row(title, busy, took), f"{added / 1e3:.2f}", "0 lost; less than 5 added")


def _row(title: str, runs: Sequence[Heard], edits: Sequence[float]) -> Sequence[str]:
    worst = [run.worst for run in runs]
    middles = (median(run.p50 for run in runs), median(run.p999 for run in runs), median(worst))
    return (
        title,
        str(len(edits)) if edits else "none",
        f"{median(edits) * 1e3:,.0f}" if edits else "",
        f"{median(run.rate for run in runs):,.0f}",
        str(sum(run.lost for run in runs)),
        *(f"{latency / 1e3:.2f}" for latency in (*middles, max(worst))),
    )
