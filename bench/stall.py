"""How long the node's event loop stands still while a geography database is replaced.

A real `gslb serve` on one core; on the other, one HTTP connection asks `/healthz` every
millisecond. A question waits while the loop does anything else, so the longest wait is the longest
stall, and a little more. The same time without a new database stands beside it.
"""

import random
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.kinds import OURS
from bench.machine import Bench, BenchError
from bench.places import SITES as FEW
from bench.places import VIP, Located, located
from bench.servers import Running, running
from bench.tables import median, table

EVERY = 0.001  # seconds from question to question
CALM = 3.0  # seconds without a new database
PATIENCE = 120.0  # seconds for a database to be taken up
LOOK_EVERY = 0.1  # seconds between looks at the log
SETTLING = 2.0  # seconds in which what was compiled is published and saved
TAKEN_UP = "classified anew"  # what the log says then
MANY = 300
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: gslb\r\n\r\n"
HEAD = (
    "sites",
    "what happens",
    "rounds",
    "questions",
    "median",
    "99.9%",
    "worst, median of rounds",
)


@dataclass(frozen=True)
class Crowded(Located):
    """A zone whose clients go to the nearest of very many datacenters, drawn by a seed."""

    def steering(self) -> str:
        """Give gslb's YAML."""
        draw = random.Random(MANY)
        spots = [(draw.uniform(-60, 70), draw.uniform(-180, 180)) for _ in range(MANY)]
        sites = "".join(
            f"  s{at}: {{location: [{north:.2f}, {east:.2f}]}}\n"
            for at, (north, east) in enumerate(spots)
        )
        pools = "".join(
            f"      s{at}: {{members: [{{address: 10.0.{at >> 8}.{at & 255}}}]}}\n"
            for at in range(MANY)
        )
        return (
            f"datacenters:\n{sites}maps:\n  world: {{otherwise: nearest}}\n"
            f"vips:\n  {VIP}:\n    ttl: 30\n    map: world\n    pools:\n{pools}"
        )


@dataclass
class Waits:
    """How long questions waited, in seconds."""

    each: list[float] = field(default_factory=list)

    def part(self, share: float) -> float:
        """Give the wait that a share of the questions did not exceed."""
        ordered = sorted(self.each)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main(bench: Bench) -> None:
    """Measure and print the table."""
    if bench.city is None:
        print("stall is left out: it needs a City database; give one with --city FILE")
        return
    file = bench.folder / "city.mmdb"
    shutil.copyfile(bench.city, file)
    few, many = located(file), Crowded("crowded", names=0, vips=0, city=file)
    rows = [*_rows(bench, few, len(FEW)), *_rows(bench, many, MANY)]
    title = "/healthz asked every millisecond while a City database is replaced, milliseconds"
    table(title, (*HEAD, "worst of all", "aim"), rows)


def _is_over(end: float) -> bool:
    return time.monotonic() >= end


def _rows(bench: Bench, world: Located, sites: int) -> list[tuple[str, ...]]:
    calm: list[Waits] = []
    busy: list[Waits] = []
    folder = bench.folder / f"stall-{world.name}"
    state = bench.folder / f"gslb-{world.name}" / "state"
    with running(OURS, world, folder, bench.server_core) as server:
        for at in range(bench.rounds):
            print(f"stall: {world.name}: round {at + 1} of {bench.rounds}", flush=True)
            end = time.monotonic() + CALM
            calm.append(_watch(state, partial(_is_over, end)))
            busy.append(_watch(state, _replaced(server, world.city)))
    return [
        (str(sites), "nothing", *_figures(calm), ""),
        (str(sites), "a new database", *_figures(busy), "below 20"),
    ]


def _replaced(server: Running, file: Path) -> Callable[[], bool]:
    """Put a database in the place of the old one; tell when all maps are answered by it."""
    before = server.log.read_text().count(TAKEN_UP)
    beside = file.with_suffix(".new")
    shutil.copyfile(file, beside)
    beside.replace(file)
    deadline = time.monotonic() + PATIENCE
    looked, end = 0.0, deadline

    def done() -> bool:
        nonlocal looked, end
        now = time.monotonic()
        if now - looked > LOOK_EVERY and end == deadline:
            looked = now
            if server.log.read_text().count(TAKEN_UP) > before:
                end = now + SETTLING
        if now > deadline:
            raise BenchError(f"the new database was not taken up within {PATIENCE:.0f} s")
        return now > end

    return done


def _watch(state: Path, done: Callable[[], bool]) -> Waits:
    """Ask until it is done."""
    waits = Waits()
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(PATIENCE)
        wire.connect(str(state / "gslb.sock"))
        while not done():
            began = time.perf_counter()
            wire.sendall(REQUEST)
            if not wire.recv(4096).startswith(b"HTTP/1.1 200"):
                raise BenchError("/healthz was not answered with 200")
            took = time.perf_counter() - began
            waits.each.append(took)
            time.sleep(max(0.0, EVERY - took))
    return waits


def _figures(rounds: list[Waits]) -> tuple[str, ...]:
    worst = [max(one.each) for one in rounds]
    return (
        str(len(rounds)),
        f"{sum(len(one.each) for one in rounds):,}",
        *(f"{median(one.part(share) for one in rounds) * 1e3:.2f}" for share in (0.5, 0.999)),
        f"{median(worst) * 1e3:.1f}",
        f"{max(worst) * 1e3:.1f}",
    )
