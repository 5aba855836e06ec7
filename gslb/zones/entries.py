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
    at, line = 0, 1
    while at <= len(text):
        entry, at, line = next_entry(text, at, line)
        if entry is not None:
            yield entry


def next_entry(text: str, at: int, line: int) -> tuple[Entry | None, int, int]:
    """Give the entry that begins where a line does, and where and on which line the next begins.

    The entry is None if there are only blanks and a comment.
    """
    held: list[str] = []
    depth = 0
    while at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        here = text[at:end]
        at = end + 1
        held.append(here.removesuffix("\r"))
        if depth or "(" in here:
            depth = _depth_after(here, depth)
        if not depth:
            break
    last = line + len(held) - 1
    if len(held) == 1 and not depth and not held[0].split(";", 1)[0].strip():
        return None, at, last + 1
    return Entry("\n".join(held) + "\n", line, last, open=depth > 0), at, last + 1


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
