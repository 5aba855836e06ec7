"""Other states of the same world: what if a site were gone, what was answered then.

Nothing is decided here: a plane of its own gets the documents that are answered from, with words
that follow from the imagined verdicts, and the function that answers packets is asked.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Protocol

from gslb.model import Fault, Invalid, MemberKey, PoolKey, Steering, Vip
from gslb.plane import Plane, Release

Weigh = Callable[[MemberKey], float]


class Documents(Protocol):
    """What is answered from, for whoever answers from it once more."""

    def release(self, weigh: Weigh, pool_word: Callable[[PoolKey], int]) -> Release:
        """Give all of it, with other words."""


def imagine(
    plane: Plane, documents: Documents, weigh: Weigh, pool_word: Callable[[PoolKey], int]
) -> Plane:
    """Make a plane that answers as this one would if members weighed so."""
    other = Plane()
    if plane.policy is not None:
        other.configure(plane.policy)
    other.publish(documents.release(weigh, pool_word))
    return other


def read_targets(texts: Iterable[str], steering: Steering) -> frozenset[MemberKey]:
    """Give the members of datacenters, pools (VIP/DATACENTER) and members (…/ADDRESS).

    Invalid names every one that does not exist.
    """
    found: set[MemberKey] = set()
    faults: list[Fault] = []
    for text in texts:
        keys = set(_members(text, steering.vips))
        if not keys:
            faults.append(Fault(("without",), _unknown(text, steering)))
        found |= keys
    if faults:
        raise Invalid(faults)
    return frozenset(found)


def _members(text: str, vips: Mapping[str, Vip]) -> Iterator[MemberKey]:
    for name, vip in vips.items():
        for datacenter, pool in vip.pools.items():
            for member in pool.members:
                key = MemberKey(name, datacenter, member.target)
                if text in {datacenter, f"{name}/{datacenter}", str(key)}:
                    yield key


def _unknown(text: str, steering: Steering) -> str:
    sites = ", ".join(sorted(steering.datacenters)[:8]) or "none"
    return (
        f"{text} has no members; name a datacenter ({sites}), a pool as VIP/DATACENTER, or a "
        "member as VIP/DATACENTER/ADDRESS"
    )


def without(weigh: Weigh, gone: Collection[MemberKey]) -> Weigh:
    """Weigh as if some members were down."""
    return lambda key: 0.0 if key in gone else weigh(key)
