"""A world to what the plane answers from, and every reason why it may not be.

check       all faults between the parts of a world: zone_rules, vip_rules, map_rules,
            capacity_rules
documents   zones and maps to snapshot documents     ranges   networks to sorted ranges
geography   what waits for a geography database     policy   settings to how the plane speaks
"""

from gslb.compiler.check import check
from gslb.compiler.documents import CompiledZone, compile_map, compile_zone, maps_of
from gslb.compiler.policy import compile_policy

__all__ = ["CompiledZone", "check", "compile_map", "compile_policy", "compile_zone", "maps_of"]
