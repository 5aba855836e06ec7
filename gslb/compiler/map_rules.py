"""What must hold for a map, and for tiers wherever they stand."""

from collections.abc import Iterator
from typing import Any

from gslb.compiler.geography import Geography, check_geography
from gslb.compiler.scene import Scene
from gslb.model import Fault, Nearest, OtherMap, Path, Tiers
from gslb.model.maps import PLACE_KEYS

LONGEST_IPV6 = 64  # ranges hold the upper half of an IPv6 address
MOST_MAPS = 8  # that follow each other


def check_map(scene: Scene, geography: Geography, name: str) -> Iterator[Fault]:
    """Give every fault of a map."""
    path: Path = ("maps", name)
    policy = scene.world.maps[name]
    yield from check_geography(scene, geography, policy, path)
    for at, rule in enumerate(policy.rules):
        yield from _check_way(scene, rule.to, (*path, "rules", at, "to"))
    if isinstance(policy.otherwise, OtherMap):
        yield from _check_chain(scene, name)
    else:
        yield from _check_way(scene, policy.otherwise, (*path, "otherwise"))
    yield from _check_networks(scene, name)


def _check_way(scene: Scene, way: Tiers | Nearest, path: Path) -> Iterator[Fault]:
    if isinstance(way, Nearest):
        among = tuple((name,) for name in way.among or ())
        yield from check_tiers(scene, among, (*path, "among"))
    else:
        yield from check_tiers(scene, way, path)


def _check_chain(scene: Scene, name: str) -> Iterator[Fault]:
    """Check the maps that follow each other by `otherwise`, from one on."""
    path: Path = ("maps", name, "otherwise", "map")
    chain = [name]
    while (policy := scene.world.maps.get(chain[-1])) and isinstance(policy.otherwise, OtherMap):
        after = policy.otherwise.map
        if len(chain) == 1 and scene.lacks("maps", after):
            yield Fault(path, unknown(scene, "maps", after))
        if after in chain:
            way = " to ".join([*chain, after])
            yield Fault(path, f"the maps go round: {way}; let one of them end in tiers or nearest")
            return
        chain.append(after)
        if len(chain) > MOST_MAPS:
            yield Fault(path, f"more than {MOST_MAPS} maps follow each other from here; merge some")
            return


def _check_networks(scene: Scene, name: str) -> Iterator[Fault]:
    first: dict[tuple[Any, ...], int] = {}
    for at, rule in enumerate(scene.world.maps[name].rules):
        for which, network in enumerate(rule.networks or ()):
            path = ("maps", name, "rules", at, "networks", which)
            if network.version == 6 and network.prefixlen > LONGEST_IPV6:  # noqa: PLR2004
                yield Fault(path, f"{network} is longer than /{LONGEST_IPV6}; widen it")
            said = (network, *(getattr(rule, key) for key in PLACE_KEYS))
            if said in first:
                where = "in this rule" if first[said] == at else f"in rule {first[said] + 1}"
                yield Fault(path, f"{network} stands twice in this map, first {where}; "
                                  "take one out")  # fmt: skip
            else:
                first[said] = at


def check_tiers(scene: Scene, tiers: Tiers, path: Path) -> Iterator[Fault]:
    """Give every fault of a list of tiers: datacenters that do not exist, or stand twice."""
    seen: set[str] = set()
    for at, tier in enumerate(tiers):
        for datacenter in tier:
            if datacenter in seen:
                yield Fault((*path, at), f"the datacenter {datacenter} stands twice in these "
                                         "tiers; take one out")  # fmt: skip
            elif scene.lacks("datacenters", datacenter):
                yield Fault((*path, at), unknown(scene, "datacenters", datacenter))
            seen.add(datacenter)


def unknown(scene: Scene, collection: str, name: str) -> str:
    """Say that a name does not exist, and which do."""
    noun = collection.removesuffix("s")
    names = sorted(getattr(scene.world, collection))
    few = f"{', '.join(names[:8])}{', …' if len(names) > 8 else ''}"  # noqa: PLR2004
    return f"unknown {noun} {name}; " + (
        f"the {collection} are {few}" if names else f"there are no {collection} yet"
    )
