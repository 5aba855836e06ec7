"""A primary in this process: the plane on real sockets, with its transfers, without the service."""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.message
import dns.name
import dns.rdatatype
import dns.tsig
import dns.versioned
import dns.xfr
import dns.zone
from atlases import nowhere

from gslb.compiler import compile_policy
from gslb.model import Rrset, Vip, World, Zone, find_edits
from gslb.plane import Plane
from gslb.publisher import Press
from gslb.settings import Settings
from gslb.telemetry import Alarms
from gslb.transfer import Transfers

ORIGIN = "gslb.example."
SECRET = bytes(range(32))
SECRETS = {
    "k256.": ("hmac-sha256", SECRET),
    "k384.": ("hmac-sha384", SECRET + SECRET[:16]),
    "k512.": ("hmac-sha512", SECRET + SECRET),
}
KEYRING = {
    dns.name.from_text(name): dns.tsig.Key(name, secret, algorithm)
    for name, (algorithm, secret) in SECRETS.items()
}
TEXT = """
@      3600 SOA   ns1 admin 7 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
"""


def write_keys(folder: Path) -> Path:
    """Write a file of the keys of `SECRETS`."""
    path = folder / "keys"
    path.touch(mode=0o600)
    path.write_text("".join(f"{n} {a} {b64encode(s).decode()}\n" for n, (a, s) in SECRETS.items()))
    return path


def read_zone(text: str, origin: str = ORIGIN) -> Zone:
    """Read master file text into the model."""
    lines = dns.zone.from_text(text, origin, relativize=False, check_origin=False)
    rrsets = [
        Rrset(
            name=str(name),
            type=dns.rdatatype.to_text(data.rdtype),
            ttl=data.ttl,
            rdata=tuple(one.to_text() for one in data),
        )
        for name, data in lines.iterate_rdatasets()
    ]
    return Zone(origin=origin, rrsets={rrset.key: rrset for rrset in rrsets})


def make_world(text: str = TEXT, vips: Mapping[str, Any] | None = None, **more: str) -> World:
    """Make a world of one zone, its VIPs, and more zones by origin (`_` stands for a dot)."""
    zones = {ORIGIN: read_zone(text)}
    for name, other in more.items():
        origin = name.replace("_", ".")
        zones[origin] = read_zone(other, origin)
    steered = {name: Vip.model_validate(vip) for name, vip in (vips or {}).items()}
    sites: dict[str, Any] = {site: {} for vip in steered.values() for site in vip.pools}
    return World.model_validate({"datacenters": sites, "vips": steered, "zones": zones})


@dataclass
class Primary:
    """A running primary."""

    press: Press
    plane: Plane
    transfers: Transfers
    alarms: Alarms
    port: int
    revision: int = 0

    def publish(self, world: World) -> None:
        """Swap in a world as one revision."""
        self.revision += 1
        edits = find_edits(self.press.world, world)
        self.press.publish(self.press.prove(world, edits, self.revision), self.revision)
        self.transfers.published()

    @asynccontextmanager
    async def connection(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Have a connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def primary(
    world: World, clock: list[float] | None = None, **settings: Any
) -> AsyncIterator[Primary]:
    """Run a primary with these settings; `clock` holds its time, if that is to be moved."""
    found = Settings(**settings)
    plane = Plane()
    (address,) = plane.bind(["127.0.0.1:0"], 1)
    press = Press(plane, lambda _: 1.0, nowhere())

    def now() -> float:
        return clock[0] if clock else time.time()

    alarms = Alarms(now)
    transfers = Transfers(found, plane, press, alarms, now)
    plane.configure(compile_policy(found))
    try:
        async with transfers:
            running = Primary(press, plane, transfers, alarms, int(address.rpartition(":")[2]))
            running.publish(world)
            plane.start()
            yield running
    finally:
        assert await asyncio.to_thread(plane.stop, 5.0), "threads were still busy at the end"


async def send(writer: asyncio.StreamWriter, message: dns.message.Message | bytes) -> None:
    """Send a message in its frame."""
    wire = message if isinstance(message, bytes) else message.to_wire()
    writer.write(len(wire).to_bytes(2, "big") + wire)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> bytes | None:
    """Read a framed message; None at the end of the stream."""
    async with asyncio.timeout(10):
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return None


def axfr(zone: str = ORIGIN, rtype: str = "AXFR", key: str | None = None) -> dns.message.Message:
    """Make a question for a transfer, signed with a key of `SECRETS` if one is named."""
    query = dns.message.make_query(zone, rtype)
    query.flags = dns.flags.Flag(0)
    if key is not None:
        query.use_tsig(KEYRING, key)
    return query


async def until(holds: Callable[[], object]) -> None:
    """Look again and again until something holds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  (no event tells of it)
            await asyncio.sleep(0.005)


async def fetch(found: Primary, key: str | None = None, origin: str = ORIGIN) -> dns.zone.Zone:
    """Transfer a zone with dnspython's own client."""
    zone = dns.versioned.Zone(origin, relativize=False)
    name = dns.name.from_text(key) if key else None
    query, _ = dns.xfr.make_query(zone, keyring=KEYRING if key else None, keyname=name)
    await dns.asyncquery.inbound_xfr("127.0.0.1", zone, query, found.port, timeout=10, lifetime=15)
    return zone


async def ask(found: Primary, query: dns.message.Message) -> dns.message.Message:
    """Ask over a connection of its own; a signature is checked."""
    async with found.connection() as (reader, writer):
        await send(writer, query)
        wire = await receive(reader)
        assert wire is not None
        return dns.message.from_wire(wire, keyring=KEYRING, request_mac=query.mac, xfr=True)


def lines(zone: dns.zone.Zone) -> set[str]:
    """Give a zone's records, a line each."""
    return set(zone.to_text(relativize=False, sorted=True).splitlines())
