r"""Domain names: presentation form in, canonical text and wire form out (RFC 1035, RFC 4343).

A name in the model is absolute, lower-case text with a trailing dot and the fewest escapes that
are needed: `www.gslb.example.`, `*.dev.gslb.example.`, `odd\.label.gslb.example.`.
"""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

MAX_LABEL = 63  # octets, RFC 1035 section 2.3.4
MAX_NAME = 255  # octets in wire form with the root label, RFC 1035 section 2.3.4
_PRINTABLE = range(0x21, 0x7F)
_SPECIAL = frozenset(b'."\\;()@$')

PLAIN_LABEL = r"[A-Za-z0-9_*/-]{1,63}"
"""A label that is written as it is: most are, and need not be looked at octet by octet."""
PLAIN_TEXT = 254  # characters; the wire form of a plain absolute name takes one octet more
_PLAIN = re.compile(rf"(?:{PLAIN_LABEL}\.)+")


def is_plain(text: str) -> bool:
    """Whether this is an absolute name, not the root, of plain labels only."""
    return len(text) <= PLAIN_TEXT and _PLAIN.fullmatch(text) is not None


def labels(text: str) -> tuple[bytes, ...]:
    r"""Split presentation text into lower-case labels, root label left out.

    Understands `\X` and `\DDD` (RFC 1035 section 5.1). Raises ValueError with a sentence.
    """
    if is_plain(text):
        return tuple(text[:-1].lower().encode().split(b"."))
    if not text:
        raise ValueError("a name is empty; write an absolute name such as www.example.")
    return () if text == "." else _read_labels(text)


def _read_labels(text: str) -> tuple[bytes, ...]:
    found: list[bytes] = []
    label = bytearray()
    rest = iter(text)
    for char in rest:
        if char == ".":
            found.append(_checked(bytes(label), text))
            label.clear()
        elif char == "\\":
            label.append(_escaped(rest, text))
        else:
            label += char.encode("utf-8").lower() if char.isascii() else _not_ascii(text)
    if label:
        found.append(_checked(bytes(label), text))
    if sum(len(part) + 1 for part in found) + 1 > MAX_NAME:
        raise ValueError(f"the name {text!r} is longer than {MAX_NAME} octets")
    return tuple(found)


def _not_ascii(text: str) -> bytes:
    raise ValueError(f"the name {text!r} has a character outside ASCII; write its A-label (xn--…)")


def _checked(label: bytes, text: str) -> bytes:
    if not label:
        raise ValueError(f"the name {text!r} has an empty label")
    if len(label) > MAX_LABEL:
        raise ValueError(f"the name {text!r} has a label longer than {MAX_LABEL} octets")
    return label


def _escaped(rest: Iterator[str], text: str) -> int:
    taken = next(rest, "")
    if not taken:
        raise ValueError(f"the name {text!r} ends in the middle of an escape")
    if not taken.isdigit():
        return ord(taken.lower())
    digits = taken + next(rest, "") + next(rest, "")
    if len(digits) != 3 or not digits.isdigit() or int(digits) > 255:  # noqa: PLR2004
        raise ValueError(f"the name {text!r} has a bad escape \\{digits}; write \\000 to \\255")
    return bytes([int(digits)]).lower()[0]


def to_text(parts: tuple[bytes, ...]) -> str:
    """Join labels into canonical absolute text."""
    return ".".join(_escape(part) for part in parts) + "."


def _escape(label: bytes) -> str:
    return "".join(
        f"\\{octet:03d}"
        if octet not in _PRINTABLE
        else f"\\{chr(octet)}"
        if octet in _SPECIAL
        else chr(octet)
        for octet in label
    )


def canonical(text: str) -> str:
    """Give the canonical text of an absolute name; ValueError if it is relative or malformed."""
    if is_plain(text):
        return text.lower()
    parts = labels(text)
    if not text.endswith(".") or text.endswith("\\."):
        raise ValueError(f"the name {text!r} is not absolute; end it with a dot: {text}.")
    return to_text(parts)


def to_wire(name: str) -> bytes:
    """Give the uncompressed lower-case wire form, root label included."""
    return b"".join(bytes([len(part)]) + part for part in labels(name)) + b"\0"


def from_wire(wire: bytes) -> str:
    """Give the canonical text of an uncompressed wire name that is known to be well formed."""
    parts: list[bytes] = []
    at = 0
    while wire[at]:
        parts.append(wire[at + 1 : at + 1 + wire[at]].lower())
        at += 1 + wire[at]
    return to_text(tuple(parts))


def is_within(name: str, ancestor: str) -> bool:
    """Whether `name` is `ancestor` or stands below it."""
    if is_plain(name) and is_plain(ancestor):
        return f".{name.lower()}".endswith(f".{ancestor.lower()}")
    mine, theirs = labels(name), labels(ancestor)
    return len(mine) >= len(theirs) and mine[len(mine) - len(theirs) :] == theirs


def ancestors(name: str) -> tuple[str, ...]:
    """Give the name itself and each name above it, nearest first, the root last."""
    parts = labels(name)
    return tuple(to_text(parts[cut:]) for cut in range(len(parts) + 1))


Name = Annotated[str, AfterValidator(canonical)]
