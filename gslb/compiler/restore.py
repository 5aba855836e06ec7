"""From a zone's document back to its records: what is served, when the store cannot be read.

The inverse of the compiler for ordinary records; the serial is the one that was written. VIPs need
no such way back: the state folder keeps them as the operator said them.
"""

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from gslb import snapshot
from gslb.compiler.serial import with_serial
from gslb.model import Rrset, RrsetKey, Zone
from gslb.model.names import from_wire


def restore_zone(document: bytes) -> Zone:
    """Give the zone that a document was compiled from, its VIPs left out."""
    zone = snapshot.decode_zone(document)
    rrsets: dict[RrsetKey, Rrset] = {}
    for part in with_serial(zone.rrsets, -zone.changed):
        rtype = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(part.type))
        rrset = Rrset(
            name=from_wire(part.owner),
            type=rtype,
            ttl=part.ttl,
            rdata=tuple(_text(part.type, data) for data in part.rdata),
        )
        rrsets[rrset.key] = rrset
    return Zone(origin=from_wire(zone.origin), rrsets=rrsets)


def _text(rtype: int, wire: bytes) -> str:
    kind = dns.rdatatype.RdataType.make(rtype)
    return dns.rdata.from_wire(dns.rdataclass.IN, kind, wire, 0, len(wire)).to_text()
