"""Aliases: RFC 1034 section 3.6.2, RFC 2308 section 2.1 and 2.2, RFC 6604 for the rcode."""

import pytest
from nameserver import Case, Nameserver, make_world, plain, records

LONG = "\n".join(f"c{n} 60 CNAME c{n + 1}" for n in range(20))
ZONE = f"""
{LONG}
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
host   300  A     192.0.2.1
host   300  TXT   "text"
one    60   CNAME host
two    30   CNAME one
three  20   CNAME two
vip    60   CNAME www
gone   60   CNAME nothing
empty  60   CNAME ent
x.ent  60   A     192.0.2.2
out    60   CNAME www.elsewhere.test.
other  60   CNAME host.other.example.
chain  60   CNAME out
loop1  60   CNAME loop2
loop2  60   CNAME loop1
self   60   CNAME self
"""
OTHER = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 120
@      3600 NS    ns1
ns1    3600 A     192.0.2.54
host   300  A     192.0.2.5
"""
VIPS = {
    "www.gslb.example.": {
        "ttl": 15,
        "pools": {"tokyo": {"members": [{"address": "192.0.2.9"}]}},
    }
}
WORLD = make_world(("gslb.example.", ZONE), ("other.example.", OTHER), vips=VIPS)
NODATA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"
HOST = "host.gslb.example. 300 A 192.0.2.1"
ONE = "one.gslb.example. 60 CNAME host.gslb.example."
TWO = f"two.gslb.example. 30 CNAME one.gslb.example.\n{ONE}"

CASES = (
    Case("an alias is followed", "one.gslb.example.", answer=f"{ONE}\n{HOST}"),
    Case("a chain is followed", "three.gslb.example.",
         answer=f"three.gslb.example. 20 CNAME two.gslb.example.\n{TWO}\n{HOST}"),
    Case("another type at the end", "two.gslb.example.", "TXT",
         answer=f'{TWO}\nhost.gslb.example. 300 TXT "text"'),
    Case("the alias asked for is not followed", "two.gslb.example.", "CNAME",
         answer="two.gslb.example. 30 CNAME one.gslb.example."),
    Case("RFC 2308 2.2.1: NODATA at the end", "one.gslb.example.", "AAAA",
         answer=ONE, authority=NODATA),
    Case("NODATA at an empty non-terminal", "empty.gslb.example.",
         answer="empty.gslb.example. 60 CNAME ent.gslb.example.", authority=NODATA),
    Case("RFC 6604 2.1: the rcode is that of the end", "gone.gslb.example.", rcode="NXDOMAIN",
         answer="gone.gslb.example. 60 CNAME nothing.gslb.example.", authority=NODATA),
    Case("to a VIP", "vip.gslb.example.", answer="""
         vip.gslb.example. 60 CNAME www.gslb.example.
         www.gslb.example. 15 A 192.0.2.9"""),
    Case("to a VIP without this family", "vip.gslb.example.", "AAAA",
         answer="vip.gslb.example. 60 CNAME www.gslb.example.", authority=NODATA),
    Case("out of all zones: the resolver goes on", "out.gslb.example.",
         answer="out.gslb.example. 60 CNAME www.elsewhere.test."),
    Case("a chain out of all zones", "chain.gslb.example.", answer="""
         chain.gslb.example. 60 CNAME out.gslb.example.
         out.gslb.example. 60 CNAME www.elsewhere.test."""),
    Case("to another zone of ours: it is chased inside its zone only", "other.gslb.example.",
         answer="other.gslb.example. 60 CNAME host.other.example."),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cname(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)


@pytest.mark.parametrize("name", ["self", "loop1"])
def test_a_loop_ends_and_holds_no_record_twice(nameserver: Nameserver, name: str) -> None:
    for over, reply in nameserver.ask_everywhere(plain(f"{name}.gslb.example."), noerror=1):
        found = records(reply.answer)
        assert f"{name}.gslb.example. 60 CNAME" in found[0], over
        assert len(found) == len(set(found)), over


def test_a_chain_is_followed_eight_links_and_then_left_to_the_resolver(
    nameserver: Nameserver,
) -> None:
    """RFC 1034 section 3.6.2 wants no failure of a long chain; the bound is in docs/dns.md."""
    for over, reply in nameserver.ask_everywhere(plain("c0.gslb.example."), noerror=1):
        found = [f"c{n}.gslb.example. 60 CNAME c{n + 1}.gslb.example." for n in range(9)]
        assert records(reply.answer) == found, over
        assert not reply.authority, over
