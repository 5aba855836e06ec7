"""Twenty sites and their clients on a moved clock: one dies, all overflow, and all comes back."""

import random
from ipaddress import IPv4Network
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from atlases import city, opened, write_database

from bench.crowd import STEPS_A_TTL, Crowd, Moment, drawn_demands, turns, within

SITES = {
    "frankfurt": (50.1, 8.7),
    "london": (51.5, -0.1),
    "madrid": (40.4, -3.7),
    "stockholm": (59.3, 18.1),
    "warsaw": (52.2, 21.0),
    "virginia": (38.9, -77.4),
    "chicago": (41.9, -87.6),
    "dallas": (32.8, -96.8),
    "oregon": (45.5, -122.7),
    "saopaulo": (-23.5, -46.6),
    "santiago": (-33.4, -70.7),
    "tokyo": (35.7, 139.7),
    "seoul": (37.6, 127.0),
    "hongkong": (22.3, 114.2),
    "singapore": (1.3, 103.8),
    "mumbai": (19.1, 72.9),
    "dubai": (25.2, 55.3),
    "sydney": (-33.9, 151.2),
    "johannesburg": (-26.2, 28.0),
    "lagos": (6.5, 3.4),
}
TOWNS = 1500  # each a /20: sixteen client networks


def crowd(folder: Path) -> Crowd:
    """Make clients that live around the sites, more of them where sites are dense."""
    draw = random.Random(20)
    records: dict[str, dict[str, Any]] = {}
    networks: list[IPv4Network] = []
    for number in range(TOWNS):
        north, east = draw.choice(list(SITES.values()))
        at = (draw.gauss(north, 6), (draw.gauss(east, 9) + 180) % 360 - 180)
        block = IPv4Network((0x0B00_0000 + (number << 12), 20))
        records[str(block)] = city("XX", "EU", f"town {number}", at)
        networks += block.subnets(new_prefix=24)
    found = Crowd(
        opened(write_database(folder / "city.mmdb", records)), SITES, drawn_demands(networks, 21)
    )
    found.limit(0.62)
    return found


def refused(moments: list[Moment]) -> int:
    """Count the clients that got no address."""
    return sum(one.refused for one in moments)


def even(moment: Moment) -> bool:
    """Whether loads are as capacities, but for a fifth, of which chance is a part.

    There are some 1,200 clients to a site, a few of them twenty times as thirsty.
    """
    ratios = moment.ratios.values()
    return 0.8 * mean(ratios) < min(ratios) <= max(ratios) < 1.2 * mean(ratios)


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_lost_sites_clients_are_spread_and_come_back(tmp_path: Path) -> None:
    found = crowd(tmp_path)
    calm = found.live(2)
    assert sum(one.moved for one in calm) == 0
    home, lost = list(found.at), found.busiest

    found.kill(lost)
    without = found.live(20)
    assert within(without) <= 4 * STEPS_A_TTL
    assert refused(without) == 0
    assert max(turns(without).values()) <= 2
    assert sum(one.moved for one in without[-2 * STEPS_A_TTL :]) == 0
    settled = list(found.at)
    here = {name for name, share in without[-1].shares.items() if share}
    assert here, "to lose this site needs no spill; make the sites fuller"
    moved = {old for new, old in zip(settled, home, strict=True) if new != old}
    assert moved <= here | {lost}, "only clients of sites that shed are moved"

    found.revive(lost)
    again = found.live(20)
    assert found.at == home
    assert set(again[-1].shares.values()) == {0.0}
    assert within(again) == 0
    assert max(turns(without + again).values()) <= 2


@pytest.mark.long
@pytest.mark.timeout(240)
def test_above_capacity_everywhere_shares_are_as_capacities_and_nobody_is_refused(
    tmp_path: Path,
) -> None:
    found = crowd(tmp_path)
    home, lost = list(found.at), found.busiest
    found.kill(lost)
    found.thirst = 2.2
    full = found.live(30)
    assert refused(full) == 0
    assert mean(full[-1].ratios.values()) > 1.2
    assert not even(full[STEPS_A_TTL - 1])
    assert even(full[-1]), full[-1].ratios
    found.revive(lost)
    found.thirst = 1.0
    again = found.live(40)
    assert refused(again) == 0
    assert found.at == home


def test_a_greater_share_sheds_the_same_clients_and_more(tmp_path: Path) -> None:
    found = crowd(tmp_path)
    site = found.busiest
    home = {number for number, name in enumerate(found.at) if name == site}
    before: set[int] = set()
    for share in (0.1, 0.25, 0.5, 0.9):
        found.shed(site, share)
        asked = found.asked()
        gone = {number for number in home if asked[number] != site}
        assert before <= gone
        assert len(gone) == pytest.approx(share * len(home), abs=0.03 * len(home))
        before = gone
    found.shed(site, 0)
    assert found.asked() == found.at
