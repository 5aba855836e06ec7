"""A zone's ordinary records to the snapshot's RRsets, and back: a million at a time."""

import dns.rdata
import dns.rdataclass
import dns.rdatatype

from gslb import snapshot
from gslb.model import Rrsets
from gslb.model.names import from_wire, to_wire
from gslb.model.plain import plain_from_wire, plain_name_text
from gslb.model.records import rdata_wire, type_number
from gslb.model.rrsets import Rows
from gslb.telemetry import COUNT_AT_ONCE, Progress


def compile_records(rrsets: Rrsets, origin: str) -> list[snapshot.Rrset]:
    """Give the RRsets, those of the origin first, sorted by name and type."""
    rows = rrsets.rows
    numbers = {rtype: type_number(rtype) for rtype in {rtype for _, rtype in rows}}
    owners = _Owners()
    progress = Progress(f"compiling {origin}", len(rows), "RRsets")
    found: list[snapshot.Rrset] = []
    order = sorted(rows)
    for key in (*(k for k in order if k[0] == origin), *(k for k in order if k[0] != origin)):
        name, rtype = key
        ttl, *data = rows[key]
        wires = [rdata_wire(rtype, text) for text in data]
        found.append(snapshot.Rrset(owners.wire(name), numbers[rtype], ttl, wires))
        if not len(found) % COUNT_AT_ONCE:
            progress.at(len(found))
    return found


def restore_records(rrsets: list[snapshot.Rrset]) -> Rows:
    """Give the rows that these were compiled from."""
    names: dict[int, str] = {}
    owners = _Owners()
    rows: Rows = {}
    for rrset in rrsets:
        number = rrset.type
        if number not in names:
            names[number] = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))
        rtype = names[number]
        first, *others = (_text(number, rtype, data) for data in rrset.rdata)
        rows[owners.text(rrset.owner), rtype] = (rrset.ttl, first, *others)
    return rows


def _text(number: int, rtype: str, wire: bytes) -> str:
    plain = plain_from_wire(rtype, wire)
    if plain is not None:
        return plain
    kind = dns.rdatatype.RdataType.make(number)
    return dns.rdata.from_wire(dns.rdataclass.IN, kind, wire, 0, len(wire)).to_text()


class _Owners:
    """Owner names to wire form and back; what stands above a label is turned only once."""

    def __init__(self) -> None:
        self._wires: dict[str, bytes] = {}
        self._texts: dict[bytes, str] = {}

    def wire(self, name: str) -> bytes:
        """Give a canonical name's wire form."""
        if "\\" in name or name == ".":
            return to_wire(name)
        label, _, above = name.partition(".")
        below = self._wires.get(above)
        if below is None:
            below = self._wires[above] = to_wire(above or ".")
        return bytes((len(label),)) + label.encode() + below

    def text(self, wire: bytes) -> str:
        """Give a well-formed name's canonical text."""
        if not wire[0]:
            return "."
        end = 1 + wire[0]
        above = self._texts.get(wire[end:])
        if above is None:
            above = self._texts[wire[end:]] = from_wire(wire[end:])
        label = wire[:end] + b"\0"
        first = (plain_name_text(label) or from_wire(label)).lower()
        return first if above == "." else first + above
