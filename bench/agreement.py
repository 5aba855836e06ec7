"""Whether the plane's geography is right, beside the geoip2 reader and gdnsd.

Place: what the plane's own reading of a database says of an address is what geoip2 says. Nearest:
the datacenter that a client is sent to is the one that gdnsd sends it to. Scope: the answer's ECS
scope is no longer than gdnsd's where both answer the same, and it is true: the first, the middle
and the last address inside it get the same answer.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from pathlib import Path

import geoip2.database
import geoip2.errors
import numpy as np

from bench.asker import Network, Told, ask_all
from bench.kinds import OURS, PEER
from bench.machine import Bench, BenchError
from bench.places import SITES, VIP, draw_ipv4, draw_ipv6, located
from bench.servers import present, running
from bench.tables import table
from gslb.plane import Database, Overlay

COUNT = 100_000  # client networks of each family
SHOWN = 5  # examples of a kind of difference
TIE = 1e-9  # of a distance: what different orders of the same sums come to
ADDRESSES = {address: name for name, (_, *both) in SITES.items() for address in both}


def main(bench: Bench) -> None:
    """Compare and print; BenchError if something is wrong rather than another choice."""
    if bench.city is None:
        print("agreement is left out: it needs a City database; give one with --city FILE")
        return
    count = bench.times(COUNT)
    families: dict[str, Sequence[Network]] = {
        "IPv4 /24": draw_ipv4(count, 14),
        "IPv6 /48": draw_ipv6(count, 16, bench.city),
    }
    _places(bench.city, families)
    if PEER not in present((PEER,)):
        return
    world = located(bench.city)
    with (
        running(OURS, world, bench.folder / "agreement-gslb") as ours,
        running(PEER, world, bench.folder / "agreement-gdnsd") as peer,
    ):
        for title, networks in families.items():
            mine = ask_all(ours.port, VIP, networks)
            its = ask_all(peer.port, VIP, networks)
            _nearest(bench.city, title, networks, mine, its)
            _scopes(title, networks, mine, its)
            _truth(bench.city, ours.port, title, dict(zip(networks, mine, strict=True)))


# Places


@dataclass(frozen=True)
class Place:
    """What matters of where an address is."""

    latitude: float | None
    longitude: float | None
    continent: str
    country: str
    subdivision: str
    city: str


_COLUMNS = {
    "latitude": ("location.latitude", "number"),
    "longitude": ("location.longitude", "number"),
    "continent": ("continent.code", "text"),
    "country": ("country.iso_code", "text"),
    "subdivision": ("subdivisions.0.iso_code", "text"),
    "city": ("city.names.en", "text"),
}


def _places(city: Path, families: dict[str, Sequence[Network]]) -> None:
    look = _our_places(city)
    rows = []
    with geoip2.database.Reader(str(city)) as reader:
        for title, networks in families.items():
            differ = [
                f"{network}: {ours} and not {theirs}"
                for network in networks
                if (ours := look(network)) != (theirs := _their_place(reader, network))
            ]
            rows.append((title, f"{len(networks):,}", str(len(differ))))
            for line in differ[:SHOWN]:
                print(line)
    table("Places: the plane's reading beside geoip2's", ("clients", "compared", "differ"), rows)


def _their_place(reader: geoip2.database.Reader, network: Network) -> Place:
    try:
        found = reader.city(str(network.network_address))
    except geoip2.errors.AddressNotFoundError:
        return Place(None, None, "", "", "", "")
    first = found.subdivisions[0].iso_code if found.subdivisions else None
    return Place(
        found.location.latitude,
        found.location.longitude,
        found.continent.code or "",
        found.country.iso_code or "",
        first or "",
        found.city.names.get("en", ""),
    )


def _our_places(city: Path) -> Callable[[Network], Place]:
    """Give a look-up in the ranges that the plane makes when every place is a class of its own."""
    database = Database.open(str(city))
    columns = database.columns([(name, [path], kind) for name, (path, kind) in _COLUMNS.items()])
    overlay = Overlay([(database, np.arange(database.places, dtype="<u4").tobytes())], [])
    combinations = np.frombuffer(overlay.combinations, "<u4")
    four, fours, six, sixes = overlay.ranges(combinations.tobytes())
    ranges = {
        4: (np.frombuffer(four, "<u4"), np.frombuffer(fours, "<u4"), 0),
        6: (np.frombuffer(six, "<u8"), np.frombuffer(sixes, "<u4"), 64),
    }

    def number(name: str, place: int) -> float | None:
        value = float(np.frombuffer(columns[name][0], "<f8")[place])
        return None if math.isnan(value) else value

    def text(name: str, place: int) -> str:
        packed, words = columns[name]
        return words[int(np.frombuffer(packed, "<u4")[place])]

    def look(network: Network) -> Place:
        starts, places, shift = ranges[network.version]
        address = starts.dtype.type(int(network.network_address) >> shift)
        place = int(places[int(np.searchsorted(starts, address, "right")) - 1])
        return Place(
            number("latitude", place),
            number("longitude", place),
            *(text(name, place) for name in ("continent", "country", "subdivision", "city")),
        )

    return look


# Nearest


def _nearest(
    city: Path, title: str, networks: Sequence[Network], ours: Sequence[Told], its: Sequence[Told]
) -> None:
    """Compare the datacenters, and say of each difference why it is one."""
    kinds: Counter[str] = Counter()
    examples = []
    with geoip2.database.Reader(str(city)) as reader:
        for network, mine, peers in zip(networks, ours, its, strict=True):
            if mine.address == peers.address:
                kinds["same"] += 1
                continue
            place = _their_place(reader, network)
            kinds[_why(place, mine, peers)] += 1
            examples.append(f"{network} at {place}: {_site(mine)}, gdnsd {_site(peers)}")
    for line in examples[:SHOWN]:
        print(line)
    rows = [(kind, f"{count:,}") for kind, count in kinds.most_common()]
    table(f"Nearest datacenter beside gdnsd's: {title}", ("difference", "clients"), rows)


def _site(told: Told) -> str:
    return ADDRESSES[told.address]


def _why(place: Place, mine: Told, peers: Told) -> str:
    if place.latitude is None or place.longitude is None:
        return "no coordinates: no datacenter is the nearest"
    here = (place.latitude, place.longitude)
    ours, its = (_distance(here, SITES[_site(told)][0]) for told in (mine, peers))
    if math.isclose(ours, its, rel_tol=TIE):
        return "both are equally far away"
    return "gslb's is nearer" if ours < its else "WRONG: gdnsd's is nearer"


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Give the angle between two places by the vectors to them: another way than gslb's."""
    a, b = (_vector(*place) for place in (one, other))
    crossed = (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
    along = sum(x * y for x, y in zip(a, b, strict=True))
    return math.atan2(math.hypot(*crossed), along)


def _vector(north: float, east: float) -> tuple[float, float, float]:
    lat, lon = math.radians(north), math.radians(east)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


# Scopes


def _scopes(
    title: str, networks: Sequence[Network], ours: Sequence[Told], its: Sequence[Told]
) -> None:
    """Compare scopes where the answers are the same."""
    same = [
        (network, mine, peers)
        for network, mine, peers in zip(networks, ours, its, strict=True)
        if mine.address == peers.address
    ]
    longer = [entry for entry in same if entry[1].scope > entry[2].scope]
    for network, mine, peers in longer[:SHOWN]:
        print(f"{network}: /{mine.scope}, gdnsd /{peers.scope}")
    wider = sum(mine.scope < peers.scope for _, mine, peers in same)
    rows = [
        ("the same", f"{len(same) - wider - len(longer):,}"),
        ("gslb's is wider", f"{wider:,}"),
        ("gslb's is narrower", f"{len(longer):,}"),
    ]
    table(f"ECS scopes beside gdnsd's, same answer: {title}", ("scope", "clients"), rows)


def _truth(city: Path, port: int, title: str, ours: Mapping[Network, Told]) -> None:
    """Ask for the ends and the middle of each scope; BenchError if one gets another answer.

    Clients without coordinates are left out: for them one of all datacenters is drawn.
    """
    with geoip2.database.Reader(str(city)) as reader:
        asked = [
            (probe, mine)
            for network, mine in ours.items()
            if _their_place(reader, network).latitude is not None
            for probe in _ends(network, mine.scope)
        ]
    again = ask_all(port, VIP, [probe for probe, _ in asked])
    wrong = [
        f"{probe}: {told}, but its network was told {mine}"
        for (probe, mine), told in zip(asked, again, strict=True)
        if told.address != mine.address
    ]
    for line in wrong[:SHOWN]:
        print(line)
    if wrong:
        raise BenchError(f"{len(wrong)} addresses inside a scope get another answer")
    print(f"{len(asked):,} ends and middles of scopes hold: {title}")


def _ends(network: Network, scope: int) -> Iterator[Network]:
    """Give the first, the middle and the last client network inside a scope."""
    whole = network.supernet(new_prefix=scope) if scope < network.prefixlen else network
    length = max(scope, network.prefixlen)
    shift = network.max_prefixlen - length
    first = int(whole.network_address) >> shift
    count = 1 << max(0, length - scope)
    kind = IPv6Address if isinstance(network, IPv6Network) else IPv4Address
    for at in {0, count // 2, count - 1}:
        yield ip_network(f"{kind((first + at) << shift)}/{length}")
