"""What the benchmark asks, what a right answer is, and the zone in each server's own words."""

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.edns
import dns.flags
import dns.message

ORIGIN = "bench.example."
STATIC = f"www.{ORIGIN}"
VIP = f"vip.{ORIGIN}"
PAYLOAD = 1232
WEIGHTS = {"192.0.2.10": 5, "192.0.2.20": 3, "192.0.2.30": 2}
"""The VIP's addresses, one to a datacenter, and their weights."""

ZONE = f"""\
$TTL 300
@    SOA ns1.{ORIGIN} admin.{ORIGIN} 1 3600 600 86400 60
@    NS  ns1.{ORIGIN}
ns1  A   127.0.0.1
www  A   192.0.2.1
"""


@dataclass(frozen=True)
class Case:
    """Questions that are asked in turn, and what each reply must be."""

    name: str
    title: str
    questions: Callable[[], Iterator[bytes]]
    rcode: int
    answers: int
    addresses: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write the questions as `load.c` reads them."""
        file = folder / f"{self.name}.questions"
        file.write_bytes(b"".join(struct.pack("!H", len(one)) + one for one in self.questions()))
        return file


def _question(name: str, *options: dns.edns.Option) -> bytes:
    message = dns.message.make_query(name, "A", use_edns=0, payload=PAYLOAD, options=list(options))
    message.flags &= ~dns.flags.RD
    message.id = 0
    return message.to_wire()


def _static() -> Iterator[bytes]:
    yield _question(STATIC)


def _missing() -> Iterator[bytes]:
    draw = random.Random(1)
    for _ in range(4096):
        yield _question(f"{draw.getrandbits(40):010x}.{ORIGIN}")


def _vip() -> Iterator[bytes]:
    yield _question(VIP)


def _vip_ecs() -> Iterator[bytes]:
    draw = random.Random(2)
    for _ in range(4096):
        network = f"{draw.randrange(1, 224)}.{draw.randrange(256)}.{draw.randrange(256)}.0"
        yield _question(VIP, dns.edns.ECSOption(network, 24))


CASES = (
    Case("static", "static A, EDNS", _static, 0, 1, ("192.0.2.1",)),
    Case("missing", "NXDOMAIN of 4,096 random labels, EDNS", _missing, 3, 0),
    Case("vip", "weighted VIP, EDNS", _vip, 0, 1, tuple(WEIGHTS)),
    Case("vip-ecs", "weighted VIP, 4,096 random ECS /24", _vip_ecs, 0, 1, tuple(WEIGHTS)),
)
