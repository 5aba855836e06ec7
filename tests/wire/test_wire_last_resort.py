"""Last resorts: another VIP, TTLs of their own, and the extended error that says so."""

from collections.abc import Iterator
from typing import Any

import dns.edns
import dns.message
import dns.rcode
import pytest
from nameserver import Nameserver, make_world, serving

ZONE = """\
@   300 SOA ns1 admin 1 3600 600 86400 60
@   300 NS  ns1
ns1 300 A   192.0.2.53
"""


def vip(address: str, **more: Any) -> dict[str, Any]:
    return {"ttl": 30, "pools": {"tokyo": {"members": [{"address": address}]}}, **more}


VIPS = {
    "first.gslb.example.": vip("192.0.2.1", fallback={"vip": "second.gslb.example."}),
    "short.gslb.example.": vip(
        "192.0.2.2", fallback={"vip": "second.gslb.example."}, fallback_ttl=5
    ),
    "second.gslb.example.": vip("192.0.2.3", ttl=60, fallback={"vip": "third.gslb.example."}),
    "third.gslb.example.": vip("192.0.2.4", fallback={"addresses": ["203.0.113.9"]}),
    "all.gslb.example.": vip("192.0.2.5", fallback="all", fallback_ttl=3),
    "none.gslb.example.": vip("192.0.2.6", fallback="none"),
    "fail.gslb.example.": vip("192.0.2.7", fallback="servfail"),
}
ALL = {f"192.0.2.{at}": 0.0 for at in range(1, 8)}


@pytest.fixture
def nameserver() -> Iterator[Nameserver]:
    with serving(make_world(("gslb.example.", ZONE), vips=VIPS)) as found:
        yield found


def ask(nameserver: Nameserver, name: str, edns: int = 0) -> tuple[list[str], int, str, int]:
    """Give the addresses, the TTL, the extended error's words and the rcode."""
    query = dns.message.make_query(f"{name}.gslb.example.", "A", use_edns=edns)
    reply = nameserver.ask(query, "udp4")
    errors = [o for o in reply.options if isinstance(o, dns.edns.EDEOption)]
    assert all(error.code == 0 for error in errors)
    words = errors[0].text if errors else ""
    for rrset in reply.answer:
        assert rrset.name.to_text() == f"{name}.gslb.example."
    data = [one.to_text() for rrset in reply.answer for one in rrset]
    ttl = reply.answer[0].ttl if reply.answer else 0
    return data, ttl, words or "", reply.rcode()


WORDS = "last resort: nothing is live"


def test_another_vip_answers_under_the_name_asked(nameserver: Nameserver) -> None:
    assert ask(nameserver, "first") == (["192.0.2.1"], 30, "", 0)
    nameserver.weigh({"192.0.2.1": 0.0, "192.0.2.2": 0.0})
    assert ask(nameserver, "first") == (["192.0.2.3"], 30, WORDS, 0)
    assert ask(nameserver, "short") == (["192.0.2.3"], 5, WORDS, 0)
    assert ask(nameserver, "second") == (["192.0.2.3"], 60, "", 0)


def test_vips_fall_back_on_each_other_in_turn(nameserver: Nameserver) -> None:
    nameserver.weigh({"192.0.2.1": 0.0, "192.0.2.2": 0.0, "192.0.2.3": 0.0})
    assert ask(nameserver, "first") == (["192.0.2.4"], 30, WORDS, 0)
    nameserver.weigh(ALL)
    assert ask(nameserver, "first") == (["203.0.113.9"], 30, WORDS, 0)
    assert ask(nameserver, "short") == (["203.0.113.9"], 5, WORDS, 0)
    nameserver.revive()
    assert ask(nameserver, "short") == (["192.0.2.2"], 30, "", 0)


def test_every_fallback_says_that_it_is_one(nameserver: Nameserver) -> None:
    nameserver.weigh(ALL)
    assert ask(nameserver, "all") == (["192.0.2.5"], 3, WORDS, 0)
    assert ask(nameserver, "none") == ([], 0, WORDS, 0)
    assert ask(nameserver, "fail") == ([], 0, WORDS, dns.rcode.SERVFAIL)
    assert ask(nameserver, "third") == (["203.0.113.9"], 30, WORDS, 0)


def test_without_edns_nothing_is_said(nameserver: Nameserver) -> None:
    nameserver.weigh(ALL)
    assert ask(nameserver, "all", edns=-1) == (["192.0.2.5"], 3, "", 0)
