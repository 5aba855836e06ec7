"""The health board: a state for each target, an effective weight for each member.

Effective weight = configured weight x alive, where alive is 1 for up and unknown, and 0 for down
and drained; a member that is not probed is alive. The watch writes; everyone else only reads.

An edited probe is another target. Where a member goes from one definition to another at the same
kind, address and port, the verdict goes with it (its streak does not): a longer interval does not
bring back the dead.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from gslb.health.history import History, Turn
from gslb.health.judge import Observation, State, Verdict, judge
from gslb.health.target import Target, targets_of
from gslb.model import Broken, MemberKey, Refused, Steering

ALIVE: Final = {Verdict.UP: 1.0, Verdict.UNKNOWN: 1.0, Verdict.DOWN: 0.0, Verdict.DRAINED: 0.0}

OnWeights = Callable[[Sequence[tuple[MemberKey, float]]], None]
"""Told at once of members whose effective weight changed."""

_log = logging.getLogger("gslb.health")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a probed member stands: why its effective weight is what it is, and since when.

    `since` is unix seconds; `streak` counts the observations in a row that contradict the verdict;
    `observation` is the last one, None before the first.
    """

    verdict: Verdict
    since: float
    streak: int
    observation: Observation | None
    target: str
    effective: float


@dataclass(slots=True)
class _Record:
    target: Target
    state: State
    members: list[MemberKey]
    told: float  # the alive factor that was last told; not the present one if telling failed

    @property
    def alive(self) -> float:
        return ALIVE[self.state.verdict]


class Board:
    """What is held to be true of every target, and what follows for every member."""

    def __init__(self, now: Callable[[], float], on_weights: OnWeights) -> None:
        self._now = now
        self._on_weights = on_weights
        self._records: dict[Target, _Record] = {}
        self._targets: dict[MemberKey, Target | None] = {}
        self._weights: dict[MemberKey, int] = {}
        self.history = History(now())

    # What the watch writes

    def follow(self, steering: Steering, remembered: Mapping[str, State]) -> None:
        """Take in a new steering.

        A target that is new stands as it did under its member's former definition, else as
        remembered (by text), else as unknown. Tells of members that stay, if what they stand on
        made them alive or dead; a changed configured weight is not told, it comes with the answers
        compiled from the steering. Broken if the steering does not hold together: nothing changes.
        """
        targets = targets_of(steering)
        records: dict[Target, _Record] = {}
        for key, target in targets.items():
            if target is not None:
                if target not in records:
                    records[target] = self._record(target)
                records[target].members.append(key)
        for target, record in records.items():
            if target not in self._records:
                record.state = self._inherited(record) or remembered.get(target.text, record.state)
                record.told = record.alive
        before = {key: self._alive(key) for key in self._targets if key in targets}
        self._records, self._targets = records, targets
        self._weights = dict(_weights(steering))
        self._tell([key for key, alive in before.items() if alive != self._alive(key)])

    def observe(self, target: Target, observation: Observation) -> None:
        """Judge an observation, and tell at once if it changed what is alive."""
        record = self._records.get(target)
        if record is None:
            return
        stood, before = record.state, record.state.verdict
        record.state = judge(record.state, observation, target.probe.rise, target.probe.fall)
        if record.told != record.alive:
            self._tell(record.members)
            record.told = record.alive
        if before is not record.state.verdict:
            self.history.add(Turn(record.state.since, target, stood))
            _log.log(
                logging.INFO if record.alive else logging.WARNING,
                "%s is %s, was %s: %s",
                *(target, record.state.verdict, before, observation.words),
            )

    def _record(self, target: Target) -> _Record:
        old = self._records.get(target)
        if old is not None:
            return replace(old, members=[])
        return _Record(target, State(Verdict.UNKNOWN, self._now()), [], 1.0)

    def _inherited(self, record: _Record) -> State | None:
        """Give the state of the definitions that its members had before, if those agree."""
        former = {
            old
            for key in record.members
            if (old := self._targets.get(key)) and old.endpoint == record.target.endpoint
        }
        states = [self._records[old].state for old in former]
        known = [state for state in states if state.verdict is not Verdict.UNKNOWN]
        if len({state.verdict for state in known}) != 1:
            return None
        return replace(max(known, key=lambda state: state.since), streak=0)

    def _tell(self, keys: Iterable[MemberKey]) -> None:
        changes = [(key, self.effective(key)) for key in keys]
        if changes:
            self._on_weights(changes)

    # What everyone reads

    @property
    def targets(self) -> Iterable[Target]:
        """The targets to probe."""
        return self._records.keys()

    def effective(self, key: MemberKey) -> float:
        """Give a member's effective weight; Broken if the steering has no such member."""
        weight = self._weights.get(key)
        if weight is None:
            raise Broken(f"the watch follows no member {key}; it must follow before it weighs")
        return weight * self._alive(key)

    def configured(self, key: MemberKey) -> int:
        """Give a member's configured weight; 0 if it is not there."""
        return self._weights.get(key, 0)

    def _alive(self, key: MemberKey) -> float:
        target = self._targets[key]
        return self._records[target].alive if target is not None else 1.0

    def standing(self, key: MemberKey) -> Standing | None:
        """Say how a member stands; None if it is not probed, or not there."""
        target = self._targets.get(key)
        if target is None:
            return None
        state = self._records[target].state
        return Standing(
            state.verdict,
            state.since,
            state.streak,
            state.last,
            str(target),
            self.effective(key),
        )

    def past(self, at: float) -> "Past":
        """Give how members stood at a time; Refused if the history does not reach so far."""
        if at < self.history.reaches:
            raise Refused(
                f"verdicts are known from {_time(self.history.reaches)} on, and not for "
                f"{_time(at)}; ask for a later time"
            )
        return Past(self, self._targets, self.history.after(at))

    def load(self, key: MemberKey) -> tuple[str, float, float] | None:
        """Give what a member's target told last of its load: target, load, unix seconds."""
        target = self._targets.get(key)
        last = self._records[target].state.last if target is not None else None
        if target is None or last is None or last.load is None:
            return None
        return target.text, last.load, last.at

    def standings(self) -> Iterator[tuple[MemberKey, Standing]]:
        """Give every probed member's standing."""
        for key in self._targets:
            standing = self.standing(key)
            if standing is not None:
                yield key, standing

    def states(self) -> Iterator[tuple[Target, State]]:
        """Give every target's state."""
        for target, record in self._records.items():
            yield target, record.state

    def verdicts(self) -> dict[Verdict, int]:
        """Count the targets by verdict; every verdict is there."""
        counts = Counter(record.state.verdict for record in self._records.values())
        return {verdict: counts[verdict] for verdict in Verdict}

    @property
    def unknown(self) -> bool:
        """Whether a target still has no verdict."""
        return any(r.state.verdict is Verdict.UNKNOWN for r in self._records.values())


class Past:
    """How members stood at a time; members and weights are those of now."""

    def __init__(
        self,
        board: Board,
        targets: Mapping[MemberKey, Target | None],
        states: Mapping[Target, State],
    ) -> None:
        self._board = board
        self._targets = targets
        self._states = states

    def standing(self, key: MemberKey) -> Standing | None:
        """Say how a member stood; None if it is not probed, or not there."""
        now = self._board.standing(key)
        target = self._targets.get(key)
        state = self._states.get(target) if target is not None else None
        if now is None or state is None:
            return now
        return replace(
            now,
            verdict=state.verdict,
            since=state.since,
            streak=state.streak,
            observation=state.last,
            effective=self.effective(key),
        )

    def effective(self, key: MemberKey) -> float:
        """Give what a member's effective weight was."""
        target = self._targets.get(key)
        state = self._states.get(target) if target is not None else None
        if state is None:
            return self._board.effective(key)
        return self._board.configured(key) * ALIVE[state.verdict]


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"


def _weights(steering: Steering) -> Iterator[tuple[MemberKey, int]]:
    for name, vip in steering.vips.items():
        for datacenter, pool in vip.pools.items():
            for member in pool.members:
                yield MemberKey(name, datacenter, member.target), member.weight
