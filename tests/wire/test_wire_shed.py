"""Pools that shed: a share of clients goes on to the next tier, the same ones each time."""

from collections import Counter
from collections.abc import Iterator

import dns.edns
import dns.message
import pytest
from nameserver import Nameserver, make_world, serving

NAME = "www.gslb.example."
SITES = {"tokyo": "192.0.2.1", "paris": "192.0.2.2", "rome": "192.0.2.3"}
ZONE = """\
@   300 SOA ns1 admin 1 3600 600 86400 60
@   300 NS  ns1
ns1 300 A   192.0.2.53
"""
CLIENTS = [f"198.{18 + at // 256}.{at % 256}.0" for at in range(512)]


@pytest.fixture
def nameserver() -> Iterator[Nameserver]:
    pools = {
        site: {"members": [{"address": address}], "capacity": limit}
        for (site, address), limit in zip(SITES.items(), (100, 300, 600), strict=True)
    }
    vip = {"ttl": 30, "order": ["tokyo", "paris", "rome"], "fallback": "none", "pools": pools}
    with serving(make_world(("gslb.example.", ZONE), vips={NAME: vip})) as found:
        yield found


def ask(nameserver: Nameserver, client: str, length: int = 24) -> tuple[str, int]:
    """Give the address and the scope that a client network is answered."""
    query = dns.message.make_query(NAME, "A", use_edns=0)
    query.use_edns(0, options=[dns.edns.ECSOption(client, length)])
    reply = nameserver.ask(query, "udp4")
    (option,) = [o for o in reply.options if isinstance(o, dns.edns.ECSOption)]
    return reply.answer[0][0].to_text(), option.scopelen


def answers(nameserver: Nameserver) -> dict[str, str]:
    return {client: ask(nameserver, client)[0] for client in CLIENTS}


def test_a_share_goes_to_the_next_tier_and_the_sets_are_nested(nameserver: Nameserver) -> None:
    assert set(answers(nameserver).values()) == {SITES["tokyo"]}
    assert ask(nameserver, CLIENTS[0])[1] == 0
    before: set[str] = set()
    for share in (0.1, 0.3, 0.6, 0.9):
        nameserver.shed({(NAME, "tokyo"): share})
        found = answers(nameserver)
        assert set(found.values()) == {SITES["tokyo"], SITES["paris"]}
        shed = {client for client, address in found.items() if address == SITES["paris"]}
        assert abs(len(shed) / len(CLIENTS) - share) < 0.07
        assert before < shed
        assert found == answers(nameserver)
        before = shed
    assert ask(nameserver, CLIENTS[0])[1] == 24
    nameserver.shed({})
    assert set(answers(nameserver).values()) == {SITES["tokyo"]}
    assert ask(nameserver, CLIENTS[0])[1] == 0


def test_who_is_shed_twice_goes_to_the_third(nameserver: Nameserver) -> None:
    nameserver.shed({(NAME, "tokyo"): 0.5, (NAME, "paris"): 0.5})
    counts = Counter(answers(nameserver).values())
    assert counts[SITES["tokyo"]] == pytest.approx(256, abs=40)
    assert counts[SITES["paris"]] == pytest.approx(128, abs=40)
    assert counts[SITES["rome"]] == pytest.approx(128, abs=40)


def test_where_all_shed_nobody_is_refused_and_capacity_draws(nameserver: Nameserver) -> None:
    nameserver.shed({(NAME, site): 1.0 for site in SITES})
    found = answers(nameserver)
    counts = Counter(found.values())
    for site, share in (("tokyo", 0.1), ("paris", 0.3), ("rome", 0.6)):
        assert counts[SITES[site]] / len(CLIENTS) == pytest.approx(share, abs=0.06)
    assert found == answers(nameserver)
    nameserver.weigh({SITES["rome"]: 0.0})
    without = answers(nameserver)
    assert SITES["rome"] not in without.values()
    kept = [client for client in CLIENTS if found[client] != SITES["rome"]]
    assert all(found[client] == without[client] for client in kept)


def test_a_client_that_asks_not_to_be_located_is_shed_by_chance(nameserver: Nameserver) -> None:
    nameserver.shed({(NAME, "tokyo"): 0.5})
    counts = Counter(ask(nameserver, "0.0.0.0", 0) for _ in range(400))
    assert set(counts) == {(SITES["tokyo"], 0), (SITES["paris"], 0)}
    assert counts[SITES["tokyo"], 0] == pytest.approx(200, abs=50)


def test_what_is_dead_is_not_spilled_over_to(nameserver: Nameserver) -> None:
    nameserver.shed({(NAME, "tokyo"): 0.5})
    nameserver.weigh({SITES["paris"]: 0.0, SITES["rome"]: 0.0})
    assert set(answers(nameserver).values()) == {SITES["tokyo"]}
