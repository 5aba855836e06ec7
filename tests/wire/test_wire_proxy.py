"""PROXY protocol v2: a trusted front end says for whom it asks, over UDP and TCP; nobody else."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import dns.edns
import dns.message
import pytest
from nameserver import QUIET, SECONDS, Nameserver, make_world, plain, read_frame, serving

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
"""
NETWORKS = {"tokyo": ["203.0.113.0/24", "2001:db8:1::/48"], "paris": ["198.51.100.0/24"]}
VIP = {
    "map": "networks",
    "pools": {
        "tokyo": {"members": [{"address": "192.0.2.1"}]},
        "paris": {"members": [{"address": "192.0.2.2"}]},
        "other": {"members": [{"address": "192.0.2.3"}]},
    },
}
MAP = {
    "rules": [{"networks": networks, "to": [site]} for site, networks in NETWORKS.items()],
    "otherwise": ["other"],
}
WORLD = make_world(("gslb.example.", ZONE), vips={"www.gslb.example.": VIP}, maps={"networks": MAP})
TOKYO, PARIS, OTHER = "192.0.2.1", "192.0.2.2", "192.0.2.3"
FRONT_END, STRANGER = "127.0.0.1", "127.0.0.2"
MALFORMED = {"dropped_malformed": 1}
CLIENTS = [
    ("203.0.113.7", TOKYO),
    ("198.51.100.7", PARIS),
    ("2001:db8:1::7", TOKYO),
    ("2001:db8:2::7", OTHER),
]
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture(scope="module")
def nameserver() -> Iterator[Nameserver]:
    with serving(WORLD) as found:
        found.speak(proxy_from=f"{FRONT_END}/32")
        yield found


def header(client: str, *, stream: bool = False, more: bytes = b"") -> bytes:
    """Make a header that tells a client."""
    address = ip_address(client)
    family = {4: 0x10, 6: 0x20}[address.version] | (1 if stream else 2)
    told = address.packed * 2 + b"\x30\x39\0\x35" + more
    return SIGNATURE + bytes([0x21, family]) + len(told).to_bytes(2, "big") + told


def local() -> bytes:
    """Make the header of a front end that asks for itself."""
    return SIGNATURE + b"\x20\0\0\0"


@contextmanager
def dialled(
    nameserver: Nameserver, kind: socket.SocketKind, source: str = FRONT_END
) -> Iterator[socket.socket]:
    with socket.socket(type=kind) as wire:
        wire.settimeout(SECONDS)
        wire.bind((source, 0))
        wire.connect(nameserver.addresses["4"])
        yield wire


def question(subnet: str | None = None) -> bytes:
    query = plain("www.gslb.example.")
    if subnet is not None:
        address, _, length = subnet.partition("/")
        query.use_edns(options=[dns.edns.ECSOption(address, int(length))])
    return query.to_wire()


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


def addresses(reply: bytes | None) -> list[str]:
    assert reply is not None
    return [str(data) for rrset in dns.message.from_wire(reply).answer for data in rrset]


@pytest.mark.parametrize(("client", "answer"), CLIENTS)
def test_the_told_client_decides_over_udp(nameserver: Nameserver, client: str, answer: str) -> None:
    with dialled(nameserver, socket.SOCK_DGRAM) as wire, nameserver.counting(udp=1, noerror=1):
        wire.send(header(client) + question())
        assert addresses(wire.recv(512)) == [answer]


@pytest.mark.parametrize(("client", "answer"), CLIENTS)
def test_the_told_client_decides_over_tcp_for_all_of_the_connection(
    nameserver: Nameserver, client: str, answer: str
) -> None:
    moved = {"tcp_connections": 1, "tcp": 3, "noerror": 3}
    with nameserver.counting(**moved), dialled(nameserver, socket.SOCK_STREAM) as wire:
        wire.sendall(header(client, stream=True) + framed(question()) * 2)
        assert [addresses(read_frame(wire)) for _ in range(2)] == [[answer]] * 2
        wire.sendall(framed(question()))
        assert addresses(read_frame(wire)) == [answer]


def test_a_header_comes_in_octets_over_tcp(nameserver: Nameserver) -> None:
    with dialled(nameserver, socket.SOCK_STREAM) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in header("203.0.113.7", stream=True, more=b"\4\0\1x") + framed(question()):
            wire.send(bytes([octet]))
        assert addresses(read_frame(wire)) == [TOKYO]


@pytest.mark.parametrize("begin", [b"", local(), header("203.0.113.7")[:13] + b"\0\0\0"])
def test_a_front_end_that_tells_no_client_is_served_as_itself(
    nameserver: Nameserver, begin: bytes
) -> None:
    with dialled(nameserver, socket.SOCK_DGRAM) as wire:
        wire.send(begin + question())
        assert addresses(wire.recv(512)) == [OTHER]
    with dialled(nameserver, socket.SOCK_STREAM) as wire:
        wire.sendall(begin + framed(question()))
        assert addresses(read_frame(wire)) == [OTHER]


def test_a_client_subnet_is_nearer_than_what_the_front_end_tells(nameserver: Nameserver) -> None:
    with dialled(nameserver, socket.SOCK_DGRAM) as wire:
        wire.send(header("203.0.113.7") + question("198.51.100.0/24"))
        assert addresses(wire.recv(512)) == [PARIS]


def test_a_stranger_is_not_believed_over_udp(nameserver: Nameserver) -> None:
    with dialled(nameserver, socket.SOCK_DGRAM, STRANGER) as wire:
        with nameserver.counting(udp=1, notimp=1):  # as DNS it is an IQUERY (RFC 3425)
            wire.send(header("203.0.113.7") + question())
            assert addresses(wire.recv(512)) == []
        wire.send(question())
        assert addresses(wire.recv(512)) == [OTHER]


def test_a_stranger_is_not_believed_over_tcp(nameserver: Nameserver) -> None:
    moved = {"tcp_connections": 1, "tcp_received": 1, "tcp_dropped": 1, **MALFORMED}
    with nameserver.counting(**moved), dialled(nameserver, socket.SOCK_STREAM, STRANGER) as wire:
        wire.sendall(header("203.0.113.7", stream=True))
        assert wire.recv(1) == b""


@pytest.mark.parametrize(
    "bad",
    [
        SIGNATURE + b"\x11\x12\0\x0c" + bytes(12),
        SIGNATURE + b"\x21\x12\0\x0b" + bytes(11),
        SIGNATURE + b"\x21\x55\0\x0c" + bytes(12),
    ],
    ids=["version", "length", "family"],
)
def test_a_malformed_header_is_dropped(nameserver: Nameserver, bad: bytes) -> None:
    with dialled(nameserver, socket.SOCK_DGRAM) as wire:
        wire.settimeout(QUIET)
        with nameserver.counting(udp_received=1, udp_dropped=1, **MALFORMED):
            wire.send(bad + question())
        with pytest.raises(TimeoutError):
            wire.recv(512)
    moved = {"tcp_connections": 1, "tcp_received": 1, "tcp_dropped": 1, **MALFORMED}
    with nameserver.counting(**moved), dialled(nameserver, socket.SOCK_STREAM) as wire:
        wire.sendall(bad)
        assert wire.recv(1) == b""


def test_limits_are_those_of_the_told_client_and_not_of_the_front_end() -> None:
    with serving(WORLD) as nameserver:
        nameserver.speak(proxy_from=f"{FRONT_END}/32", tcp_per_network=1)
        with (
            nameserver.counting(tcp_connections=4, tcp=4, noerror=4, tcp_closed_network=1),
            dialled(nameserver, socket.SOCK_STREAM) as first,
            dialled(nameserver, socket.SOCK_STREAM) as second,
            dialled(nameserver, socket.SOCK_STREAM) as itself,
            dialled(nameserver, socket.SOCK_STREAM) as third,
        ):
            for wire, begin in (
                (first, header("203.0.113.7", stream=True)),
                (second, header("198.51.100.7", stream=True)),
                (itself, local()),
                (third, header("203.0.113.250", stream=True)),
            ):
                wire.sendall(begin + framed(question()))
                assert read_frame(wire) is not None
            assert first.recv(1) == b""


@pytest.mark.parametrize(
    ("sender", "wanted"),
    [
        (
            FRONT_END,
            {"address": "203.0.113.7", "prefix": 32, "from": "proxy", "front_end": FRONT_END},
        ),
        (STRANGER, None),
    ],
)
def test_the_trace_says_who_told_it(
    nameserver: Nameserver, sender: str, wanted: dict[str, Any] | None
) -> None:
    trace = json.loads(nameserver.engine.explain(header("203.0.113.7") + question(), sender))
    assert trace["client"] == wanted
    assert trace["answers"] == ([TOKYO] if wanted else [])
