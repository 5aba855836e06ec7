"""Zones and RRsets: the ordinary records, kept as text that a person can read.

Record data is checked and made canonical by dnspython, and turned to wire form for the snapshot.
"""

from typing import Annotated, Any, NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.LOC import LOC
from pydantic import (
    AfterValidator,
    Field,
    TypeAdapter,
    field_serializer,
    field_validator,
    model_validator,
)

from gslb.model.names import Name, is_within
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
    return _rdata(rtype, text, origin).to_text()


def rdata_wire(rtype: str, text: str) -> bytes:
    """Give one record's data in uncompressed wire form."""
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


_RRSETS = TypeAdapter(tuple[Rrset, ...])


class Zone(Noun):
    """A zone's ordinary records by name and type; its SOA and NS stand at the origin."""

    origin: Name
    rrsets: dict[RrsetKey, Rrset]

    @field_validator("rrsets", mode="before")
    @classmethod
    def _list_to_dict(cls, rrsets: Any) -> Any:
        """Take a list, as JSON has it; two RRsets of one key are a fault."""
        if not isinstance(rrsets, list | tuple):
            return rrsets
        found: dict[RrsetKey, Rrset] = {}
        for item in _RRSETS.validate_python(rrsets):
            if item.key in found:
                raise ValueError(f"the RRset {item.name} {item.type} stands twice")
            found[item.key] = item
        return found

    @field_serializer("rrsets")
    def _dict_to_list(self, rrsets: dict[RrsetKey, Rrset]) -> list[Rrset]:
        return list(rrsets.values())

    @field_validator("rrsets")
    @classmethod
    def _keys_fit(cls, rrsets: dict[RrsetKey, Rrset]) -> dict[RrsetKey, Rrset]:
        for key, rrset in rrsets.items():
            if key != rrset.key:
                raise ValueError(f"the key {key} is not the key of its RRset {rrset.key}")
        return rrsets

    def holds(self, name: str) -> bool:
        """Whether the name is at or below the origin."""
        return is_within(name, self.origin)
