"""The servers in their own words: the kernel's limit, gslb, and the peers from Debian's packages.

All have one UDP thread or process, no rate limit towards loopback, and probe nothing.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.machine import HOST, compile_c
from bench.places import Located
from bench.servers import Kind
from bench.worlds import ORIGIN, WEIGHTS, World

NAME = ORIGIN.removesuffix(".")
GDNSD = "/usr/sbin/gdnsd"
KNOT = "/usr/sbin/knotd"
NSD = "/usr/sbin/nsd"
GEOIP = any(Path("/usr/lib").glob("*/knot/modules-*/geoip.so"))


def _echo(folder: Path, port: int, _: World) -> Sequence[str]:
    return [str(compile_c("echo.c", folder)), str(port)]


def _gdnsd(folder: Path, port: int, world: World) -> Sequence[str]:
    """Answer every VIP by the `weighted` plugin, a resource of single addresses for each."""
    for part in ("zones", "run", "state"):
        (folder / part).mkdir()
    items = ", ".join(
        f"site{at} = [ {address}, {weight} ]"
        for at, (address, weight) in enumerate(WEIGHTS.items())
    )
    resources = "".join(f"  vip{at} => {{ {items} }}\n" for at in range(world.vips))
    plugins = f"plugins => {{ weighted => {{ service_types => up\n{resources}}} }}\n"
    if isinstance(world, Located):
        plugins = world.plugin()
    (folder / "config").write_text(
        f"options => {{ listen => {HOST}:{port}, udp_threads => 1, tcp_threads => 1,\n"
        f'  run_dir => "{folder}/run", state_dir => "{folder}/state" }}\n'
        + (plugins if world.vips or isinstance(world, Located) else "")
    )
    vips = "".join(f"vip{at} 30 DYNA weighted!vip{at}\n" for at in range(world.vips))
    if isinstance(world, Located):
        vips = "near 30 DYNA geoip!near\n"
    (folder / "zones" / NAME).write_text(world.zone() + vips)
    return [GDNSD, "-c", str(folder), "start"]


def _knot(folder: Path, port: int, world: World) -> Sequence[str]:
    """Answer every VIP by `mod-geoip` in its weighted mode."""
    (folder / "zone").write_text(world.zone())
    items = "".join(
        f"  - weight: {weight}\n    A: {address}\n" for address, weight in WEIGHTS.items()
    )
    (folder / "geoip").write_text("".join(f"{vip}:\n{items}" for vip in world.vip_names()))
    module = (
        f"mod-geoip:\n  - id: weighted\n    mode: weighted\n    ttl: 30\n"
        f"    config-file: {folder}/geoip\n"
        if world.vips and GEOIP
        else ""
    )
    (folder / "knot.conf").write_text(
        f"server:\n  listen: {HOST}@{port}\n  rundir: {folder}\n  udp-workers: 1\n"
        "  tcp-workers: 1\n  background-workers: 1\n  edns-client-subnet: on\n"
        "log:\n  - target: stderr\n    any: warning\n"
        f"database:\n  storage: {folder}/db\n{module}"
        f"zone:\n  - domain: {ORIGIN}\n    file: {folder}/zone\n    zonefile-load: whole\n"
        "    zonefile-sync: -1\n    journal-content: none\n"
        + ("    module: mod-geoip/weighted\n" if module else "")
    )
    return [KNOT, "-c", str(folder / "knot.conf")]


def _nsd(folder: Path, port: int, world: World) -> Sequence[str]:
    (folder / "zone").write_text(world.zone())
    (folder / "nsd.conf").write_text(
        f'server:\n  ip-address: {HOST}@{port}\n  server-count: 1\n  username: ""\n'
        f'  chroot: ""\n  zonesdir: "{folder}"\n  database: ""\n  pidfile: "{folder}/pid"\n'
        f'  xfrdfile: "{folder}/xfrd"\n  zonelistfile: "{folder}/zones.list"\n'
        f'  xfrdir: "{folder}"\n  rrl-ratelimit: 0\n  tcp-count: 200\n  tcp-query-count: 0\n'
        f'remote-control:\n  control-enable: no\nzone:\n  name: "{NAME}"\n  zonefile: "zone"\n'
    )
    return [NSD, "-d", "-c", str(folder / "nsd.conf")]


def _gslb(folder: Path, port: int, world: World) -> Sequence[str]:
    """Serve from one state folder a world: the first start fills it, the others are restarts."""
    home = folder.parent / f"gslb-{world.name}"
    zones, state = home / "zones", home / "state"
    if (state / "served" / "manifest.json").exists():
        zones = home / "none"  # the store is filled: nothing to read, nothing to compare
    else:
        write_zones(world, zones)
    words = [sys.executable, "-m", "gslb", "serve", "--zones", str(zones), "--state", str(state)]
    if isinstance(world, Located):
        words += ["--geoip", str(world.city)]
    return [*words, "--workers", "1", "--dns", f"{HOST}:{port}", "--http", f"{HOST}:0"]


def write_zones(world: World, folder: Path) -> None:
    """Write a zones folder, as an operator of gslb would."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.zone").write_text(world.zone())
    (folder / f"{NAME}.yaml").write_text(world.steering())


ECHO = Kind("echo", "bare recvmmsg/sendmmsg echo in C", _echo, speaks_dns=False, says="ready")
OURS = Kind("gslb", "gslb", _gslb, says=" ready: ")
PEER = Kind("gdnsd", "gdnsd", _gdnsd, GDNSD, "gdnsd")
KNOTD = Kind(
    *("knot", "Knot", _knot, KNOT, "knot"),
    unsteered=""
    if GEOIP
    else "Knot answers no VIP: its geoip module is missing; "
    "Debian: apt-get install knot-module-geoip",
)
NSDD = Kind("nsd", "NSD", _nsd, NSD, "nsd", unsteered="NSD answers no VIP: it draws by no weight")
