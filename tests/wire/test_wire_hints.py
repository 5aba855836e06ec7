"""Address hints of a VIP's HTTPS and SVCB records are its A and AAAA: RFC 9460 section 7.3."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import dns.edns
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdtypes.svcbbase import ParamKey, SVCBBase
from nameserver import Case, Nameserver, make_world, plain, serving

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   HTTPS 1 . alpn=h2 port=8443 ech=AARlY2gh key7="/q"
www    60   HTTPS 2 WWW.gslb.example. alpn=h3
www    60   HTTPS 3 ns1.gslb.example. ipv4hint=192.0.2.77
_x.www 60   HTTPS 1 www alpn=h2
many   60   SVCB  1 many alpn=h2
all    60   HTTPS 1 .
low    10   HTTPS 1 .
four   60   HTTPS 1 . alpn=h2
last   60   HTTPS 1 . alpn=h2
fail   60   HTTPS 1 . alpn=h2
over   60   HTTPS 1 . alpn=h2
other  60   HTTPS 1 ns1 alpn=h2
alias  30   CNAME www
svc    60   HTTPS 0 www
"""
SITES = ("tokyo", "osaka", "paris")


def members(site: int, count: int, families: str = "46") -> list[dict[str, object]]:
    return [
        {"address": f"192.0.{site}.{n}" if family == "4" else f"2001:db8:{site}::{n}", "weight": n}
        for n in range(1, count + 1)
        for family in families
    ]


def everywhere(count: int = 3, families: str = "46", **more: object) -> dict[str, object]:
    pools = {
        name: {"weight": at, "members": members(at, count, families)}
        for at, name in enumerate(SITES, 1)
    }
    return {"ttl": 20, "map": "world", "pools": pools, **more}


VIPS = {
    "www.gslb.example.": everywhere(),
    "many.gslb.example.": everywhere(answers=2),
    "all.gslb.example.": everywhere(answers="all"),
    "low.gslb.example.": everywhere(),
    "four.gslb.example.": everywhere(families="4"),
    "other.gslb.example.": everywhere(),
    "last.gslb.example.": everywhere(fallback={"addresses": ["203.0.113.1", "2001:db8:f::1"]}),
    "over.gslb.example.": {
        "ttl": 20,
        "fallback": {"vip": "spare.gslb.example."},
        "pools": {"tokyo": {"members": members(9, 1)}},
    },
    "spare.gslb.example.": everywhere(fallback="none"),
    "fail.gslb.example.": everywhere(fallback="servfail"),
}
MAPS = {
    "world": {
        "rules": [{"networks": ["10.0.0.0/8", "2001:db8:ff::/48"], "to": [["paris"], ["osaka"]]}],
        "otherwise": [["tokyo", "osaka", "paris"]],
    }
}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS, maps=MAPS)
EVERY = {str(member["address"]): 0.0 for site in (1, 2, 3) for member in members(site, 3)}
KINDS = {"many": "SVCB"}


@pytest.fixture(scope="module")
def weighed() -> Iterator[Nameserver]:
    """Serve the world for tests that change its weights."""
    with serving(WORLD) as found:
        yield found


def clients(seed: int, count: int) -> Iterator[tuple[str, int]]:
    chance = random.Random(seed)
    for at in range(count):
        if at % 4:
            first = 10 if at % 4 == 1 else chance.randrange(11, 200)
            yield f"{first}.{chance.randrange(256)}.{chance.randrange(256)}.0", 24
        else:
            network = chance.choice(("2001:db8:ff", "2a00:1"))
            yield f"{network}:{chance.randrange(256):x}00::", 56


def ask(
    nameserver: Nameserver, name: str, rtype: str, client: tuple[str, int]
) -> dns.message.Message:
    query = plain(f"{name}.gslb.example.", rtype)
    query.use_edns(0, payload=1232, options=[dns.edns.ECSOption(*client)])
    reply = nameserver.ask(query, "udp4")
    return nameserver.ask(query, "tcp4") if reply.flags & 0x200 else reply


def addresses(section: Sequence[dns.rrset.RRset], rtype: str, name: str) -> set[str]:
    owner = f"{name}.gslb.example."
    found = [one for one in section if dns.rdatatype.to_text(one.rdtype) == rtype]
    return {str(data) for one in found if str(one.name).lower() == owner for data in one}


def services(section: Sequence[dns.rrset.RRset]) -> list[tuple[dns.rrset.RRset, SVCBBase]]:
    return [(rrset, data) for rrset in section for data in rrset if isinstance(data, SVCBBase)]


def hints(record: SVCBBase, key: ParamKey) -> set[str]:
    param: Any = record.params.get(key)
    return set(param.addresses) if param is not None else set()


def scope(reply: dns.message.Message) -> int:
    (option,) = (one for one in reply.options if isinstance(one, dns.edns.ECSOption))
    return option.scopelen


def check(nameserver: Nameserver, name: str, client: tuple[str, int]) -> tuple[set[str], set[str]]:
    """Compare hints, additional section, TTL and scope with A and AAAA; give the hints."""
    kind = KINDS.get(name, "HTTPS")
    reply = ask(nameserver, name, kind, client)
    plains = {rtype: ask(nameserver, name, rtype, client) for rtype in ("A", "AAAA")}
    found = services(reply.answer)
    for rrset, record in found:
        if str(record.target).lower() not in {".", f"{name}.gslb.example."}:
            assert hints(record, ParamKey.IPV4HINT) == {"192.0.2.77"}
            continue
        for rtype, key in (("A", ParamKey.IPV4HINT), ("AAAA", ParamKey.IPV6HINT)):
            wanted = addresses(plains[rtype].answer, rtype, name)
            assert hints(record, key) == wanted, (name, client)
            assert (key in record.params) == bool(wanted)
            assert addresses(reply.additional, rtype, name) == wanted, (name, client)
        ttls = [one.ttl for answer in plains.values() for one in answer.answer]
        assert rrset.ttl <= min([60, *ttls])
        assert list(record.params) == sorted(record.params), "RFC 9460 section 2.2"
    assert scope(reply) == max(scope(answer) for answer in plains.values())
    first = found[0][1]
    return hints(first, ParamKey.IPV4HINT), hints(first, ParamKey.IPV6HINT)


@pytest.mark.parametrize("name", ["www", "many", "all", "low", "four"])
def test_hints_are_what_a_and_aaaa_answer_whoever_asks(nameserver: Nameserver, name: str) -> None:
    seen = {
        address
        for client in clients(len(name), 120)
        for family in check(nameserver, name, client)
        for address in family
    }
    sites = {int(one.split(".")[2] if "." in one else one.split(":")[2]) for one in seen}
    assert sites == {1, 2, 3}, "clients differ"


def test_hints_follow_weights_and_deaths(weighed: Nameserver) -> None:
    chance = random.Random(9)
    for client in clients(9, 120):
        weights = (0, 0, 1, chance.random(), chance.randrange(1, 9))
        weighed.weigh({address: chance.choice(weights) for address in EVERY})
        check(weighed, "www", client)
        check(weighed, "all", client)
    weighed.revive()


def test_a_dead_family_has_no_hint(weighed: Nameserver) -> None:
    weighed.weigh({address: 0 for address in EVERY if ":" in address})
    weighed.publish(make_world(("gslb.example.", ZONE), maps=MAPS, vips=VIPS | {
        "www.gslb.example.": everywhere(fallback="none")}))  # fmt: skip
    weighed.weigh({address: 0 for address in EVERY if ":" in address})
    ipv4, ipv6 = check(weighed, "www", ("192.0.2.0", 24))
    assert ipv4
    assert not ipv6
    weighed.publish(WORLD)


def test_a_last_resort_is_hinted_at_and_servfail_is_not(weighed: Nameserver) -> None:
    weighed.weigh(EVERY)
    assert check(weighed, "last", ("192.0.2.0", 24)) == ({"203.0.113.1"}, {"2001:db8:f::1"})
    reply = ask(weighed, "fail", "HTTPS", ("192.0.2.0", 24))
    ((_, record),) = services(reply.answer)
    assert list(record.params) == [ParamKey.ALPN]
    weighed.revive()


def test_what_another_vip_answers_is_hinted_at(weighed: Nameserver) -> None:
    """It has no service records of its own, but draws as if it had."""
    weighed.weigh({"192.0.9.1": 0, "2001:db8:9::1": 0})
    seen = {check(weighed, "over", client)[0].pop() for client in clients(7, 80)}
    assert len(seen) > len(SITES)
    reply = ask(weighed, "over", "HTTPS", ("192.0.2.0", 24))
    assert [str(one) for one in reply.options if one.otype == dns.edns.OptionType.EDE]
    weighed.revive()


def test_the_rest_of_a_record_stays_as_it_is_and_in_order(nameserver: Nameserver) -> None:
    reply = ask(nameserver, "www", "HTTPS", ("10.1.2.0", 24))
    first, second, third = sorted((one for _, one in services(reply.answer)),
                                  key=lambda one: int(one.priority))  # fmt: skip
    assert [int(key) for key in first.params] == [1, 3, 4, 5, 6, 7]
    assert [int(key) for key in second.params] == [1, 4, 6]
    assert str(second.target) == "WWW.gslb.example."
    assert str(third) == '3 ns1.gslb.example. ipv4hint="192.0.2.77"'


def test_the_trace_tells_of_the_ladder_that_hinted(nameserver: Nameserver) -> None:
    query = plain("www.gslb.example.", "HTTPS").to_wire()
    told = json.loads(nameserver.engine.explain(query, "10.1.2.3"))
    assert (told["vip"], told["map"], told["range_prefix"]) == ("www.gslb.example.", "world", 8)
    assert [tier["datacenters"] for tier in told["tiers"]] == [["paris"], ["osaka"]]
    assert (told["rrsets"], told["ttl"], told["scope"]) == (["HTTPS"], 20, 24)


def test_the_least_ttl_counts(nameserver: Nameserver) -> None:
    for name, ttl in (("www", 20), ("low", 10)):
        reply = ask(nameserver, name, "HTTPS", ("10.1.2.0", 24))
        assert {rrset.ttl for rrset in reply.answer} == {ttl}


def test_through_an_alias_the_hints_are_the_same(nameserver: Nameserver) -> None:
    for client in clients(4, 40):
        direct = services(ask(nameserver, "www", "HTTPS", client).answer)
        alias = services(ask(nameserver, "alias", "HTTPS", client).answer)
        assert [str(one) for _, one in alias] == [str(one) for _, one in direct]


def test_services_in_the_additional_section_agree_with_the_addresses(
    nameserver: Nameserver,
) -> None:
    """RFC 9460 section 4.1: the records of a target in AliasMode, and its addresses."""
    for client in clients(5, 40):
        reply = ask(nameserver, "svc", "HTTPS", client)
        found = [one for _, one in services(reply.additional) if int(one.priority) < 3]
        assert len(found) == 2
        for record in found:
            for rtype, key in (("A", ParamKey.IPV4HINT), ("AAAA", ParamKey.IPV6HINT)):
                assert hints(record, key) == addresses(reply.additional, rtype, "www")


def test_records_that_lead_elsewhere_have_no_hints(nameserver: Nameserver) -> None:
    nameserver.check(
        Case("its addresses are not the VIP's", "other.gslb.example.", "HTTPS",
             answer='other.gslb.example. 60 HTTPS 1 ns1.gslb.example. alpn="h2"',
             additional="ns1.gslb.example. 3600 A 192.0.2.53")
    )  # fmt: skip
    reply = ask(nameserver, "_x.www", "HTTPS", ("10.1.2.0", 24))
    ((_, record),) = services(reply.answer)
    assert list(record.params) == [ParamKey.ALPN], "a record that is not at the VIP's own name"


def test_a_client_that_asks_not_to_be_located_gets_one_answer_that_agrees_with_itself(
    nameserver: Nameserver,
) -> None:
    for _ in range(40):
        reply = ask(nameserver, "www", "HTTPS", ("0.0.0.0", 0))
        assert scope(reply) == 0
        for _, record in services(reply.answer)[:2]:
            for rtype, key in (("A", ParamKey.IPV4HINT), ("AAAA", ParamKey.IPV6HINT)):
                if str(record.target).lower() != "ns1.gslb.example.":
                    assert hints(record, key) == addresses(reply.additional, rtype, "www")
