"""`python -m bench`: answers a second and CPU time an answer, medians of alternating rounds."""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cases import CASES, Case
from bench.servers import (
    ECHO,
    GSLB_SERVE,
    HOST,
    PEER,
    BenchError,
    Kind,
    compile_c,
    cpu_seconds,
    gdnsd_version,
    machine_seconds,
    on_core,
    running,
)

WINDOW = 128  # outstanding questions; fewer than a default receive buffer holds
WARM_UP = 20_000  # answers


QUIET = 0.04  # of a core: as much as others may have used in a run that counts
TRIES = 40  # of a run that others disturb


@dataclass(frozen=True)
class Figure:
    """One run: answers a second, CPU microseconds an answer, questions lost.

    `busy` is the share of its core that the server used, `others` what neither server nor client
    used, in cores.
    """

    rate: float
    cpu: float
    busy: float
    lost: int
    others: float


Figures = dict[tuple[str, str], list[Figure]]


def main() -> int:
    """Measure and print the table; 1 if something needed is missing or an answer was wrong."""
    options = _options()
    try:
        figures = _measure(options.rounds, options.count)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"\n{_machine()}")
    print(f"median of {options.rounds} alternating rounds of {options.count:,} questions\n")
    for case in CASES:
        print("\n".join(_table(case, figures)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="alternating rounds (7)")
    parser.add_argument("--count", type=int, default=400_000, help="questions a run (400,000)")
    return parser.parse_args()


def _measure(rounds: int, count: int) -> Figures:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("two cores are needed: one for the server, one for the client")
    kinds = [ECHO, GSLB_SERVE]
    version = gdnsd_version()
    if version is None:
        print("gdnsd is not installed and is left out; on Debian: apt-get install gdnsd")
    else:
        kinds.insert(1, PEER)
        print(f"gdnsd {version}")
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="gslb-bench-") as name:
        folder = Path(name)
        client = compile_c("load.c", folder)
        questions = {case.name: case.write(folder) for case in CASES}
        for at in range(rounds):
            print(f"round {at + 1} of {rounds}, load average {os.getloadavg()[0]:.2f}", flush=True)
            for kind in _turned(kinds, at):
                home = folder / f"{kind.name}-{at}"
                with running(kind, home, cores[0]) as (pid, port):
                    for case in CASES:
                        ask = _Ask(client, cores[1], port, questions[case.name], case)
                        figures[kind.name, case.name].append(ask.measure(kind, pid, count))
    return figures


def _turned(kinds: Sequence[Kind], at: int) -> Iterable[Kind]:
    """Let another server go first each round."""
    first = at % len(kinds)
    return (*kinds[first:], *kinds[:first])


@dataclass(frozen=True)
class _Ask:
    client: Path
    core: int
    port: int
    questions: Path
    case: Case

    def measure(self, kind: Kind, pid: int, count: int) -> Figure:
        """Warm up, then ask `count` questions; again, while something else disturbs the run."""
        for _ in range(TRIES):
            self._run(kind, WARM_UP)
            found = self._measure(kind, pid, count)
            if found.others < QUIET:
                break
            time.sleep(1)
        return found

    def _measure(self, kind: Kind, pid: int, count: int) -> Figure:
        """Ask `count` questions and see what they cost the server."""
        before, whole, asking = cpu_seconds(pid), machine_seconds(), _children_seconds()
        said = self._run(kind, count)
        used = cpu_seconds(pid) - before
        others = machine_seconds() - whole - used - (_children_seconds() - asking)
        if said["wrong"]:
            raise BenchError(f"{kind.name} answered {self.case.name} wrongly: {said}")
        answered, took = said["answered"], said["seconds"]
        return Figure(
            answered / took, used / answered * 1e6, used / took, said["lost"], others / took
        )

    def _run(self, kind: Kind, count: int) -> dict[str, Any]:
        rcode = str(self.case.rcode) if kind.speaks_dns else "echo"
        bounds = [str(count), "30", str(WINDOW)]
        wanted = [rcode, str(self.case.answers), *self.case.addresses]
        command = [str(self.client), HOST, str(self.port), str(self.questions), *bounds, *wanted]
        with on_core(self.core):
            said = subprocess.run(command, check=True, capture_output=True, timeout=60)
        found: dict[str, Any] = json.loads(said.stdout)
        if not found["answered"]:
            raise BenchError(f"{kind.name} answered no question of {self.case.name}")
        return found


def _children_seconds() -> float:
    """Give the CPU time of ended children: of the clients, here."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _table(case: Case, figures: Figures) -> Iterable[str]:
    peer, limit = _rate(figures, PEER, case), _rate(figures, ECHO, case)
    yield f"### {case.title}\n"
    yield (
        "| server | answers/s | of gdnsd | of the echo | CPU us an answer | core used | lost "
        "| disturbed |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for kind in (ECHO, PEER, GSLB_SERVE):
        runs = figures.get((kind.name, case.name))
        if not runs:
            continue
        rate = statistics.median(run.rate for run in runs)
        cpu = statistics.median(run.cpu for run in runs)
        busy = statistics.median(run.busy for run in runs)
        lost = sum(run.lost for run in runs)
        disturbed = sum(run.others >= QUIET for run in runs)
        ratio = f"{rate / peer:.3f}" if peer else "-"
        yield (
            f"| {kind.title} | {rate:,.0f} | {ratio} | {rate / (limit or rate):.3f} "
            f"| {cpu:.2f} | {busy:.2f} | {lost} | {disturbed} |"
        )
    yield ""


def _rate(figures: Figures, kind: Kind, case: Case) -> float:
    runs = figures.get((kind.name, case.name))
    return statistics.median(run.rate for run in runs) if runs else 0.0


def _machine() -> str:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    today = time.strftime("%Y-%m-%d")
    return f"{today}, {model}, {os.cpu_count()} cores, Linux {platform.release()}"


if __name__ == "__main__":
    sys.exit(main())
