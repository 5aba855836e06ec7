"""A world to what the plane answers from, and every reason why it may not be.

check       all faults between the parts of a world: zone_rules, vip_rules, map_rules,
            capacity_rules
documents   zones and maps to snapshot documents     policy   settings to how the plane speaks
notes       what is no fault, but may not be what was meant
geography   what must be known of where clients are, and how maps come back classified
"""

from gslb.compiler.check import check
from gslb.compiler.documents import CompiledZone, compile_map, compile_zone, maps_of
from gslb.compiler.geography import AnyGeography, Classified, Geography
from gslb.compiler.notes import check_notes
from gslb.compiler.policy import compile_policy

__all__ = [
    "AnyGeography",
    "Classified",
    "CompiledZone",
    "Geography",
    "check",
    "check_notes",
    "compile_map",
    "compile_policy",
    "compile_zone",
    "maps_of",
]
