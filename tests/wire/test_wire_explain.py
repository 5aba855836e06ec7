"""`_explain` names: TXT that tells a client why a VIP answers it so, where that is wanted."""

from collections.abc import Iterator

import dns.edns
import dns.message
import dns.rdtypes.txtbase
import pytest
from nameserver import Case, Nameserver, make_world, plain, serving

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
host   60   A     192.0.2.1
_explain.real 60 TXT "a record of its own"
x._explain.ent 60 TXT "below"
*.www  60   TXT   "a wildcard"
"""
VIPS: dict[str, object] = {
    "gslb.example.": {"pools": {"tokyo": {"members": [{"address": "192.0.2.8"}]}}},
    "www.gslb.example.": {
        "ttl": 15,
        "map": "world",
        "pools": {
            "tokyo": {"members": [{"address": "192.0.2.9"}, {"address": "2001:db8::9"}]},
            "paris": {
                "members": [{"address": "198.51.100.9", "weight": 3}, {"address": "198.51.100.8"}]
            },
        },
    },
    "name.gslb.example.": {"pools": {"tokyo": {"members": [{"name": "cdn.example.net."}]}}},
    "real.gslb.example.": {"pools": {"tokyo": {"members": [{"address": "192.0.2.8"}]}}},
    "ent.gslb.example.": {"pools": {"tokyo": {"members": [{"address": "192.0.2.8"}]}}},
    "last.gslb.example.": {
        "fallback": {"addresses": ["203.0.113.1"]},
        "fallback_ttl": 5,
        "pools": {"tokyo": {"members": [{"address": "192.0.2.7"}]}},
    },
    "over.gslb.example.": {
        "fallback": {"vip": "gslb.example."},
        "ttl": 60,
        "pools": {"tokyo": {"members": [{"address": "192.0.2.6"}]}},
    },
    "many.gslb.example.": {
        "answers": "all",
        "pools": {"tokyo": {"members": [{"address": f"10.0.{n // 200}.{n % 200}"}
                                        for n in range(400)]}},
    },
}  # fmt: skip
MAPS = {
    "world": {
        "rules": [{"networks": ["10.0.0.0/8"], "to": ["paris", "tokyo"]}],
        "otherwise": ["tokyo", "paris"],
    }
}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS, maps=MAPS)
SOA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"


@pytest.fixture(scope="module")
def telling() -> Iterator[Nameserver]:
    """Serve the world, and tell why."""
    with serving(WORLD) as found:
        found.speak(explain_txt=True)
        yield found


def strings(reply: dns.message.Message) -> list[str]:
    ((data,),) = reply.answer
    assert isinstance(data, dns.rdtypes.txtbase.TXTBase)
    return [text.decode() for text in data.strings]


def located(name: str) -> dns.message.Message:
    query = plain(name, "TXT")
    query.use_edns(0, payload=1232, options=[dns.edns.ECSOption("10.1.2.0", 24)])
    return query


def test_the_names_do_not_exist_unless_they_are_wanted(nameserver: Nameserver) -> None:
    nameserver.check(Case("off", "_explain.gslb.example.", "TXT", rcode="NXDOMAIN", authority=SOA))
    nameserver.check(Case("a wildcard", "_explain.www.gslb.example.", "TXT",
                          answer='_explain.www.gslb.example. 60 TXT "a wildcard"'))  # fmt: skip


def test_a_client_is_told_what_decided(telling: Nameserver) -> None:
    query = located("_explain.www.gslb.example.")
    for over, reply in telling.ask_everywhere(query, noerror=1, edns=1, ecs=1):
        assert [rrset.ttl for rrset in reply.answer] == [0], over
        (option,) = reply.options
        assert isinstance(option, dns.edns.ECSOption), over
        assert option.scopelen == 8, over
        told = strings(reply)
        drawn = next(line for line in told if line.startswith("A 198.51.100."))
        share = "weight 3 of 3, share 75.0%" if ".9:" in drawn else "weight 1 of 1, share 25.0%"
        assert drawn.endswith(share)
        told.remove(drawn)
        assert told == [
            "revision 1",
            "client 10.1.2.0/24 by ECS",
            "map world, class 1, range /8",
            "A: tier 1 of 2 (paris)",
            "A: pool paris, weight 1, share 100.0%",
            "A: TTL 15, scope /8",
            "AAAA: tier 2 of 2 (tokyo)",
            "AAAA: pool tokyo, weight 1, share 100.0%",
            "AAAA 2001:db8::9: weight 1 of 1, share 100.0%",
            "AAAA: TTL 15, scope /8",
        ], over


def test_the_source_address_decides_without_ecs(telling: Nameserver) -> None:
    for over, reply in telling.ask_everywhere(
        plain("_EXPLAIN.Www.gslb.example.", "TXT"), noerror=1
    ):
        client = "::1/128" if over.endswith("6") else "127.0.0.1/32"
        told = strings(reply)
        assert told[1] == f"client {client} by its source address", over
        assert "A: tier 1 of 2 (tokyo)" in told, over


def test_a_vip_of_names_tells_its_alias(telling: Nameserver) -> None:
    for over, reply in telling.ask_everywhere(
        plain("_explain.name.gslb.example.", "TXT"), noerror=1
    ):
        told = strings(reply)
        assert told[2] == "no map: the VIP has tiers of its own", over
        assert "CNAME cdn.example.net.: weight 1 of 1, share 100.0%" in told, over


def test_a_last_resort_is_told(telling: Nameserver) -> None:
    telling.weigh({"192.0.2.7": 0})
    for over, reply in telling.ask_everywhere(
        plain("_explain.last.gslb.example.", "TXT"), noerror=1
    ):
        assert strings(reply)[3:] == [
            "A: nothing is live, fallback addresses",
            "A 203.0.113.1: last resort",
            "A: TTL 5, scope /0",
        ], over
    telling.revive()


def test_another_vip_is_told(telling: Nameserver) -> None:
    telling.weigh({"192.0.2.6": 0})
    for over, reply in telling.ask_everywhere(
        plain("_explain.over.gslb.example.", "TXT"), noerror=1
    ):
        assert strings(reply)[3:] == [
            "A: nothing is live, fallback vip",
            "A: TTL 60, scope /0",
            "A 192.0.2.8: of the VIP it falls back on",
        ], over
    telling.revive()


def test_an_explanation_ends_somewhere_and_is_whole_or_truncated(telling: Nameserver) -> None:
    query = plain("_explain.many.gslb.example.", "TXT")
    reply = telling.ask(query, "udp4")
    assert reply.flags & 0x200
    assert not reply.answer
    told = strings(telling.ask(query, "tcp6"))
    assert (len(told), told[-1]) == (201, "and more")


@pytest.mark.parametrize(
    "case",
    [
        Case("other types are NODATA", "_explain.www.gslb.example.", "A", authority=SOA),
        Case("no VIP", "_explain.host.gslb.example.", "TXT", rcode="NXDOMAIN", authority=SOA),
        Case("nothing", "_explain.no.gslb.example.", "TXT", rcode="NXDOMAIN", authority=SOA),
        Case("above it", "a._explain.gslb.example.", "TXT", rcode="NXDOMAIN", authority=SOA),
        Case("a real record wins", "_explain.real.gslb.example.", "TXT",
             answer='_explain.real.gslb.example. 60 TXT "a record of its own"'),
        Case("an empty non-terminal too", "_explain.ent.gslb.example.", "TXT", authority=SOA),
    ],
    ids=str,
)  # fmt: skip
def test_only_vips_are_explained(telling: Nameserver, case: Case) -> None:
    telling.check(case)


def test_the_apex_is_explained(telling: Nameserver) -> None:
    told = strings(telling.ask(plain("_explain.gslb.example.", "TXT"), "udp6"))
    assert "A 192.0.2.8: weight 1 of 1, share 100.0%" in told
