"""TCP: RFC 7766. Frames split and joined, many questions on one connection, peers that leave."""

import socket
import threading
from collections.abc import Iterator

import dns.message
import pytest
from nameserver import SECONDS, Nameserver, make_world, plain, read_frame

HUGE = "\n".join(f'huge 60 TXT "{n:04d}{"x" * 240}"' for n in range(250))
ZONE = f"""
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
{HUGE}
"""
WORLD = make_world(("gslb.example.", ZONE))


@pytest.fixture(params=["4", "6"])
def wire(request: pytest.FixtureRequest, nameserver: Nameserver) -> Iterator[socket.socket]:
    with nameserver.counting(tcp_connections=1):
        found = socket.create_connection(nameserver.addresses[request.param], SECONDS)
    with found:
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield found


def framed(query: dns.message.Message) -> bytes:
    packet = query.to_wire()
    return len(packet).to_bytes(2, "big") + packet


def questions(count: int) -> list[dns.message.Message]:
    found = [plain("www.gslb.example.") for _ in range(count)]
    for number, query in enumerate(found):
        query.id = number
    return found


def read_replies(wire: socket.socket, count: int) -> set[int]:
    ids = set()
    for _ in range(count):
        frame = read_frame(wire)
        assert frame is not None
        reply = dns.message.from_wire(frame)
        assert len(reply.answer) == 1
        ids.add(reply.id)
    return ids


def test_one_octet_at_a_time(nameserver: Nameserver, wire: socket.socket) -> None:
    with nameserver.counting(tcp=1, noerror=1):
        for octet in framed(plain("www.gslb.example.")):
            wire.sendall(bytes([octet]))
        assert read_frame(wire) is not None


def test_6_2_1_1_pipelined_in_one_write(nameserver: Nameserver, wire: socket.socket) -> None:
    with nameserver.counting(tcp=100, noerror=100):
        wire.sendall(b"".join(framed(query) for query in questions(100)))
        assert read_replies(wire, 100) == set(range(100))


def test_6_2_1_many_in_turn_on_one_connection(nameserver: Nameserver, wire: socket.socket) -> None:
    with nameserver.counting(tcp=20, noerror=20):
        for query in questions(20):
            wire.sendall(framed(query))
            assert read_replies(wire, 1) == {query.id}


def test_a_frame_and_a_half_then_the_rest(nameserver: Nameserver, wire: socket.socket) -> None:
    first, second = (framed(query) for query in questions(2))
    with nameserver.counting(tcp=2, noerror=2):
        wire.sendall(first + second[:9])
        assert read_replies(wire, 1) == {0}
        wire.sendall(second[9:])
        assert read_replies(wire, 1) == {1}


def test_a_reply_of_64_kilobytes(nameserver: Nameserver, wire: socket.socket) -> None:
    with nameserver.counting(tcp=1, noerror=1):
        wire.sendall(framed(plain("huge.gslb.example.", "TXT")))
        frame = read_frame(wire)
    assert frame is not None
    assert len(frame) > 60_000
    assert len(dns.message.from_wire(frame).answer[0]) == 250


def test_many_large_replies_to_a_slow_reader(nameserver: Nameserver, wire: socket.socket) -> None:
    """The replies overfill the socket; none is lost and the other clients are served."""
    query = plain("huge.gslb.example.", "TXT")
    sender = threading.Thread(target=wire.sendall, args=(framed(query) * 100,))
    sender.start()
    assert nameserver.ask(plain("www.gslb.example."), "tcp4").answer
    for _ in range(100):
        frame = read_frame(wire)
        assert frame is not None
        assert len(frame) > 60_000
    sender.join()


def test_6_2_3_half_closed_still_gets_its_replies(
    nameserver: Nameserver, wire: socket.socket
) -> None:
    with nameserver.counting(tcp=3, noerror=3):
        wire.sendall(b"".join(framed(query) for query in questions(3)))
        wire.shutdown(socket.SHUT_WR)
        assert read_replies(wire, 3) == {0, 1, 2}
        assert read_frame(wire) is None


def test_an_empty_frame_ends_the_connection(wire: socket.socket) -> None:
    wire.sendall(b"\0\0")
    assert read_frame(wire) is None


def test_a_peer_that_leaves_in_the_middle_harms_nobody(nameserver: Nameserver) -> None:
    for _ in range(20):
        with socket.create_connection(nameserver.addresses["4"], SECONDS) as wire:
            wire.sendall(framed(plain("huge.gslb.example.", "TXT")) * 5 + b"\0")
    assert nameserver.ask(plain("www.gslb.example."), "tcp4").answer


def test_many_connections_at_once(nameserver: Nameserver) -> None:
    with nameserver.counting(tcp_connections=100):
        address = nameserver.addresses["4"]
        wires = [socket.create_connection(address, SECONDS) for _ in range(100)]
    try:
        with nameserver.counting(tcp=100, noerror=100):
            for wire in wires:
                wire.sendall(framed(plain("www.gslb.example.")))
            for wire in wires:
                assert read_frame(wire) is not None
    finally:
        for wire in wires:
            wire.close()
