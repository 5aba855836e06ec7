"""VIPs at a zone's apex, beside SOA, NS, MX, TXT and HTTPS: RFC 1034 section 4.2.1."""

from collections.abc import Iterator

import dns.edns
import dns.message
import pytest
from nameserver import Case, Nameserver, make_world, plain, records, serving

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
@      300  MX    10 mail
@      300  TXT   "at the apex"
@      300  HTTPS 1 . alpn=h2
ns1    3600 A     192.0.2.53
mail   300  A     192.0.2.25
www    300  CNAME @
"""
VIPS = {
    "gslb.example.": {
        "ttl": 20,
        "map": "world",
        "fallback": "none",
        "pools": {
            "tokyo": {"members": [{"address": "192.0.2.9"}]},
            "paris": {"members": [{"address": "198.51.100.9"}]},
        },
    }
}
MAPS = {
    "world": {
        "rules": [{"networks": ["10.0.0.0/8"], "to": ["paris", "tokyo"]}],
        "otherwise": ["tokyo", "paris"],
    }
}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS, maps=MAPS)
SOA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"
TOKYO = "gslb.example. 20 A 192.0.2.9"

CASES = (
    Case("A: the ladder", "gslb.example.", answer=TOKYO),
    Case("AAAA: NODATA with the SOA that stands beside", "gslb.example.", "AAAA", authority=SOA),
    Case("ANY: the ladder (RFC 8482)", "gslb.example.", "ANY", answer=TOKYO),
    Case("SOA", "gslb.example.", "SOA", answer=SOA.replace(" 300 SOA", " 3600 SOA")),
    Case("NS", "gslb.example.", "NS", answer="gslb.example. 3600 NS ns1.gslb.example.",
         additional="ns1.gslb.example. 3600 A 192.0.2.53"),
    Case("MX", "gslb.example.", "MX", answer="gslb.example. 300 MX 10 mail.gslb.example.",
         additional="mail.gslb.example. 300 A 192.0.2.25"),
    Case("TXT", "gslb.example.", "TXT", answer='gslb.example. 300 TXT "at the apex"'),
    Case("HTTPS: with the hint, and the address beside", "gslb.example.", "HTTPS",
         answer='gslb.example. 20 HTTPS 1 . alpn="h2" ipv4hint="192.0.2.9"', additional=TOKYO),
    Case("DS: the apex has none, and is asked of the parent", "gslb.example.", "DS",
         authority=SOA),
    Case("an alias to the apex", "www.gslb.example.",
         answer=f"www.gslb.example. 300 CNAME gslb.example.\n{TOKYO}"),
    Case("names below are not the VIP's", "nobody.gslb.example.", rcode="NXDOMAIN",
         authority=SOA),
)  # fmt: skip


@pytest.fixture
def weighed() -> Iterator[Nameserver]:
    """Serve the world for one test that changes its weights."""
    with serving(WORLD) as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_apex(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)


def test_the_client_decides_at_the_apex_too(nameserver: Nameserver) -> None:
    query = plain("gslb.example.")
    query.use_edns(0, options=[dns.edns.ECSOption("10.1.2.0", 24)])
    for over, reply in nameserver.ask_everywhere(query, noerror=1, edns=1, ecs=1):
        assert records(reply.answer) == ["gslb.example. 20 A 198.51.100.9"], over
        (option,) = reply.options
        assert isinstance(option, dns.edns.ECSOption), over
        assert option.scopelen == 8, f"{over}: one member needs no draw by the network"


def test_a_dead_apex_is_nodata_and_its_records_stay(weighed: Nameserver) -> None:
    weighed.weigh({"192.0.2.9": 0, "198.51.100.9": 0})
    weighed.check(Case("nothing is live", "gslb.example.", authority=SOA))
    weighed.check(
        Case("no hint", "gslb.example.", "HTTPS", answer='gslb.example. 20 HTTPS 1 . alpn="h2"')
    )
    weighed.check(Case("TXT", "gslb.example.", "TXT", answer='gslb.example. 300 TXT "at the apex"'))
