"""DNS messages as octets, where their exact octets matter: signatures are made over them.

Everything else about messages is dnslib's. Nothing here trusts what it reads.
"""

import struct
from dataclasses import dataclass

from gslb.model.names import MAX_NAME

HEADER = 12  # octets, RFC 1035 section 4.1.1
LONGEST = 65535  # octets of a message over TCP, RFC 1035 section 4.2.2
IN = 1  # RFC 1035 section 3.2.4
OPT = 41  # RFC 6891
TSIG = 250  # RFC 8945
IXFR = 251  # RFC 1995
AXFR = 252  # RFC 5936

FORMERR = 1
SERVFAIL = 2
REFUSED = 5
NOTAUTH = 9  # RFC 8945 section 3, RFC 5936 section 2.2.1

_POINTER = 0xC0  # RFC 1035 section 4.1.4
_QR_AND_OPCODE = 0xF800
_REPLY_KEEPS = 0x7900  # opcode and RD, of the flags of a question
_REPLY = 0x8000  # QR
_RD = 0x0100


class Malformed(ValueError):  # noqa: N818  (what it is, as in Invalid, Refused, Broken)
    """Octets that are no message, or a message with a signature out of its place."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record stands: first octet, end of its owner, first octet and end of its data."""

    start: int
    owner_end: int
    data: int
    end: int
    type: int

    def fixed(self, message: bytes) -> tuple[int, int, int, int]:
        """Give type, class, TTL and length of the data."""
        found: tuple[int, int, int, int] = struct.unpack_from("!HHIH", message, self.owner_end)
        return found


@dataclass(frozen=True, slots=True)
class Question:
    """The one question of a query: its name in wire form as it was asked, and where it ends."""

    id: int
    recursion: bool  # RD, which replies copy
    name: bytes
    type: int
    end: int


def read_question(message: bytes) -> Question | None:
    """Give the question of a query; None if this is no query, or asks not one thing of class IN."""
    if len(message) < HEADER:
        return None
    ident, flags, count = struct.unpack_from("!HHH", message)
    if flags & _QR_AND_OPCODE or count != 1:
        return None
    try:
        end = name_end(message, HEADER)
        qtype, qclass = struct.unpack_from("!HH", message, end)
    except (Malformed, struct.error):
        return None
    if message[end - 1] or qclass != IN:  # compressed, or cut off; or no zone of ours
        return None
    return Question(ident, bool(flags & _RD), message[HEADER:end], qtype, end + 4)


def name_end(message: bytes, at: int) -> int:
    """Give where the name at a place ends; a pointer ends it. Malformed if it does not end."""
    start = at
    while at < len(message) and at - start < MAX_NAME:
        length = message[at]
        if length == 0:
            return at + 1
        if length >= _POINTER:
            return at + 2
        if length > 63:  # noqa: PLR2004  (RFC 1035 section 4.1.4: the two other forms are reserved)
            break
        at += 1 + length
    raise Malformed("a name in the message does not end")


def read_name(message: bytes, at: int) -> bytes:
    """Give an uncompressed name in lower case; Malformed if it is compressed or cut off."""
    end = name_end(message, at)
    if end > len(message) or message[end - 1] != 0:
        raise Malformed("a name in the message is compressed where it may not be, or cut off")
    return message[at:end].lower()


def records(message: bytes) -> list[Record]:
    """Give every record behind the questions, in order; Malformed if one is cut off."""
    if len(message) < HEADER:
        raise Malformed("the message is shorter than its header")
    questions, *counts = struct.unpack_from("!4H", message, 4)
    at = HEADER
    for _ in range(questions):
        at = name_end(message, at) + 4
    found = []
    for _ in range(sum(counts)):
        found.append(_record(message, at))
        at = found[-1].end
    if at > len(message):
        raise Malformed("the message is cut off")
    return found


def _record(message: bytes, at: int) -> Record:
    owner_end = name_end(message, at)
    if owner_end + 10 > len(message):
        raise Malformed("a record in the message is cut off")
    rtype, _, _, length = struct.unpack_from("!HHIH", message, owner_end)
    data = owner_end + 10
    if data + length > len(message):
        raise Malformed("a record in the message is cut off")
    return Record(at, owner_end, data, data + length, rtype)


def count_additional(message: bytes, more: int) -> bytes:
    """Give the message with so many additional records more in its header."""
    (count,) = struct.unpack_from("!H", message, 10)
    return message[:10] + struct.pack("!H", count + more) + message[HEADER:]


def with_id(message: bytes, ident: int) -> bytes:
    """Give the message with another id."""
    return struct.pack("!H", ident) + message[2:]


def error_reply(message: bytes, rcode: int) -> bytes:
    """Answer a message with an error: its id, opcode and RD, and its question if it has one."""
    ident, flags = struct.unpack_from("!HH", message)
    question = read_question(message)
    body = message[HEADER : question.end] if question else b""
    flags = _REPLY | (flags & _REPLY_KEEPS) | rcode
    return struct.pack("!6H", ident, flags, 1 if question else 0, 0, 0, 0) + body


def truncated(reply: bytes) -> bytes:
    """Give a reply without its records, and with TC, for one that has become too long."""
    ident, flags, questions = struct.unpack_from("!HHH", reply)
    end = HEADER
    for _ in range(questions):
        end = name_end(reply, end) + 4
    head = struct.pack("!6H", ident, flags | 0x0200, questions, 0, 0, 0)
    return head + reply[HEADER:end]
