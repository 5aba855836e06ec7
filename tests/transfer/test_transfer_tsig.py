"""TSIG: RFC 8945. What we sign dnspython believes, what it signs we do, and nothing else."""

import struct
import time

import dns.exception
import dns.message
import dns.name
import dns.tsig
import pytest
from hypothesis import given
from hypothesis import strategies as st
from primary import KEYRING, SECRETS

from gslb.transfer import tsig
from gslb.transfer.keys import Key
from gslb.transfer.packet import Malformed, truncated

OURS = {name: Key(name, algorithm, secret) for name, (algorithm, secret) in SECRETS.items()}
KEYS = {key.wire: key for key in OURS.values()}
NOW = 1_800_000_000

every_key = pytest.mark.parametrize("name", SECRETS)


def query(name: str = "k256.", rtype: str = "SOA") -> tuple[dns.message.Message, bytes]:
    message = dns.message.make_query("gslb.example.", rtype, use_edns=0)
    message.use_tsig(KEYRING, dns.name.from_text(name))
    return message, message.to_wire()


def reply_to(request: bytes) -> bytes:
    return dns.message.make_response(dns.message.from_wire(request, keyring=KEYRING)).to_wire()


def unsigned_reply() -> bytes:
    message = dns.message.make_query("gslb.example.", "SOA")
    message.flags |= dns.flags.QR
    return message.to_wire()


@every_key
def test_what_dnspython_signs_is_right(name: str) -> None:
    message, wire = query(name)
    plain, signature = tsig.find(wire)
    assert signature is not None
    assert tsig.check(plain, signature, KEYS, time.time()) == (OURS[name], 0)
    message.tsig = None
    assert plain == message.to_wire()


@every_key
def test_a_reply_of_ours_is_believed(name: str) -> None:
    message, wire = query(name)
    _, signature = tsig.find(wire)
    assert signature is not None
    signer = tsig.Signer(OURS[name], signature.mac)
    signed = signer.sign(message.id.to_bytes(2, "big") + unsigned_reply()[2:], time.time())
    found = dns.message.from_wire(signed, keyring=KEYRING, request_mac=message.mac)
    assert found.had_tsig
    assert found.mac == signer.mac
    with pytest.raises(dns.tsig.BadSignature):
        dns.message.from_wire(signed, keyring=KEYRING, request_mac=b"another request")


@every_key
def test_5_3_1_a_stream_is_believed_message_by_message(name: str) -> None:
    message, wire = query(name, "AXFR")
    _, signature = tsig.find(wire)
    assert signature is not None
    signer = tsig.Signer(OURS[name], signature.mac)
    context = None
    for number in range(5):
        part = dns.message.make_query("gslb.example.", "AXFR")
        part.flags |= dns.flags.QR
        part.answer.append(dns.rrset.from_text("gslb.example.", 60, "IN", "TXT", str(number)))
        found = dns.message.from_wire(
            signer.sign(part.to_wire(), time.time()),
            keyring=KEYRING,
            request_mac=message.mac,
            xfr=True,
            tsig_ctx=context,
            multi=True,
        )
        assert found.had_tsig
        context = found.tsig_ctx


@every_key
def test_a_request_of_ours_is_believed_and_its_reply_checked(name: str) -> None:
    signer = tsig.Signer(OURS[name])
    request = signer.sign(dns.message.make_query("gslb.example.", "SOA").to_wire(), time.time())
    asked = dns.message.from_wire(request, keyring=KEYRING)
    reply = dns.message.make_response(asked)
    plain, signature = tsig.find(reply.to_wire())
    assert signature is not None
    assert tsig.check(plain, signature, KEYS, time.time(), signer.mac) == (OURS[name], 0)
    assert tsig.check(plain, signature, KEYS, time.time(), b"other")[1] == tsig.BADSIG


def test_5_2_1_an_unknown_key_or_another_algorithm_is_badkey() -> None:
    message, wire = query()
    plain, signature = tsig.find(wire)
    assert signature is not None
    assert tsig.check(plain, signature, {}, NOW) == (None, tsig.BADKEY)
    other = Key("k256.", "hmac-sha512", SECRETS["k256."][1])
    assert tsig.check(plain, signature, {other.wire: other}, NOW) == (None, tsig.BADKEY)
    reply = tsig.rejected(wire, signature, None, tsig.BADKEY, NOW)
    with pytest.raises(dns.tsig.PeerBadKey):
        dns.message.from_wire(reply, keyring=KEYRING, request_mac=message.mac)
    assert tsig.find(reply)[1] is not None
    assert dns.message.from_wire(reply, continue_on_error=True).rcode() == dns.rcode.NOTAUTH


def test_5_2_2_another_secret_is_badsig_and_its_reply_is_not_signed() -> None:
    message, wire = query()
    plain, signature = tsig.find(wire)
    assert signature is not None
    other = Key("k256.", "hmac-sha256", b"x" * 32)
    assert tsig.check(plain, signature, {other.wire: other}, time.time()) == (other, tsig.BADSIG)
    reply = tsig.rejected(wire, signature, other, tsig.BADSIG, NOW)
    with pytest.raises(dns.tsig.PeerBadSignature):
        dns.message.from_wire(reply, keyring=KEYRING, request_mac=message.mac)
    found = tsig.find(reply)[1]
    assert found is not None
    assert found.mac == b""


@pytest.mark.parametrize("late", [-301, 301, 10**9])
def test_5_2_3_another_time_is_badtime_and_its_reply_is_signed(late: int) -> None:
    message, wire = query()
    plain, signature = tsig.find(wire)
    assert signature is not None
    now = signature.time + late
    assert tsig.check(plain, signature, KEYS, now) == (OURS["k256."], tsig.BADTIME)
    assert tsig.check(plain, signature, KEYS, signature.time - late // abs(late) * 300)[1] == 0
    reply = tsig.rejected(wire, signature, OURS["k256."], tsig.BADTIME, now)
    with pytest.raises(dns.tsig.PeerBadTime):
        dns.message.from_wire(reply, keyring=KEYRING, request_mac=message.mac)
    body, told = tsig.find(reply)
    assert told is not None
    assert (told.time, int.from_bytes(told.other, "big")) == (signature.time, now)
    assert tsig.check(body, told, KEYS, signature.time, signature.mac) == (OURS["k256."], 0)


def cut(wire: bytes, octets: int) -> bytes:
    """Cut the MAC at the end of a message down to some octets."""
    plain, signature = tsig.find(wire)
    assert signature is not None
    short = tsig.Signature(
        signature.key,
        signature.algorithm,
        signature.time,
        signature.fudge,
        (signature.mac * 2)[:octets],
        signature.original_id,
    )
    return short.put_on(plain)


def test_5_2_4_a_mac_cut_short_is_badtrunc_or_malformed() -> None:
    _, wire = query()
    for octets in (16, 31):
        plain, signature = tsig.find(cut(wire, octets))
        assert signature is not None
        assert tsig.check(plain, signature, KEYS, time.time())[1] == tsig.BADTRUNC
    for octets in (0, 9, 15, 33):
        plain, signature = tsig.find(cut(wire, octets))
        assert signature is not None
        with pytest.raises(Malformed):
            tsig.check(plain, signature, KEYS, time.time())


@given(at=st.integers(0, 200), by=st.integers(1, 255))
def test_no_octet_can_be_changed(at: int, by: int) -> None:
    _, wire = query()
    at = 2 + at % (len(wire) - 2)  # the id alone may be another: it is signed as the original one
    changed = wire[:at] + bytes([wire[at] ^ by]) + wire[at + 1 :]
    try:
        plain, signature = tsig.find(changed)
        known = signature is not None and tsig.check(plain, signature, KEYS, time.time())
    except Malformed:
        return
    if known and known[1] == 0:
        assert changed.lower() == wire.lower(), "names are signed in lower case"


def test_the_id_is_the_original_one() -> None:
    message, wire = query()
    passed_on = struct.pack("!H", message.id ^ 0xFFFF) + wire[2:]
    plain, signature = tsig.find(passed_on)
    assert signature is not None
    assert tsig.check(plain, signature, KEYS, time.time()) == (OURS["k256."], 0)


def test_5_1_a_signature_out_of_its_place_is_malformed() -> None:
    _, wire = query()
    _, signature = tsig.find(wire)
    assert signature is not None
    (additional,) = struct.unpack_from("!H", wire, 10)
    extra = b"\0\0\x01\0\x01\0\0\0\0\0\0"
    moved = [
        signature.put_on(wire),  # twice
        wire[:10] + struct.pack("!H", additional + 1) + wire[12:] + extra,  # not the last
        wire + b"\0",  # octets behind it
        wire[:6] + struct.pack("!HHH", 0, additional, 0) + wire[12:],  # in another section
        wire.replace(b"\x00\xfa\x00\xff", b"\x00\xfa\x00\x01"),  # of class IN
        wire[:-1],
    ]
    for bad in moved:
        with pytest.raises(Malformed):
            tsig.find(bad)


@given(st.binary(max_size=80))
def test_any_octets_are_a_message_or_malformed(octets: bytes) -> None:
    _, wire = query()
    for message in (octets, wire[:12] + octets, wire[: -len(octets) or None] + octets):
        try:
            tsig.find(message)
        except Malformed:
            continue


def test_5_3_2_what_is_too_long_to_sign_is_cut_to_its_question() -> None:
    message = dns.message.make_query("gslb.example.", "TXT")
    message.flags |= dns.flags.QR | dns.flags.AA
    message.answer.append(dns.rrset.from_text("gslb.example.", 60, "IN", "TXT", "x"))
    short = dns.message.from_wire(truncated(message.to_wire()))
    assert short.flags == message.flags | dns.flags.TC
    assert short.question == message.question
    assert short.answer == []
