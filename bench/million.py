"""`python -m bench.million`: a million static names in gslb, beside NSD and Knot.

For each server: from its start to the first right answer, in seconds of the clock and of CPU, and
the memory of all its processes then, shared pages counted once (PSS). For gslb three times: a first
start, which reads the master file and fills the store; a start from the state folder; and a process
that only holds the documents and the plane.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from bench.machine import HOST, BenchError, free_port

ORIGIN = "gslb.example."
WAIT = 600.0  # seconds for a first answer
HEAD = f"""\
$ORIGIN {ORIGIN}
$TTL 300
@ IN SOA ns1 host 1 3600 600 86400 60
@ IN NS ns1
ns1 IN A 127.0.0.1
"""


def main() -> int:
    """Measure and print the table; 1 if something needed is missing."""
    options = _options()
    if options.hold is not None:
        return _hold(options.hold, options.dns)
    if options.stages is not None:
        return _stages(options.stages)
    with tempfile.TemporaryDirectory(prefix="gslb-million-") as name:
        try:
            _measure(Path(name), options.names, options.rest)
        except BenchError as error:
            print(f"bench.million: {error}", file=sys.stderr)
            return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.million", description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000, help="names (1,000,000)")
    parser.add_argument(
        "--rest",
        type=float,
        default=20.0,
        help="seconds from the first to the second look at memory",
    )
    parser.add_argument("--hold", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--stages", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--dns", help=argparse.SUPPRESS)
    return parser.parse_args()


def write_zone(file: Path, names: int) -> str:
    """Write a zone of so many names, of every twenty 14 A, 3 AAAA, MX, TXT, CNAME; give the last.

    The last name has an A record.
    """
    with file.open("w") as out:
        out.write(HEAD)
        for at in range(names):
            out.write(f"host-{at:07d} IN {_data(at)}\n")
        last = f"last.{ORIGIN}"
        out.write("last IN A 192.0.2.1\n")
    return last


def _data(at: int) -> str:
    kind = at % 20
    if kind < 14:
        return f"A 10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}"
    if kind < 17:
        return f"AAAA 2001:db8::{at >> 16:x}:{at & 0xFFFF:x}"
    if kind == 17:
        return f"MX 10 host-{at - 17:07d}"
    if kind == 18:
        return f'TXT "number {at} of many"'
    return f"CNAME host-{at - 19:07d}"


@dataclass(frozen=True)
class Figure:
    """From the start to the first answer, and megabytes: then, after a rest, and the most ever."""

    title: str
    seconds: float
    cpu: float
    now: float
    rested: float
    peak: float


def _measure(home: Path, names: int, rest: float) -> None:
    zones = home / "zones"
    zones.mkdir()
    file = zones / f"{ORIGIN.removesuffix('.')}.zone"
    last = write_zone(file, names)
    print(f"{names:,} names, {file.stat().st_size / 1e6:.0f} MB of master file\n", flush=True)
    figures = []
    for title, program, write in (("NSD", "nsd", _nsd), ("Knot", "knotd", _knot)):
        path = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
        if path is None:
            print(f"{title} is not installed and is left out; on Debian: apt-get install {title}")
            continue
        port = free_port()
        start = _Start(title, [path, *write(home, file, port)], port)
        figures.append(start.run(last, home, rest))
    state = home / "state"
    serve = [sys.executable, "-m", "gslb", "serve", "--zones", str(zones), "--state", str(state)]
    serve += ["--http", f"{HOST}:0", "--workers", "1"]
    hold = [sys.executable, "-m", "bench.million", "--hold", str(state)]
    for title, command in (
        ("gslb: file, store, first answer", serve),
        ("gslb: from the state folder", serve),
        ("gslb: documents and plane alone", hold),
    ):
        port = free_port()
        start = _Start(title, [*command, "--dns", f"{HOST}:{port}"], port)
        figures.append(start.run(last, home, rest))
    _print(figures, rest)
    print("\ngslb's own work, stage by stage, in a process of its own:\n", flush=True)
    subprocess.run([sys.executable, "-m", "bench.million", "--stages", str(zones)], check=True)
    print(f"\nload average at the end: {os.getloadavg()[0]:.1f}")


def _print(figures: Sequence[Figure], rest: float) -> None:
    nsd = next((one.now for one in figures if one.title == "NSD"), None)
    later = f"{rest:.0f} s later, MB"
    heads = ("server", "first answer, s", "CPU, s", "MB then", "of NSD", later, "most ever, MB")
    print(f"\n| {' | '.join(heads)} |")
    print("|---|---|---|---|---|---|---|")
    for one in figures:
        of_nsd = f"{one.now / nsd:.2f}" if nsd else "-"
        print(
            f"| {one.title} | {one.seconds:.2f} | {one.cpu:.2f} | {one.now:.0f} | {of_nsd} "
            f"| {one.rested:.0f} | {one.peak:.0f} |"
        )


@dataclass(frozen=True)
class _Start:
    """A server to start: its command, and the port it will answer on."""

    title: str
    words: Sequence[str]
    port: int

    def run(self, last: str, home: Path, rest: float) -> Figure:
        """Start it, wait for its first right answer, look at its memory, stop it by its pid."""
        log = home / "log"
        with log.open("wb") as out:
            start = time.perf_counter()
            process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=out, stderr=out)
            with _stopped(process):
                _first_answer(process, self.port, last, log)
                seconds = time.perf_counter() - start
                cpu, now = _cpu_seconds(process.pid), _megabytes(process.pid)
                time.sleep(rest)
                rested = _megabytes(process.pid)
                found = Figure(self.title, seconds, cpu, now, rested, _peak(process.pid))
        told = [line for line in log.read_text().splitlines() if " of " in line]
        print(f"{self.title}: {seconds:.2f} s, {now:.0f} MB", flush=True)
        print("".join(f"    it said: {line}\n" for line in told[:3]), end="", flush=True)
        return found


@contextmanager
def _stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_answer(process: subprocess.Popen[bytes], port: int, name: str, log: Path) -> None:
    give_up = time.monotonic() + WAIT
    query = dns.message.make_query(name, "A")
    while time.monotonic() < give_up and process.poll() is None:
        try:
            reply = dns.query.udp(query, HOST, port=port, timeout=0.2)
        except (dns.exception.DNSException, OSError):
            time.sleep(0.02)
            continue
        if reply.rcode() == dns.rcode.NOERROR and reply.answer:
            return
        time.sleep(0.02)
    tail = log.read_text(errors="replace")[-2000:]
    raise BenchError(f"{process.args!r} gave no answer; it said:\n{tail}")


def _family(pid: int) -> list[int]:
    """Give a process and all that descend from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _family(int(child))
    return found


def _cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process, its children and those that have ended."""
    ticks = 0
    for one in _family(pid):
        words = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, words[11:15]))  # user, system, and both of ended children
    return ticks / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    """Give the resident memory of a process and its children, shared pages counted once."""
    return sum(_kilobytes(f"/proc/{one}/smaps_rollup", "Pss:") for one in _family(pid)) / 1e3


def _peak(pid: int) -> float:
    return max(_kilobytes(f"/proc/{one}/status", "VmHWM:") for one in _family(pid)) / 1e3


def _kilobytes(file: str, key: str) -> int:
    lines = Path(file).read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(key)), 0)


# The other servers


def _nsd(home: Path, file: Path, port: int) -> Sequence[str]:
    folder = home / "nsd"
    folder.mkdir()
    (folder / "nsd.conf").write_text(
        f'server:\n ip-address: {HOST}@{port}\n server-count: 1\n username: ""\n chroot: ""\n'
        f' zonesdir: "{file.parent}"\n database: ""\n pidfile: ""\n'
        f' zonelistfile: "{folder}/list"\n xfrdfile: "{folder}/xfrd"\n xfrdir: "{folder}"\n'
        "remote-control:\n control-enable: no\n"
        f'zone:\n name: "{ORIGIN}"\n zonefile: "{file}"\n'
    )
    return ["-d", "-c", str(folder / "nsd.conf")]


def _knot(home: Path, file: Path, port: int) -> Sequence[str]:
    folder = home / "knot"
    folder.mkdir()
    (folder / "knot.conf").write_text(
        f'server:\n  rundir: "{folder}"\n  listen: {HOST}@{port}\n  udp-workers: 1\n'
        "  tcp-workers: 1\n  background-workers: 1\n"
        f'database:\n  storage: "{folder}"\n'
        f'zone:\n  - domain: {ORIGIN}\n    file: "{file}"\n    journal-content: none\n'
    )
    return ["-c", str(folder / "knot.conf")]


# gslb in parts


def _hold(state: Path, listen: str) -> int:
    """Hold the documents of a state folder and the plane, and nothing else, until stdin ends."""
    from gslb.plane import Plane, Release  # noqa: PLC0415  (a process of its own: only what it needs)

    documents = [(file.read_bytes(), (), ()) for file in (state / "served").glob("*.zone")]
    plane = Plane()
    plane.bind([listen], 1)
    start = time.perf_counter()
    plane.publish(Release(1, documents))
    plane.start()
    print(f"published 1 of 1 in {time.perf_counter() - start:.2f} s", flush=True)
    sys.stdin.read()
    return 0


def _stages(zones: Path) -> int:
    from bench.stages import run_stages  # noqa: PLC0415  (in a process of its own)

    print("| stage | s | CPU, s |\n|---|---|---|")
    for name, (seconds, cpu) in run_stages(zones).items():
        print(f"| {name} | {seconds:.2f} | {cpu:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
