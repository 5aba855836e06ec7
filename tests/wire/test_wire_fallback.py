"""When nothing is live: the four fallbacks, for both families, and the way back."""

from collections.abc import Iterator

import pytest
from nameserver import Case, Nameserver, make_world

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
to-servfail 60 CNAME servfail
"""
POOLS = {
    "tokyo": {"members": [{"address": "192.0.2.10"}, {"address": "2001:db8::10"}]},
    "osaka": {"members": [{"address": "198.51.100.10"}, {"address": "2001:db8:1::10"}]},
}
UP = {"192.0.2.10": 1, "2001:db8::10": 1, "198.51.100.10": 1, "2001:db8:1::10": 1}


def vip(fallback: object) -> dict[str, object]:
    return {"order": ["tokyo", "osaka"], "fallback": fallback, "pools": POOLS}


VIPS = {
    "all.gslb.example.": vip("all"),
    "none.gslb.example.": vip("none"),
    "servfail.gslb.example.": vip("servfail"),
    "last.gslb.example.": vip({"addresses": ["203.0.113.1", "203.0.113.2"]}),
}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS)
NODATA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"

DOWN = (
    Case("all: as if every member were up", "all.gslb.example.",
         answer="all.gslb.example. 30 A 192.0.2.10"),
    Case("all, IPv6", "all.gslb.example.", "AAAA",
         answer="all.gslb.example. 30 AAAA 2001:db8::10"),
    Case("none: NODATA", "none.gslb.example.", authority=NODATA),
    Case("none, IPv6", "none.gslb.example.", "AAAA", authority=NODATA),
    Case("servfail", "servfail.gslb.example.", rcode="SERVFAIL", aa=False),
    Case("servfail, IPv6", "servfail.gslb.example.", "AAAA", rcode="SERVFAIL", aa=False),
    Case("servfail says nothing of other types", "servfail.gslb.example.", "TXT",
         authority=NODATA),
    Case("addresses: these", "last.gslb.example.", answer="""
         last.gslb.example. 30 A 203.0.113.1
         last.gslb.example. 30 A 203.0.113.2"""),
    Case("addresses, none of the family: NODATA", "last.gslb.example.", "AAAA", authority=NODATA),
)  # fmt: skip


@pytest.fixture
def all_down(nameserver: Nameserver) -> Iterator[None]:
    nameserver.weigh(dict.fromkeys(UP, 0))
    yield
    nameserver.weigh(UP)


@pytest.mark.usefixtures("all_down")
@pytest.mark.parametrize("case", DOWN, ids=str)
def test_fallback(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)


@pytest.mark.usefixtures("all_down")
def test_one_live_member_ends_every_fallback(nameserver: Nameserver) -> None:
    nameserver.weigh({"198.51.100.10": 1})
    for name in VIPS:
        nameserver.check(Case("back", name, answer=f"{name} 30 A 198.51.100.10"))


def test_before_and_after_the_first_tier_answers(nameserver: Nameserver) -> None:
    for name in VIPS:
        nameserver.check(Case("up", name, answer=f"{name} 30 A 192.0.2.10"))
