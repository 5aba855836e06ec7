"""A crowd of clients, the sites that they are sent to, and loads that move them, on a moved clock.

The plane, the press and the capacities are the node's own; only the clock is not. A client asks
again when its record has run out, and the load of a site is the demand of the clients that it was
sent to. Nothing is bound and nothing sleeps.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from itertools import pairwise

import dns.edns

from bench.cases import question
from gslb import snapshot
from gslb.capacity import Capacities
from gslb.geo import Atlas
from gslb.model import Edit, MemberKey, PoolKey, World
from gslb.plane import Plane
from gslb.publisher import Press
from gslb.telemetry import Alarms

ORIGIN = "crowd.example."
VIP = f"near.{ORIGIN}"
TTL = 30  # seconds
EVERY = 5.0  # seconds between looks at the loads
STEPS_A_TTL = int(TTL / EVERY)
SOURCE = "127.0.0.1"

# What comes before the address of the only answer: header, question, and a record's fixed part.
_RCODE, _ANSWERS, _ADDRESS = 3, slice(6, 8), 12 + len(VIP) + 1 + 4 + 12

Place = tuple[float, float]
"""Degrees north and east."""


@dataclass(frozen=True)
class Client:
    """A client network and what it asks of a site, in the unit of capacities."""

    network: IPv4Network
    demand: float


def drawn_demands(networks: Sequence[IPv4Network], seed: int) -> list[Client]:
    """Give networks demands: most ask little, a few ask up to twenty times as much."""
    draw = random.Random(seed)
    return [Client(network, min(draw.paretovariate(1.5), 20.0)) for network in networks]


@dataclass(frozen=True)
class Moment:
    """How things stood after a step: loads over limits of the sites that live."""

    ratios: Mapping[str, float]
    shares: Mapping[str, float]
    moved: int
    refused: int


@dataclass
class Crowd:
    """Sites and clients. `dead` sites have no live member; `thirst` multiplies all demands."""

    atlas: Atlas
    sites: Mapping[str, Place]
    clients: Sequence[Client]
    now: float = 1.0e9
    thirst: float = 1.0
    dead: set[str] = field(default_factory=set)
    limits: dict[str, float] = field(default_factory=dict)
    at: list[str] = field(default_factory=list)
    _loads: dict[str, float] = field(default_factory=dict)
    _turn: int = 0

    def __post_init__(self) -> None:
        """Publish the sites without capacities, and let every client ask once."""
        self._addresses = {
            bytes((192, 0, 2, number)): name for number, name in enumerate(self.sites, 1)
        }
        self.plane = Plane()
        self.capacities = Capacities(
            weigh=self._weigh,
            probe_load=lambda _: None,
            on_pools=lambda changes: self.press.set_pools(changes),  # noqa: PLW0108  (made below)
            alarms=Alarms(lambda: self.now),
            now=lambda: self.now,
        )
        self.press = Press(self.plane, self._weigh, self.atlas, self.capacities)
        world = self._world()
        edits = [Edit("zones", (ORIGIN,), world.zones[ORIGIN])]
        edits += [Edit("maps", ("world",), world.maps["world"])]
        self.press.publish(self.press.prove(world, edits, 1), 1)
        option = dns.edns.ECSOption("198.51.100.0", 24)
        template = question(VIP, "A", (option,))
        assert template.endswith(bytes((198, 51, 100)))
        self._questions = [
            template[:-3] + client.network.network_address.packed[:3] for client in self.clients
        ]
        self._loads = dict.fromkeys(self.sites, 0.0)
        self.at = [""] * len(self.clients)
        self._ask(range(len(self.clients)))

    def _weigh(self, key: MemberKey) -> float:
        return 0.0 if key.datacenter in self.dead else 1.0

    def _world(self) -> World:
        datacenters = {
            name: {
                "location": place,
                "capacity": {"limit": self.limits[name], "load": "push"} if self.limits else None,
            }
            for name, place in self.sites.items()
        }
        pools = {
            name: {"members": [{"address": f"192.0.2.{number}"}]}
            for number, name in enumerate(self.sites, 1)
        }
        rrsets = (
            {"name": ORIGIN, "type": "NS", "ttl": 60, "rdata": ("ns.other.",)},
            {"name": ORIGIN, "type": "SOA", "ttl": 60, "rdata": ("ns.other. a. 1 60 60 60 60",)},
        )
        return World.model_validate(
            {
                "datacenters": datacenters,
                "maps": {"world": {"otherwise": "nearest"}},
                "vips": {VIP: {"ttl": TTL, "map": "world", "pools": pools}},
                "zones": {ORIGIN: {"origin": ORIGIN, "rrsets": rrsets}},
            }
        )

    def limit(self, fill: float) -> None:
        """Give every site a capacity of which its clients take this much, as they are now."""
        least = sum(self._loads.values()) / len(self.sites) / 10
        self.limits = {name: max(load, least) / fill for name, load in self._loads.items()}
        world = self._world()
        edits = [Edit("datacenters", (name,), one) for name, one in world.datacenters.items()]
        self.press.publish(self.press.prove(world, edits, 2), 2)

    def kill(self, site: str) -> None:
        """Let a site die."""
        self.dead.add(site)
        self._reweigh(site, 0.0)

    def revive(self, site: str) -> None:
        """Let a site live again."""
        self.dead.discard(site)
        self._reweigh(site, 1.0)

    def _reweigh(self, site: str, weight: float) -> None:
        target = f"192.0.2.{list(self.sites).index(site) + 1}"
        changes = [(MemberKey(VIP, site, target), weight)]
        self.press.reweigh(changes)
        self.capacities.reweigh(changes)

    @property
    def busiest(self) -> str:
        """The site with the greatest load."""
        return max(self._loads, key=self._loads.__getitem__)

    def step(self) -> Moment:
        """Let `EVERY` seconds pass: records run out, clients ask, loads are told."""
        moved, refused = self._ask(range(self._turn, len(self.clients), STEPS_A_TTL))
        self._turn = (self._turn + 1) % STEPS_A_TTL
        self.now += EVERY
        live = [name for name in self.sites if name not in self.dead]
        for name in live:
            self.capacities.push(name, self._loads[name] * self.thirst)
        self.capacities.step()
        return Moment(
            {name: self._loads[name] * self.thirst / self.limits[name] for name in live},
            {name: self.capacities.gauge(name).share for name in live},
            moved,
            refused,
        )

    def live(self, ttls: int) -> list[Moment]:
        """Let so many TTLs pass."""
        return [self.step() for _ in range(ttls * STEPS_A_TTL)]

    def shed(self, site: str, share: float) -> None:
        """Let a site shed this share, whatever its load is."""
        self.press.set_pools([(PoolKey(VIP, site), snapshot.pool_word(1, share))])

    def asked(self) -> list[str]:
        """Give where every client would be sent now; none of them goes there."""
        return [self._sent_to(packet) for packet in self._questions]

    def _ask(self, numbers: range) -> tuple[int, int]:
        """Let these clients ask; give how many moved, and how many got no address."""
        moved = refused = 0
        for number in numbers:
            site, before = self._sent_to(self._questions[number]), self.at[number]
            refused += not site
            if site and site != before:
                moved += 1
                demand = self.clients[number].demand
                self._loads[site] += demand
                if before:
                    self._loads[before] -= demand
                self.at[number] = site
        return moved, refused

    def _sent_to(self, packet: bytes) -> str:
        reply = self.plane.respond(packet, SOURCE, tcp=False)
        if reply is None or reply[_RCODE] & 15 or reply[_ANSWERS] != b"\0\1":
            return ""
        return self._addresses[reply[_ADDRESS : _ADDRESS + 4]]


def turns(moments: Sequence[Moment]) -> dict[str, int]:
    """Count for every site how often its share turned from growing to shrinking, or back."""
    found = {}
    for site in moments[-1].shares:
        moves = list(_moves([one.shares.get(site, 0.0) for one in moments]))
        found[site] = sum(a * b < 0 for a, b in pairwise(moves))
    return found


def _moves(shares: Sequence[float]) -> Iterator[float]:
    return (b - a for a, b in pairwise(shares) if a != b)


def within(moments: Sequence[Moment], high: float = 1.0) -> int:
    """Give after how many steps every site stays at or below a share of its limit for good."""
    over = [number for number, one in enumerate(moments, 1) if max(one.ratios.values()) > high]
    return over[-1] if over else 0
