"""Real secondaries beside a real `gslb serve`: NSD, Knot and BIND, on ports of the test's own."""

import asyncio
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import peers
from node import DEADLINE, until

SECRET = b64encode(bytes(range(64))).decode()
KEY = "transfer.key."
ALGORITHM = "hmac-sha512"
ORIGIN = "gslb.example"

_NSD = f"""\
server:
  ip-address: 127.0.0.1@{{port}}
  username: ""
  database: ""
  pidfile: ""
  zonesdir: "{{folder}}"
  xfrdir: "{{folder}}"
  xfrdfile: "{{folder}}/xfrd.state"
  zonelistfile: "{{folder}}/zone.list"
  xfrd-reload-timeout: 0
remote-control:
  control-enable: no
key:
  name: "{KEY}"
  algorithm: {ALGORITHM}
  secret: "{SECRET}"
zone:
  name: "{ORIGIN}"
  zonefile: "zone"
  request-xfr: 127.0.0.1@{{primary}} {KEY}
  allow-notify: 127.0.0.1 {KEY}
"""

_KNOT = f"""\
server:
  listen: 127.0.0.1@{{port}}
  rundir: "{{folder}}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{{folder}}"
key:
  - id: {KEY}
    algorithm: {ALGORITHM}
    secret: {SECRET}
remote:
  - id: primary
    address: 127.0.0.1@{{primary}}
    key: {KEY}
acl:
  - id: notifier
    address: 127.0.0.1
    key: {KEY}
    action: notify
zone:
  - domain: {ORIGIN}
    storage: "{{folder}}"
    master: primary
    acl: notifier
"""

_NAMED = f"""\
options {{{{
  directory "{{folder}}";
  listen-on port {{port}} {{{{ 127.0.0.1; }}}};
  listen-on-v6 {{{{ none; }}}};
  recursion no;
  dnssec-validation no;
  notify no;
  pid-file none;
  session-keyfile none;
}}}};
controls {{{{ }}}};
key "{KEY}" {{{{ algorithm {ALGORITHM}; secret "{SECRET}"; }}}};
zone "{ORIGIN}" {{{{
  type secondary;
  file "zone";
  masterfile-format text;
  primaries port {{primary}} {{{{ 127.0.0.1 key "{KEY}"; }}}};
  allow-notify {{{{ key "{KEY}"; }}}};
}}}};
"""

_COMMANDS: dict[str, tuple[str, Callable[[Path], list[str]]]] = {
    "nsd": (_NSD, lambda conf: ["-d", "-c", str(conf)]),
    "knotd": (_KNOT, lambda conf: ["-c", str(conf)]),
    "named": (_NAMED, lambda conf: ["-g", "-n", "1", "-c", str(conf)]),
}


def write_keys(folder: Path) -> Path:
    """Write gslb's file of keys."""
    path = folder / "keys"
    path.touch(mode=0o600)
    path.write_text(f"{KEY} {ALGORITHM} {SECRET}\n")
    return path


def free_port() -> int:
    """Give a port that nobody has, for UDP and TCP."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
    return port


class Secondary:
    """A running secondary."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self.log = log

    async def ask(self, name: str, rtype: str) -> list[str] | None:
        """Ask over TCP; give the answers' data, None while there is no answer."""
        query = dns.message.make_query(name, rtype)
        try:
            reply = await dns.asyncquery.tcp(query, "127.0.0.1", 2, self.port)
        except (dns.exception.DNSException, OSError, EOFError):
            return None
        if reply.rcode() != dns.rcode.NOERROR:
            return None
        return sorted(data.to_text() for rrset in reply.answer for data in rrset)

    async def becomes(self, name: str, rtype: str, wanted: list[str]) -> None:
        """Wait until an answer is this; fail with the secondary's log."""

        async def holds() -> bool:
            return await self.ask(name, rtype) == wanted

        try:
            await until(holds, f"{name} {rtype} {wanted}")
        except AssertionError as failure:
            failure.add_note(self.log.read_text(errors="replace")[-3000:])
            raise

    async def serial(self) -> int:
        """Give the serial that it answers with."""
        found = await self.ask(ORIGIN, "SOA")
        return int(found[0].split()[2]) if found else -1


@asynccontextmanager
async def secondary(kind: str, folder: Path, port: int, primary: int) -> AsyncIterator[Secondary]:
    """Run a secondary of a primary on this port."""
    folder.mkdir()
    conf, log = folder / "conf", folder / "log"
    text, arguments = _COMMANDS[kind]
    conf.write_text(text.format(folder=folder, port=port, primary=primary))
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            peers.path_of(kind), *arguments(conf), stdout=file, stderr=file
        )
    try:
        yield Secondary(port, log)
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), DEADLINE)
        except TimeoutError:
            process.kill()
            await process.wait()
