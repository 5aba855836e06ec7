"""How many instructions a server spends in user space on one answer, by valgrind's callgrind.

The whole process is counted, twice, with two counts of questions; the slope between the two is what
one more answer costs, whatever the start and the end cost. callgrind counts `rep stosb` once an
octet, so glibc is told never to use it, nor `rep movsb`: it would charge the clearing of a buffer
as thousands of instructions.
"""

import re
from collections import Counter
from collections.abc import Mapping
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
RECEIVE = "recvmmsg"
_NAMED = re.compile(r"(c?fn)=\((\d+)\)(?: (.+))?")


@dataclass(frozen=True)
class Profile:
    """What callgrind wrote: instructions by function, and how often each was called."""

    instructions: Counter[str]
    calls: Counter[str]


@dataclass(frozen=True)
class Cost:
    """Instructions an answer, in all and by function; answers a call of `recvmmsg`, 0 if none."""

    instructions: float
    batch: float
    functions: Mapping[str, float]


def cost(bench: Bench, kind: Kind, case: Case, window: int, counts: tuple[int, int]) -> Cost:
    """Count twice, with a server started anew each time, and give the slope."""
    (few, before), (many, after) = (_count(bench, kind, case, window, count) for count in counts)
    answers = many - few
    spent, calls = after.instructions, after.calls
    spent.subtract(before.instructions)
    calls.subtract(before.calls)
    batch = answers / calls[RECEIVE] if calls[RECEIVE] > 0 else 0.0
    functions = {name: count / answers for name, count in spent.most_common()}
    return Cost(spent.total() / answers, batch, functions)


def _count(bench: Bench, kind: Kind, case: Case, window: int, count: int) -> tuple[int, Profile]:
    """Give how many questions were asked, and what they and all else cost."""
    folder = bench.folder / f"{kind.name}-{case.name}-{window}-{count}"
    out = bench.folder / f"{folder.name}.callgrind"
    under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    with running(
        kind, case.world, folder, bench.server_core, under=under, environment=ENVIRONMENT
    ) as server:
        heard = ask(bench, server, case, count, Load(window=window, seconds=300))
    if not out.exists():
        raise BenchError(f"callgrind wrote nothing of {kind.title}: {server.log.read_text()}")
    return heard.asked, read_callgrind(out)


def read_callgrind(out: Path) -> Profile:
    """Read what callgrind wrote: names stand in full once, then as numbers.

    A line of a position and a cost belongs to the function named last; but the line below a
    `calls=` is the cost of the callee, which is counted there.
    """
    names: dict[str, str] = {}
    profile = Profile(Counter(), Counter())
    here = callee = ""
    skip = False
    for line in out.read_text(errors="replace").splitlines():
        if found := _NAMED.match(line):
            kind, number, name = found.groups()
            name = names.setdefault(number, name or "")
            here, callee = (here, name) if kind == "cfn" else (name, callee)
        elif line.startswith("calls="):
            profile.calls[callee] += int(line.removeprefix("calls=").split()[0])
            skip = True
        elif here and line[:1] in "0123456789+-*" and line:
            if not skip:
                profile.instructions[here] += int(line.split()[1])
            skip = False
    return profile
