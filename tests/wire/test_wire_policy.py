"""What a node's policy makes of questions: cookies, NSID, CHAOS, extended errors, rate limits."""

from collections.abc import Iterator

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import pytest
from nameserver import TRANSPORTS, Nameserver, asked, make_world, plain, with_edns

from gslb import snapshot
from gslb.compiler import compile_policy
from gslb.settings import WireSettings

BIG = "\n".join(f"big 60 A 192.0.2.{n}" for n in range(1, 101))  # 100 records of 16 octets
ZONE = f"""
{BIG}
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
"""
WORLD = make_world(("gslb.example.", ZONE))
SECRETS = (bytes(range(16)),)
OLDER = (bytes(16), *SECRETS)


@pytest.fixture(autouse=True)
def _as_it_was(nameserver: Nameserver) -> Iterator[None]:
    """Let every test begin and end with the default policy, without limits or secrets."""
    speak(nameserver)
    yield
    speak(nameserver)


def speak(nameserver: Nameserver, secrets: tuple[bytes, ...] = (), **settings: object) -> None:
    given = WireSettings.model_validate({"rrl_rate": 0, **settings})
    nameserver.engine.configure(snapshot.encode(compile_policy(given, secrets)))


def with_cookie(server: bytes = b"") -> dns.message.Message:
    query = with_edns("www.gslb.example.")
    query.use_edns(0, options=[dns.edns.CookieOption(b"12345678", server)])
    return query


def cookie_of(reply: dns.message.Message) -> dns.edns.CookieOption:
    (option,) = reply.options
    assert isinstance(option, dns.edns.CookieOption)
    assert option.client == b"12345678"
    return option


def test_cookies_come_back_and_are_believed(nameserver: Nameserver) -> None:
    speak(nameserver, SECRETS)
    moved = {"noerror": 1, "edns": 1, "cookies": 1}
    for over in TRANSPORTS:
        with nameserver.counting(**asked(over), **moved):
            given = cookie_of(nameserver.ask(with_cookie(), over)).server
        with nameserver.counting(**asked(over), **moved, cookies_valid=1):
            assert cookie_of(nameserver.ask(with_cookie(given), over)).server == given
        with nameserver.counting(**asked(over), **moved):
            nameserver.ask(with_cookie(given[:-1] + bytes([given[-1] ^ 1])), over)


def test_a_rotated_secret_loses_no_client(nameserver: Nameserver) -> None:
    speak(nameserver, SECRETS)
    old = cookie_of(nameserver.ask(with_cookie(), "udp4")).server
    speak(nameserver, OLDER, cookies="required")
    with nameserver.counting(udp=1, noerror=1, edns=1, cookies=1, cookies_valid=1):
        new = cookie_of(nameserver.ask(with_cookie(old), "udp4")).server
    assert new != old, "signed by the new secret"
    with nameserver.counting(udp=1, noerror=1, edns=1, cookies=1, cookies_valid=1):
        assert cookie_of(nameserver.ask(with_cookie(new), "udp4")).server == new


def test_required_cookies_are_asked_for_over_udp_only(nameserver: Nameserver) -> None:
    speak(nameserver, SECRETS, cookies="required")
    for over in TRANSPORTS:
        udp = over.startswith("udp")
        with nameserver.counting(
            **asked(over), edns=1, cookies=1, **{"badcookie" if udp else "noerror": 1}
        ):
            reply = nameserver.ask(with_cookie(), over)
        assert reply.rcode() == (dns.rcode.BADCOOKIE if udp else dns.rcode.NOERROR)
        assert len(cookie_of(reply).server) == 16
        with nameserver.counting(**asked(over), noerror=1):
            nameserver.ask(plain("www.gslb.example."), over)


def test_cookies_off_are_an_unknown_option(nameserver: Nameserver) -> None:
    speak(nameserver, SECRETS, cookies="off")
    assert not nameserver.ask(with_cookie(), "udp4").options


def test_nsid_is_told_when_asked_for(nameserver: Nameserver) -> None:
    speak(nameserver, nsid="tokyo-1")
    query = with_edns("www.gslb.example.")
    query.use_edns(0, options=[dns.edns.GenericOption(dns.edns.NSID, b"")])
    for _, reply in nameserver.ask_everywhere(query, noerror=1, edns=1):
        assert [option.to_wire() for option in reply.options] == [b"tokyo-1"]
    for _, reply in nameserver.ask_everywhere(with_edns("www.gslb.example."), noerror=1, edns=1):
        assert not reply.options


@pytest.mark.parametrize("name", ["version.bind.", "id.server.", "hostname.bind."])
def test_chaos_is_refused_unless_a_setting_speaks(nameserver: Nameserver, name: str) -> None:
    query = with_edns(name, "TXT")
    query.question[0].rdclass = dns.rdataclass.CH
    for _, reply in nameserver.ask_everywhere(query, refused=1, edns=1):
        assert extended(reply) == dns.edns.EDECode.PROHIBITED
    speak(nameserver, version_bind="gslb", id_server="tokyo")
    for _, reply in nameserver.ask_everywhere(query, noerror=1, edns=1):
        (rrset,) = reply.answer
        assert (rrset.rdclass, rrset.ttl) == (dns.rdataclass.CH, 0)
        assert str(rrset[0]) == ('"gslb"' if name.startswith("version") else '"tokyo"')


def extended(reply: dns.message.Message) -> int:
    (option,) = reply.options
    assert isinstance(option, dns.edns.EDEOption)
    return option.code


@pytest.mark.parametrize(
    ("name", "rtype", "code"),
    [
        ("www.elsewhere.test.", "A", dns.edns.EDECode.NOT_AUTHORITATIVE),
        ("gslb.example.", "AXFR", dns.edns.EDECode.PROHIBITED),
    ],
)
def test_a_refusal_says_why(nameserver: Nameserver, name: str, rtype: str, code: int) -> None:
    wire = with_edns(name, rtype).to_wire()
    for over in TRANSPORTS:
        reply = nameserver.exchange(wire, over)
        assert reply is not None
        assert extended(dns.message.from_wire(reply)) == code


def test_the_payload_is_a_setting(nameserver: Nameserver) -> None:
    query = with_edns("big.gslb.example.", payload=4096)
    assert nameserver.ask(query, "udp4").flags & dns.flags.TC
    speak(nameserver, udp_payload=2048)
    for over, reply in nameserver.ask_everywhere(query, noerror=1, edns=1):
        assert (reply.payload, len(reply.answer[0])) == (2048, 100), over


def test_limited_answers_send_a_client_to_tcp(nameserver: Nameserver) -> None:
    speak(nameserver, SECRETS, rrl_rate=5, rrl_exempt=())
    query = with_edns("www.gslb.example.")
    replies = [nameserver.ask(query, "udp4") for _ in range(40)]
    cut = [reply for reply in replies if reply.flags & dns.flags.TC]
    # Two whole seconds may have begun and ended within the loop.
    assert 40 - 3 * 5 <= len(cut) <= 40 - 5
    assert all(not reply.answer and reply.rcode() == 0 for reply in cut)
    assert all(len(reply.to_wire()) <= len(query.to_wire()) for reply in cut)
    assert len(nameserver.ask(query, "tcp4").answer) == 1
    known = cookie_of(nameserver.ask(with_cookie(), "tcp4")).server
    for _ in range(40):
        assert len(nameserver.ask(with_cookie(known), "udp4").answer) == 1


def test_limited_answers_may_be_dropped(nameserver: Nameserver) -> None:
    speak(nameserver, rrl_rate=1, rrl_slip=0, rrl_exempt=())
    wire = plain("www.gslb.example.").to_wire()
    before = nameserver.engine.counters()["dropped_limited"]
    found = [nameserver.exchange(wire) for _ in range(4)]
    assert None in found
    assert nameserver.engine.counters()["dropped_limited"] - before == found.count(None)
