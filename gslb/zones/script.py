"""RRsets to a master file (RFC 1035 section 5) that a person can read and change.

SOA and NS come first, then names in canonical order (RFC 4034 section 6.1). Names in the zone are
written relative to $ORIGIN, and a TTL only where it differs from $TTL.
"""

from collections import Counter
from collections.abc import Iterator

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.SOA import SOA

from gslb.model import Rrset, Zone
from gslb.model.names import labels, to_text

_APEX_FIRST = ("SOA", "NS")
_WIDEST_OWNER = 40


def write_script(zone: Zone) -> str:
    """Write a zone's records."""
    origin = dns.name.from_text(zone.origin)
    depth = len(labels(zone.origin))
    ttl = _usual_ttl(zone)
    rows = [
        (owner, "" if rrset.ttl == ttl else str(rrset.ttl), rrset.type, data)
        for owner, rrset in _ordered(zone, depth)
        for data in _data(rrset, origin)
    ]
    owners = min(max((len(row[0]) for row in rows), default=1), _WIDEST_OWNER)
    ttls = max((len(row[1]) for row in rows), default=0)
    types = max((len(row[2]) for row in rows), default=1)
    gap = "" if ttls == 0 else " "
    lines = [f"$ORIGIN {zone.origin}", f"$TTL {ttl}"]
    lines += (f"{row[0]:{owners}} {row[1]:{ttls}}{gap}IN {row[2]:{types}} {row[3]}" for row in rows)
    return "\n".join(lines) + "\n"


def _usual_ttl(zone: Zone) -> int:
    """Give the TTL that most records have, the lowest of those that tie."""
    counts = Counter(rrset.ttl for rrset in zone.rrsets.values())
    return min(counts, key=lambda ttl: (-counts[ttl], ttl), default=3600)


def _ordered(zone: Zone, depth: int) -> Iterator[tuple[str, Rrset]]:
    """Give the RRsets in the order of the file, each with its owner as it is written."""
    found = []
    for rrset in zone.rrsets.values():
        parts = labels(rrset.name)
        rank = _APEX_FIRST.index(rrset.type) if rrset.type in _APEX_FIRST else len(_APEX_FIRST)
        found.append((tuple(reversed(parts)), rank, rrset.type, parts, rrset))
    for *_, parts, rrset in sorted(found, key=lambda item: item[:3]):
        below = parts[: len(parts) - depth]
        inside = rrset.name == zone.origin or zone.holds(rrset.name)
        owner = (to_text(below).removesuffix(".") if below else "@") if inside else rrset.name
        yield owner or rrset.name, rrset


def _data(rrset: Rrset, origin: dns.name.Name) -> Iterator[str]:
    for text in rrset.rdata:
        rdata = dns.rdata.from_text(
            dns.rdataclass.IN, dns.rdatatype.from_text(rrset.type), text, origin=dns.name.root,
            relativize=False,
        )  # fmt: skip
        yield _soa(rdata, origin) if isinstance(rdata, SOA) else rdata.to_text(origin, True)  # noqa: FBT003


def _soa(soa: SOA, origin: dns.name.Name) -> str:
    numbers = {
        "serial": soa.serial,
        "refresh": soa.refresh,
        "retry": soa.retry,
        "expire": soa.expire,
        "negative TTL (RFC 2308)": soa.minimum,
    }
    lines = [f"\n    {number:<10} ; {what}" for what, number in numbers.items()]
    names = f"{soa.mname.choose_relativity(origin)} {soa.rname.choose_relativity(origin)}"
    return f"{names} ({''.join(lines)}\n    )"
