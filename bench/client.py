"""The client, `load.c`, started on a core of its own: what it asked, what it heard, how long."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Case
from bench.machine import HOST, Bench, BenchError, compile_c, on_cores
from bench.servers import Running

WINDOW = 128  # outstanding questions; fewer than a default receive buffer holds
LONGEST = 60  # seconds of a closed run


@dataclass(frozen=True)
class Heard:
    """What a run came to: counts of questions, seconds, latencies in microseconds."""

    asked: int
    answered: int
    lost: int
    seconds: float
    p50: float
    p999: float
    worst: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


@dataclass(frozen=True)
class Load:
    """How questions are asked: see `load.c`. A rate of 0 asks as fast as answers come."""

    window: int = WINDOW
    sockets: int = 1
    rate: float = 0.0
    seconds: float = LONGEST


CLOSED = Load()


def ask(bench: Bench, server: Running, case: Case, count: int, load: Load = CLOSED) -> Heard:
    """Ask a running server; BenchError if a reply is wrong, or none comes."""
    return finish(start(bench, server, case, count, load), server, case)


def start(
    bench: Bench, server: Running, case: Case, count: int, load: Load
) -> subprocess.Popen[bytes]:
    """Start to ask, in a process of its own."""
    program: Path = compile_c("load.c", bench.folder)
    flags = ["-w", str(load.window), "-s", str(load.sockets), "-r", str(load.rate)]
    bounds = [str(case.write(bench.folder)), str(count), str(load.seconds)]
    wanted = [
        str(case.rcode) if server.kind.speaks_dns else "echo",
        str(case.answers),
        *case.addresses,
    ]
    command = [str(program), *flags, HOST, str(server.port), *bounds, *wanted]
    with on_cores(bench.client_core):
        return subprocess.Popen(command, stdout=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes], server: Running, case: Case) -> Heard:
    """Wait for the end of a run and read what it came to."""
    out, _ = process.communicate()
    if process.returncode:
        raise BenchError(
            f"load.c ended with {process.returncode} while it asked {server.kind.title}"
        )
    said = json.loads(out)
    if said["wrong"] or not said["answered"]:
        raise BenchError(f"{server.kind.title} answered {case.title} wrongly or not at all: {said}")
    if said["dropped_here"]:
        print(f"the client was behind: {said['dropped_here']} replies of {server.kind.title} were")
        print("dropped at its own full socket, and are not counted as lost")
    return Heard(
        *(said["asked"], said["answered"], max(0, said["lost"] - said["dropped_here"])),
        *(said[key] for key in ("seconds", "p50_us", "p999_us", "worst_us")),
    )
