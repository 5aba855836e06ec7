"""VIPs whose members are names: CNAME by the ladder, then its target (RFC 1034 4.3.2)."""

from collections.abc import Iterator

import dns.edns
import dns.message
import pytest
from nameserver import Case, Nameserver, make_world, plain, records, serving

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
one    60   A     192.0.2.1
two    60   A     192.0.2.2
alias  600  CNAME www
*.wild 600  CNAME www
"""
SOA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"


def pool(*names: str) -> dict[str, object]:
    return {"members": [{"name": name} for name in names]}


def ordered(first: str, second: str, **more: object) -> dict[str, object]:
    return {"order": ["tokyo", "osaka"], "pools": {"tokyo": pool(first), "osaka": pool(second)},
            **more}  # fmt: skip


VIPS = {
    "www.gslb.example.": ordered("one.gslb.example.", "two.gslb.example.", ttl=20),
    "out.gslb.example.": ordered("cdn.example.net.", "cdn.example.org."),
    "over.gslb.example.": ordered("site.gslb.example.", "one.gslb.example."),
    "site.gslb.example.": {"pools": {"tokyo": {"members": [{"address": "203.0.113.1"}]}}},
    "loop.gslb.example.": ordered("pool.gslb.example.", "one.gslb.example."),
    "pool.gslb.example.": ordered("loop.gslb.example.", "one.gslb.example."),
    "gone.gslb.example.": ordered("nobody.gslb.example.", "one.gslb.example."),
    "none.gslb.example.": ordered("one.gslb.example.", "two.gslb.example.", fallback="none"),
    "fail.gslb.example.": ordered("one.gslb.example.", "two.gslb.example.", fallback="servfail"),
    "any.gslb.example.": ordered("one.gslb.example.", "two.gslb.example."),
    "keep.gslb.example.": {
        "sticky": True,
        "pools": {"tokyo": pool("one.gslb.example.", "two.gslb.example.", "cdn.example.net.")},
    },
}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS)

CASES = (
    Case("A: the alias and its address", "www.gslb.example.", answer="""
         www.gslb.example. 20 CNAME one.gslb.example.
         one.gslb.example. 60 A 192.0.2.1"""),
    Case("AAAA: the alias and NODATA", "www.gslb.example.", "AAAA",
         answer="www.gslb.example. 20 CNAME one.gslb.example.", authority=SOA),
    Case("CNAME: the alias alone", "www.gslb.example.", "CNAME",
         answer="www.gslb.example. 20 CNAME one.gslb.example."),
    Case("ANY: the alias alone", "www.gslb.example.", "ANY",
         answer="www.gslb.example. 20 CNAME one.gslb.example."),
    Case("TXT: an alias is for every type", "www.gslb.example.", "TXT",
         answer="www.gslb.example. 20 CNAME one.gslb.example.", authority=SOA),
    Case("another zone's name ends it", "out.gslb.example.",
         answer="out.gslb.example. 30 CNAME cdn.example.net."),
    Case("another VIP has its own ladder", "over.gslb.example.", answer="""
         over.gslb.example. 30 CNAME site.gslb.example.
         site.gslb.example. 30 A 203.0.113.1"""),
    Case("a loop ends", "loop.gslb.example.", answer="""
         loop.gslb.example. 30 CNAME pool.gslb.example.
         pool.gslb.example. 30 CNAME loop.gslb.example."""),
    Case("a target that does not exist", "gone.gslb.example.", rcode="NXDOMAIN",
         answer="gone.gslb.example. 30 CNAME nobody.gslb.example.", authority=SOA),
    Case("through an alias", "alias.gslb.example.", answer="""
         alias.gslb.example. 600 CNAME www.gslb.example.
         www.gslb.example. 20 CNAME one.gslb.example.
         one.gslb.example. 60 A 192.0.2.1"""),
    Case("through a wildcard", "x.wild.gslb.example.", answer="""
         x.wild.gslb.example. 600 CNAME www.gslb.example.
         www.gslb.example. 20 CNAME one.gslb.example.
         one.gslb.example. 60 A 192.0.2.1"""),
)  # fmt: skip


@pytest.fixture
def server() -> Iterator[Nameserver]:
    with serving(WORLD) as nameserver:
        yield nameserver


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_question_is_answered(server: Nameserver, case: Case) -> None:
    server.check(case)


def test_a_dead_site_gives_its_clients_the_next_name(server: Nameserver) -> None:
    server.publish(WORLD, down=["one.gslb.example."])
    assert records(server.ask(plain("www.gslb.example."), "udp4").answer) == [
        "two.gslb.example. 60 A 192.0.2.2",
        "www.gslb.example. 20 CNAME two.gslb.example.",
    ]


@pytest.mark.parametrize(
    ("name", "rcode", "aliases"), [("none", 0, 0), ("fail", 2, 0), ("any", 0, 1)]
)
def test_with_nothing_live_the_fallback_answers(
    server: Nameserver, name: str, rcode: int, aliases: int
) -> None:
    owner = f"{name}.gslb.example."
    server.publish(WORLD, down=["one.gslb.example.", "two.gslb.example."])
    reply = server.ask(plain(owner, "CNAME"), "udp4")
    assert (reply.rcode(), len(reply.answer)) == (rcode, aliases)


def test_a_sticky_alias_is_of_the_client_network(server: Nameserver) -> None:
    drawn = set()
    for third in range(40):
        told = {alias_for(server, f"198.51.{third}.{last}") for last in (0, 77, 255)}
        assert len(told) == 1
        drawn |= told
    assert {scope for _, scope in drawn} == {24}
    assert len(drawn) == len(("one", "two", "cdn"))


def alias_for(server: Nameserver, client: str) -> tuple[str, int]:
    query = dns.message.make_query("keep.gslb.example.", "CNAME",
                                   options=[dns.edns.ECSOption(client, 32)])  # fmt: skip
    reply = server.ask(query, "udp4")
    (subnet,) = (one for one in reply.options if isinstance(one, dns.edns.ECSOption))
    return reply.answer[0][0].to_text(), subnet.scopelen
