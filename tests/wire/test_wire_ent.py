"""Empty non-terminals: RFC 4592 section 2.2.2, RFC 8020."""

import pytest
from nameserver import Case, Nameserver, make_world

ZONE = """
@              3600 SOA   ns1 admin 1 7200 900 1209600 300
@              3600 NS    ns1
ns1            3600 A     192.0.2.53
a.b.c.ent      300  A     192.0.2.1
x.*.star       300  A     192.0.2.2
cut.deep.del   300  NS    ns.elsewhere.test.
"""
VIPS = {"www.steered.gslb.example.": {"pools": {"tokyo": {"members": [{"address": "192.0.2.9"}]}}}}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS)
NODATA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"

CASES = (
    *(
        Case(f"{name} is empty: NODATA, not NXDOMAIN", f"{name}.gslb.example.", authority=NODATA)
        for name in ("ent", "c.ent", "b.c.ent", "star", "*.star", "del", "deep.del", "steered")
    ),
    Case("the leaf", "a.b.c.ent.gslb.example.", answer="a.b.c.ent.gslb.example. 300 A 192.0.2.1"),
    Case("below the leaf", "z.a.b.c.ent.gslb.example.", rcode="NXDOMAIN", authority=NODATA),
    Case("beside the leaf", "z.b.c.ent.gslb.example.", rcode="NXDOMAIN", authority=NODATA),
    Case("RFC 4592 4.9: an empty wildcard makes NODATA", "z.star.gslb.example.", authority=NODATA),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_empty_non_terminal(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)
