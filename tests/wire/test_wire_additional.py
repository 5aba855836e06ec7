"""The additional section: RFC 1035 section 3.3.9, RFC 2782, RFC 9460 section 4; and of VIPs."""

import dns.edns
import dns.message
import pytest
from nameserver import Case, Nameserver, make_world, with_edns

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
@      3600 NS    www
ns1    3600 A     192.0.2.53
mail   60   MX    10 www
_sip._tcp 60 SRV  1 2 5060 www
svc    60   HTTPS 1 www alpn=h2
own    60   HTTPS 1 . alpn=h3
own    60   AAAA  2001:db8::7
"""
VIPS = {
    "www.gslb.example.": {
        "ttl": 15,
        "map": "world",
        "pools": {
            "tokyo": {"members": [{"address": "192.0.2.9"}, {"address": "2001:db8::9"}]},
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
TOKYO = "www.gslb.example. 15 A 192.0.2.9\nwww.gslb.example. 15 AAAA 2001:db8::9"

CASES = (
    Case("MX", "mail.gslb.example.", "MX", additional=TOKYO,
         answer="mail.gslb.example. 60 MX 10 www.gslb.example."),
    Case("SRV", "_sip._tcp.gslb.example.", "SRV", additional=TOKYO,
         answer="_sip._tcp.gslb.example. 60 SRV 1 2 5060 www.gslb.example."),
    Case("HTTPS", "svc.gslb.example.", "HTTPS", additional=TOKYO,
         answer='svc.gslb.example. 60 HTTPS 1 www.gslb.example. alpn="h2"'),
    Case("RFC 9460 section 2.5: the root is the owner", "own.gslb.example.", "HTTPS",
         answer='own.gslb.example. 60 HTTPS 1 . alpn="h3"',
         additional="own.gslb.example. 60 AAAA 2001:db8::7"),
    Case("NS at the apex", "gslb.example.", "NS",
         answer="gslb.example. 3600 NS ns1.gslb.example.\n"
                "gslb.example. 3600 NS www.gslb.example.",
         additional=f"ns1.gslb.example. 3600 A 192.0.2.53\n{TOKYO}"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_additional(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)


def test_the_client_decides_and_the_scope_says_so(nameserver: Nameserver) -> None:
    query = with_edns("mail.gslb.example.", "MX")
    query.use_edns(0, options=[dns.edns.ECSOption("10.1.2.0", 24)])
    for over, reply in nameserver.ask_everywhere(query, noerror=1, edns=1, ecs=1):
        found = {str(one) for rrset in reply.additional for one in rrset}
        assert found == {"198.51.100.9", "2001:db8::9"}, over
        (option,) = reply.options
        assert isinstance(option, dns.edns.ECSOption), over
        assert option.scopelen == 8, over
