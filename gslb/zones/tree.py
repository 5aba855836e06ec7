"""YAML text to plain values, with the line of each, and every fault of its form.

YAML 1.2: the country NO is text. Keys are text always, since all of ours are names. What the
values mean is not judged here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from gslb.model import Fault, Path, Place
from gslb.model.names import canonical
from gslb.zones.compose import compose

MAX_DEPTH = 32
MAX_REPEATED = 200_000  # values that aliases may repeat: an alias of aliases grows without end
_TAG = "tag:yaml.org,2002:"


@dataclass
class Tree:
    """A file's values, None if there are none or they can't be read; keys of VIPs canonical."""

    value: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_tree(file: FilePath) -> Tree:
    """Read a YAML file into values whose paths are those of a world."""
    tree = Tree()
    try:
        text = file.read_bytes().decode("utf-8-sig")
        node = compose(text)
    except OSError as error:
        fault = _unread(file, 1, f"cannot read the file: {error.strerror}; mend its permissions")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fault = _unread(file, line, "this is not UTF-8 text; write the file anew as UTF-8")
    except RecursionError:
        fault = _unread(file, 1, "the file nests its values too deep; flatten it")
    except YAMLError as error:
        fault = _not_yaml(file, text, error)
    else:
        if node is not None:
            tree.value = _Values(str(file), tree).of(node, ())
        return tree
    tree.faults.append(fault)
    return tree


def _unread(file: FilePath, line: int, sentence: str) -> Fault:
    return Fault((), sentence, Place(str(file), line))


def _not_yaml(file: FilePath, text: str, error: YAMLError) -> Fault:
    line, problem = 1, "it cannot be read"
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        problem = str(error.problem or error.context)
    elif isinstance(error, ReaderError):
        line = text[: error.position].count("\n") + 1
        problem = "it has a character that no text may have"
    return _unread(file, line, f"this is not YAML: {problem}; mend it, nothing below it was read")


class _Values:
    """Turns one file's nodes into values."""

    def __init__(self, file: str, tree: Tree) -> None:
        self._file = file
        self._tree = tree
        self._seen: set[int] = set()
        self._above: list[int] = []
        self._repeated = 0

    def of(self, node: Node, path: Path) -> Any:
        """Give a node's value; None where it is at fault."""
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._seen:
            self._repeated += 1
        self._seen.add(id(node))
        if self._is_endless(node, path):
            return None
        self._above.append(id(node))
        value: Any = None
        if isinstance(node, MappingNode):
            value = self._mapping(node, path)
        elif isinstance(node, SequenceNode):
            value = self._list(node, path)
        self._above.pop()
        return value

    def _is_endless(self, node: Node, path: Path) -> bool:
        if id(node) in self._above:
            self._fault(node, path, "this alias stands inside what it repeats; write the value out")
        elif len(self._above) >= MAX_DEPTH:
            self._fault(node, path, "the values are nested too deep; flatten them")
        elif self._repeated > MAX_REPEATED:
            if self._repeated == MAX_REPEATED + 1:
                self._fault(node, path, "aliases repeat too much; write the values out")
            self._repeated += 1
        else:
            return False
        return True

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, below in self._pairs(node, path):
            place = Place(self._file, key.start_mark.line + 1)
            name = _name(key.value, path)
            inner = (*path, name)
            if name in value:
                first = self._tree.places[inner]
                self._fault(key, inner, f"{name} stands twice, first at {first}; take one out")
                continue
            self._tree.places[inner] = place
            value[name] = self.of(below, inner)
        return value

    def _pairs(self, node: MappingNode, path: Path) -> Iterator[tuple[ScalarNode, Node]]:
        for key, below in node.value:
            if isinstance(key, ScalarNode):
                yield key, below
            else:
                self._fault(key, path, "a key is a list or a mapping; write a name")

    def _list(self, node: SequenceNode, path: Path) -> list[Any]:
        value = []
        for at, below in enumerate(node.value):
            inner = (*path, at)
            self._tree.places[inner] = Place(self._file, below.start_mark.line + 1)
            value.append(self.of(below, inner))
        return value

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        kind = str(node.tag).removeprefix(_TAG)
        if kind.startswith("!") or ":" in kind:
            self._fault(node, path, f"the tag {kind} means nothing here; take it out")
        try:
            return _CONVERT[kind](node.value) if kind in _CONVERT else node.value
        except ValueError:
            return node.value

    def _fault(self, node: Node, path: Path, sentence: str) -> None:
        place = Place(self._file, node.start_mark.line + 1)
        self._tree.faults.append(Fault(path, sentence, place))


def _name(text: str, path: Path) -> str:
    """Give the name a key stands for: a VIP's in canonical form, so that case hides no twin."""
    if path == ("vips",):
        try:
            return canonical(text)
        except ValueError:
            return text
    return text


_CONVERT: Final[dict[str, Callable[[str], Any]]] = {
    "int": lambda text: (
        int(text, 0) if text.lstrip("+-")[:2].lower() in {"0o", "0x"} else int(text)
    ),
    "float": lambda text: float(text.lower().replace(".inf", "inf").replace(".nan", "nan")),
    "bool": lambda text: text.lower() == "true",
    "null": lambda _: None,
}
"""YAML 1.2 core schema; all else is text."""
