"""A map to ranges: every client network's class, and the ladder of each class.

Each database gives its places a signature: what the rules can tell apart of them. The overlay of
all databases and of the rules' networks has few distinct combinations of signatures and networks;
each is decided once, by `rules.decide`, and gets the class of its ladder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gslb import snapshot
from gslb.compiler import Classified
from gslb.geo.atlas import Opened, mark
from gslb.geo.nearest import together
from gslb.geo.networks import find_ranges, pack_ranges
from gslb.geo.places import signatures
from gslb.geo.rules import Step, chain_of, decide, keys_of, networks_of, ways_of
from gslb.model import Datacenter, Map, Nearest, Network, Rule, Tiers
from gslb.plane import Overlay

_ALIASES = frozenset(snapshot.IN_IPV4.values())


@dataclass(frozen=True)
class _Question:
    """What has to be known of places: which values under a key of rules, which ways to go."""

    values: Mapping[str, Sequence[str | int]]
    ways: Sequence[Nearest]


@dataclass(frozen=True)
class _Answer:
    """What one database says of a combination; None is "it does not know"."""

    fits: Mapping[str, frozenset[str | int] | None]
    ladders: Mapping[Nearest, Tiers | None]


def classify(
    name: str,
    maps: Mapping[str, Map],
    datacenters: Mapping[str, Datacenter],
    opened: Sequence[Opened],
) -> Classified:
    """Classify the clients of a map; the map must be without faults (`compiler.check`)."""
    chain = chain_of(name, maps)
    question = _question(chain)
    asked = [one for one in opened if question.values or question.ways]
    layers = []
    meanings: list[list[_Answer]] = []
    for one in asked:
        ids, meaning = _signed(one, question, datacenters)
        layers.append((one.database, ids))
        meanings.append(meaning)
    networks = networks_of(chain)
    overlay = Overlay(layers, [_layer(networks)])
    deciding = _Deciding(chain, datacenters, meanings, _around(networks))
    rows = np.frombuffer(overlay.combinations, "<u4").reshape(-1, len(layers) + 1)
    classes = [deciding.class_of(row) for row in rows.tolist()]
    v4, v4_classes, v6, v6_classes = overlay.ranges(np.array(classes, dtype="<u4").tobytes())
    return Classified(
        tuple(deciding.ladders) or ((),),
        snapshot.Ranges(v4, v4_classes),
        snapshot.Ranges(v6, v6_classes),
        mark(asked),
    )


def needs(name: str, maps: Mapping[str, Map]) -> bool:
    """Whether a map's clients are told apart by where they are, and not by networks alone."""
    question = _question(chain_of(name, maps))
    return bool(question.values or question.ways)


def orders_sites(name: str, maps: Mapping[str, Map]) -> bool:
    """Whether a map sends clients to the nearest, so that it matters where datacenters are."""
    return bool(_question(chain_of(name, maps)).ways)


def _question(chain: Sequence[Step]) -> _Question:
    values: dict[str, dict[str | int, None]] = {}
    for step in chain:
        for rule in step.policy.rules:
            for key in keys_of(rule):
                values.setdefault(key, {})[getattr(rule, key)] = None
    ways = dict.fromkeys(way for way in ways_of(chain) if isinstance(way, Nearest))
    return _Question({key: tuple(found) for key, found in values.items()}, tuple(ways))


def _signed(
    one: Opened, question: _Question, datacenters: Mapping[str, Datacenter]
) -> tuple[bytes, list[_Answer]]:
    """Give each place of a database a signature, and say what each signature means."""
    keys = [one.places.fitting(key, values) for key, values in question.values.items()]
    ways = [one.places.near(way, datacenters) for way in question.ways]
    columns = [(codes, len(meaning)) for codes, meaning in (*keys, *ways)]
    numbers, rows = signatures(columns, one.database.places)
    meanings = [
        _Answer(
            {
                key: meaning[code]
                for key, (_, meaning), code in zip(question.values, keys, row, strict=False)
            },
            {
                way: ladders[code]
                for way, (_, ladders), code in zip(
                    question.ways, ways, row[len(keys) :], strict=True
                )
            },
        )
        for row in rows
    ]
    return numbers.astype("<u4").tobytes(), meanings


def _layer(networks: Sequence[Network]) -> tuple[bytes, bytes, bytes, bytes]:
    """Make a layer in which the id of an address is that of the longest network around it."""
    numbered = [(network, at) for at, network in enumerate(networks, start=1)]
    packed = [pack_ranges(*find_ranges(numbered, version, 0), version) for version in (4, 6)]
    ipv4, ipv6 = packed
    return ipv4.starts, ipv4.classes, ipv6.starts, ipv6.classes


def _around(networks: Sequence[Network]) -> list[tuple[Network, ...]]:
    """Give for each id of the layer the networks around an address, the longest first."""
    known = set(networks)
    lengths = {
        version: sorted({n.prefixlen for n in known if n.version == version}, reverse=True)
        for version in (4, 6)
    }
    return [
        (),
        *(
            tuple(
                above
                for length in lengths[network.version]
                if length <= network.prefixlen
                and (above := network.supernet(new_prefix=length)) in known
            )
            for network in networks
        ),
    ]


class _Deciding:
    """Gives combinations their classes."""

    def __init__(
        self,
        chain: Sequence[Step],
        datacenters: Mapping[str, Datacenter],
        meanings: Sequence[Sequence[_Answer]],
        around: Sequence[Sequence[Network]],
    ) -> None:
        self._chain = chain
        self._datacenters = datacenters
        self._meanings = meanings
        self._around = around
        self.ladders: dict[Tiers, int] = {}

    def class_of(self, row: Sequence[int]) -> int:
        """Give the class of a combination: an id of each database, and one of networks."""
        *ids, network = row
        around = self._around[network]
        alias = next((number for number in ids if number in _ALIASES), None)
        if alias is not None:
            decision = decide(self._chain, around, lambda _key, _rule: False)
            if decision.rule is None:
                return alias
            answers: list[_Answer] = []
        else:
            answers = [meaning[at] for meaning, at in zip(self._meanings, ids, strict=True)]
            decision = decide(self._chain, around, lambda key, rule: _fits(answers, key, rule))
        way = decision.way
        ladder = self._nearest(answers, way) if isinstance(way, Nearest) else way
        return self.ladders.setdefault(ladder, len(self.ladders))

    def _nearest(self, answers: Sequence[_Answer], way: Nearest) -> Tiers:
        found = (ladder for one in answers if (ladder := one.ladders[way]) is not None)
        return next(found, None) or together(way, self._datacenters)


def _fits(answers: Sequence[_Answer], key: str, rule: Rule) -> bool:
    """Whether a combination fits what a rule says under a key, by the first database that knows."""
    known = (fitting for one in answers if (fitting := one.fits[key]) is not None)
    return getattr(rule, key) in next(known, ())
