"""The nouns: frozen, validated, without I/O. Files, API and store all speak in these."""

from gslb.model.faults import Broken, Fault, GslbError, Invalid, Path, Place, Refused
from gslb.model.probe import HttpProbe, Probe, TcpProbe
from gslb.model.records import Rrset, RrsetKey, Zone
from gslb.model.steering import (
    Address,
    Datacenter,
    Fallback,
    LastResort,
    Map,
    Member,
    Network,
    Pool,
    Rule,
    Tiers,
    Vip,
)
from gslb.model.world import COLLECTIONS, Steering, World

__all__ = [
    "COLLECTIONS",
    "Address",
    "Broken",
    "Datacenter",
    "Fallback",
    "Fault",
    "GslbError",
    "HttpProbe",
    "Invalid",
    "LastResort",
    "Map",
    "Member",
    "Network",
    "Path",
    "Place",
    "Pool",
    "Probe",
    "Refused",
    "Rrset",
    "RrsetKey",
    "Rule",
    "Steering",
    "TcpProbe",
    "Tiers",
    "Vip",
    "World",
    "Zone",
]
