"""What verdicts were: the turns of the last while, bounded, and how targets stood at a time.

It is held in memory and reaches back to the start of the process, or as far as its turns last.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from gslb.health.judge import State
from gslb.health.target import Target

MOST_TURNS = 100_000


@dataclass(frozen=True, slots=True)
class Turn:
    """A target's verdict became another, at unix seconds; `before` is how it stood until then."""

    at: float
    target: Target
    before: State


class History:
    """The turns of verdicts, oldest first."""

    def __init__(self, since: float, most: int = MOST_TURNS) -> None:
        self._turns: deque[Turn] = deque(maxlen=most)
        self._since = since

    def add(self, turn: Turn) -> None:
        """Add a turn; the oldest goes when there are too many."""
        if len(self._turns) == self._turns.maxlen:
            self._since = self._turns[0].at
        self._turns.append(turn)

    @property
    def reaches(self) -> float:
        """From when on it is known how targets stood, unix seconds."""
        return self._since

    def after(self, at: float) -> dict[Target, State]:
        """Give the targets that have turned since then, each as it stood at that time."""
        return {turn.target: turn.before for turn in self._newest_first(at)}

    def _newest_first(self, at: float) -> Iterator[Turn]:
        for turn in reversed(tuple(self._turns)):  # copied at once: other threads ask, too
            if turn.at <= at:
                return
            yield turn
