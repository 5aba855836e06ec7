"""Wildcards: RFC 4592, whose section 2.2.1 gives the zone and most of the cases."""

import pytest
from nameserver import Case, Nameserver, make_world

ZONE = """
@              3600 SOA   ns1 admin 1 7200 900 1209600 300
@              3600 NS    ns1
ns1            3600 A     192.0.2.53
*              300  TXT   "this is a wildcard"
*              300  MX    10 host1
sub.*          300  TXT   "this is not a wildcard"
host1          300  A     192.0.2.1
_ssh._tcp.host1 300 SRV   0 0 22 host1
_ssh._tcp.host2 300 SRV   0 0 22 host2
subdel         300  NS    ns.example.com.
*.alias        300  CNAME host1
*.deep.alias   300  TXT   "deep"
*.away         300  CNAME www.elsewhere.test.
*.loop         300  CNAME x.loop
*.site         300  A     192.0.2.7
host.site      300  TXT   "the host hides the wildcard"
"""
WORLD = make_world(("gslb.example.", ZONE))
NODATA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"
HOST1 = "host1.gslb.example. 300 A 192.0.2.1"

CASES = (
    Case("2.2.1 host3 MX is made from the wildcard", "host3.gslb.example.", "MX",
         answer="host3.gslb.example. 300 MX 10 host1.gslb.example.", additional=HOST1),
    Case("2.2.1 host3 A is NODATA of the wildcard", "host3.gslb.example.", authority=NODATA),
    Case("2.2.1 foo.bar TXT is made from the wildcard", "foo.bar.gslb.example.", "TXT",
         answer='foo.bar.gslb.example. 300 TXT "this is a wildcard"'),
    Case("2.2.1 host1 MX: host1 exists", "host1.gslb.example.", "MX", authority=NODATA),
    Case("2.2.1 sub.* MX: sub.* exists", "sub.*.gslb.example.", "MX", authority=NODATA),
    Case("2.2.1 _telnet._tcp.host1 SRV: _tcp.host1 exists", "_telnet._tcp.host1.gslb.example.",
         "SRV", rcode="NXDOMAIN", authority=NODATA),
    Case("2.2.1 host.subdel: a delegation", "host.subdel.gslb.example.", aa=False,
         authority="subdel.gslb.example. 300 NS ns.example.com."),
    Case("2.2.1 ghost.*: * exists", "ghost.*.gslb.example.", "MX",
         rcode="NXDOMAIN", authority=NODATA),
    Case("2.3 the wildcard itself may be asked", "*.gslb.example.", "TXT",
         answer='*.gslb.example. 300 TXT "this is a wildcard"'),
    Case("3.3.1 the closest encloser decides, not the search up", "x.host1.gslb.example.", "TXT",
         rcode="NXDOMAIN", authority=NODATA),
    Case("4.4 a host below a wildcard's parent hides it", "host.site.gslb.example.",
         authority=NODATA),
    Case("4.4 its sibling is made", "other.site.gslb.example.",
         answer="other.site.gslb.example. 300 A 192.0.2.7"),
    Case("3.3.1 many labels are made", "a.b.c.site.gslb.example.",
         answer="a.b.c.site.gslb.example. 300 A 192.0.2.7"),
    Case("4.3 a CNAME at a wildcard is followed", "any.alias.gslb.example.", answer=f"""
         any.alias.gslb.example. 300 CNAME host1.gslb.example.
         {HOST1}"""),
    Case("4.3 a CNAME at a wildcard, asked for", "any.alias.gslb.example.", "CNAME",
         answer="any.alias.gslb.example. 300 CNAME host1.gslb.example."),
    Case("the deeper wildcard wins", "a.deep.alias.gslb.example.", "TXT",
         answer='a.deep.alias.gslb.example. 300 TXT "deep"'),
    Case("an ENT between wildcards hides the upper one", "deep.alias.gslb.example.", "TXT",
         authority=NODATA),
    Case("4.3 a CNAME out of the zone", "any.away.gslb.example.",
         answer="any.away.gslb.example. 300 CNAME www.elsewhere.test."),
    Case("the case of the question is kept in what is made", "ANY.Site.gslb.example.",
         answer="any.site.gslb.example. 300 A 192.0.2.7"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_wildcard(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)
