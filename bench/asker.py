"""Asks where many client networks are sent, and how wide the answer holds: address and ECS scope.

Unlike `load.c`, which counts, it keeps what each client was told. Questions go out by the window;
one that gets no answer within a second is asked again, a few times.
"""

import select
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

import dns.name

from bench.machine import HOST, BenchError

WINDOW = 256
PATIENCE = 1.0  # seconds
TRIES = 5
TYPES = {4: 1, 6: 28}  # A and AAAA by the version of the client
ECS = 8  # option code, RFC 7871 section 6

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Told:
    """What a client network was answered: an address and the ECS scope prefix length."""

    address: str
    scope: int


def ask_all(
    port: int,
    name: str,
    networks: Sequence[Network],
    *,
    tries: int = TRIES,
    patience: float = PATIENCE,
) -> list[Told]:
    """Ask for each network, A for IPv4 and AAAA for IPv6; BenchError if one gets no answer.

    A question waits `patience` seconds and is asked `tries` times.
    """
    owner = dns.name.from_text(name).canonicalize().to_wire() or b""
    found: list[Told] = []
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        made.connect((HOST, port))
        made.setblocking(False)  # noqa: FBT003  (the library's signature)
        for start in range(0, len(networks), WINDOW):
            window = _Window(made, owner, networks[start : start + WINDOW], start)
            for _ in range(tries):
                window.ask(patience)
            found += window.told()
    return found


class _Window:
    """Questions that are asked at once; their ids count on from `first`."""

    def __init__(
        self, made: socket.socket, owner: bytes, networks: Sequence[Network], first: int
    ) -> None:
        self._socket = made
        self._owner = owner
        self._networks = networks
        self._first = first
        self._told: dict[int, Told] = {}

    def ask(self, patience: float) -> None:
        """Ask what has no answer yet, and wait for it for so many seconds."""
        missing = set(range(len(self._networks))) - self._told.keys()
        for at in missing:
            self._socket.send(
                _question((self._first + at) & 0xFFFF, self._owner, self._networks[at])
            )
        deadline = time.monotonic() + patience
        while missing and (left := deadline - time.monotonic()) > 0:
            for reply in _received(self._socket, left):
                at = (int.from_bytes(reply[:2], "big") - self._first) & 0xFFFF
                if at in missing:
                    self._told[at] = _read(reply, len(self._owner))
                    missing.remove(at)

    def told(self) -> list[Told]:
        """Give all answers, in order; BenchError if some are missing."""
        if missing := len(self._networks) - len(self._told):
            raise BenchError(f"{missing} questions were not answered")
        return [self._told[at] for at in range(len(self._networks))]


def _received(made: socket.socket, seconds: float) -> Iterator[bytes]:
    if not select.select([made], [], [], seconds)[0]:
        return
    while True:
        try:
            yield made.recv(4096)
        except BlockingIOError:
            return


def _question(number: int, owner: bytes, network: Network) -> bytes:
    octets = network.network_address.packed[: (network.prefixlen + 7) // 8]
    option = struct.pack("!HBB", 1 if network.version == 4 else 2, network.prefixlen, 0) + octets
    data = struct.pack("!HH", ECS, len(option)) + option
    head = struct.pack("!HHHHHH", number, 0, 1, 0, 0, 1)
    opt = struct.pack("!BHHIH", 0, 41, 1232, 0, len(data))
    return head + owner + struct.pack("!HH", TYPES[network.version], 1) + opt + data


def _read(reply: bytes, owner: int) -> Told:
    """Read a reply of one address, compressed to the question, with ECS as the only option."""
    _, flags, _, answers, _, _ = struct.unpack_from("!HHHHHH", reply)
    if flags & 0xF or answers != 1:
        raise BenchError(f"a reply has rcode {flags & 0xF} and {answers} answers")
    at = 12 + owner + 4 + 10
    (length,) = struct.unpack_from("!H", reply, at)
    address = ip_address(reply[at + 2 : at + 2 + length])
    at = reply.index(b"\0\0\x29", at + 2 + length) + 11
    code, _, _, _, scope = struct.unpack_from("!HHHBB", reply, at)
    if code != ECS:
        raise BenchError("a reply has no client subnet")
    return Told(str(address), scope)
