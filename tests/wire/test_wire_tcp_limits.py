"""TCP's limits: RFC 7766 section 6.2, RFC 9210 section 4. Who is closed when, and how counted."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from nameserver import SECONDS, Nameserver, make_world, plain, read_frame, serving

HUGE = "\n".join(f'huge 60 TXT "{n:04d}{"x" * 240}"' for n in range(250))
ZONE = f"""
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
{HUGE}
"""
WORLD = make_world(("gslb.example.", ZONE))
QUESTION = plain("www.gslb.example.").to_wire()
FRAME = len(QUESTION).to_bytes(2, "big") + QUESTION


@contextmanager
def limited(**settings: object) -> Iterator[Nameserver]:
    with serving(WORLD) as nameserver:
        nameserver.speak(**settings)
        yield nameserver


class Callers(ExitStack):
    """Connections from addresses of loopback's network, closed at the end."""

    def __init__(self, nameserver: Nameserver) -> None:
        super().__init__()
        self._to = nameserver.addresses["4"]

    def call(self, source: str = "127.0.0.1", room: int = 0) -> socket.socket:
        """Connect from an address, with so much room for replies, and ask once."""
        wire = self.enter_context(socket.socket())
        wire.settimeout(SECONDS)
        if room:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        wire.bind((source, 0))
        wire.connect(self._to)
        assert answered(wire)
        return wire


def answered(wire: socket.socket) -> bool:
    """Whether a connection still gives answers; if not, it was closed."""
    try:
        wire.sendall(FRAME)
        return read_frame(wire) is not None
    except ConnectionError:
        return False


def ended(wire: socket.socket) -> bool:
    """Whether a connection that owes us nothing was closed: wait for it."""
    try:
        return wire.recv(1) == b""
    except ConnectionError:
        return True


def counted(nameserver: Nameserver, **due: int) -> None:
    """Wait until counters stand so: a connection is closed just before it is counted."""
    end = time.monotonic() + SECONDS
    while True:
        counters = nameserver.engine.counters()
        if all(counters[name] == count for name, count in due.items()):
            return
        assert time.monotonic() < end, counters


def test_6_2_3_an_idle_connection_is_closed_and_a_used_one_stays() -> None:
    with limited(tcp_idle="1s") as nameserver, Callers(nameserver) as callers:
        with nameserver.counting(tcp_connections=2, tcp=2, noerror=2):
            start = time.monotonic()
            idle, used = callers.call(), callers.call()
        idle.settimeout(0)
        while True:
            assert answered(used)
            try:
                assert idle.recv(1) == b""
                break
            except BlockingIOError:
                assert time.monotonic() - start < SECONDS
        assert time.monotonic() - start > 0.5
        counted(nameserver, tcp_closed_idle=1, tcp_open=1)
        assert ended(used)
        counted(nameserver, tcp_closed_idle=2)


@pytest.mark.parametrize("pause", [0.02, None], ids=["dripped", "stopped"])
def test_6_2_3_a_message_must_be_whole_in_time(pause: float | None) -> None:
    with limited(tcp_message="300ms", tcp_idle="1h") as nameserver, Callers(nameserver) as callers:
        slow, idle = callers.call(), callers.call()
        with nameserver.counting(tcp_closed_slow=1):
            slow.sendall(b"\x40\0")  # 16384 octets shall come
            slow.settimeout(pause or SECONDS)
            over = False
            while not over:
                try:
                    over = ended(slow)
                except TimeoutError:
                    assert pause is not None, "nothing was closed"
                    slow.sendall(b"\0")
        assert answered(idle)


def test_a_client_that_takes_no_replies_is_closed() -> None:
    huge = plain("huge.gslb.example.", "TXT").to_wire()
    with limited(tcp_idle="500ms") as nameserver, Callers(nameserver) as callers:
        other, wire = callers.call(), callers.call(room=4096)
        # 30 MB of replies, far more than the buffers of both ends.
        wire.sendall((len(huge).to_bytes(2, "big") + huge) * 500)
        end = time.monotonic() + SECONDS
        while nameserver.engine.counters()["tcp_closed_slow"] == 0:
            assert time.monotonic() < end, "it was left open"
            assert answered(other)


def test_6_2_2_a_network_at_its_limit_loses_its_own_idlest() -> None:
    with limited(tcp_per_network=2) as nameserver, Callers(nameserver) as callers:
        with nameserver.counting(tcp_connections=4, tcp=5, noerror=5, tcp_closed_network=1):
            elsewhere = callers.call("127.9.9.9")
            first, second = callers.call("127.1.1.1"), callers.call("127.1.1.2")
            assert answered(first)
            callers.call("127.1.1.3")
        assert ended(second)
        assert answered(first)
        assert answered(elsewhere)


def test_6_2_2_when_there_are_too_many_the_idlest_goes() -> None:
    with limited(tcp_connections=3) as nameserver, Callers(nameserver) as callers:
        moved = {"tcp_connections": 4, "tcp": 5, "noerror": 5, "tcp_closed_full": 1}
        with nameserver.counting(**moved):
            first, second = callers.call("127.1.1.1"), callers.call("127.2.2.2")
            callers.call("127.3.3.3")
            assert answered(first)
            callers.call("127.4.4.4")
        assert ended(second)
        assert answered(first)
        assert nameserver.engine.counters()["tcp_open"] == 3


def test_limits_change_while_connections_are_open() -> None:
    with limited() as nameserver, Callers(nameserver) as callers:
        wires = [callers.call(f"127.{at % 2}.0.{at + 1}") for at in range(10)]
        with nameserver.counting(tcp_closed_network=4, tcp_closed_full=3):
            nameserver.speak(tcp_ipv4_prefix=16, tcp_per_network=3, tcp_connections=3)
        assert [ended(wire) for wire in wires[:7]] == [True] * 7
        assert all(answered(wire) for wire in wires[7:])


def test_many_wait_to_be_let_in_and_all_are() -> None:
    """More at once than are let in in one turn."""
    with limited() as nameserver, ExitStack() as wires:
        with nameserver.counting(tcp_connections=150, tcp=150, noerror=150):
            calls = [
                wires.enter_context(socket.create_connection(nameserver.addresses["4"], SECONDS))
                for _ in range(150)
            ]
            for wire in calls:
                wire.sendall(FRAME)
        assert all(read_frame(wire) is not None for wire in calls)


def test_where_no_more_files_may_be_opened_the_idlest_goes() -> None:
    """The limits allow a thousand connections, the system some twenty."""
    with ExitStack() as wires:
        process = wires.enter_context(
            subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("few_files.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        for _ in range(60):
            wire = wires.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
            assert answered(wire)
        process.stdin.write("\n")
        process.stdin.flush()
        counters = json.loads(process.stdout.readline())
        assert counters["tcp_answered"] == counters["tcp_connections"] == 60
        assert counters["tcp_closed_full"] >= 60 - 25
        process.stdin.close()
