"""Delegations: RFC 1034 sections 4.2.1 and 4.3.2 step 3b, RFC 9471 for glue."""

import pytest
from nameserver import Case, Nameserver, make_world

ZONE = """
@              3600 SOA   ns1 admin 1 7200 900 1209600 300
@              3600 NS    ns1
ns1            3600 A     192.0.2.53
child          900  NS    ns1.child
child          900  NS    NS2.Child
ns1.child      900  A     192.0.2.1
ns1.child      900  AAAA  2001:db8::1
ns2.child      600  A     192.0.2.2
below.ns2.child 600 A     192.0.2.3
child          900  TXT   "hidden by the cut"
sibling        900  NS    ns1.child
away           900  NS    ns.elsewhere.test.
inside         900  NS    ns1
*.wild         300  A     192.0.2.4
cut.wild       900  NS    ns.elsewhere.test.
secure         900  NS    ns.elsewhere.test.
secure         900  DS    1 13 2 00000000000000000000000000000000000000000000000000000000000000aa
to-child       300  CNAME www.child
"""
WORLD = make_world(("gslb.example.", ZONE))
NODATA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"
CHILD = """
    child.gslb.example. 900 NS ns1.child.gslb.example.
    child.gslb.example. 900 NS ns2.child.gslb.example."""
GLUE1 = """
    ns1.child.gslb.example. 900 A 192.0.2.1
    ns1.child.gslb.example. 900 AAAA 2001:db8::1"""
GLUE = f"""{GLUE1}
    ns2.child.gslb.example. 600 A 192.0.2.2"""
DS = "secure.gslb.example. 900 DS 1 13 2 " + "0" * 62 + "aa"


def refer(
    about: str, name: str, rtype: str = "A", authority: str = CHILD, glue: str = GLUE
) -> Case:
    return Case(about, name, rtype, aa=False, authority=authority, additional=glue)


CASES = (
    refer("the cut itself", "child.gslb.example."),
    refer("below the cut", "www.child.gslb.example."),
    refer("far below the cut", "a.b.c.child.gslb.example."),
    refer("the NS of the cut are the child's", "child.gslb.example.", "NS"),
    refer("data at the cut is hidden", "child.gslb.example.", "TXT"),
    refer("glue is not answered as data", "ns1.child.gslb.example.", "AAAA"),
    refer("nor is what stands deeper", "below.ns2.child.gslb.example."),
    refer("in other case", "WWW.Child.gslb.example."),
    refer("sibling glue, RFC 9471 section 2.3", "www.sibling.gslb.example.",
          authority="sibling.gslb.example. 900 NS ns1.child.gslb.example.", glue=GLUE1),
    refer("a nameserver out of the zone has no glue", "www.away.gslb.example.",
          authority="away.gslb.example. 900 NS ns.elsewhere.test.", glue=""),
    refer("a nameserver with data of ours", "www.inside.gslb.example.",
          authority="inside.gslb.example. 900 NS ns1.gslb.example.",
          glue="ns1.gslb.example. 3600 A 192.0.2.53"),
    refer("RFC 4592 4.2: a cut beats the wildcard beside it", "x.cut.wild.gslb.example.",
          authority="cut.wild.gslb.example. 900 NS ns.elsewhere.test.", glue=""),
    Case("the wildcard beside the cut", "x.wild.gslb.example.",
         answer="x.wild.gslb.example. 300 A 192.0.2.4"),
    Case("RFC 4035 3.1.4.1: DS belongs to the parent", "secure.gslb.example.", "DS", answer=DS),
    Case("RFC 4035 3.1.4.1: no DS is the parent's NODATA", "child.gslb.example.", "DS",
         authority=NODATA),
    refer("DS below the cut", "x.child.gslb.example.", "DS"),
    Case("a CNAME into the child: the alias, then a referral", "to-child.gslb.example.",
         answer="to-child.gslb.example. 300 CNAME www.child.gslb.example.",
         authority=CHILD, additional=GLUE),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_delegation(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)
