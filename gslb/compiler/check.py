"""Whether the parts of a world fit together; all faults, each with its path."""

from collections.abc import Collection

from gslb.compiler.capacity_rules import check_capacities
from gslb.compiler.fallback_rules import check_fallbacks
from gslb.compiler.geography import AnyGeography, Geography, NoGeography
from gslb.compiler.map_rules import check_map
from gslb.compiler.scene import Scene
from gslb.compiler.vip_rules import check_vips
from gslb.compiler.zone_rules import check_zone
from gslb.model import Fault, World


def check(
    world: World,
    known: Collection[tuple[str, str]] = (),
    geography: Geography = NoGeography(),  # noqa: B008  (it has no state)
    kept: Collection[str] = (),
) -> tuple[Fault, ...]:
    """Give every fault between the parts of a world; none means that it can be served.

    `known` are (collection, key) of things that exist in the input but were faulty in themselves:
    a reference to one is no fault, and what may be missing because of one isn't either.
    `geography` says what can be known of where clients are; what it lacks is no fault of the maps
    in `kept`, which were classified before and stay as they are.
    """
    scene = Scene(world, frozenset(known))
    faults: list[Fault] = []
    for origin in sorted(world.zones):
        faults += check_zone(scene, origin)
    for name in sorted(world.maps):
        faults += check_map(scene, AnyGeography() if name in kept else geography, name)
    faults += check_vips(scene)
    faults += check_fallbacks(scene)
    faults += check_capacities(scene)
    return tuple(faults)
