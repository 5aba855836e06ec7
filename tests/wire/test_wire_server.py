"""The sockets' own life: bound before they answer, one port for both, emptied at the end."""

import socket
from contextlib import closing

import dns.message
import pytest
from nameserver import QUIET, SECONDS, make_world, plain, serving

from gslb import _plane

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
"""
WORLD = make_world(("gslb.example.", ZONE))


def test_port_0_takes_one_port_for_udp_and_tcp() -> None:
    with serving(WORLD, workers=3) as nameserver:
        for _, reply in nameserver.ask_everywhere(plain("www.gslb.example."), noerror=1):
            assert reply.answer


@pytest.mark.parametrize(
    ("listen", "asked"),
    [
        ("0.0.0.0:0", "127.0.0.1"),
        ("0.0.0.0:0", "127.0.0.2"),
        ("[::]:0", "::1"),
        ("127.0.0.3:0", "127.0.0.3"),
    ],
)
def test_a_reply_comes_from_the_address_that_was_asked(listen: str, asked: str) -> None:
    """RFC 2181 section 4.1; a connected socket takes replies from nowhere else."""
    with serving(WORLD, listen=(listen,)) as nameserver:
        family = socket.AF_INET6 if ":" in asked else socket.AF_INET
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as wire:
            wire.settimeout(SECONDS)
            wire.connect((asked, nameserver.port))
            query = plain("www.gslb.example.")
            with nameserver.counting(udp=1, noerror=1):
                wire.send(query.to_wire())
                assert dns.message.from_wire(wire.recv(512)).id == query.id


@pytest.mark.parametrize("listen", [("127.0.0.1:0",), ("127.0.0.1:0", "[::1]:0")])
def test_a_burst_over_several_batches_is_answered_whole(listen: tuple[str, ...]) -> None:
    """Hostile packets in between cost their neighbours nothing."""
    with serving(WORLD, listen=listen) as nameserver:
        wires = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(4)]
        for wire in wires:
            wire.connect(("127.0.0.1", nameserver.port))
            wire.settimeout(SECONDS)
        for burst in range(10):
            ids = range(burst * 20, burst * 20 + 20)
            asked = len(wires) * len(ids)
            moved = {"udp_received": 2 * asked, "udp_answered": asked, "udp_dropped": asked}
            with nameserver.counting(noerror=asked, dropped_malformed=asked, **moved):
                send_with_fragments(wires, ids)
            for wire in wires:
                assert {int.from_bytes(wire.recv(512)[:2], "big") for _ in ids} == set(ids)
        for wire in wires:
            wire.close()


def send_with_fragments(wires: list[socket.socket], ids: range) -> None:
    """Send a question with each id from each socket, and behind it the start of a header."""
    for number in ids:
        query = plain("www.gslb.example.")
        query.id = number
        for wire in wires:
            wire.send(query.to_wire())
            wire.send(query.to_wire()[: number % 12])


def test_before_the_first_world_nothing_is_ready() -> None:
    reply = _plane.Engine().respond(plain("www.gslb.example.").to_wire(), "127.0.0.1")
    assert reply is not None
    assert dns.message.from_wire(reply).rcode() == dns.rcode.SERVFAIL


def test_what_came_before_start_is_answered_at_start() -> None:
    engine = _plane.Engine()
    server = _plane.Server(engine, ["127.0.0.1:0"], 1)
    port = int(server.addresses[0].rpartition(":")[2])
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as wire:
        wire.connect(("127.0.0.1", port))
        wire.settimeout(QUIET)
        wire.send(plain("www.gslb.example.").to_wire())
        with pytest.raises(TimeoutError):
            wire.recv(512)
        server.start()
        wire.settimeout(SECONDS)
        assert wire.recv(512)
    assert server.stop(SECONDS)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_taken_port_is_an_error_that_names_it(kind: socket.SocketKind) -> None:
    with closing(socket.socket(type=kind)) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=str(port)):
            _plane.Server(_plane.Engine(), [f"127.0.0.1:{port}"], 1)


def test_stop_answers_what_was_received_and_frees_the_port() -> None:
    engine = _plane.Engine()
    server = _plane.Server(engine, ["127.0.0.1:0"], 1)
    address = server.addresses[0]
    port = int(address.rpartition(":")[2])
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as wire:
        wire.connect(("127.0.0.1", port))
        wire.settimeout(SECONDS)
        server.start()
        for number in range(50):
            query = plain("www.gslb.example.")
            query.id = number
            wire.send(query.to_wire())
        assert server.stop(SECONDS)
        assert {int.from_bytes(wire.recv(512)[:2], "big") for _ in range(50)} == set(range(50))
    again = _plane.Server(engine, [address], 1)
    again.start()
    assert again.stop(SECONDS)
