"""What can go wrong, as one tree.

    GslbError
    ├── Invalid   your input; carries every fault at once, each with its path
    ├── Refused   right, but not now, or too much; a reason, and how to go on
    └── Broken    ours; something that should hold does not

The CLI and the API each map the three families once, to exit codes and to HTTP.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gslb.model.spelling import meant_key

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


def faults_from(error: ValidationError, root: Path = ()) -> tuple[Fault, ...]:
    """Turn what pydantic found into faults, in the words of an operator, none twice."""
    found: dict[Fault, None] = {}
    counts: dict[Fault, None] = {}  # "too few" follows from the fault of a member: then untold
    for item in error.errors(include_url=False):
        path = (*root, *(part for part in item["loc"] if not _is_internal(part)))
        (counts if item["type"] == "too_short" else found)[Fault(path, _sentence(item, path))] = (
            None
        )
    for fault in counts:
        if not any(other.path[: len(fault.path)] == fault.path for other in found):
            found[fault] = None
    return tuple(found)


def _is_internal(part: str | int) -> bool:
    """Whether a step names a branch of a union (`<tiers>`) or a key itself, not a place."""
    return isinstance(part, str) and (part == "[key]" or (part[:1] == "<" and part[-1:] == ">"))


_SENTENCES = {
    "extra_forbidden": "unknown key {name}; {hint}",
    "missing": "{name} is missing; write it",
    "greater_than_equal": "{input} is too small; the least is {ge}",
    "less_than_equal": "{input} is too large; the most is {le}",
    "int_type": "{input} is not a whole number",
    "int_parsing": "{input} is not a whole number",
    "float_type": "{input} is not a number",
    "float_parsing": "{input} is not a number",
    "bool_parsing": "{input} is not true or false",
    "bool_type": "{input} is not true or false",
    "string_type": "{input} is not text",
    "model_type": "{input} is not a mapping; write keys and values",
    "model_attributes_type": "{input} is not a mapping; write keys and values",
    "dict_type": "{input} is not a mapping; write names and values",
    "tuple_type": "{input} is not a list",
    "list_type": "{input} is not a list",
    "literal_error": "{input} is none of {expected}",
    "too_short": "too few; write at least {min_length}",
    "too_long": "too many; write at most {max_length}",
    "string_too_short": "{input} is too short",
    "string_too_long": "{input} is longer than {max_length} characters",
    "string_pattern_mismatch": "{input} is not of the form {pattern}",
    "probe_kind": "{error}",
}


def _sentence(item: ErrorDetails, path: Path) -> str:
    """Say one of pydantic's findings as a sentence that tells what to do."""
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    pattern = _SENTENCES.get(item["type"])
    if pattern is None:
        return item["msg"]
    meant = meant_key(path) if item["type"] == "extra_forbidden" else None
    words = {
        "name": repr(item["loc"][-1]) if item["loc"] else "a value",
        "error": item["msg"],
        "hint": f"did you mean {meant!r}?" if meant else "take it out, or mend its spelling",
    }
    return pattern.format(input=_short(item["input"]), **words, **item.get("ctx", {}))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004
