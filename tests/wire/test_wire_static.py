"""Ordinary records: RFC 1034 section 4.3.2 step 3a, RFC 2308 for what is not there."""

import pytest
from nameserver import Case, Nameserver, make_world

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
@      3600 NS    ns2.gslb.example.
@      60   A     192.0.2.1
ns1    3600 A     192.0.2.53
ns2    3600 AAAA  2001:db8::53
many   60   A     192.0.2.2
many   60   A     192.0.2.3
many   60   AAAA  2001:db8::2
many   30   TXT   "one" "two"
many   30   TXT   "three"
mail   300  MX    10 many
mail   300  MX    20 mail.elsewhere.test.
twice  300  MX    10 many
twice  300  MX    20 MANY
caa    300  CAA   0 issue "ca.example"
svc    300  HTTPS 1 . alpn=h2
srv    300  SRV   0 5 443 many
odd    300  TYPE65280 \\# 4 0a000001
zero   0    A     192.0.2.9
a\\.b   60   A     192.0.2.10
_443._tcp.many 60 TLSA 3 1 0 00ff
"""
WORLD = make_world(("gslb.example.", ZONE))
SOA = "gslb.example. 3600 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"
NODATA = SOA.replace(" 3600 SOA", " 300 SOA")  # RFC 2308 section 3: the lesser of TTL and MINIMUM

CASES = (
    Case("an A", "many.gslb.example.", answer="""
        many.gslb.example. 60 A 192.0.2.2
        many.gslb.example. 60 A 192.0.2.3"""),
    Case("an AAAA", "many.gslb.example.", "AAAA", answer="many.gslb.example. 60 AAAA 2001:db8::2"),
    Case("a TXT of several strings", "many.gslb.example.", "TXT", answer="""
        many.gslb.example. 30 TXT "one" "two"
        many.gslb.example. 30 TXT "three" """),
    Case("the apex", "gslb.example.", answer="gslb.example. 60 A 192.0.2.1"),
    Case("the SOA", "gslb.example.", "SOA", answer=SOA),
    Case("the NS", "gslb.example.", "NS", answer="""
        gslb.example. 3600 NS ns1.gslb.example.
        gslb.example. 3600 NS ns2.gslb.example.""", additional="""
        ns1.gslb.example. 3600 A 192.0.2.53
        ns2.gslb.example. 3600 AAAA 2001:db8::53"""),
    Case("CAA, RFC 8659", "caa.gslb.example.", "CAA",
         answer='caa.gslb.example. 300 CAA 0 issue "ca.example"'),
    Case("HTTPS, RFC 9460", "svc.gslb.example.", "HTTPS",
         answer='svc.gslb.example. 300 HTTPS 1 . alpn="h2"'),
    Case("an unknown type, RFC 3597", "odd.gslb.example.", "TYPE65280",
         answer="odd.gslb.example. 300 TYPE65280 \\# 4 0a000001"),
    Case("TTL 0, RFC 2181 section 8", "zero.gslb.example.",
         answer="zero.gslb.example. 0 A 192.0.2.9"),
    Case("a dot inside a label, RFC 4343 section 2", "a\\.b.gslb.example.",
         answer="a\\.b.gslb.example. 60 A 192.0.2.10"),
    Case("labels with underscores", "_443._tcp.many.gslb.example.", "TLSA",
         answer="_443._tcp.many.gslb.example. 60 TLSA 3 1 0 00ff"),
    Case("addresses once, however data spells the name, RFC 2181 section 5",
         "twice.gslb.example.", "MX", answer="""
        twice.gslb.example. 300 MX 10 many.gslb.example.
        twice.gslb.example. 300 MX 20 many.gslb.example.""", additional="""
        many.gslb.example. 60 A 192.0.2.2
        many.gslb.example. 60 A 192.0.2.3
        many.gslb.example. 60 AAAA 2001:db8::2"""),
    Case("MX, RFC 1035 section 3.3.9", "mail.gslb.example.", "MX", answer="""
        mail.gslb.example. 300 MX 10 many.gslb.example.
        mail.gslb.example. 300 MX 20 mail.elsewhere.test.""", additional="""
        many.gslb.example. 60 A 192.0.2.2
        many.gslb.example. 60 A 192.0.2.3
        many.gslb.example. 60 AAAA 2001:db8::2"""),
    Case("SRV, RFC 2782", "srv.gslb.example.", "SRV",
         answer="srv.gslb.example. 300 SRV 0 5 443 many.gslb.example.", additional="""
        many.gslb.example. 60 A 192.0.2.2
        many.gslb.example. 60 A 192.0.2.3
        many.gslb.example. 60 AAAA 2001:db8::2"""),
    Case("the name in other case, RFC 4343 section 3", "MaNy.GSLB.example.", "AAAA",
         answer="many.gslb.example. 60 AAAA 2001:db8::2"),
    Case("NODATA, RFC 2308 section 2.2", "mail.gslb.example.", "A", authority=NODATA),
    Case("NODATA at the apex", "gslb.example.", "MX", authority=NODATA),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_static(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)
