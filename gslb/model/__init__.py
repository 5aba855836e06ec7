"""The nouns: frozen, validated, without I/O. Files, API and store all speak in these."""

from gslb.model.addresses import Address, Network
from gslb.model.edits import Edit, apply_edits, find_edits, value_at
from gslb.model.faults import Broken, Fault, GslbError, Invalid, Path, Place, Refused
from gslb.model.keys import MemberKey, PoolKey
from gslb.model.maps import Map, Nearest, OtherMap, Rule, Tiers, Way
from gslb.model.probe import HttpProbe, Probe, TcpProbe
from gslb.model.records import Rrset, RrsetKey
from gslb.model.rrsets import Rrsets
from gslb.model.steering import (
    Capacity,
    Datacenter,
    Fallback,
    LastResort,
    Member,
    OtherVip,
    Pool,
    Sticky,
    Vip,
)
from gslb.model.world import COLLECTIONS, Steering, World
from gslb.model.zone import Zone

__all__ = [
    "COLLECTIONS",
    "Address",
    "Broken",
    "Capacity",
    "Datacenter",
    "Edit",
    "Fallback",
    "Fault",
    "GslbError",
    "HttpProbe",
    "Invalid",
    "LastResort",
    "Map",
    "Member",
    "MemberKey",
    "Nearest",
    "Network",
    "OtherMap",
    "OtherVip",
    "Path",
    "Place",
    "Pool",
    "PoolKey",
    "Probe",
    "Refused",
    "Rrset",
    "RrsetKey",
    "Rrsets",
    "Rule",
    "Steering",
    "Sticky",
    "TcpProbe",
    "Tiers",
    "Vip",
    "Way",
    "World",
    "Zone",
    "apply_edits",
    "find_edits",
    "value_at",
]
