"""Sockets handed over as systemd does it: answered on, kept over restarts, refused in sentences."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import dns.message
import pytest
from node import Node, write_zones

API, ANSWER = "api.gslb.example.", "192.0.2.20"
HAND_OVER = str(Path(__file__).with_name("hand_over.py"))
PATIENCE = 10.0


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    return write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})


@pytest.fixture
def shelf() -> Iterator[ExitStack]:
    """Keep sockets open for the length of a test."""
    with ExitStack() as found:
        yield found


def datagrams(shelf: ExitStack, host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = shelf.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((host, port))
    return found


def connections(shelf: ExitStack, host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = shelf.enter_context(socket.socket(family))
    found.bind((host, port))
    return found


def pair(shelf: ExitStack, host: str = "127.0.0.1") -> list[socket.socket]:
    """Bind one free port for both protocols, as a service manager would."""
    while True:
        udp = datagrams(shelf, host)
        try:
            tcp = connections(shelf, host, udp.getsockname()[1])
        except OSError:
            continue
        tcp.listen()
        return [udp, tcp]


def node_with(folder: Path, zones: Path, sockets: Sequence[socket.socket]) -> Node:
    numbers = [one.fileno() for one in sockets]
    through = (sys.executable, HAND_OVER, ",".join(map(str, numbers)))
    return Node(folder / "state", zones, through=through, descriptors=numbers)


async def answer(wire: socket.socket) -> str:
    loop = asyncio.get_running_loop()
    reply = dns.message.from_wire(await asyncio.wait_for(loop.sock_recv(wire, 512), PATIENCE))
    return str(reply.answer[0][0])


def asker(shelf: ExitStack, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    wire = shelf.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    wire.setblocking(False)  # noqa: FBT003  (it takes no keywords)
    wire.connect((host, port))
    return wire


async def test_they_are_answered_on_and_what_comes_between_two_nodes_is_kept(
    tmp_path: Path, zones: Path, shelf: ExitStack
) -> None:
    udp, tcp = pair(shelf)
    port = udp.getsockname()[1]
    query = dns.message.make_query(API, "A").to_wire()
    node = node_with(tmp_path, zones, [udp, tcp])
    try:
        for _ in range(2):
            early = asker(shelf, "127.0.0.1", port)
            early.send(query)  # nobody is there yet
            assert f"DNS 127.0.0.1:{port}," in await node.start()
            assert await answer(early) == ANSWER
            for _ in range(20):  # whichever of the two workers takes it
                assert await node.ask(API) == [ANSWER]
            assert await node.ask(API, tcp=True) == [ANSWER]
            assert await node.end() == 0
    finally:
        await node.end()


async def test_one_socket_of_both_families_answers_from_the_address_that_was_asked(
    tmp_path: Path, zones: Path, shelf: ExitStack
) -> None:
    """As systemd binds `ListenDatagram=53`: [::], and IPv4 with it."""
    sockets = pair(shelf, "::")
    port = sockets[0].getsockname()[1]
    node = node_with(tmp_path, zones, [*pair(shelf), *sockets])
    try:
        assert f", [::]:{port}, API" in await node.start()
        for host in ("127.0.0.1", "127.0.0.77", "::1"):
            wire = asker(shelf, host, port)
            wire.send(dns.message.make_query(API, "A").to_wire())
            assert await answer(wire) == ANSWER
    finally:
        await node.end()


async def test_sockets_for_another_process_are_left_alone(
    tmp_path: Path, zones: Path, shelf: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    sockets = pair(shelf)
    node = node_with(tmp_path, zones, sockets)
    try:
        await node.start()
        assert node.dns != sockets[0].getsockname()[1]
        assert await node.ask(API) == [ANSWER]
    finally:
        await node.end()


async def refusal(folder: Path, zones: Path, numbers: Sequence[int]) -> str:
    """Start a node that must not start; give its sentence."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, HAND_OVER, ",".join(map(str, numbers))),
        *(sys.executable, "-m", "gslb", "serve", "--zones", str(zones)),
        *("--state", str(folder / "state"), "--http", "127.0.0.1:0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=numbers,
    )
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert (process.returncode, out) == (3, b""), err
    assert b"Traceback" not in err
    return err.decode()


@pytest.mark.timeout(60)
async def test_what_dns_cannot_be_answered_on_is_refused(
    tmp_path: Path, zones: Path, shelf: ExitStack
) -> None:
    udp, tcp = pair(shelf)
    port = udp.getsockname()[1]
    unix = shelf.enter_context(socket.socket(socket.AF_UNIX))
    deaf = connections(shelf)
    file = shelf.enter_context(zones.joinpath("gslb.example.zone").open())
    for numbers, sentence in (
        ([udp.fileno()], f"add ListenStream=127.0.0.1:{port} to the socket unit"),
        ([tcp.fileno()], f"add ListenDatagram=127.0.0.1:{port} to the socket unit"),
        ([udp.fileno(), tcp.fileno(), unix.fileno()], "5 that LISTEN_FDS hands over is neither"),
        ([udp.fileno(), deaf.fileno()], "Accept=no"),
        ([udp.fileno(), file.fileno()], "the descriptor 4 that LISTEN_FDS hands over is no open"),
    ):
        assert sentence in await refusal(tmp_path, zones, numbers)
