"""Octets to a server and back, over UDP and TCP; nothing here understands them."""

import socket
from dataclasses import dataclass

SECONDS = 5.0


@dataclass(frozen=True)
class Server:
    """Where a server listens."""

    name: str
    host: str
    port: int


def exchange(server: Server, query: bytes, *, tcp: bool, seconds: float = SECONDS) -> bytes | None:
    """Send a query and give the reply with its id; None if nothing comes in time."""
    try:
        return _over_tcp(server, query, seconds) if tcp else _over_udp(server, query, seconds)
    except (TimeoutError, ConnectionError):
        return None


def _over_udp(server: Server, query: bytes, seconds: float) -> bytes:
    # A socket of its own for each question: a late reply can't be taken for the next one's.
    with socket.socket(type=socket.SOCK_DGRAM) as wire:
        wire.settimeout(seconds)
        wire.connect((server.host, server.port))
        wire.send(query)
        while (reply := wire.recv(65535))[:2] != query[:2]:
            pass
        return reply


def _over_tcp(server: Server, query: bytes, seconds: float) -> bytes:
    with socket.create_connection((server.host, server.port), seconds) as wire:
        wire.sendall(len(query).to_bytes(2, "big") + query)
        with wire.makefile("rb") as stream:
            head = stream.read(2)
            reply = stream.read(int.from_bytes(head, "big"))
        if len(head) < 2 or len(reply) < int.from_bytes(head, "big"):
            raise ConnectionError("the reply is cut off")
        return reply
