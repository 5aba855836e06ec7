"""How many instructions a server spends in user space on one answer, by valgrind's callgrind.

The whole process is counted, twice, with two counts of questions; the slope between the two is what
one more answer costs, whatever the start and the end cost. callgrind counts `rep stosb` once an
octet, so glibc is told never to use it, nor `rep movsb`: it would charge the clearing of a buffer
as thousands of instructions.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Case
from bench.client import Load, ask
from bench.machine import Bench, BenchError
from bench.servers import Kind, running

NEVER = 0x7FFF_FFFF  # octets
ENVIRONMENT = {
    "GLIBC_TUNABLES": f"glibc.cpu.x86_rep_stosb_threshold={NEVER}"
    f":glibc.cpu.x86_rep_movsb_threshold={NEVER}"
}
_CALLED = re.compile(r"cfn=\((\d+)\)(?: (\S+))?")


@dataclass(frozen=True)
class Cost:
    """Instructions an answer, and answers a call of `recvmmsg` (0 if it was not called)."""

    instructions: float
    batch: float


@dataclass(frozen=True)
class _Counted:
    answers: int
    instructions: int
    receives: int


def cost(bench: Bench, kind: Kind, case: Case, window: int, counts: tuple[int, int]) -> Cost:
    """Count twice, with a server started anew each time, and give the slope."""
    few, many = (_count(bench, kind, case, window, count) for count in counts)
    answers = many.answers - few.answers
    receives = many.receives - few.receives
    batch = answers / receives if receives > 0 else 0.0
    return Cost((many.instructions - few.instructions) / answers, batch)


def _count(bench: Bench, kind: Kind, case: Case, window: int, count: int) -> _Counted:
    folder = bench.folder / f"{kind.name}-{case.name}-{window}-{count}"
    out = bench.folder / f"{folder.name}.callgrind"
    under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    with running(
        kind, case.world, folder, bench.server_core, under=under, environment=ENVIRONMENT
    ) as server:
        heard = ask(bench, server, case, count, Load(window=window, seconds=300))
    if not out.exists():
        raise BenchError(f"callgrind wrote nothing of {kind.title}: {server.log.read_text()}")
    return _Counted(heard.asked, *read_callgrind(out))


def read_callgrind(out: Path) -> tuple[int, int]:
    """Read the instructions in all, and how often `recvmmsg` was called, from what it wrote."""
    names: dict[str, str] = {}
    total, receives, called = 0, 0, ""
    for line in out.read_text(errors="replace").splitlines():
        if found := _CALLED.match(line):
            number, name = found.groups()
            called = names.setdefault(number, name) if name else names.get(number, "")
        elif line.startswith("fn=("):
            number, _, name = line.removeprefix("fn=(").partition(") ")
            if name:
                names.setdefault(number, name)
        elif line.startswith("calls=") and called.startswith("recvmmsg"):
            receives += int(line.removeprefix("calls=").split()[0])
        elif line.startswith(("summary:", "totals:")):
            total = int(line.split()[1])
    return total, receives
