"""The SOA serial that is answered: the one written, and the revision at which the zone changed.

Secondaries fetch a zone when its serial has grown (RFC 1982), so it must grow with every change
that is published, whoever made it; and all nodes on one store must agree, also after a restart.
The revision of the last change has all this, and nobody must remember to count. A document carries
it, so that the serial that was written can be told again.
"""

from collections.abc import Iterable

from gslb import snapshot

SOA = 6
"""Its type (RFC 1035 section 3.3.13)."""

_TURN = 2**32
_PLACE = slice(-20, -16)  # the serial in SOA data: five numbers of 32 bits stand at its end


def with_serial(rrsets: Iterable[snapshot.Rrset], more: int) -> list[snapshot.Rrset]:
    """Give the RRsets, the serial of the SOA among them raised by `more`, modulo 2^32."""
    return [_raised(rrset, more) if rrset.type == SOA else rrset for rrset in rrsets]


def _raised(rrset: snapshot.Rrset, more: int) -> snapshot.Rrset:
    raised = []
    for data in rrset.rdata:
        serial = (int.from_bytes(data[_PLACE], "big") + more) % _TURN
        raised.append(data[: _PLACE.start] + serial.to_bytes(4, "big") + data[_PLACE.stop :])
    return snapshot.Rrset(rrset.owner, rrset.type, rrset.ttl, raised)


def soa_of(zone: snapshot.Zone | snapshot.ZoneReader) -> snapshot.Rrset:
    """Give a zone's SOA, which stands among the first RRsets.

    Every zone that was checked has one, any other gets one of zeros.
    """
    zeros = snapshot.Rrset(zone.origin, SOA, 0, [bytes(22)])
    return next((rrset for rrset in zone.rrsets if rrset.type == SOA), zeros)


def serial_of(soa: snapshot.Rrset) -> int:
    """Give the serial that a SOA tells."""
    return int.from_bytes(soa.rdata[0][_PLACE], "big")


def is_newer(serial: int, than: int) -> bool:
    """Whether a serial is greater than another in the arithmetic of RFC 1982 section 3.2."""
    return 0 < (serial - than) % _TURN < _TURN // 2
