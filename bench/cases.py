"""What is asked of a world, and what a right answer is."""

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.edns
import dns.flags
import dns.message

from bench.worlds import ADDRESS, LARGE, ORIGIN, STATIC, STEERED, WEIGHTS, World

PAYLOAD = 1232
DIFFERENT = 16_384  # questions, where they are drawn


@dataclass(frozen=True)
class Case:
    """Questions that are asked in turn, and what each reply must be.

    `steered` says that only a server that draws by weight can answer them.
    """

    name: str
    title: str
    world: World
    questions: Callable[[], Iterator[bytes]]
    rcode: int = 0
    answers: int = 1
    addresses: tuple[str, ...] = ()
    steered: bool = False

    def write(self, folder: Path) -> Path:
        """Write the questions as `load.c` reads them, once."""
        file = folder / f"{self.name}.questions"
        if not file.exists():
            packed = (struct.pack("!H", len(one)) + one for one in self.questions())
            file.write_bytes(b"".join(packed))
        return file


def question(name: str, kind: str = "A", options: tuple[dns.edns.Option, ...] = ()) -> bytes:
    """Make a question with EDNS and no flag."""
    message = dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD, options=list(options))
    message.flags &= ~dns.flags.RD
    message.id = 0
    return message.to_wire()


def _static() -> Iterator[bytes]:
    yield question(STATIC)


def _steered() -> Iterator[bytes]:
    draw = random.Random(2)
    vips = list(STEERED.vip_names())
    for _ in range(DIFFERENT):
        network = f"{draw.randrange(1, 224)}.{draw.randrange(256)}.{draw.randrange(256)}.0"
        yield question(draw.choice(vips), options=(dns.edns.ECSOption(network, 24),))


def _missing() -> Iterator[bytes]:
    draw = random.Random(1)
    for _ in range(DIFFERENT):
        yield question(f"{draw.getrandbits(40):010x}.{ORIGIN}")


STATIC_A = Case("static", "static A, EDNS", STEERED, _static, addresses=(ADDRESS,))
WEIGHTED = Case(
    "weighted",
    f"weighted VIP, {STEERED.vips:,} VIPs, random ECS /24",
    STEERED,
    _steered,
    addresses=tuple(WEIGHTS),
    steered=True,
)
MISSING = Case(
    "missing", f"NXDOMAIN of random names among {LARGE.names:,}", LARGE, _missing, 3, answers=0
)
CASES = (STATIC_A, WEIGHTED, MISSING)
