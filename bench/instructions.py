"""User-space instructions an answer, one question at a time and with many outstanding.

gslb stands here without Python: `plane/examples/serve.rs` opens the same sockets, with the same
threads, on documents that the same compiler made. Peers stand as they are.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from bench.callgrind import Cost, cost
from bench.cases import CASES, STATIC_A, WEIGHTED, Case
from bench.client import WINDOW
from bench.kinds import ECHO, KNOTD, OURS, PEER
from bench.machine import HOST, Bench, BenchError
from bench.servers import Kind, present, running
from bench.tables import table
from bench.worlds import World
from gslb.compiler import compile_policy
from gslb.settings import WireSettings
from gslb.snapshot import configured_weights, decode_zone, encode, pack_words, pool_word, word

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
    compare(bench, present((ECHO, PEER, KNOTD, PLANE)), CASES[:1] if bench.quick else CASES, AIMS)


def compare(
    bench: Bench, kinds: Sequence[Kind], cases: Sequence[Case], aims: Mapping[str, str]
) -> None:
    """Count for each server and case; our aims are given by the cases' names."""
    if shutil.which("valgrind") is None:
        print("instructions are left out: no valgrind; Debian: apt-get install valgrind")
        return
    few, many = (
        max(bench.times(count), least) for count, least in zip(COUNTS, FEWEST, strict=True)
    )
    for case in cases:
        able = [kind for kind in kinds if not (kind.unsteered and case.steered)]
        rows = []
        for kind in able:
            print(f"instructions: {case.title}, {kind.title}", flush=True)
            costs = [cost(bench, kind, case, window, (few, many)) for window in (1, WINDOW)]
            rows.append(_row(kind, costs, aims.get(case.name, "")))
        table(f"User-space instructions an answer: {case.title}", HEAD, rows)
        if PLANE in able:
            _profile(case, costs[-1])


def _row(kind: Kind, costs: Sequence[Cost], aim: str) -> Sequence[str]:
    cells = [
        text
        for one in costs
        for text in (f"{one.instructions:,.0f}", f"{one.batch:.1f}" if one.batch else "-")
    ]
    return (kind.title, *cells, aim if kind is PLANE else "")


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
    """Write what `gslb serve` publishes of a world: it is started once, and leaves it behind."""
    node = folder.with_name(f"{folder.name}-node")
    with running(OURS, world, node):
        pass
    served = node.parent / f"gslb-{world.name}" / "state" / "served"
    manifest = json.loads((served / "manifest.json").read_text())
    folder.mkdir()
    for origin, found in manifest["zones"].items():
        document = (served / f"{found}.zone").read_bytes()
        members, pools = configured_weights(decode_zone(document))
        (folder / f"{origin}zone").write_bytes(document)
        (folder / f"{origin}members").write_bytes(pack_words(map(word, members)))
        (folder / f"{origin}pools").write_bytes(pack_words(map(pool_word, pools)))
    for name, found in manifest["maps"].items():
        (folder / f"{name}.map").write_bytes((served / f"{found}.map").read_bytes())
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
