"""What needs a geography database, which this version does not read: refused, in one place."""

from collections.abc import Iterator

from gslb.model import Fault, Map, Nearest, Path
from gslb.model.maps import PLACE_KEYS

_NEEDS = (
    "needs a geography database, which this version does not read yet; use networks rules and tiers"
)


def check_geography(policy: Map, path: Path) -> Iterator[Fault]:
    """Give a fault for each part of a map that asks where a client is."""
    if isinstance(policy.otherwise, Nearest):
        yield Fault((*path, "otherwise"), f"nearest {_NEEDS}")
    for at, rule in enumerate(policy.rules):
        for key in PLACE_KEYS:
            if getattr(rule, key) is not None:
                yield Fault((*path, "rules", at, key), f"a rule by {key} {_NEEDS}")
