"""What must hold for a map, and for tiers wherever they stand."""

from collections.abc import Iterator

from gslb.compiler.geography import check_geography
from gslb.compiler.scene import Scene
from gslb.model import Fault, Nearest, Network, Path, Tiers

LONGEST_IPV6 = 64  # ranges hold the upper half of an IPv6 address


def check_map(scene: Scene, name: str) -> Iterator[Fault]:
    """Give every fault of a map."""
    path: Path = ("maps", name)
    policy = scene.world.maps[name]
    yield from check_geography(policy, path)
    for at, rule in enumerate(policy.rules):
        if not isinstance(rule.to, Nearest):
            yield from check_tiers(scene, rule.to, (*path, "rules", at, "to"))
    if isinstance(policy.otherwise, tuple):
        yield from check_tiers(scene, policy.otherwise, (*path, "otherwise"))
    yield from _check_networks(scene, name)


def _check_networks(scene: Scene, name: str) -> Iterator[Fault]:
    first: dict[Network, int] = {}
    for at, rule in enumerate(scene.world.maps[name].rules):
        for which, network in enumerate(rule.networks or ()):
            path = ("maps", name, "rules", at, "networks", which)
            if network.version == 6 and network.prefixlen > LONGEST_IPV6:  # noqa: PLR2004
                yield Fault(path, f"{network} is longer than /{LONGEST_IPV6}; widen it")
            if network in first:
                where = "in this rule" if first[network] == at else f"in rule {first[network] + 1}"
                yield Fault(path, f"{network} stands twice in this map, first {where}; "
                                  "take one out")  # fmt: skip
            else:
                first[network] = at


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
