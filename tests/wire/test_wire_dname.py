"""DNAME: RFC 6672. Names below it are renamed, and the answer goes on at the new name."""

import pytest
from nameserver import Case, Nameserver, make_world

DEEP = ".".join(["x" * 60] * 3)
ZONE = f"""
@        3600 SOA   ns1 admin 1 7200 900 1209600 300
@        3600 NS    ns1
ns1      3600 A     192.0.2.53
old      600  DNAME new
old      60   TXT   "its own"
www.new  60   A     192.0.2.1
away     60   DNAME elsewhere.test.
vips     60   DNAME at
long     60   DNAME {DEEP}
self     60   DNAME self
left     60   DNAME right
right    60   DNAME left
grows    60   DNAME x.grows
"""
VIPS = {
    "www.at.gslb.example.": {
        "ttl": 15,
        "pools": {"tokyo": {"members": [{"address": "192.0.2.9"}]}},
    }
}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS)
SOA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"
OLD = "old.gslb.example. 600 DNAME new.gslb.example."

CASES = (
    Case("section 3.2: renamed and followed", "www.old.gslb.example.",
         answer=f"{OLD}\nwww.old.gslb.example. 600 CNAME www.new.gslb.example.\n"
                "www.new.gslb.example. 60 A 192.0.2.1"),
    Case("section 2.3: the owner is not renamed", "old.gslb.example.", "TXT",
         answer='old.gslb.example. 60 TXT "its own"'),
    Case("the owner asked for its DNAME", "old.gslb.example.", "DNAME", answer=OLD),
    Case("nothing at the new name", "a.b.old.gslb.example.", rcode="NXDOMAIN", authority=SOA,
         answer=f"{OLD}\na.b.old.gslb.example. 600 CNAME a.b.new.gslb.example."),
    Case("no such data at the new name", "www.old.gslb.example.", "AAAA", authority=SOA,
         answer=f"{OLD}\nwww.old.gslb.example. 600 CNAME www.new.gslb.example."),
    Case("a target in another zone ends the answer", "x.away.gslb.example.",
         answer="away.gslb.example. 60 DNAME elsewhere.test.\n"
                "x.away.gslb.example. 60 CNAME x.elsewhere.test."),
    Case("a VIP at the new name", "www.vips.gslb.example.",
         answer="vips.gslb.example. 60 DNAME at.gslb.example.\n"
                "www.vips.gslb.example. 60 CNAME www.at.gslb.example.\n"
                "www.at.gslb.example. 15 A 192.0.2.9"),
    Case("a loop of one ends where it began", "a.self.gslb.example.", answer="""
        self.gslb.example. 60 DNAME self.gslb.example.
        a.self.gslb.example. 60 CNAME a.self.gslb.example."""),
    Case("a loop of two ends where it began", "a.left.gslb.example.", answer="""
        left.gslb.example. 60 DNAME right.gslb.example.
        a.left.gslb.example. 60 CNAME a.right.gslb.example.
        right.gslb.example. 60 DNAME left.gslb.example.
        a.right.gslb.example. 60 CNAME a.left.gslb.example."""),
    Case("RFC 2181 section 5: a DNAME stands once, however often it is used",
         "a.grows.gslb.example.", answer="grows.gslb.example. 60 DNAME x.grows.gslb.example.\n"
         + "\n".join(f"a.{'x.' * n}grows.gslb.example. 60 CNAME a.{'x.' * n}x.grows.gslb.example."
                     for n in range(8))),
    Case("section 2.2: too long a name", f"{'y' * 63}.long.gslb.example.", rcode="YXDOMAIN",
         answer=f"long.gslb.example. 60 DNAME {DEEP}.gslb.example."),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_dname(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)
