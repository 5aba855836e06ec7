"""What must hold for a map, and for tiers wherever they stand."""

from collections.abc import Iterable, Iterator
from typing import Any

from gslb.compiler.geography import Geography, check_geography
from gslb.compiler.scene import Scene
from gslb.model import Fault, Map, Nearest, Network, OtherMap, Path, Rule, Tiers
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
    yield from _check_reach(policy, path)


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


def _check_reach(policy: Map, path: Path) -> Iterator[Fault]:
    """Find the rules that decide for nobody, since others always go before them."""
    first: dict[tuple[Any, ...], int] = {}
    for at, rule in enumerate(policy.rules):
        if rule.networks is None:
            before = first.setdefault(_place_of(rule), at)
            if before != at:
                yield Fault((*path, "rules", at), f"nobody comes to this rule: rule {before + 1} "
                            "says the same of clients and goes before; take one out")  # fmt: skip
    covered = _covered(n for rule in policy.rules if not any(_place_of(rule))
                       for n in rule.networks or ())  # fmt: skip
    for at, rule in enumerate(policy.rules):
        for which, network in enumerate(rule.networks or ()):
            if network in covered:
                yield Fault((*path, "rules", at, "networks", which), f"nobody comes to {network}: "
                            "longer networks of this map cover all of it; take it out")  # fmt: skip


def _place_of(rule: Rule) -> tuple[Any, ...]:
    return tuple(getattr(rule, key) for key in PLACE_KEYS)


def _covered(networks: Iterable[Network]) -> set[Network]:
    """Give the networks all of which lies in longer ones: these have both of its halves."""
    longest_first = sorted(set(networks), key=lambda network: -network.prefixlen)
    whole: set[Network] = set()  # lies in networks that were met before
    found: set[Network] = set()
    for network in longest_first:
        if network in whole:
            found.add(network)
        while network not in whole:
            whole.add(network)
            if not network.prefixlen or _sibling(network) not in whole:
                break
            network = network.supernet()  # noqa: PLW2901
    return found


def _sibling(network: Network) -> Network:
    """Give the other half of the network that is one bit shorter."""
    bit = 1 << (network.max_prefixlen - network.prefixlen)
    return type(network)((int(network.network_address) ^ bit, network.prefixlen))


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
