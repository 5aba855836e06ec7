"""Answers a second over TCP: 100 connections kept open, asked by dnsperf (Debian's package)."""

import re
import shutil
import subprocess
from collections import defaultdict

from bench.kinds import KNOTD, NSDD, OURS, PEER
from bench.machine import HOST, Bench, BenchError, on_cores
from bench.servers import Kind, Running, present, running, turned
from bench.tables import median, ratio, table
from bench.worlds import STATIC, STEERED

CONNECTIONS = 100
SECONDS = 8
SETTLE = 3  # seconds before them: a server that accepts slowly has its connections by then
KINDS = (PEER, KNOTD, NSDD, OURS)


def main(bench: Bench) -> None:
    """Measure and print the table."""
    program = shutil.which("dnsperf")
    if program is None:
        print("tcp is left out: no dnsperf; Debian: apt-get install dnsperf")
        return
    kinds = present(KINDS)
    rates: dict[str, list[float]] = defaultdict(list)
    lost: dict[str, int] = defaultdict(int)
    for at in range(bench.rounds):
        print(f"tcp: round {at + 1} of {bench.rounds}", flush=True)
        for kind in turned(kinds, at):
            folder = bench.folder / f"tcp-{kind.name}-{at}"
            with running(kind, STEERED, folder, bench.server_core) as server:
                rate, missed = _ask(bench, program, kind, server)
            rates[kind.name].append(rate)
            lost[kind.name] += missed
    limit = median(rates[KNOTD.name])
    table(
        f"TCP: static A, EDNS, {CONNECTIONS} connections kept open, dnsperf",
        ("server", "answers/s", "of Knot", "lost", "aim"),
        [
            (
                kind.title,
                f"{median(rates[kind.name]):,.0f}",
                ratio(median(rates[kind.name]), limit),
                str(lost[kind.name]),
                "at least 1.0 of Knot" if kind is OURS else "",
            )
            for kind in kinds
        ],
    )


def _ask(bench: Bench, program: str, kind: Kind, server: Running) -> tuple[float, int]:
    """Run dnsperf; give answers a second, the median second, and questions lost in all."""
    questions = bench.folder / "tcp.names"
    questions.write_text(f"{STATIC} A\n")
    command = [program, "-m", "tcp", "-s", HOST, "-p", str(server.port), "-d", str(questions)]
    command += ["-c", str(CONNECTIONS), "-T", "1", "-q", "200", "-e"]
    seconds = SETTLE + (2 if bench.quick else bench.times(SECONDS))
    command += ["-l", str(seconds), "-S", "1"]
    with on_cores(bench.client_core):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    right = re.search(r"NOERROR (\d+) \(100\.00%\)", done.stdout)
    missed = re.search(r"Queries lost: +(\d+)", done.stdout)
    if done.returncode or right is None or missed is None:
        raise BenchError(f"dnsperf and {kind.title} over TCP: {done.stdout}{done.stderr}")
    each = [float(rate) for rate in re.findall(r"^\d+\.\d+: ([\d.]+)$", done.stdout, re.MULTILINE)]
    return median(each[SETTLE:]), int(missed[1])
