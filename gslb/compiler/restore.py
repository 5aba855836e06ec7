"""From a zone's document back to its records: what is served, when the store cannot be read.

The inverse of the compiler for ordinary records; the serial is the one that was written. VIPs need
no such way back: the state folder keeps them as the operator said them.
"""

from gslb import snapshot
from gslb.compiler.records import restore_records
from gslb.compiler.serial import with_serial
from gslb.heap import growing
from gslb.model import Rrsets, Zone
from gslb.model.names import from_wire
from gslb.model.rrsets import Rows


def restore_zone(document: bytes) -> Zone:
    """Give the zone that a document was compiled from, its VIPs left out.

    Its records are read when they are first asked for: answers do not wait for them.
    """

    def load() -> Rows:
        with growing():
            zone = snapshot.decode_zone(document)
            return restore_records(with_serial(zone.rrsets, -zone.changed))

    return Zone(origin=from_wire(snapshot.decode_head(document).origin), rrsets=Rrsets(load))
