"""What can go wrong, as one tree.

    GslbError
    ├── Invalid   your input; carries every fault at once, each with its path
    ├── Refused   right, but not now, or too much; a reason, and how to go on
    └── Broken    ours; something that should hold does not

The CLI and the API each map the three families once, to exit codes and to HTTP.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where (path, and place if from a file) and a sentence.

    `path` leads from the root of a `World` to the value, for example
    `("vips", "www.gslb.example.", "pools", "tokyo", "members", 0, "weight")`. The sentence says
    what is wrong and what to do, and does not repeat the place.
    """

    path: Path
    sentence: str
    place: Place | None = None

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer (RFC 6901)."""
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.path)

    def __str__(self) -> str:
        return f"{self.place or self.pointer or '/'}: {self.sentence}"


class GslbError(Exception):
    """The root of every error that gslb raises on purpose."""


class Invalid(GslbError):  # noqa: N818  (the family's word, as in the docs)
    """An input with faults; all of them, not the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Refused(GslbError):  # noqa: N818
    """A right request that is not carried out now; the sentence says why and what to do."""


class Broken(GslbError):  # noqa: N818
    """Something of ours that should hold does not."""
