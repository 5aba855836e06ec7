"""A second opinion on the wire format: dnslib reads a reply, too, and writes each record anew."""

import ast
import re
from collections.abc import Iterable

import dns.message
from dns.rdatatype import CAA, OPT
from dnslib import RR, DNSBuffer, DNSError, DNSRecord
from replies import Reply, Section, records

Sections = tuple[Section, Section, Section]


def sections(wire: bytes, reply: Reply) -> Sections | None:
    """Take a reply apart by dnslib; None if it holds what dnslib cannot hold (see `_beyond`).

    Each record is written by dnslib into a message of its own, and only that is read by dnspython.
    """
    try:
        found = DNSRecord.parse(wire)
    except (DNSError, UnicodeDecodeError) as error:
        if _beyond(error, reply):
            return None
        raise
    additional = [record for record in found.ar if record.rtype != OPT]
    return _written_anew(found.rr), _written_anew(found.auth), _written_anew(additional)


def _written_anew(found: Iterable[RR]) -> Section:
    rrsets = []
    for record in found:
        buffer = DNSBuffer()
        buffer.pack("!6H", 0, 0x8000, 0, 1, 0, 0)
        record.pack(buffer)
        rrsets += dns.message.from_wire(bytes(buffer.data), one_rr_per_rrset=True).answer
    return records(rrsets)


def _beyond(error: Exception, reply: Reply) -> bool:
    """Whether dnslib gave up for what it lacks: labels and CAA that are no UTF-8, empty data."""
    found = reply.answer + reply.authority + reply.additional
    if "Empty RR" in str(error):
        return any(not record.data for record in found)
    if isinstance(error, UnicodeDecodeError):
        return any(record.rtype == CAA for record in found)
    label = re.search(r"Invalid label <(b.*)>", str(error), re.DOTALL)
    return label is not None and not _is_utf8(ast.literal_eval(label[1]))


def _is_utf8(label: bytes) -> bool:
    try:
        label.decode()
    except UnicodeDecodeError:
        return False
    return True
