"""Ranges agree with the longest prefix, at every address where anything changes."""

from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gslb.geo.networks import BITS, find_ranges, pack_ranges
from gslb.model import Network

# Few distinct bits, so that networks nest and touch.
V4 = st.builds(
    lambda n, length: IPv4Network((n << 28 | n >> 2, length), strict=False),
    st.integers(0, 15),
    st.integers(0, 32),
)
V6 = st.builds(
    lambda n, length: IPv6Network((n << 124 | n << 66, length), strict=False),
    st.integers(0, 15),
    st.integers(0, 64),
)


def longest(networks: dict[Network, int], address: int, version: int, otherwise: int) -> int:
    """Search as slowly and plainly as can be."""
    best, found = -1, otherwise
    for network, number in networks.items():
        if network.version == version:
            shift = BITS[version] - network.prefixlen
            start = int(network.network_address) >> (network.max_prefixlen - BITS[version])
            if address >> shift == start >> shift and network.prefixlen > best:
                best, found = network.prefixlen, number
    return found


@given(st.dictionaries(V4 | V6, st.integers(0, 3), max_size=12), st.sampled_from([4, 6]))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_ranges_are_the_longest_prefix(networks: dict[Network, int], version: int) -> None:
    starts, classes = find_ranges(networks.items(), version, 0)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(one != next_one for one, next_one in pairwise(classes))
    end = 1 << BITS[version]
    borders = {0, end - 1}
    for network in networks:
        if network.version == version:
            start = int(network.network_address) >> (network.max_prefixlen - BITS[version])
            size = 1 << (BITS[version] - network.prefixlen)
            borders |= {start - 1, start, start + size - 1, start + size}
    for address in {*borders, *starts}:
        if 0 <= address < end:
            at = max(index for index, start in enumerate(starts) if start <= address)
            assert classes[at] == longest(networks, address, version, 0), address


def test_no_networks_are_one_range() -> None:
    assert find_ranges((), 4, 0) == ([0], [0])


def test_a_network_of_all_addresses_hides_otherwise() -> None:
    assert find_ranges([(IPv4Network("0.0.0.0/0"), 1)], 4, 0) == ([0], [1])


def test_packed_as_the_snapshot_says() -> None:
    packed = pack_ranges([0, 1], [2, 3], 6)
    assert packed.starts == bytes(8) + b"\x01" + bytes(7)
    assert packed.classes == b"\x02\0\0\0\x03\0\0\0"
    assert pack_ranges([0, 1], [2, 3], 4).starts == bytes(4) + b"\x01\0\0\0"
