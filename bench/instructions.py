"""User-space instructions an answer, one question at a time and with many outstanding.

gslb stands here without Python: `plane/examples/serve.rs` opens the same sockets, with the same
threads, on documents that the same compiler made. Peers stand as they are.
"""

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bench.callgrind import Cost, cost
from bench.cases import CASES, STATIC_A, WEIGHTED, Case
from bench.client import WINDOW
from bench.kinds import ECHO, KNOTD, PEER, write_zones
from bench.machine import HOST, Bench, BenchError
from bench.servers import Kind, present
from bench.tables import table
from bench.worlds import World
from gslb.compiler import compile_policy, compile_zone
from gslb.publisher import read_checked
from gslb.settings import WireSettings
from gslb.snapshot import configured_weights, decode_zone, encode, pack_words, word

COUNTS = (20_000, 100_000)  # questions
DEAREST = 12  # functions that are shown
FEWEST = (2_000, 6_000)
AIMS = {STATIC_A.name: "at most 800", WEIGHTED.name: "at most 1,200"}
HEAD = (
    *("server", "one at a time: instructions", "answers a recvmmsg"),
    *(f"{WINDOW} outstanding: instructions", "answers a recvmmsg", "aim"),
)
_ROOT = Path(__file__).parents[1]


def main(bench: Bench) -> None:
    """Count and print one table for each case."""
    if shutil.which("valgrind") is None:
        print("instructions are left out: no valgrind; Debian: apt-get install valgrind")
        return
    kinds = present((ECHO, PEER, KNOTD, PLANE))
    few, many = (
        max(bench.times(count), least) for count, least in zip(COUNTS, FEWEST, strict=True)
    )
    for case in CASES[:1] if bench.quick else CASES:
        able = [kind for kind in kinds if not (kind.unsteered and case.steered)]
        rows = []
        for kind in able:
            print(f"instructions: {case.title}, {kind.title}", flush=True)
            costs = [cost(bench, kind, case, window, (few, many)) for window in (1, WINDOW)]
            rows.append(_row(kind, case, costs))
        table(f"User-space instructions an answer: {case.title}", HEAD, rows)
        if PLANE in able:
            _profile(case, costs[-1])


def _row(kind: Kind, case: Case, costs: Sequence[Cost]) -> Sequence[str]:
    cells = [
        text
        for one in costs
        for text in (f"{one.instructions:,.0f}", f"{one.batch:.1f}" if one.batch else "-")
    ]
    return (kind.title, *cells, AIMS.get(case.name, "") if kind is PLANE else "")


def _profile(case: Case, found: Cost) -> None:
    """Print where gslb's instructions go; it was counted last."""
    dearest = list(found.functions.items())[:DEAREST]
    table(
        f"Where those of gslb go, {WINDOW} outstanding: {case.title}",
        ("function", "instructions an answer"),
        [(f"`{name}`", f"{count:,.0f}") for name, count in dearest],
    )


def _plane(folder: Path, port: int, world: World) -> Sequence[str]:
    documents = folder.parent / f"documents-{world.name}"
    if not documents.exists():
        _write_documents(world, documents)
    return [str(_build()), str(documents), f"{HOST}:{port}", "1"]


def _write_documents(world: World, folder: Path) -> None:
    """Compile a world as `gslb serve` does, and write what it would publish."""
    write_zones(world, folder / "zones")
    found = read_checked(folder / "zones")
    for origin in found.zones:
        document = compile_zone(found, origin).document
        members, pools = configured_weights(decode_zone(document))
        (folder / f"{origin}zone").write_bytes(document)
        (folder / f"{origin}members").write_bytes(pack_words(map(word, members)))
        (folder / f"{origin}pools").write_bytes(pack_words(map(word, pools)))
    (folder / "policy").write_bytes(encode(compile_policy(WireSettings())))


@cache
def _build() -> Path:
    """Build the plane without Python, in release mode."""
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--example", "serve"]
    manifest = _ROOT / "plane" / "Cargo.toml"
    if subprocess.run([*command, "--manifest-path", manifest], check=False).returncode:
        raise BenchError("plane/examples/serve.rs could not be built; cargo said why, above")
    return _ROOT / "plane" / "target" / "release" / "examples" / "serve"


PLANE = Kind("plane", "gslb, the plane without Python", _plane, says="ready")
