"""Toy targets on loopback, in threads of their own, that behave as badly as told.

Each ends a connection only when the prober does, or when its behaviour ends: `open` counts the
connections that a prober has not let go.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import uvloop

from gslb.health.probes import Outcome, ask
from gslb.health.target import Target
from gslb.model import HttpProbe, TcpProbe

T = TypeVar("T")
Behaviour = Callable[[socket.socket, threading.Event], None]
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
DEADLINE = 10.0  # seconds; reached only when something is broken
SHORT = "150ms"  # timeout of probes that are meant to run out of time


class Toy:
    """One listening toy."""

    def __init__(self, behave: Behaviour, address: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family, backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self._behave = behave
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self.accepted = 0
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self._open.add(connection)
                self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._behave(connection, self._over)
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def all_closed(self) -> bool:
        """Wait until no connection is open; False at the deadline."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, DEADLINE)

    def close(self) -> None:
        """End everything."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(DEADLINE)


@contextmanager
def toy(behave: Behaviour, address: str = "127.0.0.1") -> Iterator[Toy]:
    """Run a toy."""
    made = Toy(behave, address)
    try:
        yield made
    finally:
        made.close()


# Behaviours


def request(connection: socket.socket) -> bytes:
    """Read a request's header."""
    found = b""
    while b"\r\n\r\n" not in found:
        data = connection.recv(65536)
        if not data:
            break
        found += data
    return found


def until_let_go(connection: socket.socket) -> None:
    """Read until the prober closes."""
    while connection.recv(65536):
        pass


def says(*parts: bytes) -> Behaviour:
    """Answer these parts, one packet each, and close."""

    def behave(connection: socket.socket, _: threading.Event) -> None:
        request(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)

    return behave


def page(body: bytes, status: str = "200 OK") -> bytes:
    """Make a response."""
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


def hangs(connection: socket.socket, _: threading.Event) -> None:
    """Accept, and never answer."""
    until_let_go(connection)


def closes(connection: socket.socket, _: threading.Event) -> None:
    """Read the request and close."""
    request(connection)


def half_closes(connection: socket.socket, _: threading.Event) -> None:
    """Close the sending half and keep the other open."""
    request(connection)
    connection.shutdown(socket.SHUT_WR)
    until_let_go(connection)


def resets(first: bytes = b"") -> Behaviour:
    """Answer something and reset."""

    def behave(connection: socket.socket, _: threading.Event) -> None:
        request(connection)
        connection.sendall(first)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def endless(start: bytes, more: bytes) -> Behaviour:
    """Answer a start, and then more for ever."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        request(connection)
        connection.sendall(start)
        while not over.is_set():
            connection.sendall(more)

    return behave


def drips(start: bytes, drop: bytes) -> Behaviour:
    """Answer a start, and then a drop every few milliseconds for ever."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        request(connection)
        connection.sendall(start)
        while not over.wait(0.02):
            connection.sendall(drop)

    return behave


def refused_port() -> int:
    """Give a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def full() -> Iterator[int]:
    """Give a port whose queue of connections is full, so that a connect is never answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port: int = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        try:
            for each in waiting:
                each.settimeout(0)
                each.connect_ex(("127.0.0.1", port))
            yield port
        finally:
            for each in waiting:
                each.close()


# Probing


def run(loop: str, work: Callable[[], Awaitable[T]]) -> T:
    """Run to the end on one of LOOPS."""

    async def main() -> T:
        return await work()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(main())


def http_target(port: int, address: str = "127.0.0.1", **said: object) -> Target:
    """Make an http target; a deadline far away unless said otherwise."""
    return Target(
        HttpProbe.model_validate({"kind": "http", "timeout": "9s", **said}), address, port
    )


def tcp_target(port: int, address: str = "127.0.0.1", **said: object) -> Target:
    """Make a tcp target."""
    return Target(TcpProbe.model_validate({"kind": "tcp", "timeout": "9s", **said}), address, port)


def ask_once(loop: str, target: Target) -> Outcome:
    """Probe once on a loop of its own."""
    return run(loop, lambda: ask(target))


def open_files() -> int:
    """Count this process's open files."""
    return len(list(Path("/proc/self/fd").iterdir()))
