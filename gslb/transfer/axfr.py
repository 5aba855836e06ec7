"""The messages of a zone transfer (RFC 5936), many records in each, made by dnslib.

They stay below 16 KiB, since compression reaches no further into a message (RFC 1035 section
4.1.4); a record that is longer goes alone, in a message as long as it needs.
"""

from collections.abc import Iterable, Iterator

from dnslib import EDNS0, RD, RR, DNSHeader, DNSLabel, DNSQuestion, DNSRecord

from gslb.transfer.listing import Entry
from gslb.transfer.packet import HEADER, Question

REACH = 0x4000
"""Octets that a compression pointer reaches."""

_FIXED = 10  # octets of a record beside its owner and its data
_IN = 1


def messages(
    question: Question, entries: Iterable[Entry], *, spare: int, edns: int | None
) -> Iterator[bytes]:
    """Give the messages that answer a question with these records.

    `spare` octets are left free in each for a signature. The question stands in the first alone,
    and so does an OPT record with the payload `edns`, if the question had one (RFC 5936 section
    2.2.5).
    """
    room = REACH - spare - HEADER
    first = True
    batch: list[Entry] = []
    size = len(question.name) + 4 + 11
    for entry in entries:
        octets = len(entry.owner) + _FIXED + len(entry.data)
        if batch and size + octets > room:
            yield _pack(question, batch, first=first, edns=edns)
            first, batch, size = False, [], 0
        batch.append(entry)
        size += octets
    yield _pack(question, batch, first=first, edns=edns)


def _pack(question: Question, batch: list[Entry], *, first: bool, edns: int | None) -> bytes:
    message = DNSRecord(DNSHeader(id=question.id, qr=1, aa=1, rd=question.recursion))
    if first:
        message.add_question(DNSQuestion(label(question.name), question.type, _IN))
        if edns is not None:
            message.add_ar(EDNS0(udp_len=edns))
    for entry in batch:
        message.add_answer(RR(label(entry.owner), entry.type, _IN, entry.ttl, RD(entry.data)))
    return bytes(message.pack())


def label(wire: bytes) -> DNSLabel:
    """Give dnslib's form of a name that is whole and not compressed."""
    parts = []
    at = 0
    while wire[at]:
        parts.append(wire[at + 1 : at + 1 + wire[at]])
        at += 1 + wire[at]
    return DNSLabel(parts)
