"""Replies taken apart by dnspython, record by record, in an order that does not matter."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset


class Record(NamedTuple):
    """One record; names and data in wire form without compression."""

    owner: bytes
    rtype: int
    ttl: int
    data: bytes

    def __str__(self) -> str:
        owner = dns.name.from_wire(self.owner, 0)[0]
        data = dns.rdata.from_wire(
            dns.rdataclass.IN,
            dns.rdatatype.RdataType.make(self.rtype),
            self.data,
            0,
            len(self.data),
        )
        return f"{owner} {self.ttl} {dns.rdatatype.to_text(data.rdtype)} {data}"


Section = tuple[Record, ...]
"""A section's records, sorted; a record that stands twice stands here twice."""


class Opt(NamedTuple):
    """What an OPT record says."""

    payload: int
    version: int
    dnssec_ok: bool
    options: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True)
class Reply:
    """A reply."""

    rcode: str
    flags: frozenset[str]
    question: bytes
    answer: Section
    authority: Section
    additional: Section
    opt: Opt | None
    octets: int = field(compare=False)

    def __str__(self) -> str:
        lines = [f"{self.rcode} {' '.join(sorted(self.flags))} {self.octets} octets, {self.opt}"]
        for name in ("answer", "authority", "additional"):
            lines += [f"  {name}: {record}" for record in getattr(self, name)]
        return "\n".join(lines[:60] + [f"  and {len(lines) - 60} more"] * (len(lines) > 60))


def parse(wire: bytes) -> Reply:
    """Take a reply apart; dnspython's errors if it is malformed or goes on after its end."""
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    return Reply(
        rcode=dns.rcode.to_text(message.rcode()),
        flags=frozenset(dns.flags.to_text(message.flags).split()),
        question=b"".join(asked.name.to_wire() or b"" for asked in message.question),
        answer=records(message.answer),
        authority=records(message.authority),
        additional=records(message.additional),
        opt=_opt(message),
        octets=len(wire),
    )


def records(rrsets: Iterable[dns.rrset.RRset]) -> Section:
    """Give the records of a section."""
    return tuple(
        sorted(
            Record(rrset.name.to_wire() or b"", rrset.rdtype, rrset.ttl, data.to_wire() or b"")
            for rrset in rrsets
            for data in rrset
        )
    )


def lower(record: Record) -> Record:
    """Put a record's names in lower case, those in its data too."""
    rdtype = dns.rdatatype.RdataType.make(record.rtype)
    if rdtype in {dns.rdatatype.SVCB, dns.rdatatype.HTTPS}:
        end = dns.name.from_wire(record.data, 2)[1] + 2
        data = record.data[:2] + record.data[2:end].lower() + record.data[end:]
    else:
        parsed = dns.rdata.from_wire(dns.rdataclass.IN, rdtype, record.data, 0, len(record.data))
        data = parsed.to_digestable(dns.name.root)
    return record._replace(owner=record.owner.lower(), data=data)


def _opt(message: dns.message.Message) -> Opt | None:
    if message.edns < 0:
        return None
    options = tuple((int(option.otype), option.to_wire() or b"") for option in message.options)
    dnssec_ok = bool(message.ednsflags & dns.flags.DO)
    return Opt(message.payload, message.edns, dnssec_ok, options)
