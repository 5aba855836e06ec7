"""Networks with classes to ranges: sorted starts, each with the class of the longest prefix.

Starts are numbers: an IPv4 address, or the upper half of an IPv6 address. Ranges cover every
address, and neighbours differ in class.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from gslb import snapshot
from gslb.model import Network

BITS = {4: 32, 6: 64}
"""How many leading bits of an address ranges tell apart, by IP version."""


@dataclass
class _Sweep:
    """The ranges made so far, from the lowest address up."""

    starts: list[int] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)

    def put(self, start: int, number: int) -> None:
        """Begin a range; a range that begins at the same address is replaced."""
        if self.starts and self.starts[-1] == start:
            self.starts.pop()
            self.classes.pop()
        if not self.classes or self.classes[-1] != number:
            self.starts.append(start)
            self.classes.append(number)


def find_ranges(
    networks: Iterable[tuple[Network, int]], version: int, otherwise: int
) -> tuple[list[int], list[int]]:
    """Give starts and classes for (network, class) pairs, no network given twice.

    Networks of the other IP version are left out. IPv6 networks are /64 or wider.
    """
    bits = BITS[version]
    spans = sorted(
        (*_span(network, bits), number)
        for network, number in networks
        if network.version == version
    )
    sweep = _Sweep()
    sweep.put(0, otherwise)
    open_spans = [(1 << bits, otherwise)]  # (end, class) of the networks around, innermost last
    for start, minus_length, number in spans:
        _close(open_spans, start, sweep)
        sweep.put(start, number)
        open_spans.append((start - minus_length, number))
    _close(open_spans, (1 << bits) - 1, sweep)
    return sweep.starts, sweep.classes


def _span(network: Network, bits: int) -> tuple[int, int]:
    """Give start and minus length, so that sorting puts a network before those inside it."""
    start = int(network.network_address) >> (network.max_prefixlen - bits)
    return start, -(1 << (bits - network.prefixlen))


def _close(open_spans: list[tuple[int, int]], until: int, sweep: _Sweep) -> None:
    """Leave the networks that end at or before an address."""
    while open_spans[-1][0] <= until:
        end, _ = open_spans.pop()
        sweep.put(end, open_spans[-1][1])


def pack_ranges(starts: list[int], classes: list[int], version: int) -> snapshot.Ranges:
    """Pack ranges as the snapshot has them."""
    word = "I" if version == 4 else "Q"  # noqa: PLR2004
    return snapshot.Ranges(
        starts=struct.pack(f"<{len(starts)}{word}", *starts),
        classes=struct.pack(f"<{len(classes)}I", *classes),
    )
