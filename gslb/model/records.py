"""RRsets: the ordinary records, kept as text that a person can read.

Record data is checked and made canonical by dnspython, and turned to wire form for the snapshot;
what is plain takes the short way of `plain`, to the same end.
"""

from typing import Annotated, NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.LOC import LOC
from pydantic import AfterValidator, Field, model_validator

from gslb.model.names import Name
from gslb.model.plain import plain_text, plain_wire
from gslb.model.values import Noun, Ttl

UNPUBLISHED_TYPES = frozenset({"ANY", "AXFR", "IXFR", "OPT", "TSIG", "TKEY", "MAILA", "MAILB"})
"""Types of questions and of the protocol itself, which no zone holds (RFC 6895 section 3.1)."""


def canonical_type(text: str) -> str:
    """Give a record type as the model writes it; ValueError with a sentence."""
    number = type_number(text)
    name = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))
    if name in UNPUBLISHED_TYPES or number == 0:
        raise ValueError(f"a zone holds no {name} records")
    return name


RecordType = Annotated[str, AfterValidator(canonical_type)]


def type_number(name: str) -> int:
    """Give the number of a record type; ValueError with a sentence."""
    try:
        return int(dns.rdatatype.from_text(name))
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{name!r} is not a record type; write A, MX or TYPE65280") from error


def canonical_rdata(rtype: str, text: str, origin: str = ".") -> str:
    """Give the canonical presentation of one record's data; ValueError with a sentence."""
    plain = plain_text(rtype, text, "." if origin == "." else f".{origin}")
    return _rdata(rtype, text, origin).to_text() if plain is None else plain


def rdata_wire(rtype: str, text: str) -> bytes:
    """Give one record's data, which is canonical, in uncompressed wire form."""
    wire = plain_wire(rtype, text)
    if wire is None:
        wire = _rdata(rtype, text, ".").to_wire()
    return wire if wire is not None else b""


def _rdata(rtype: str, text: str, origin: str) -> dns.rdata.Rdata:
    try:
        found = dns.rdata.from_text(
            dns.rdataclass.IN,
            dns.rdatatype.from_text(rtype),
            text,
            origin=dns.name.from_text(origin),
            relativize=False,
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is not data of a {rtype} record: {error}") from error
    return _in_centimetres(found) if isinstance(found, LOC) else found


def _in_centimetres(found: LOC) -> dns.rdata.Rdata:
    """Round the altitude: dnspython reads 0.29 m as 28.99… cm, and would cut that to 28."""
    return LOC(  # type: ignore[no-untyped-call]
        found.rdclass,
        found.rdtype,
        found.latitude,
        found.longitude,
        round(found.altitude),
        found.size,
        found.horizontal_precision,
        found.vertical_precision,
    )


class RrsetKey(NamedTuple):
    """What an RRset is found by in its zone."""

    name: str
    type: str


class Rrset(Noun):
    """Records of one name and type (RFC 9499); `rdata` in presentation form, names absolute."""

    name: Name
    type: RecordType
    ttl: Ttl
    rdata: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _canonical_rdata(self) -> "Rrset":
        data = tuple(dict.fromkeys(canonical_rdata(self.type, text) for text in self.rdata))
        object.__setattr__(self, "rdata", data)
        return self

    @property
    def key(self) -> RrsetKey:
        """What finds it in its zone."""
        return RrsetKey(self.name, self.type)
