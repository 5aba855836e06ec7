"""A flood of TCP connections from thousands of networks: UDP loses nothing, and TCP goes on."""

import resource
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import dns.message
import pytest
from nameserver import SECONDS, Nameserver, make_world, plain, serving
from peers import lacking

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
"""
WORLD = make_world(("gslb.example.", ZONE))
CONNECTIONS = 6000
HELD = 3000  # of these the flood holds so many open, three times the limit
LIMIT = 1000


@contextmanager
def many_files() -> Iterator[None]:
    """Have as many open files as both ends need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < HELD + 2 * LIMIT:
        lacking(f"{HELD + 2 * LIMIT} open files are needed, and this machine allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def flood(to: tuple[str, int]) -> None:
    """Connect from one network after the other; every second one begins a message."""
    held: deque[socket.socket] = deque()
    for number in range(CONNECTIONS):
        wire = socket.socket()
        held.append(wire)
        try:
            wire.bind((f"127.{1 + number // 250}.{number % 250}.1", 0))
            wire.settimeout(SECONDS)
            wire.connect(to)
            if number % 2:
                wire.send(b"\0")
        except ConnectionError:
            pass  # closed as the idlest before it could speak
        if len(held) > HELD:
            held.popleft().close()
    while held:
        held.popleft().close()


def ask(wire: socket.socket, number: int) -> float:
    """Ask one question, once; give the seconds until its answer."""
    query = plain("www.gslb.example.")
    query.id = number % 65536
    start = time.monotonic()
    wire.send(query.to_wire())
    reply = dns.message.from_wire(wire.recv(512))
    assert reply.id == query.id
    return time.monotonic() - start


def asked_through(nameserver: Nameserver, flooding: threading.Thread) -> list[float]:
    waits: list[float] = []
    with socket.socket(type=socket.SOCK_DGRAM) as wire:
        wire.settimeout(SECONDS)
        wire.connect(nameserver.addresses["4"])
        while flooding.is_alive():
            waits.append(ask(wire, len(waits)))
    return waits


def settled(nameserver: Nameserver) -> dict[str, int]:
    """Give the counters when the last of the flood was let in; it may wait outside a moment."""
    end = time.monotonic() + SECONDS
    while (counters := nameserver.engine.counters())["tcp_connections"] < CONNECTIONS:
        assert time.monotonic() < end, "some of the flood were never let in"
    return counters


@pytest.mark.timeout(60)
def test_udp_does_not_notice_a_flood_of_tcp() -> None:
    with many_files(), serving(WORLD) as nameserver:
        nameserver.speak(tcp_connections=LIMIT)
        flooding = threading.Thread(target=flood, args=(nameserver.addresses["4"],))
        flooding.start()
        waits = asked_through(nameserver, flooding)
        flooding.join()
        counters = settled(nameserver)
        assert counters["udp_answered"] == counters["udp_received"] == len(waits)
        assert counters["tcp_connections"] == CONNECTIONS
        assert counters["tcp_closed_full"] >= HELD - LIMIT
        assert counters["tcp_closed_network"] == 0
        assert len(waits) > 500
        assert max(waits) < SECONDS / 5
        assert nameserver.ask(plain("www.gslb.example."), "tcp4").answer
