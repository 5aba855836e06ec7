"""A server that is measured: started on a core of its own, waited for, stopped by its pid."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from bench.machine import HOST, BenchError, free_port, on_cores
from bench.worlds import STATIC, World

READY_SECONDS = 300
STOP_SECONDS = 60


@dataclass(frozen=True)
class Kind:
    """A server to compare: how it is written down, and how it is started.

    `command` writes what the server reads into a folder and gives the words that start it on a
    port; `program` is the file it needs, of Debian's package `package`. `says` is what it prints
    once all of its own work is done, where an answer alone does not tell; `unsteered` is why it
    answers no VIP, if it does not.
    """

    name: str
    title: str
    command: Callable[[Path, int, World], Sequence[str]]
    program: str = ""
    package: str = ""
    speaks_dns: bool = True
    unsteered: str = ""
    says: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> str:
        """Say what is not installed; empty if nothing."""
        if not self.program or Path(self.program).exists():
            return ""
        return (
            f"{self.title} is left out: no {self.program}; Debian: apt-get install {self.package}"
        )


def present(kinds: Sequence[Kind]) -> list[Kind]:
    """Give the kinds that can run here, and say which cannot."""
    for kind in kinds:
        if kind.missing:
            print(kind.missing)
    return [kind for kind in kinds if not kind.missing]


def turned(kinds: Sequence[Kind], at: int) -> Sequence[Kind]:
    """Let another server go first each round."""
    first = at % len(kinds)
    return (*kinds[first:], *kinds[:first])


@dataclass(frozen=True)
class Running:
    """A server that answers: its process, its port, its log."""

    kind: Kind
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def pid(self) -> int:
        """The pid."""
        return self.process.pid


@contextmanager
def running(
    kind: Kind,
    world: World,
    folder: Path,
    *cores: int,
    under: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    answers: Callable[[int], bool] | None = None,
) -> Iterator[Running]:
    """Run a server on some cores, `under` another program if one is named; stopped at the end.

    No core means all. `answers` says whether a port answers as it should.
    """
    folder.mkdir(parents=True)
    port = free_port()
    command = [*under, *kind.command(folder, port, world)]
    log = folder / "log"
    with log.open("wb") as out, on_cores(*cores or os.sched_getaffinity(0)):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **kind.environment, **(environment or {})},
        )
    try:
        _wait_until_ready(kind, process, port, log, answers or _answers)
        yield Running(kind, process, port, log)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started, if it has not ended."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(
    kind: Kind,
    process: subprocess.Popen[bytes],
    port: int,
    log: Path,
    answers: Callable[[int], bool],
) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = not kind.says or kind.says in log.read_text(errors="replace")
        if said and (not kind.speaks_dns or answers(port)):
            return
        time.sleep(0.005)
    tail = log.read_text(errors="replace")[-2000:]
    raise BenchError(f"{process.args!r} did not answer within {READY_SECONDS} s; it said:\n{tail}")


def _answers(port: int) -> bool:
    try:
        reply = dns.query.udp(dns.message.make_query(STATIC, "A"), HOST, 1, port)
    except (dns.exception.Timeout, OSError):
        return False
    return reply.rcode() == dns.rcode.NOERROR and bool(reply.answer)
