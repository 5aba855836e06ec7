"""The header and what is no question: RFC 1035 section 4.1.1, RFC 5395, RFC 8906, RFC 9619."""

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from nameserver import TRANSPORTS, Nameserver, asked, flags, make_world, plain

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
www    60   TXT   "text"
child  60   NS    ns1.child
ns1.child 60 A    192.0.2.2
"""
WORLD = make_world(("gslb.example.", ZONE))
QUESTION = b"\3www\4gslb\7example\0\0\1\0\1"


def header(bits: int = 0, qd: int = 1, an: int = 0, ns: int = 0, ar: int = 0) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in (0x1234, bits, qd, an, ns, ar))


@pytest.mark.parametrize("name", ["www.gslb.example.", "WwW.gSlB.eXaMpLe.", "NoPe.gslb.EXAMPLE."])
def test_the_question_comes_back_octet_for_octet(nameserver: Nameserver, name: str) -> None:
    wire = plain(name).to_wire()
    for over in TRANSPORTS:
        reply = nameserver.exchange(wire, over)
        assert reply is not None, over
        assert reply[:2] == wire[:2], over
        assert reply[12 : len(wire)] == wire[12:], over


@pytest.mark.parametrize("rd", [True, False])
@pytest.mark.parametrize(
    ("name", "rcode", "aa"),
    [
        ("www.gslb.example.", "noerror", True),
        ("nope.gslb.example.", "nxdomain", True),
        ("www.child.gslb.example.", "noerror", False),
        ("www.elsewhere.test.", "refused", False),
    ],
)
def test_rd_is_copied_and_ra_never_set(
    nameserver: Nameserver, name: str, rcode: str, *, aa: bool, rd: bool
) -> None:
    query = plain(name)
    query.flags |= dns.flags.RD if rd else 0
    wanted = {"QR"} | ({"AA"} if aa else set()) | ({"RD"} if rd else set())
    for over, reply in nameserver.ask_everywhere(query, **{rcode: 1}):
        assert flags(reply) == wanted, over


def test_ad_and_z_are_not_copied(nameserver: Nameserver) -> None:
    """RFC 6840 section 5.7: AD in a question asks for AD; we never vouch. Z stays zero."""
    reply = nameserver.exchange(header(0x0060) + QUESTION)
    assert reply is not None
    assert reply[3] & 0x60 == 0


@pytest.mark.parametrize(
    ("about", "packet"),
    [
        ("nothing malformed", b""),
        ("one octet, malformed", b"\x12"),
        ("eleven octets, malformed", header()[:11]),
        ("a response", header(0x8000) + QUESTION),
        ("a response with an error", header(0x8001) + QUESTION),
    ],
)
def test_silence(nameserver: Nameserver, about: str, packet: bytes) -> None:
    """What may not be answered, so that two servers cannot be set on each other."""
    cause = "malformed" if "malformed" in about else "response"
    with nameserver.counting(udp_received=1, udp_dropped=1, **{f"dropped_{cause}": 1}):
        assert nameserver.exchange(packet) is None, about
    assert nameserver.engine.respond(packet, "127.0.0.1") is None, about


@pytest.mark.parametrize(
    ("about", "packet"),
    [
        ("no question", header(qd=0)),
        ("two questions, RFC 9619", header(qd=2) + QUESTION + QUESTION),
        ("a question that is not there", header()),
        ("a name without end", header() + b"\3www\4gs"),
        ("a label of 64 octets", header() + b"\x40" + b"a" * 64 + b"\0\0\1\0\1"),
        ("a label type of the past, RFC 6891 section 5", header() + b"\x41\1\0\0\1\0\1"),
        ("a name of 256 octets", header() + b"\x3f" + (b"a" * 63 + b"\x3f") * 4 + b"\0\0\1\0\1"),
        ("a pointer to itself", header() + b"\xc0\x0c\0\1\0\1"),
        ("a pointer in the question", header() + b"\3www\xc0\x0c\0\1\0\1"),
        ("no type", header() + QUESTION[:-4]),
        ("no class", header() + QUESTION[:-2]),
        ("an additional record that is not there", header(ar=1) + QUESTION),
        ("an additional record cut off", header(ar=1) + QUESTION + b"\0\0\x29\x04\xd0\0\0"),
    ],
)
def test_a_format_error(nameserver: Nameserver, about: str, packet: bytes) -> None:
    for over in TRANSPORTS:
        with nameserver.counting(formerr=1, **asked(over)):
            reply = nameserver.exchange(packet, over)
        assert reply is not None, (about, over)
        assert reply[:2] == packet[:2], (about, over)
        assert reply[2] & 0x80, (about, over)
        assert reply[3] & 0x0F == dns.rcode.FORMERR, (about, over)
        dns.message.from_wire(reply)


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 15])
def test_an_opcode_that_is_no_query_is_not_implemented(nameserver: Nameserver, opcode: int) -> None:
    for over in TRANSPORTS:
        with nameserver.counting(notimp=1, **asked(over)):
            reply = nameserver.exchange(header(opcode << 11) + QUESTION, over)
        assert reply is not None, over
        assert reply[3] & 0x0F == dns.rcode.NOTIMP, over
        assert (reply[2] >> 3) & 0x0F == opcode, over


@pytest.mark.parametrize("rdclass", ["CH", "HS", "NONE"])
def test_another_class_is_refused(nameserver: Nameserver, rdclass: str) -> None:
    query = dns.message.make_query("www.gslb.example.", "A", rdclass)
    for over, reply in nameserver.ask_everywhere(query, refused=1):
        assert reply.rcode() == dns.rcode.REFUSED, over
        assert not reply.answer, over


@pytest.mark.parametrize("rtype", ["AXFR", "IXFR"])
def test_a_transfer_is_not_given(nameserver: Nameserver, rtype: str) -> None:
    wire = plain("gslb.example.", rtype).to_wire()
    for over in TRANSPORTS:
        with nameserver.counting(refused=1, **asked(over)):
            reply = nameserver.exchange(wire, over)
        assert reply is not None, over
        assert reply[3] & 0x0F == dns.rcode.REFUSED, over
        assert reply[6:8] == b"\0\0", over


def test_rfc_8482_any_gives_little(nameserver: Nameserver) -> None:
    for over, reply in nameserver.ask_everywhere(plain("www.gslb.example.", "ANY"), noerror=1):
        assert len(reply.answer) == 1, over
        assert reply.answer[0].name.to_text() == "www.gslb.example.", over
