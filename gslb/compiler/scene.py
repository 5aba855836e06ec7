"""What the checks look at: a world, and what is known to exist although it could not be read."""

from collections.abc import Collection
from dataclasses import dataclass

from gslb.model import World
from gslb.model.names import ancestors

ANY = "*"


@dataclass(frozen=True, slots=True)
class Scene:
    """A world and the (collection, key) pairs of things that exist but are faulty.

    An RRset's pair is ("rrsets", "NAME TYPE"); the key "*" means that any may exist.
    """

    world: World
    known: Collection[tuple[str, str]]

    def lacks(self, collection: str, name: str) -> bool:
        """Whether nothing of this name exists, not even something faulty."""
        return name not in getattr(self.world, collection) and not self.is_faulty(collection, name)

    def is_faulty(self, collection: str, name: str) -> bool:
        """Whether this is known to exist, or may exist, in a form that could not be read."""
        return bool(self.known) and (
            (collection, name) in self.known or (collection, ANY) in self.known
        )

    def may_hold(self, origin: str, name: str, rtype: str) -> bool:
        """Whether a zone may have this RRset in a form that could not be read."""
        return bool(self.known) and (
            ("rrsets", f"{name} {rtype}") in self.known or ("zones", origin) in self.known
        )


def upward(name: str) -> tuple[str, ...]:
    """Give a canonical name and each name above it, nearest first, the root last."""
    if "\\" in name:
        return ancestors(name)
    found = [] if name == "." else [name]
    at = name.find(".")
    while -1 < at < len(name) - 1:
        found.append(name[at + 1 :])
        at = name.find(".", at + 1)
    return (*found, ".")
