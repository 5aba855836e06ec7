"""What every kind of probe shares: its outcome, its failure, and how far it came."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a probe found: well or not, in an operator's words. None: the prober itself failed."""

    ok: bool | None
    words: str
    load: float | None = None  # what the target told of its load


class Failed(Exception):  # noqa: N818  (an answer of the probe, in the words of the docs)
    """The target is not well; the words say how."""


class Course:
    """How far a probe came; a probe that runs out of time is told by it.

    `late` is a phrase with a place for the limit, such as `no answer within {}`; `load` is what
    the target told of its load.
    """

    __slots__ = ("late", "load")

    def __init__(self) -> None:
        self.late = "nothing done within {}"
        self.load: float | None = None

    def told(self, limit: str) -> str:
        """Say what was waited for in vain, and how long."""
        return self.late.replace("{}", limit, 1)
