"""A plane on real sockets for one world, asked by dnspython over UDP and TCP, IPv4 and IPv6.

After every question the plane's counters are compared too: exactly the expected ones may move.
It knows nothing of the service around the plane: no store, no probes.
"""

import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

from gslb import _plane, snapshot
from gslb.compiler import compile_map, compile_policy, compile_zone
from gslb.geo import Opened, classify
from gslb.model import Map, Rrset, Vip, World, Zone
from gslb.model.names import to_wire
from gslb.settings import WireSettings

SECONDS = 5.0  # the longest wait for a reply or for a counter
QUIET = 0.3  # how long silence is listened to

Transport = Literal["udp4", "udp6", "tcp4", "tcp6"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
HOSTS = {"4": "127.0.0.1", "6": "::1"}
GAUGES = {"tcp_open"}  # falls too, at some time after a client has gone


def read_zone(text: str, origin: str = "gslb.example.") -> Zone:
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


def make_world(
    *texts: tuple[str, str],
    vips: Mapping[str, object] | None = None,
    maps: Mapping[str, object] | None = None,
) -> World:
    """Make a world of zones, given as (origin, text), and of VIPs as they stand in files."""
    steered = {name: Vip.model_validate(vip) for name, vip in (vips or {}).items()}
    sites = sorted({site for vip in steered.values() for site in vip.pools})
    return World.model_validate(
        {
            "datacenters": {site: {} for site in sites},
            "maps": {name: Map.model_validate(one) for name, one in (maps or {}).items()},
            "vips": steered,
            "zones": {origin: read_zone(text, origin) for origin, text in texts},
        }
    )


@dataclass(frozen=True)
class Case:
    """A question and the whole reply that is due; records are lines of a master file."""

    about: str
    name: str
    type: str = "A"
    rcode: str = "NOERROR"
    aa: bool = True
    answer: str = ""
    authority: str = ""
    additional: str = ""

    def __str__(self) -> str:
        return self.about


@dataclass
class Nameserver:
    """A published world and its sockets."""

    engine: _plane.Engine
    addresses: dict[str, tuple[str, int]]
    revision: int = 0
    databases: Sequence[Opened] = ()
    _zones: dict[str, snapshot.Zone] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The port of the first address."""
        return next(port for _, port in self.addresses.values())

    def publish(self, world: World, down: Sequence[str] = ()) -> int:
        """Compile and swap in a world; members of the addresses in `down` weigh nothing."""
        self.revision += 1
        zones = []
        for origin in world.zones:
            document = compile_zone(world, origin).document
            zone = self._zones[origin] = snapshot.decode_zone(document)
            keys, _ = snapshot.zone_keys(zone)
            members, pools = snapshot.configured_weights(zone)
            live = [
                0 if key.address in down else weight
                for key, weight in zip(keys, members, strict=True)
            ]
            zones.append((document, _words(live), _pool_words(pools)))
        gone = [origin for origin in self._zones if origin not in world.zones]
        for origin in gone:
            del self._zones[origin]
        maps = [
            compile_map(name, classify(name, world.maps, world.datacenters, self.databases))
            for name in world.maps
        ]
        return self.engine.publish(
            self.revision, zones, maps, [to_wire(origin) for origin in gone], []
        )

    def speak(self, **settings: Any) -> None:
        """Speak by these settings from now on, and by the defaults of the others."""
        self.engine.configure(snapshot.encode(compile_policy(WireSettings(**settings))))

    def weigh(self, weights: Mapping[str, float]) -> None:
        """Store effective weights in place, by member address, in all VIPs that hold them."""
        for origin, zone in self._zones.items():
            keys, _ = snapshot.zone_keys(zone)
            changes = [
                (at, snapshot.word(weights[key.address]))
                for at, key in enumerate(keys)
                if key.address in weights
            ]
            self.engine.set_members(to_wire(origin), changes)

    def shed(self, shares: Mapping[tuple[str, str], float]) -> None:
        """Store pool words that shed these shares, by VIP and datacenter; the others shed none."""
        for origin, zone in self._zones.items():
            _, keys = snapshot.zone_keys(zone)
            _, weights = snapshot.configured_weights(zone)
            pools = enumerate(zip(keys, weights, strict=True))
            words = [
                (at, snapshot.pool_word(weight, shares.get((key.vip, key.datacenter), 0.0)))
                for at, (key, weight) in pools
            ]
            self.engine.set_pools(to_wire(origin), words)

    def revive(self) -> None:
        """Store the configured weights."""
        for origin, zone in self._zones.items():
            members, _ = snapshot.configured_weights(zone)
            words = [(at, snapshot.word(weight)) for at, weight in enumerate(members)]
            self.engine.set_members(to_wire(origin), words)

    def ask(
        self, query: dns.message.Message, over: Transport, *, apart: bool = False
    ) -> dns.message.Message:
        """Ask one question over one transport; `apart` keeps a record that stands twice twice."""
        host, port = self.addresses[over[-1]]
        ask = dns.query.udp if over.startswith("udp") else dns.query.tcp
        return ask(query, host, SECONDS, port, one_rr_per_rrset=apart)

    def ask_everywhere(
        self, query: dns.message.Message, **moved: int
    ) -> Iterator[tuple[Transport, dns.message.Message]]:
        """Ask over every transport; see that exactly these counters move each time."""
        return self._everywhere(query, moved, apart=False)

    def _everywhere(
        self, query: dns.message.Message, moved: Mapping[str, int], *, apart: bool
    ) -> Iterator[tuple[Transport, dns.message.Message]]:
        for over in TRANSPORTS:
            with self.counting(**asked(over), **moved):
                reply = self.ask(query, over, apart=apart)
            yield over, reply

    def check(self, case: Case) -> None:
        """Ask a case over every transport and compare the whole reply and the counters."""
        query = plain(case.name, case.type)
        for over, reply in self._everywhere(query, _counted(case), apart=True):
            assert reply.question == query.question, over
            assert dns.rcode.to_text(reply.rcode()) == case.rcode, over
            assert flags(reply) == ({"QR", "AA"} if case.aa else {"QR"}), over
            assert records(reply.answer) == lines(case.answer), over
            assert records(reply.authority) == lines(case.authority), over
            assert records(reply.additional) == lines(case.additional), over

    def exchange(self, packet: bytes, over: Transport = "udp4") -> bytes | None:
        """Send one datagram, or one framed message, as it is; None if nothing comes back."""
        host, port = self.addresses[over[-1]]
        family = socket.AF_INET6 if over.endswith("6") else socket.AF_INET
        kind = socket.SOCK_DGRAM if over.startswith("udp") else socket.SOCK_STREAM
        with socket.socket(family, kind) as wire:
            wire.settimeout(QUIET)
            wire.connect((host, port))
            try:
                if kind == socket.SOCK_DGRAM:
                    wire.send(packet)
                    return wire.recv(65535)
                wire.sendall(len(packet).to_bytes(2, "big") + packet)
                return read_frame(wire)
            except (TimeoutError, ConnectionError):
                return None

    @contextmanager
    def counting(self, **moved: int) -> Iterator[None]:
        """See that exactly these counters move, by these amounts, in what is done inside.

        `udp` and `tcp` stand for as many received and answered.
        """
        wanted = _spelled_out(moved)
        before = self.engine.counters()
        assert wanted.keys() <= before.keys(), f"no such counters: {wanted.keys() - before.keys()}"
        yield
        deadline = time.monotonic() + SECONDS
        while (found := self._moved(before)) != wanted and time.monotonic() < deadline:
            time.sleep(0.001)
        assert found == wanted

    def _moved(self, before: Mapping[str, int]) -> dict[str, int]:
        after = self.engine.counters()
        moved = {name: after[name] - before[name] for name in after.keys() - GAUGES}
        return {name: count for name, count in moved.items() if count}


@contextmanager
def serving(
    world: World, workers: int = 1, listen: Sequence[str] = ("127.0.0.1:0", "[::1]:0")
) -> Iterator[Nameserver]:
    """Serve a world, on free ports of both loopbacks if nothing else is said."""
    engine = _plane.Engine()
    server = _plane.Server(engine, list(listen), workers)
    ports = [int(address.rpartition(":")[2]) for address in server.addresses]
    addresses = {family: (HOSTS[family], port) for family, port in zip("46", ports, strict=False)}
    nameserver = Nameserver(engine, addresses)
    nameserver.publish(world)
    server.start()
    try:
        yield nameserver
    finally:
        assert server.stop(SECONDS), "threads were still busy at the end"


def plain(name: str, rtype: str = "A") -> dns.message.Message:
    """Make a question without EDNS and without RD."""
    query = dns.message.make_query(dns.name.from_text(name), rtype)
    query.flags = dns.flags.Flag(0)
    return query


def with_edns(name: str, rtype: str = "A", payload: int = 1232, **edns: int) -> dns.message.Message:
    """Make a question with EDNS."""
    query = plain(name, rtype)
    query.use_edns(edns.get("version", 0), edns.get("flags", 0), payload)
    return query


def flags(reply: dns.message.Message) -> set[str]:
    """Give the set flags of the header."""
    return set(dns.flags.to_text(reply.flags).split())


def records(section: Sequence[dns.rrset.RRset]) -> list[str]:
    """Give a section record by record, in an order of its own.

    Names are in lower case: compression may take the letters of the question (RFC 4343 section 4).
    """
    return sorted(
        f"{str(rrset.name).lower()} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} "
        + (str(data) if rrset.rdtype == dns.rdatatype.TXT else str(data).lower())
        for rrset in section
        for data in rrset
    )


def lines(text: str) -> list[str]:
    """Give the records of a case as `records` gives those of a reply."""
    return sorted(" ".join(line.split()) for line in text.strip().splitlines() if line.strip())


def read_frame(wire: socket.socket) -> bytes | None:
    """Read one framed message of a TCP connection; None at its end."""
    head = _read(wire, 2)
    return _read(wire, int.from_bytes(head, "big")) if head else None


def _read(wire: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = wire.recv(count - len(found))
        if not part:
            return b""
        found += part
    return found


def _words(weights: Sequence[float]) -> bytes:
    return snapshot.pack_words(snapshot.word(weight) for weight in weights)


def _pool_words(weights: Iterable[int]) -> bytes:
    return snapshot.pack_words(snapshot.pool_word(weight) for weight in weights)


def _counted(case: Case) -> dict[str, int]:
    return {case.rcode.lower(): 1}


def asked(over: Transport) -> dict[str, int]:
    """Give the counters that one answered question moves, whatever the answer."""
    return {"udp": 1} if over.startswith("udp") else {"tcp": 1, "tcp_connections": 1}


def _spelled_out(moved: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, count in moved.items():
        names = (f"{name}_received", f"{name}_answered") if name in {"udp", "tcp"} else (name,)
        found |= dict.fromkeys(names, count)
    return found
