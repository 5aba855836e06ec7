"""YAML text to nodes (YAML 1.2): one reader, and the same in C for large files of ordinary text.

The two differ only in what hardly anybody writes, and in the words of their complaints. So C reads
what is ordinary and right; all else, and every fault, is left to the reader in Python. The tests
hold the two beside each other.
"""

import re
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import Node, ScalarNode
from ruamel.yaml.resolver import VersionedResolver

MAX_NESTED = 32
"""Brackets inside brackets, and blanks before a line in pairs, that C is trusted with: it takes
its own stack for each."""

_ODD = re.compile(
    r"[^\n -~]"  # tabs, other line ends, and everything outside ASCII
    r"|[&*!|>%@`?]"  # anchors, aliases, tags, blocks of text, directives, complex keys
    r"|^(?:---|\.\.\.)"  # several documents
    r"|-[ ]+-"  # lists inside lists, one a dash
    rf"|^ {{{2 * MAX_NESTED}}}",
    re.MULTILINE,
)
_BRACKET = re.compile(r"[\[\]{}]")


class _Core(VersionedResolver):
    """Tells the types of YAML 1.2, of each plain text once: keys come again and again."""

    def __init__(self, version: Any = None, loader: Any = None, loadumper: Any = None) -> None:
        super().__init__(version, loader, loadumper)
        self._tags: dict[str, Any] = {}

    @property
    def processing_version(self) -> tuple[int, int]:
        return (1, 2)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """Give the tag of a node; `implicit` is (as plain text, as quoted text)."""
        if kind is not ScalarNode or not implicit[0]:
            return super().resolve(kind, value, implicit)
        tag = self._tags.get(value)
        if tag is None:
            tag = self._tags[value] = super().resolve(kind, value, implicit)
        return tag


def compose(text: str) -> Node | None:
    """Give the root node of a file's only document, None if it is empty.

    YAMLError with the line if it is not YAML; RecursionError if it is nested too deep.
    """
    if is_ordinary(text):
        try:
            return _compose_in_c(text)
        except YAMLError:
            pass  # told of below, in the words and at the line of the other reader
    root: Node | None = YAML(typ="safe", pure=True).compose(StringIO(text))
    return root


def is_ordinary(text: str) -> bool:
    """Whether a text holds nothing in which the two readers may differ."""
    if _ODD.search(text) is not None:
        return False
    depth = 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        if depth > MAX_NESTED:
            return False
    return True


def _compose_in_c(text: str) -> Node | None:
    reader = YAML(typ="safe")
    reader.Resolver = _Core
    root: Node | None = reader.compose(StringIO(text))
    return root
