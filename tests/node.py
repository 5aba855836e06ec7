"""A real node in a process of its own, as an operator starts it, and how tests speak to it."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import dns.asyncquery
import dns.message
import dns.rcode
import dns.rdatatype

from gslb.demo.sites import Site

DEADLINE = 15.0  # seconds; reached only when something is broken
_READY = re.compile(
    r"DNS 127\.0\.0\.1:(?P<dns>\d+),.* API http://(?P<http>[\d.:]+), revision (\d+)"
)

ZONE = """\
$TTL 300
@    IN SOA ns1 hostmaster 1 3600 900 604800 60
     IN NS  ns1
ns1  IN A   127.0.0.1
txt  IN TXT "hello"
"""

YAML = """\
datacenters:
  tokyo: {{}}
  frankfurt: {{}}
probes:
  web: {{kind: http, path: /healthz, interval: 200ms, timeout: 150ms, fall: 2, contains: ok}}
vips:
  www.gslb.example.:
    ttl: 1
    order: [tokyo, frankfurt]
    probe: web
    pools:
      tokyo: {{members: [{{address: 192.0.2.10, probe_address: 127.0.0.1, probe_port: {tokyo}}}]}}
      frankfurt:
        members: [{{address: 198.51.100.10, probe_address: 127.0.0.1, probe_port: {frankfurt}}}]
  api.gslb.example.:
    pools:
      tokyo: {{members: [{{address: 192.0.2.20}}, {{address: 192.0.2.21, weight: 0}}]}}
"""


def write_zones(folder: Path, ports: dict[str, int]) -> Path:
    """Write a zones folder whose members are probed on these ports."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gslb.example.zone").write_text(ZONE)
    (folder / "gslb.example.yaml").write_text(YAML.format(**ports))
    return folder


@asynccontextmanager
async def toy_sites(*names: str) -> AsyncIterator[dict[str, Site]]:
    """Run toy sites on free ports."""
    sites = {name: Site(name, "127.0.0.1", 0) for name in names}
    try:
        for site in sites.values():
            await site.start()
        yield sites
    finally:
        for site in sites.values():
            await site.kill()


async def until(holds: Callable[[], Awaitable[Any]], what: str, within: float = DEADLINE) -> Any:
    """Ask again and again until the answer is true; fail with what was waited for."""
    end = time.monotonic() + within
    while not (found := await holds()):
        assert time.monotonic() < end, f"waited {within} s for: {what}"
        await asyncio.sleep(0.01)
    return found


class Node:
    """One `gslb serve` process."""

    def __init__(
        self,
        state: Path,
        zones: Path,
        store: str | None = None,
        *,
        more: Sequence[str] = (),
        through: Sequence[str] = (),
        descriptors: Sequence[int] = (),
    ) -> None:
        """Take `more` flags; `through` is a command that runs it and is given `descriptors`."""
        self.state = state
        self.zones = zones
        self.log = state.parent / f"{state.name}.log"
        self._more = [*(["--store", store] if store else []), *more]
        self._through = through
        self._descriptors = descriptors
        self._process: asyncio.subprocess.Process | None = None
        self.dns = 0
        self.http = ""

    async def start(self) -> str:
        """Start it on free ports; give the line it prints when it is ready."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._through,
                *(sys.executable, "-m", "gslb", "serve", "--zones", str(self.zones)),
                *("--state", str(self.state), "--dns", f"127.0.0.1:{self.dns}"),
                *("--http", "127.0.0.1:0", "--node", "test", "--workers", "2", *self._more),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=self._descriptors,
                env={**os.environ, "GSLB_LOG": "info"},
            )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), DEADLINE)
        found = _READY.search(line.decode())
        assert found, f"not ready: {line!r}\n{self.log.read_text()}"
        self.dns = int(found["dns"])
        self.http = found["http"]
        return line.decode()

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process is not None
        return self._process.pid

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; give the exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.returncode is None:
            process.send_signal(number)
        try:
            await asyncio.wait_for(process.communicate(), DEADLINE)
        except TimeoutError:
            process.kill()  # the test fails, and leaves nothing behind
            await process.communicate()
            raise
        return process.returncode or 0

    async def ask(self, name: str, rtype: str = "A", *, tcp: bool = False) -> list[str]:
        """Ask one question; give the answer section's data, or the rcode's name if not NOERROR."""
        query = dns.message.make_query(name, rtype)
        ask = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
        reply = await ask(query, "127.0.0.1", port=self.dns, timeout=2)
        if reply.rcode() != dns.rcode.NOERROR:
            return [dns.rcode.to_text(reply.rcode())]
        return [data.to_text() for rrset in reply.answer for data in rrset]

    async def reply(self, query: dns.message.Message) -> str:
        """Ask a question over UDP; give the data of the only answer."""
        reply = await dns.asyncquery.udp(query, "127.0.0.1", port=self.dns, timeout=2)
        (rrset,) = reply.answer
        (data,) = rrset
        return str(data.to_text())

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any]:
        """Make an API call, through the unix socket or, with a token ("" for none), over TCP."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connector = aiohttp.UnixConnector(str(self.state / "gslb.sock")) if token is None else None
        base = "http://gslb" if token is None else f"http://{self.http}"
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers) as session,
            session.request(method, base + path, data=data) as response,
        ):
            text = await response.text()
            is_json = "json" in response.content_type
            return response.status, json.loads(text) if is_json else text

    async def explain(self, name: str, client: str = "203.0.113.7") -> dict[str, Any]:
        """Ask why."""
        path = f"/api/v1/explain?name={name}&type=A&client={client}"
        status, found = await self.call("GET", path)
        assert status == 200, found
        return dict(found)

    async def member(self, vip: str, datacenter: str) -> dict[str, Any]:
        """Give the standing of a pool's first member, as the status tells it."""
        _, found = await self.call("GET", "/api/v1/status")
        return dict(found["vips"][vip]["pools"][datacenter]["members"][0])


@asynccontextmanager
async def running(state: Path, zones: Path, store: str | None = None) -> AsyncIterator[Node]:
    """Run a node for the length of a test."""
    node = Node(state, zones, store)
    try:
        await node.start()
        yield node
    finally:
        await node.end()


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[tuple[Node, dict[str, Site]]]:
    """Run two toy sites, and a node that prefers tokyo to frankfurt."""
    async with toy_sites("tokyo", "frankfurt") as sites:
        zones = write_zones(folder / "zones", {name: site.port for name, site in sites.items()})
        async with running(folder / "state", zones) as node:
            yield node, sites
