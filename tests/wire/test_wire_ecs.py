"""Client subnet: RFC 7871. The scope is as wide as the answer is true, 0 where all get it."""

from typing import Any

import dns.edns
import dns.message
import dns.rcode
import pytest
from nameserver import TRANSPORTS, Nameserver, asked, make_world, plain, records

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
child  60   NS    ns.elsewhere.test.
"""
VIPS: dict[str, Any] = {
    "vip.gslb.example.": {
        "order": ["tokyo", "osaka"],
        "pools": {
            "tokyo": {"members": [{"address": "192.0.2.9"}]},
            "osaka": {"members": [{"address": "192.0.2.10"}]},
        },
    },
    "mapped.gslb.example.": {
        "map": "world",
        "pools": {
            "tokyo": {"members": [{"address": "192.0.2.9"}]},
            "osaka": {"members": [{"address": "192.0.2.10"}]},
        },
    },
}
VIPS["sticky.gslb.example."] = {
    "sticky": True,
    "pools": {"tokyo": {"members": [{"address": f"192.0.2.{last}"} for last in range(20, 24)]}},
}
MAPS = {
    "world": {
        "rules": [
            {"networks": ["10.0.0.0/8", "192.168.7.0/24", "2001:db8:7::/48"], "to": ["tokyo"]},
            {"networks": ["10.64.0.0/10"], "to": ["osaka"]},
        ],
        "otherwise": ["osaka"],
    }
}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS, maps=MAPS)
TOKYO, OSAKA = "192.0.2.9", "192.0.2.10"


def ask(name: str, option: dns.edns.Option) -> dns.message.Message:
    query = plain(name)
    query.use_edns(0, 0, 1232, options=[option])
    return query


@pytest.mark.parametrize(
    ("network", "length"),
    [("203.0.113.0", 24), ("203.0.112.0", 20), ("203.0.113.7", 32), ("0.0.0.0", 0),
     ("2001:db8:1200::", 40), ("2001:db8::1", 128), ("::", 0)],
)  # fmt: skip
@pytest.mark.parametrize(
    ("name", "rcode"),
    [("www", "noerror"), ("vip", "noerror"), ("nope", "nxdomain"), ("x.child", "noerror")],
)
def test_7_2_1_the_option_comes_back_with_scope_0(
    nameserver: Nameserver, name: str, rcode: str, network: str, length: int
) -> None:
    query = ask(f"{name}.gslb.example.", dns.edns.ECSOption(network, length))
    moved = {rcode: 1, "edns": 1, "ecs": 1}
    for over, reply in nameserver.ask_everywhere(query, **moved):
        assert [option.to_text() for option in reply.options] == [
            f"ECS {network}/{length} scope/0"
        ], over


def test_7_2_1_no_option_in_none_out(nameserver: Nameserver) -> None:
    query = plain("vip.gslb.example.")
    query.use_edns(0, 0, 1232)
    for over, reply in nameserver.ask_everywhere(query, noerror=1, edns=1):
        assert not reply.options, over


@pytest.mark.parametrize(
    ("about", "data"),
    [
        ("6: the scope of a question is 0", b"\0\1\x18\x18\xcb\0\x71"),
        ("6: more octets than the length needs", b"\0\1\x10\0\xcb\0\x71"),
        ("6: fewer octets than the length needs", b"\0\1\x18\0\xcb\0"),
        ("6: bits beyond the length", b"\0\1\x14\0\xcb\0\x71"),
        ("6: longer than an IPv4 address", b"\0\1\x28\0\xcb\0\x71\1\1"),
        ("6: longer than an IPv6 address", b"\0\2\x88\0" + b"\1" * 17),
        ("7.1.2: an unknown family", b"\0\3\x08\0\x01"),
        ("cut off", b"\0\1\x18"),
        ("empty", b""),
    ],
)
def test_a_malformed_option_is_a_format_error(
    nameserver: Nameserver, about: str, data: bytes
) -> None:
    query = ask("www.gslb.example.", dns.edns.GenericOption(dns.edns.OptionType.make(8), data))
    for over in TRANSPORTS:
        with nameserver.counting(formerr=1, edns=1, **asked(over)):
            reply = nameserver.exchange(query.to_wire(), over)
        assert reply is not None, (about, over)
        assert dns.message.from_wire(reply).rcode() == dns.rcode.FORMERR, (about, over)


@pytest.mark.parametrize(
    ("network", "length", "address", "scope"),
    [
        ("10.1.2.0", 24, TOKYO, 10),  # 10.0.0.0/10 is all tokyo; /9 is not
        ("10.200.0.0", 16, TOKYO, 9),
        ("10.77.1.0", 24, OSAKA, 10),
        ("192.168.7.0", 24, TOKYO, 24),
        ("192.168.6.0", 24, OSAKA, 24),
        ("203.0.113.0", 24, OSAKA, 5),  # 192.0.0.0/5 holds 192.168.7.0, 200.0.0.0/5 does not
        ("0.0.0.0", 0, OSAKA, 0),
        ("2001:db8:7:1::", 64, TOKYO, 48),
        ("2001:db8:6::", 48, OSAKA, 48),
        ("8000::", 16, OSAKA, 1),
    ],
)
def test_7_2_1_the_scope_is_the_widest_network_that_gets_this_answer(
    nameserver: Nameserver, network: str, length: int, address: str, scope: int
) -> None:
    query = ask("mapped.gslb.example.", dns.edns.ECSOption(network, length))
    for over, reply in nameserver.ask_everywhere(query, noerror=1, edns=1, ecs=1):
        assert records(reply.answer) == [f"mapped.gslb.example. 30 A {address}"], over
        (option,) = reply.options
        assert option.to_text() == f"ECS {network}/{length} scope/{scope}", over


@pytest.mark.parametrize(
    ("source", "address"),
    [("10.1.2.3", TOKYO), ("10.64.0.1", OSAKA), ("127.0.0.1", OSAKA), ("2001:db8:7::1", TOKYO),
     ("2001:db8:8::1", OSAKA), ("::ffff:10.1.2.3", TOKYO)],
)  # fmt: skip
def test_without_the_option_the_client_is_the_source(
    nameserver: Nameserver, source: str, address: str
) -> None:
    wire = nameserver.engine.respond(plain("mapped.gslb.example.").to_wire(), source)
    assert wire is not None
    found = records(dns.message.from_wire(wire).answer)
    assert found == [f"mapped.gslb.example. 30 A {address}"]


def test_sticky_clients_that_hide_are_not_all_one_client(nameserver: Nameserver) -> None:
    hidden, shown = (
        {
            records(nameserver.ask(ask("sticky.gslb.example.", option), "udp4").answer)[0]
            for _ in range(64)
        }
        for option in (dns.edns.ECSOption("0.0.0.0", 0), dns.edns.ECSOption("203.0.113.0", 24))
    )
    assert (len(hidden), len(shown)) == (4, 1)
