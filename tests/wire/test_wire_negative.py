"""What is not there: RFC 2308, RFC 8020; and what is not ours: RFC 1035 section 4.1.1."""

import pytest
from nameserver import Case, Nameserver, make_world

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    300  A     192.0.2.1
sub    3600 NS    ns1.sub
ns1.sub 3600 A    192.0.2.53
"""
SHORT = """
@      60   SOA   ns1 admin 1 7200 900 1209600 3600
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
"""
WORLD = make_world(("gslb.example.", ZONE), ("sub.gslb.example.", SHORT), ("short.test.", SHORT))
RDATA = "ns1.{0} admin.{0} 1 7200 900 1209600"
NODATA = f"gslb.example. 300 SOA {RDATA.format('gslb.example.')} 300"

CASES = (
    Case("NXDOMAIN, RFC 2308 2.1", "nope.gslb.example.", rcode="NXDOMAIN", authority=NODATA),
    Case("NXDOMAIN for any type", "nope.gslb.example.", "TXT", rcode="NXDOMAIN", authority=NODATA),
    Case("NXDOMAIN below a leaf, RFC 8020", "a.b.www.gslb.example.", rcode="NXDOMAIN",
         authority=NODATA),
    Case("NODATA, RFC 2308 2.2", "www.gslb.example.", "AAAA", authority=NODATA),
    Case("RFC 2308 5: the SOA's own TTL where it is less", "nope.short.test.", rcode="NXDOMAIN",
         authority=f"short.test. 60 SOA {RDATA.format('short.test.')} 3600"),
    Case("the closest zone answers", "nope.sub.gslb.example.", rcode="NXDOMAIN",
         authority=f"sub.gslb.example. 60 SOA {RDATA.format('sub.gslb.example.')} 3600"),
    Case("RFC 4035 3.1.4.1: the parent zone answers for DS", "sub.gslb.example.", "DS",
         authority=NODATA),
    Case("a name in no zone", "www.elsewhere.test.", rcode="REFUSED", aa=False),
    Case("a zone's parent", "example.", rcode="REFUSED", aa=False),
    Case("a name that only ends alike", "notgslb.example.", rcode="REFUSED", aa=False),
    Case("the root", ".", "NS", rcode="REFUSED", aa=False),
    Case("a label as long as can be", f"{'a' * 63}.gslb.example.", rcode="NXDOMAIN",
         authority=NODATA),
    Case("a name as long as can be", f"{'a.' * 120}gslb.example.", rcode="NXDOMAIN",
         authority=NODATA),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_negative(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)
