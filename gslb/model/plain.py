"""Plain record data: the common forms of the common types, which need no parser.

A short way for a million records, which never leads elsewhere than dnspython: each function gives
None for what is not plain, and for what is plain just what dnspython would give. The tests hold
the two beside each other.
"""

import re
from collections.abc import Callable
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Final

from gslb.model.names import PLAIN_LABEL, PLAIN_TEXT

_MAX_NUMBER = 0xFFFF
_NUMBER = r"(0|[1-9][0-9]{0,4})"
_TARGET = rf"((?:{PLAIN_LABEL}\.)*{PLAIN_LABEL}\.?)"
_GAP = r"[ \t]+"
_ONE_NAME = re.compile(_TARGET)
_MX = re.compile(_NUMBER + _GAP + _TARGET)
_SRV = re.compile(_GAP.join([_NUMBER, _NUMBER, _NUMBER, _TARGET]))
_TXT = re.compile(r'"[ !#-\[\]-~]{0,255}"')
_LABEL = re.compile(PLAIN_LABEL.encode())


def plain_text(rtype: str, data: str, below: str) -> str | None:
    """Give the canonical presentation of a record's data if it is plain.

    `below` is what a relative name is followed by: a dot and the origin, or for the root a dot.
    """
    read = _TEXTS.get(rtype)
    return None if read is None else read(data, below)


def plain_wire(rtype: str, data: str) -> bytes | None:
    """Give the wire form of canonical data, of which names are absolute, if it is plain."""
    write = _WIRES.get(rtype)
    return None if write is None else write(data)


def plain_from_wire(rtype: str, wire: bytes) -> str | None:
    """Give the canonical presentation of data in uncompressed wire form, if it is plain."""
    read = _FROM_WIRE.get(rtype)
    return None if read is None else read(wire)


def is_plain_type(rtype: str) -> bool:
    """Whether data of this type may be plain."""
    return rtype in _TEXTS


def is_name_data(rtype: str) -> bool:
    """Whether a plain type's data has a name, so that its case says nothing (RFC 4343)."""
    return rtype in _NAME_TYPES


# From presentation to canonical presentation


def _absolute(name: str, below: str) -> str | None:
    whole = name if name[-1] == "." else name + below
    return whole if len(whole) <= PLAIN_TEXT else None


def _ipv4(data: str, _: str) -> str | None:
    try:
        inet_pton(AF_INET, data)
    except (OSError, ValueError):
        return None
    return data


def _ipv6(data: str, _: str) -> str | None:
    try:
        return inet_ntop(AF_INET6, inet_pton(AF_INET6, data))
    except (OSError, ValueError):
        return None


def _one_name(data: str, below: str) -> str | None:
    return _absolute(data, below) if _ONE_NAME.fullmatch(data) else None


def _numbers_and_name(form: re.Pattern[str], data: str, below: str) -> str | None:
    found = form.fullmatch(data)
    if found is None:
        return None
    *numbers, name = found.groups()
    whole = _absolute(name, below)
    if whole is None or any(int(number) > _MAX_NUMBER for number in numbers):
        return None
    return " ".join((*numbers, whole))


def _mx(data: str, below: str) -> str | None:
    return _numbers_and_name(_MX, data, below)


def _srv(data: str, below: str) -> str | None:
    return _numbers_and_name(_SRV, data, below)


def _txt(data: str, _: str) -> str | None:
    return data if _TXT.fullmatch(data) else None


# From canonical presentation to wire


def plain_name_wire(name: str) -> bytes | None:
    """Give the wire form of an absolute name, its case kept, if it is plain."""
    if "\\" in name:
        return None
    if name == ".":
        return b"\0"
    return b"".join([bytes((len(p),)) + p for p in name.encode().split(b".")])


def _ipv4_wire(data: str) -> bytes:
    return inet_pton(AF_INET, data)


def _ipv6_wire(data: str) -> bytes:
    return inet_pton(AF_INET6, data)


def _numbers_and_name_wire(data: str) -> bytes | None:
    *numbers, name = data.split(" ")
    wire = plain_name_wire(name)
    if wire is None:
        return None
    return b"".join([int(number).to_bytes(2, "big") for number in numbers]) + wire


def _txt_wire(data: str) -> bytes | None:
    if _TXT.fullmatch(data) is None:
        return None
    octets = data[1:-1].encode()
    return bytes((len(octets),)) + octets


# From wire to canonical presentation


def plain_name_text(wire: bytes) -> str | None:
    """Give the presentation of a well-formed wire name, its case kept, if it is plain."""
    parts: list[str] = []
    at = 0
    while length := wire[at]:
        at += 1 + length
        label = wire[at - length : at]
        if _LABEL.fullmatch(label) is None:
            return None
        parts.append(label.decode())
    if at + 1 != len(wire):
        return None
    return ".".join(parts) + "."


def _ipv4_text(wire: bytes) -> str:
    return inet_ntop(AF_INET, wire)


def _ipv6_text(wire: bytes) -> str:
    return inet_ntop(AF_INET6, wire)


_NAME_TYPES: Final = frozenset({"NS", "CNAME", "PTR", "MX", "SRV"})
_TEXTS: Final[dict[str, Callable[[str, str], str | None]]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "NS": _one_name,
    "CNAME": _one_name,
    "PTR": _one_name,
    "MX": _mx,
    "SRV": _srv,
    "TXT": _txt,
}
_WIRES: Final[dict[str, Callable[[str], bytes | None]]] = {
    "A": _ipv4_wire,
    "AAAA": _ipv6_wire,
    **dict.fromkeys(("NS", "CNAME", "PTR"), plain_name_wire),
    **dict.fromkeys(("MX", "SRV"), _numbers_and_name_wire),
    "TXT": _txt_wire,
}
_FROM_WIRE: Final[dict[str, Callable[[bytes], str | None]]] = {
    "A": _ipv4_text,
    "AAAA": _ipv6_text,
    **dict.fromkeys(("NS", "CNAME", "PTR"), plain_name_text),
}
