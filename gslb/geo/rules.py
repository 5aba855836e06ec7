"""Which rule decides for a client: of those that fit, the most specific.

The longest network goes before everything; then `asn`, `city`, `subdivision`, `country` and
`continent`, in this order; of two rules that are equal in that the one that says more; then the one
that stands first. Where no rule of a map fits, its `otherwise` goes on, maybe with another map.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gslb.model import Map, Nearest, Network, OtherMap, Rule, Tiers
from gslb.model.maps import PLACE_KEYS

Fits = Callable[[str, Rule], bool]
"""Whether a client fits what a rule says under a key."""


@dataclass(frozen=True)
class Step:
    """One map of a chain: its rules that are not of networks in order, the others by network."""

    name: str
    policy: Map

    @cached_property
    def by_network(self) -> Mapping[Network, Sequence[int]]:
        """The rules of each network, the most specific first."""
        found: dict[Network, list[int]] = {}
        for at in self._sorted:
            for network in self.policy.rules[at].networks or ():
                found.setdefault(network, []).append(at)
        return found

    @cached_property
    def by_place(self) -> Sequence[int]:
        """The rules without networks, the most specific first."""
        return [at for at in self._sorted if self.policy.rules[at].networks is None]

    @cached_property
    def _sorted(self) -> Sequence[int]:
        rules = self.policy.rules
        return sorted(range(len(rules)), key=lambda at: (*specificity(rules[at]), at))


@dataclass(frozen=True)
class Decision:
    """The way that a client goes, and who said so: a map's rule, or its `otherwise` (rule None)."""

    map: str
    rule: int | None
    way: Tiers | Nearest


def keys_of(rule: Rule) -> tuple[str, ...]:
    """Give the keys of a place that a rule names, the most specific first."""
    return tuple(key for key in PLACE_KEYS if getattr(rule, key) is not None)


def specificity(rule: Rule) -> tuple[int, int]:
    """Give what rules are sorted by, apart from networks; the least goes first."""
    keys = keys_of(rule)
    return (PLACE_KEYS.index(keys[0]) if keys else len(PLACE_KEYS), -len(keys))


def chain_of(name: str, maps: Mapping[str, Map]) -> tuple[Step, ...]:
    """Give the maps that are asked in turn, until one ends it, is not there, or comes again."""
    steps: dict[str, Step] = {}
    policy = maps.get(name)
    while policy is not None and name not in steps:
        steps[name] = Step(name, policy)
        if not isinstance(policy.otherwise, OtherMap):
            break
        name = policy.otherwise.map
        policy = maps.get(name)
    return tuple(steps.values())


def decide(chain: Sequence[Step], around: Sequence[Network], fits: Fits) -> Decision:
    """Decide for a client; `around` are the rules' networks that hold it, the longest first."""
    for step in chain:
        for at in _candidates(step, around):
            rule = step.policy.rules[at]
            if all(fits(key, rule) for key in keys_of(rule)):
                return Decision(step.name, at, rule.to)
    last = chain[-1]
    way = last.policy.otherwise
    if isinstance(way, OtherMap):  # a loop, which the check refuses: nobody is sent anywhere
        return Decision(last.name, None, ())
    return Decision(last.name, None, way)


def _candidates(step: Step, around: Sequence[Network]) -> Iterator[int]:
    for network in around:
        yield from step.by_network.get(network, ())
    yield from step.by_place


def networks_of(chain: Sequence[Step]) -> tuple[Network, ...]:
    """Give every network that the rules of a chain name, once, in their order."""
    return tuple(dict.fromkeys(network for step in chain for network in step.by_network))


def ways_of(chain: Sequence[Step]) -> Iterator[Tiers | Nearest]:
    """Give every way that a client may go."""
    for step in chain:
        yield from (rule.to for rule in step.policy.rules)
        if not isinstance(step.policy.otherwise, OtherMap):
            yield step.policy.otherwise
