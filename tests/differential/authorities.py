"""NSD and Knot on the generated zones, each on a free port of loopback, without limits of rate."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import dns.message
from exchange import Server, exchange
from peers import path_of

DEADLINE = 15.0  # seconds until a peer must answer; reached only when something is broken
PAYLOAD = 1232  # what gslb sends at most over UDP, so that all three cut at the same length

_NSD = """\
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  database: ""
  pidfile: ""
  zonesdir: "{folder}"
  xfrdir: "{folder}"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  server-count: 1
  ipv4-edns-size: {payload}
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  minimal-responses: no
  refuse-any: no
  round-robin: no
  confine-to-zone: yes
  zonefiles-write: 0
remote-control:
  control-enable: no
"""
_NSD_ZONE = 'zone:\n  name: "{origin}"\n  zonefile: "{path}"\n'

_KNOT = """\
server:
  rundir: "{folder}"
  listen: 127.0.0.1@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  udp-max-payload: {payload}
  answer-rotation: off
log:
  - target: stderr
    any: info
database:
  storage: "{folder}"
template:
  - id: default
    storage: "{folder}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
zone:
"""
_KNOT_ZONE = '  - domain: "{origin}"\n    file: "{path}"\n'


def _free_port() -> int:
    """Give a port that is free for UDP and TCP just now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            with contextlib.suppress(OSError):
                udp.bind(("127.0.0.1", port))
                return port


def _configure(head: str, zone: str, folder: Path, zones: Mapping[str, Path]) -> tuple[Path, int]:
    folder.mkdir()
    port = _free_port()
    parts = [zone.format(origin=origin, path=path) for origin, path in zones.items()]
    conf = folder / "conf"
    conf.write_text(head.format(folder=folder, port=port, payload=PAYLOAD) + "".join(parts))
    return conf, port


@contextlib.contextmanager
def nsd(folder: Path, zones: Mapping[str, Path]) -> Iterator[Server]:
    """Run NSD on master files, given by origin."""
    conf, port = _configure(_NSD, _NSD_ZONE, folder, zones)
    command = ("nsd", "-d", "-c", str(conf))
    with _running(Server("nsd", "127.0.0.1", port), command, folder / "log", zones) as server:
        yield server


@contextlib.contextmanager
def knot(folder: Path, zones: Mapping[str, Path]) -> Iterator[Server]:
    """Run Knot on master files, given by origin."""
    conf, port = _configure(_KNOT, _KNOT_ZONE, folder, zones)
    command = ("knotd", "-c", str(conf))
    with _running(Server("knot", "127.0.0.1", port), command, folder / "log", zones) as server:
        yield server


@contextlib.contextmanager
def _running(
    server: Server, command: tuple[str, ...], log: Path, zones: Mapping[str, Path]
) -> Iterator[Server]:
    """Run a server from the moment that it answers for every zone to the end."""
    with log.open("wb") as out:
        process = subprocess.Popen((path_of(command[0]), *command[1:]), stdout=out, stderr=out)
    try:
        for origin in zones:
            _wait(process, server, origin, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()  # the test fails, and leaves nothing behind
            process.wait()
            raise


def _wait(process: subprocess.Popen[bytes], server: Server, origin: str, log: Path) -> None:
    """Ask for a zone's SOA until it is answered."""
    end = time.monotonic() + DEADLINE
    query = dns.message.make_query(origin, "SOA").to_wire()
    while True:
        reply = exchange(server, query, tcp=False, seconds=0.2)
        if reply is not None and dns.message.from_wire(reply).answer:
            return
        said = log.read_text(errors="replace")[-2000:]
        assert process.poll() is None, f"{server.name} ended:\n{said}"
        assert time.monotonic() < end, f"{server.name} does not answer for {origin}:\n{said}"
        time.sleep(0.02)
