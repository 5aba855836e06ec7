"""Three hundred datacenters, fifty VIPs, and clients of a thousand places: a world made by a seed.

Where a client should go is worked out here by straight lines through the globe, which order
datacenters as great circles do, and share nothing with the code under test.
"""

import json
import math
import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

from atlases import city, write_database
from node import ZONE, Node

from bench.asker import Told, ask_all

SITES = 300
VIPS = 50
REGION = 40  # sites that die together
NETWORKS = 3000
RULED = "20.0.0.0/19"  # a rule sends these clients to the last site
LAST = f"s{SITES - 1:03}"
COUNTRY = "IS"  # a rule sends its clients to the first site
FEW = ("s010", "s110", "s210")

Location = tuple[float, float]


@dataclass
class Globe:
    """Datacenters and clients somewhere on the globe; the same seed, the same globe."""

    sites: dict[str, Location]
    places: dict[IPv4Network, tuple[Location, str]]
    _lows: list[int] = field(init=False)
    _networks: list[IPv4Network] = field(init=False)

    def __post_init__(self) -> None:
        self._networks = sorted(self.places)
        self._lows = [int(network.network_address) for network in self._networks]

    @classmethod
    def drawn(cls, seed: int) -> "Globe":
        """Draw one. Neighbouring networks are of one place half of the time."""
        draw = random.Random(seed)
        sites = {f"s{at:03}": _anywhere(draw) for at in range(SITES)}
        places: dict[IPv4Network, tuple[Location, str]] = {}
        place = (_anywhere(draw), "DE")
        for at in range(NETWORKS):
            if draw.random() < 0.5:
                place = (_anywhere(draw), COUNTRY if draw.random() < 0.02 else "DE")
            network = IPv4Network(((20 << 24) + (at << 12), draw.randint(20, 24)))
            places[network] = place
        return cls(sites, places)

    def around(self, address: int) -> IPv4Network | None:
        """Give the network of the database that holds an address."""
        at = bisect_right(self._lows, address) - 1
        found = self._networks[at] if at >= 0 else None
        return found if found and address <= int(found.broadcast_address) else None

    def places_in(self, network: IPv4Network) -> set[Location | None]:
        """Give the places of all addresses of a network; None stands for those of no place."""
        found: set[Location | None] = set()
        at, end = int(network.network_address), int(network.broadcast_address)
        while at <= end:
            around = self.around(at)
            found.add(self.places[around][0] if around else None)
            later = bisect_right(self._lows, at)
            gap = self._lows[later] if later < len(self._lows) else end + 1
            at = int(around.broadcast_address) + 1 if around else gap
        return found

    def order(self, where: Location, among: Iterable[str]) -> list[str]:
        """Order datacenters by their distance."""
        here = _point(where)
        return sorted(among, key=lambda name: math.dist(here, _point(self.sites[name])))

    def nearest(self, network: IPv4Network, among: Iterable[str]) -> str:
        """Give the nearest datacenter of a network of the database."""
        return self.order(self.places[network][0], among)[0]

    def region(self) -> list[str]:
        """Give the sites around the first one, and itself."""
        return self.order(self.sites["s000"], self.sites)[:REGION]


def _anywhere(draw: random.Random) -> Location:
    north = math.degrees(math.asin(draw.uniform(-0.95, 0.95)))
    return round(north, 4), round(draw.uniform(-180, 180), 4)


def _point(where: Location) -> tuple[float, float, float]:
    north, east = map(math.radians, where)
    return (
        math.cos(north) * math.cos(east),
        math.cos(north) * math.sin(east),
        math.sin(north),
    )


def site_of(address: str) -> str:
    """Give the site out of an address that the VIPs here answer with."""
    *_, high, low = map(int, address.split("."))
    return f"s{high * 256 + low:03}"


def vip(at: int) -> str:
    """Give the name of a VIP; 0 is probed, 1 ruled, 2 in few sites, 3 sticky, others as they go."""
    return f"vip{at}.gslb.example."


def write(folder: Path, globe: Globe, region_port: int = 0, rest_port: int = 0) -> Path:
    """Write the zones folder; the first VIP's members are probed on these ports, if on any."""
    zones = folder / "zones"
    zones.mkdir(parents=True)
    (zones / "gslb.example.zone").write_text(ZONE)
    region = set(globe.region())
    ports = {name: region_port if name in region else rest_port for name in globe.sites}
    vips = {
        vip(at): _vip(at, list(globe.sites), ports if region_port else {}) for at in range(VIPS)
    }
    far = {"rules": [{"networks": [RULED], "to": [LAST]}, {"country": COUNTRY, "to": ["s000"]}]}
    maps = {
        "deep": {"otherwise": {"nearest": 1, "depth": 64}},
        "world": {"otherwise": "nearest"},
        "ruled": {**far, "otherwise": {"map": "world"}},
        "few": {"otherwise": {"nearest": 1, "among": list(FEW)}},
    }
    probe = {"kind": "http", "path": "/healthz", "interval": "1s", "timeout": "1s", "rise": 1}
    steering = {
        "datacenters": {name: {"location": list(at)} for name, at in globe.sites.items()},
        "probes": {"web": probe},
        "maps": maps,
        "vips": vips,
    }
    # JSON is YAML, and quick to write.
    (zones / "gslb.example.yaml").write_text(json.dumps(steering, indent=1))
    return zones


def _vip(at: int, names: Sequence[str], ports: dict[str, int]) -> dict[str, object]:
    few = [names[(at * 7 + step * 31) % SITES] for step in range(5)]
    special: dict[int, tuple[dict[str, object], Sequence[str]]] = {
        0: ({"map": "deep", **({"probe": "web"} if ports else {})}, names),
        1: ({"map": "ruled"}, names),
        2: ({"map": "few"}, FEW),
        3: ({"sticky": True, "answers": 1}, names[:20]),
        4: ({"map": "world"}, FEW),
    }
    settings, held = special.get(at, ({"map": "world"}, names if at % 10 == 0 else few))
    pools = {
        name: {"members": [_member(at, int(name[1:]), ports.get(name, 0) if at == 0 else 0)]}
        for name in held
    }
    return {"ttl": 1, **settings, "pools": pools}


def _member(vip_at: int, site_at: int, port: int) -> dict[str, object]:
    address: dict[str, object] = {"address": f"10.{vip_at}.{site_at >> 8}.{site_at & 255}"}
    return {**address, "probe_address": "127.0.0.1", "probe_port": port} if port else address


def write_places(file: Path, globe: Globe) -> Path:
    """Write the database of a globe."""
    records = {
        str(network): city(country, "EU", f"{north} {east}", (north, east))
        for network, ((north, east), country) in globe.places.items()
    }
    return write_database(file, records, "GeoLite2-City")


def make(folder: Path, zones: Path, database: Path, name: str = "state") -> Node:
    """Make a node of a world and a database."""
    return Node(folder / name, zones, more=["--geoip", str(database)])


def told(node: Node, name: str, networks: Sequence[IPv4Network]) -> list[Told]:
    """Ask where clients are sent."""
    return ask_all(node.dns, name, list(networks))


def sent(node: Node, name: str, networks: Sequence[IPv4Network]) -> list[str]:
    """Ask which sites clients are sent to."""
    return [site_of(one.address) for one in told(node, name, networks)]
