"""The servers that are compared: each on one core, with one UDP thread, stopped by its pid."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from bench.cases import ORIGIN, STATIC, VIP, WEIGHTS, ZONE

HOST = "127.0.0.1"
READY_SECONDS = 20
STOP_SECONDS = 5
GDNSD = "/usr/sbin/gdnsd"


class BenchError(Exception):
    """Something that the benchmark needs is missing or does not come up."""


@dataclass(frozen=True)
class Kind:
    """A server to compare: how it is written down, and how it is started on a port."""

    name: str
    title: str
    command: Callable[[Path, int], Sequence[str]]
    speaks_dns: bool = True


def free_port() -> int:
    """Find a port that is free for UDP and TCP now."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind((HOST, 0))
        port: int = tcp.getsockname()[1]
        udp.bind((HOST, port))
    return port


def compile_c(source: str, folder: Path) -> Path:
    """Compile one of the C programs beside this file."""
    program = folder / source.removesuffix(".c")
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchError("no C compiler (cc); on Debian: apt-get install gcc libc6-dev")
    subprocess.run(
        [compiler, "-O2", "-o", program, Path(__file__).with_name(source)],
        check=True,
    )
    return program


def _echo(folder: Path, port: int) -> Sequence[str]:
    return [str(compile_c("echo.c", folder)), str(port)]


def _gdnsd(folder: Path, port: int) -> Sequence[str]:
    """Write gdnsd's configuration: one UDP thread, a weighted resource of single addresses."""
    (folder / "zones").mkdir()
    for part in ("run", "state"):
        (folder / part).mkdir()
    items = "\n".join(
        f"    site{at} = [ {address}, {weight} ]"
        for at, (address, weight) in enumerate(WEIGHTS.items())
    )
    (folder / "config").write_text(
        f"options => {{ listen => {HOST}:{port}, udp_threads => 1, tcp_threads => 1,\n"
        f'  run_dir => "{folder}/run", state_dir => "{folder}/state" }}\n'
        f"plugins => {{ weighted => {{ service_types => up, vip => {{\n{items}\n  }} }} }}\n"
    )
    zone = ZONE + "vip 30 DYNA weighted!vip\n"
    (folder / "zones" / ORIGIN.removesuffix(".")).write_text(zone)
    return [GDNSD, "-c", str(folder), "start"]


def _gslb(folder: Path, port: int) -> Sequence[str]:
    """Write a zones folder: as many datacenters as addresses, sharing clients by weight."""
    zones = folder / "zones"
    zones.mkdir()
    name = ORIGIN.removesuffix(".")
    (zones / f"{name}.zone").write_text(f"$ORIGIN {ORIGIN}\n{ZONE}")
    sites = "".join(f"  site{at}: {{}}\n" for at in range(len(WEIGHTS)))
    pools = "".join(
        f"      site{at}: {{weight: {weight}, members: [{{address: {address}}}]}}\n"
        for at, (address, weight) in enumerate(WEIGHTS.items())
    )
    (zones / f"{name}.yaml").write_text(
        f"datacenters:\n{sites}vips:\n  {VIP}:\n    ttl: 30\n    pools:\n{pools}"
    )
    flags = ["--zones", str(zones), "--state", str(folder / "state"), "--workers", "1"]
    return [
        sys.executable,
        "-m",
        "gslb",
        "serve",
        *flags,
        "--dns",
        f"{HOST}:{port}",
        "--http",
        f"{HOST}:0",
    ]


ECHO = Kind("echo", "bare recvmmsg/sendmmsg echo in C", _echo, speaks_dns=False)
GSLB_SERVE = Kind("gslb", "gslb serve", _gslb)
PEER = Kind("gdnsd", "gdnsd", _gdnsd)


def gdnsd_version() -> str | None:
    """Say which gdnsd is installed, if any."""
    if not Path(GDNSD).exists():
        return None
    said = subprocess.run([GDNSD], capture_output=True, text=True, check=False)
    words = (said.stdout + said.stderr).split("gdnsd version ")
    return words[-1].split()[0] if len(words) > 1 else "of unknown version"


@contextmanager
def running(kind: Kind, folder: Path, core: int) -> Iterator[tuple[int, int]]:
    """Run a server on a core and give its pid and port; stopped at the end, whatever happens."""
    folder.mkdir(parents=True)
    port = free_port()
    command = kind.command(folder, port)
    with (folder / "log").open("wb") as log:
        with on_core(core):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            if kind.speaks_dns:
                _wait_until_ready(process, port, folder / "log")
            yield process.pid, port
        finally:
            _stop(process)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Let what is started inside stand on one core with all its threads: affinity is inherited."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            reply = dns.query.udp(dns.message.make_query(STATIC, "A"), HOST, 0.2, port)
        except (dns.exception.Timeout, OSError):
            continue
        if reply.rcode() == dns.rcode.NOERROR:
            return
    tail = log.read_text(errors="replace")[-2000:]
    raise BenchError(f"{process.args!r} did not answer within {READY_SECONDS} s; it said:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_seconds(pid: int) -> float:
    """Give the CPU time of all threads of a process, by the scheduler's nanosecond counts."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def machine_seconds() -> float:
    """Give the CPU time that all cores together have spent on anything."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, irq, softirq, stolen = (int(word) for word in first[:8])
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")
