"""YAML to values: the types of YAML 1.2, lines, and what is bounded."""

from pathlib import Path
from typing import Any

import pytest

from gslb.zones.nouns import take_noun
from gslb.zones.page import scalar, write_page
from gslb.zones.tree import Tree, read_tree


def read(tmp_path: Path, text: str) -> Tree:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    return read_tree(file)


def test_values_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    text = (
        "{a: NO, b: yes, c: true, d: 5, e: 1.5, f: ~, g: 2024-01-01, h: '5', i: 0x10, 7: x, j: 012}"
    )
    assert read(tmp_path, text).value == {
        "a": "NO", "b": "yes", "c": True, "d": 5, "e": 1.5, "f": None, "g": "2024-01-01",
        "h": "5", "i": 16, "7": "x", "j": 12,
    }  # fmt: skip


def test_every_value_has_its_line(tmp_path: Path) -> None:
    tree = read(tmp_path, "maps:\n  m:\n    rules:\n      - a\n      - {b: 1,\n         c: 2}\n")
    found = {"/".join(map(str, path)): place.line for path, place in tree.places.items()}
    assert found == {
        "maps": 1, "maps/m": 2, "maps/m/rules": 3, "maps/m/rules/0": 4, "maps/m/rules/1": 5,
        "maps/m/rules/1/b": 5, "maps/m/rules/1/c": 6,
    }  # fmt: skip


def test_an_alias_repeats_what_it_names(tmp_path: Path) -> None:
    tree = read(tmp_path, "a: &x {k: 1}\nb: *x\n")
    assert tree.value == {"a": {"k": 1}, "b": {"k": 1}}
    assert tree.faults == []


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a: &x [*x]\n", "inside what it repeats"),
        (BOMB, "repeat too much"),
        ("a: " + "[" * 40 + "]" * 40, "too deep"),
        ("[" * 5000, "too deep"),
        ("a: !python/object x\n", "the tag"),
        ("[a]: 1\n", "a key is a list"),
        ("a: *nowhere\n", "not YAML"),
        ("a: 1\n---\nb: 2\n", "not YAML"),
        ("a: \x00\n", "character that no text may have"),
        ("a: 1\na: 2\n", "stands twice"),
        ("vips:\n  WWW.x.: 1\n  www.X.: 2\n", "stands twice"),
    ],
)
def test_bad_forms_are_one_fault(tmp_path: Path, text: str, word: str) -> None:
    faults = read(tmp_path, text).faults
    assert [word in fault.sentence for fault in faults] == [True], faults


def test_what_is_good_of_a_faulty_noun_is_kept() -> None:
    member = {"address": "192.0.2.1"}
    value = {
        "ttl": "soon",
        "probe": "web",
        "pools": {"tokyo": {"members": [{"address": "bad"}, member]}, "x y": {"members": [member]}},
    }
    taken = take_noun("vips", "www.example.", value)
    assert taken.noun is not None
    assert taken.noun.probe == "web"
    assert [str(m.address) for m in taken.noun.pools["tokyo"].members] == ["192.0.2.1"]
    members = ("vips", "www.example.", "pools", "tokyo", "members")
    assert taken.moved[(*members, 0)] == (*members, 1)
    assert len(taken.faults) == 3


@pytest.mark.parametrize(
    "value", ["null", "5", "1e3", "", "a: b", 'é\n"\\', "- x", "5s", "*.x", "\ue000"]
)
def test_text_stays_text(tmp_path: Path, value: str) -> None:
    assert read(tmp_path, f"a: {scalar(value)}\n").value == {"a": value}


def test_long_values_are_written_below_each_other(tmp_path: Path) -> None:
    sections: dict[str, Any] = {
        "maps": {"m": {"rules": [{"networks": [f"10.{n}.0.0/16" for n in range(9)], "to": ["a"]}]}}
    }
    text = write_page(sections)
    assert max(map(len, text.splitlines())) <= 100
    assert read(tmp_path, text).value == sections
