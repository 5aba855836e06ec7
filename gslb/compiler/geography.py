"""What a map needs to know of where clients are: whether it can be known, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from gslb import snapshot
from gslb.compiler.scene import Scene
from gslb.model import Fault, Map, Nearest, Path, Tiers
from gslb.model.maps import PLACE_KEYS


class Geography(Protocol):
    """Who knows where clients are."""

    def lacks(self, attribute: str) -> str:
        """Say why an attribute of clients, or `location`, cannot be known; empty if it can."""


@dataclass(frozen=True)
class Classified:
    """A map's ladders by class, and the ranges of clients of each class.

    `atlas` says by which databases clients were placed.
    """

    ladders: tuple[Tiers, ...]
    ipv4: snapshot.Ranges
    ipv6: snapshot.Ranges
    atlas: str


class NoGeography:
    """Knows nothing of clients but their networks."""

    def lacks(self, _attribute: str) -> str:
        """Say that there is no database."""
        return "which needs a geography database; give one with --geoip"


class AnyGeography:
    """Knows everything: for who checks a world that somebody else will serve."""

    def lacks(self, _attribute: str) -> str:
        """Say that nothing is lacking."""
        return ""


def check_geography(scene: Scene, geography: Geography, policy: Map, path: Path) -> Iterator[Fault]:
    """Give a fault for each part of a map that asks what cannot be known."""
    ways = [((*path, "rules", at, "to"), rule.to) for at, rule in enumerate(policy.rules)]
    for place, way in (*ways, ((*path, "otherwise"), policy.otherwise)):
        if isinstance(way, Nearest):
            if why := geography.lacks("location"):
                yield Fault(place, f"nearest goes by where clients are, {why}")
            yield from _check_sites(scene, way, place)
    for at, rule in enumerate(policy.rules):
        for key in PLACE_KEYS:
            if getattr(rule, key) is not None and (why := geography.lacks(key)):
                yield Fault(
                    (*path, "rules", at, key), f"a rule by {key} goes by where clients are, {why}"
                )


def _check_sites(scene: Scene, way: Nearest, path: Path) -> Iterator[Fault]:
    """Check that a way to the nearest has datacenters that lie somewhere."""
    known = scene.world.datacenters
    for at, name in enumerate(way.among or ()):
        site = known.get(name)
        if site is not None and site.location is None and not scene.is_faulty("datacenters", name):
            yield Fault(
                (*path, "among", at),
                f"{name} has no location, so nobody can be near it; write where it is, as "
                "location: [35.68, 139.69]",
            )
    located = [site for site in known.values() if site.location is not None]
    if way.among is None and not located and not scene.is_faulty("datacenters", "*"):
        yield Fault(
            path,
            "nearest needs datacenters with a location, and none has one; write where they are, "
            "as location: [35.68, 139.69]",
        )
