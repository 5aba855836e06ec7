"""The entries of a master file (RFC 1035 section 5.1): where each starts and ends.

An entry is a line, or several held together by parentheses. This finds them and judges nothing,
so that a fault in one entry leaves the others readable.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry's text, newline included, and the lines it stands on, counted from 1."""

    text: str
    first: int
    last: int
    open: bool = False
    """Whether the file ended inside its parentheses."""

    @property
    def words(self) -> list[str]:
        """The words on its first line up to a comment, as far as blanks tell."""
        return self.text.split("\n", 1)[0].split(";", 1)[0].split()


def split_entries(text: str) -> Iterator[Entry]:
    """Give the entries of a file that are more than blanks and comments."""
    held: list[str] = []
    first, depth = 1, 0
    for number, line in enumerate(text.split("\n"), start=1):
        held.append(line.removesuffix("\r"))
        if depth or "(" in line:
            depth = _depth_after(line, depth)
        if depth:
            continue
        yield from _made(held, first, number)
        held, first = [], number + 1
    if held:
        yield Entry("\n".join(held) + "\n", first, first + len(held) - 1, open=True)


def _made(lines: list[str], first: int, last: int) -> Iterator[Entry]:
    if len(lines) > 1 or lines[0].split(";", 1)[0].strip():
        yield Entry("\n".join(lines) + "\n", first, last)


def _depth_after(line: str, depth: int) -> int:
    """Count the parentheses that are open at a line's end; a quoted string ends with its line."""
    quoted = False
    chars = iter(line)
    for char in chars:
        if char == "\\":
            next(chars, None)
        elif char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char == ";":
            break
        else:
            depth += (char == "(") - (char == ")" and depth > 0)
    return depth
