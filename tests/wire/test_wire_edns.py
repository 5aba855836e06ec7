"""EDNS: RFC 6891; the payload size and truncation of RFC 1035 section 4.2.1 and RFC 9715."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from nameserver import TRANSPORTS, Nameserver, Transport, asked, make_world, plain, with_edns

BIG = "\n".join(f"big 60 A 192.0.2.{n}" for n in range(1, 61))  # 60 records of 16 octets
FAT = "\n".join(f"ns1.fat 60 A 192.0.2.{n}" for n in range(1, 61))
HUGE = "\n".join(f'huge 60 TXT "{n:04d}{"x" * 240}"' for n in range(200))
CHAINS = "\n".join(
    f"mail 60 MX {n} {first}.b{n:02}.c{n:02}.d{n:02}" for first in "ax" for n in range(10, 40)
)
ZONE = f"""
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
child  60   NS    ns1.child
ns1.child 60 A    192.0.2.99
fat    60   NS    ns1.fat
wide   60   NS    big
wide   60   NS    ns1.wide
ns1.wide 60 A     192.0.2.98
{FAT}
{BIG}
{HUGE}
{CHAINS}
"""
WORLD = make_world(("gslb.example.", ZONE))
OUR_PAYLOAD = 1232  # RFC 9715 section 3


def test_no_edns_in_no_edns_out(nameserver: Nameserver) -> None:
    for over, reply in nameserver.ask_everywhere(plain("www.gslb.example."), noerror=1):
        assert reply.edns == -1, over


@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("www.gslb.example.", "noerror"),
        ("nope.gslb.example.", "nxdomain"),
        ("www.child.gslb.example.", "noerror"),
    ],
)
def test_edns_in_edns_out(nameserver: Nameserver, name: str, rcode: str) -> None:
    for over, reply in nameserver.ask_everywhere(with_edns(name), edns=1, **{rcode: 1}):
        assert reply.edns == 0, over
        assert reply.payload == OUR_PAYLOAD, over
        assert not reply.options, over
        assert dns.rcode.to_text(reply.rcode()).lower() == rcode, over


def test_rfc_3225_section_3_the_do_bit_comes_back(nameserver: Nameserver) -> None:
    query = with_edns("www.gslb.example.", flags=dns.flags.DO)
    for over, reply in nameserver.ask_everywhere(query, noerror=1, edns=1):
        assert reply.ednsflags == dns.flags.DO, over


def test_other_edns_flags_do_not_come_back(nameserver: Nameserver) -> None:
    query = with_edns("www.gslb.example.", flags=0x7FFF)
    for over, reply in nameserver.ask_everywhere(query, noerror=1, edns=1):
        assert reply.ednsflags == 0, over


def test_an_unknown_option_is_ignored(nameserver: Nameserver) -> None:
    query = plain("www.gslb.example.")
    query.use_edns(0, options=[dns.edns.GenericOption(dns.edns.OptionType.make(65001), b"hello")])
    for over, reply in nameserver.ask_everywhere(query, noerror=1, edns=1):
        assert not reply.options, over
        assert len(reply.answer) == 1, over


def test_badvers(nameserver: Nameserver) -> None:
    query = with_edns("www.gslb.example.", version=1)
    for over, reply in nameserver.ask_everywhere(query, badvers=1, edns=1):
        assert reply.rcode() == dns.rcode.BADVERS, over
        assert reply.edns == 0, over
        assert not reply.answer, over


@pytest.mark.parametrize(
    ("payload", "limit"),
    [(None, 512), (0, 512), (100, 512), (512, 512), (700, 700), (1232, 1232), (65535, OUR_PAYLOAD)],
)
@pytest.mark.parametrize("over", ["udp4", "udp6"])
def test_the_payload_size_is_honoured(
    nameserver: Nameserver, payload: int | None, limit: int, over: Transport
) -> None:
    name = "big.gslb.example."
    query = plain(name) if payload is None else with_edns(name, payload=payload)
    whole = 12 + 22 + 60 * 16 + (0 if payload is None else 11)
    reply = nameserver.exchange(query.to_wire(), over)
    assert reply is not None
    message = dns.message.from_wire(reply)
    assert len(reply) <= limit
    assert bool(message.flags & dns.flags.TC) == (whole > limit)
    assert (message.edns == -1) == (payload is None)
    if whole <= limit:
        assert len(message.answer[0]) == 60
    else:
        assert not message.answer, "a truncated RRset is left out whole, RFC 2181 section 9"


@pytest.mark.parametrize("family", ["4", "6"])
@pytest.mark.parametrize(("name", "rtype", "count"), [("big", "A", 60), ("huge", "TXT", 200)])
def test_a_truncated_answer_is_whole_over_tcp(
    nameserver: Nameserver, family: str, name: str, rtype: str, count: int
) -> None:
    query = plain(f"{name}.gslb.example.", rtype)
    host, port = nameserver.addresses[family]
    moved = {"udp": 1, "tcp": 1, "tcp_connections": 1, "noerror": 2, "truncated": 1}
    with nameserver.counting(**moved):
        reply, over_tcp = dns.query.udp_with_fallback(query, host, 5, port)
    assert over_tcp
    assert not reply.flags & dns.flags.TC
    assert len(reply.answer[0]) == count


def test_two_opts_are_a_format_error(nameserver: Nameserver) -> None:
    wire = bytearray(with_edns("www.gslb.example.").to_wire())
    wire[10:12] = (2).to_bytes(2, "big")
    wire += b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    for over in TRANSPORTS:
        with nameserver.counting(formerr=1, **asked(over)):
            reply = nameserver.exchange(bytes(wire), over)
        assert reply is not None, over
        assert dns.message.from_wire(reply).rcode() == dns.rcode.FORMERR, over


def test_an_opt_below_a_name_is_a_format_error(nameserver: Nameserver) -> None:
    wire = bytearray(plain("www.gslb.example.").to_wire())
    wire[10:12] = (1).to_bytes(2, "big")
    wire += b"\x01a\0\0\x29\x04\xd0\0\0\0\0\0\0"
    with nameserver.counting(formerr=1, udp=1):
        reply = nameserver.exchange(bytes(wire))
    assert reply is not None
    assert reply[3] & 0x0F == dns.rcode.FORMERR


def test_options_that_overrun_are_a_format_error(nameserver: Nameserver) -> None:
    wire = bytearray(plain("www.gslb.example.").to_wire())
    wire[10:12] = (1).to_bytes(2, "big")
    wire += b"\0\0\x29\x04\xd0\0\0\0\0\0\x06\xfd\xe9\0\x09ab"
    with nameserver.counting(formerr=1, udp=1):
        reply = nameserver.exchange(bytes(wire))
    assert reply is not None
    assert reply[3] & 0x0F == dns.rcode.FORMERR


def test_every_name_is_compressed_however_many_there_are(nameserver: Nameserver) -> None:
    """RFC 1035 section 4.1.4: what is written in full truncates a reply before its time."""
    query = plain("mail.gslb.example.", "MX")
    reply = nameserver.exchange(query.to_wire(), "tcp4")
    assert reply is not None
    first, second = 2 + 2 + 3 * 4 + 2, 2 + 2 + 2  # three labels and a pointer; one and a pointer
    assert len(reply) == len(query.to_wire()) + 30 * (12 + first) + 30 * (12 + second)


def test_referral_glue_that_fits_does_not_truncate(nameserver: Nameserver) -> None:
    """RFC 9471 section 3.1."""
    for over, reply in nameserver.ask_everywhere(plain("www.child.gslb.example."), noerror=1):
        assert not reply.flags & dns.flags.TC, over
        assert len(reply.additional) == 1, over


def test_referral_glue_comes_before_other_servers_addresses(nameserver: Nameserver) -> None:
    """RFC 9471 section 3.2: for what is not below the delegation TC is not due."""
    query = plain("www.wide.gslb.example.")
    reply = nameserver.ask(query, "udp4")
    assert not reply.flags & dns.flags.TC
    assert [str(rrset.name) for rrset in reply.additional] == ["ns1.wide.gslb.example."]
    assert len(nameserver.ask(query, "tcp4").additional) == 2


def test_referral_glue_that_does_not_fit_truncates(nameserver: Nameserver) -> None:
    """RFC 9471 section 3.1: a referral without the in-domain glue sets TC."""
    query = plain("www.fat.gslb.example.")
    reply = nameserver.ask(query, "udp4")
    assert reply.flags & dns.flags.TC
    assert len(nameserver.ask(query, "tcp4").additional[0]) == 60
