"""Plain values to YAML 1.2 as a person would write it: short things on one line, the rest below.

It writes what the model holds: text, numbers, truth values, lists and mappings with text keys.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode

WIDTH = 100
_OPEN = frozenset({"rules", "pools"})
"""What is always written one entry a line."""
_PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_./*-]*")
_RESOLVER = YAML(typ="safe", pure=True).resolver


def write_page(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Write a file of steering; sections and the names in them keep their order."""
    lines: list[str] = []
    for section, nouns in sections.items():
        lines += ([""] if lines else []) + [f"{section}:"]
        spacious = section in {"maps", "vips"}
        lines += _block(nouns, 2, open_below=1 if spacious else 0)
    return "\n".join(lines) + "\n"


def _block(values: Mapping[str, Any], indent: int, open_below: int) -> Iterator[str]:
    """Write a mapping one key a line; `open_below` so many levels are never put on one line."""
    pad = " " * indent
    for key, value in values.items():
        head = f"{pad}{scalar(key)}:"
        flow = f"{head} {_flow(value)}"
        if not _is_wide(key, value, flow, open_below):
            yield flow
        elif isinstance(value, dict):
            yield head
            yield from _block(value, indent + 2, open_below - 1)
        else:
            yield head
            yield from _items(value, indent + 2)


def _is_wide(key: str, value: Any, flow: str, open_below: int) -> bool:
    if not isinstance(value, dict | list) or not value:
        return False
    return open_below > 0 or key in _OPEN or len(flow) > WIDTH


def _items(values: list[Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for value in values:
        flow = f"{pad}- {_flow(value)}"
        if isinstance(value, dict) and len(flow) > WIDTH:
            first, *rest = _block(value, indent + 2, 0)
            yield f"{pad}- {first.lstrip()}"
            yield from rest
        else:
            yield flow


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{scalar(key)}: {_flow(part)}" for key, part in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(part) for part in value)}]"
    return scalar(value)


def scalar(value: str | float | bool | None) -> str:  # noqa: FBT001  (a value, not a switch)
    """Write one value so that it is read back as the same value of the same type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return _text(value) if isinstance(value, str) else repr(value)


@lru_cache(maxsize=65536)
def _text(text: str) -> str:
    if _PLAIN.fullmatch(text):
        tag = _RESOLVER.resolve(ScalarNode, text, (True, False))
        if str(tag).endswith(":str"):
            return text
    return f'"{"".join(_escaped(char) for char in text)}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable() and ord(char) < 0xD800:  # noqa: PLR2004  (below the surrogates)
        return char
    return f"\\U{ord(char):08x}"
