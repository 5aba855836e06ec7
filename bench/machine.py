"""The machine beneath: cores, ports, CPU time, programs; and what is missing, in a sentence."""

import os
import platform
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"


class BenchError(Exception):
    """Something that the benchmark needs is missing, does not come up, or answers wrongly."""


@dataclass(frozen=True)
class Bench:
    """What all parts share: where to write, which cores, how much work.

    `rounds` alternate between the servers and `scale` multiplies every count and every time.
    `quick` only tries that everything works: no run is made again because others disturbed it.
    """

    folder: Path
    server_core: int
    client_core: int
    rounds: int
    scale: float
    quick: bool
    city: Path | None = None  # a MaxMind-format City database

    def times(self, count: float) -> int:
        """Scale a count."""
        return max(1, round(count * self.scale))


def two_cores() -> tuple[int, int]:
    """Give a core for the server and one for the client."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("two cores are needed: one for the server, one for the client")
    return cores[0], cores[1]


def server_cores(bench: Bench) -> list[int]:
    """Give every core but the client's."""
    return sorted(os.sched_getaffinity(0) - {bench.client_core})


def free_port() -> int:
    """Find a port that is free for UDP and TCP now."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind((HOST, 0))
        port: int = tcp.getsockname()[1]
        udp.bind((HOST, port))
    return port


def compile_c(source: str, folder: Path) -> Path:
    """Compile one of the C programs beside this file, once."""
    program = folder / source.removesuffix(".c")
    if program.exists():
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchError("no C compiler (cc); on Debian: apt-get install gcc libc6-dev")
    subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-o", program, Path(__file__).with_name(source)],
        check=True,
    )
    return program


@contextmanager
def on_cores(*cores: int) -> Iterator[None]:
    """Let what is started inside stand on these cores with all its threads: it is inherited."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process, its threads and its living children.

    By the scheduler's nanosecond counts; children count because NSD answers in one.
    """
    spent = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        spent += int((task / "schedstat").read_text().split()[0]) / 1e9
        spent += sum(cpu_seconds(int(child)) for child in (task / "children").read_text().split())
    return spent


def machine_seconds() -> float:
    """Give the CPU time that all cores together have spent on anything."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, irq, softirq, stolen = (int(word) for word in first[:8])
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    """Give the CPU time of our ended children: of the clients, while a server runs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def described() -> str:
    """Say when this is, on which machine."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    today = time.strftime("%Y-%m-%d")
    return f"{today}, {model}, {os.cpu_count()} cores, Linux {platform.release()}"
