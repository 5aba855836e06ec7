"""YAML read in C gives the values, types and lines that the reader in Python gives."""

from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gslb.zones.compose import MAX_NESTED, _compose_in_c, compose, is_ordinary

BITS = st.sampled_from(
    [
        *"ab:,-#'\"{}[]. \n=~<1",
        *("  ", "\n  ", "\n- ", ": ", ", ", " #", "''", '""', "a: ", "b: 1", "{a: b}", "[a, b]"),
        *("2001:db8::1", "1.5", "0x1f", "012", "1e3", "true", "NO", "null", "5s", "-1", "<<"),
        *("\\n", "\\x41", "\\", "\n\n", "\n a", "- - a", "a:b", "a #b", "{a}", "[a: b]", "{,}"),
        *(".inf", "2024-01-01", "0o17", "1_000", "+1", "''''", "a'b", ":a", "-a", "=", ":"),
    ]
)
TEXTS = st.lists(BITS, max_size=20).map("".join)


def plain(node: Node | None) -> Any:
    """Give all that is used of a node and of those below it.

    Of a mapping's plain values that is not the line: they stand where their keys do.
    """
    if node is None:
        return None
    line, tag = node.start_mark.line, str(node.tag)
    if isinstance(node, ScalarNode):
        return line, tag, node.value
    if isinstance(node, MappingNode):
        return line, tag, [(plain(key), _below(value)) for key, value in node.value]
    assert isinstance(node, SequenceNode)
    return line, tag, [plain(value) for value in node.value]


def _below(value: Node) -> Any:
    return plain(value)[1:] if isinstance(value, ScalarNode) else plain(value)


def in_python(text: str) -> Node | None:
    root: Node | None = YAML(typ="safe", pure=True).compose(StringIO(text))
    return root


@given(TEXTS)
@settings(max_examples=4000, deadline=None, derandomize=True)
def test_what_c_reads_is_what_python_reads(text: str) -> None:
    if not is_ordinary(text):
        return
    try:
        found = _compose_in_c(text)
    except YAMLError:
        return
    assert plain(found) == plain(in_python(text))


def test_an_ordinary_file_is_read_in_c() -> None:
    text = (
        "# a comment\nvips:\n  www.x.:\n    ttl: 30   # seconds\n    order: [a, [b, c]]\n"
        "    pools: {a: {members: [{address: '2001:db8::1', weight: 3}]}}\n    note: \"a b\"\n"
        "maps:\n  m:\n    rules:\n      - {networks: [10.0.0.0/8], to: [a]}\n      - country: NO\n"
    )
    assert is_ordinary(text)
    assert plain(compose(text)) == plain(_compose_in_c(text)) == plain(in_python(text))
    country = plain(compose(text))[2][1][1][2][0][1][2][0][1][2][1][2][0][1]
    assert country == ("tag:yaml.org,2002:str", "NO")


@pytest.mark.parametrize(
    "text",
    ["a: *b", "&a b", "!t a", "a: |\n  b", "a: >\n b", "? a", "a:\tb", "é", "a\rb", "--- a", "...",
     "- - a", "[" * 99, "{" * (MAX_NESTED + 1), " " * 2 * MAX_NESTED + "a"],
)  # fmt: skip
def test_what_is_out_of_the_ordinary_is_left_to_python(text: str) -> None:
    assert not is_ordinary(text)


def test_a_fault_is_told_in_one_way() -> None:
    text = "a: 1\nb: [1\nc: 2\n"
    assert is_ordinary(text)
    with pytest.raises(YAMLError) as told:
        compose(text)
    with pytest.raises(YAMLError) as right:
        in_python(text)
    assert str(told.value) == str(right.value)
