"""A zone's RRsets, by name and type: a million of them in rows, made into `Rrset`s when asked for.

    RrsetKey(name, type) ──▶ Rrset         what everybody sees
    (name, type)         ──▶ (ttl, rdata…) what is kept, and what is compared, stored and compiled

An `Rrset` takes about four times the memory of its row, and as long to make as its row to read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from gslb.model.names import is_plain
from gslb.model.plain import plain_text
from gslb.model.records import Rrset, RrsetKey
from gslb.model.values import MAX_TTL

Row: TypeAlias = tuple[int, str, *tuple[str, ...]]
"""The TTL in seconds and each record's data, canonical as in an `Rrset`; there is at least one."""

Rows: TypeAlias = dict[tuple[str, str], Row]
"""Rows by name and type."""


class Rrsets(Mapping[RrsetKey, Rrset]):
    """RRsets by name and type, never changed once made.

    Made of rows that are right already, or of a function that gives them when they are first
    asked for; `of` makes them of `Rrset`s. The rows are not to be changed by whoever hands them
    over or looks at them.
    """

    __slots__ = ("_load", "_rows")
    __hash__ = None  # type: ignore[assignment]  # as a dict has none

    def __init__(self, rows: Rows | Callable[[], Rows]) -> None:
        self._rows: Rows | None = None if callable(rows) else rows
        self._load: Callable[[], Rows] | None = rows if callable(rows) else None

    @classmethod
    def of(cls, rrsets: Iterable[Rrset]) -> "Rrsets":
        """Keep these; of two with one key the last."""
        return cls({(rrset.name, rrset.type): row_of(rrset) for rrset in rrsets})

    @property
    def rows(self) -> Rows:
        """The rows, by name and type."""
        rows = self._rows
        if rows is None:
            load = self._load
            if load is None:
                return self._rows or {}  # another thread was quicker
            rows = self._rows = load()  # by two threads at once: done twice, to the same end
            self._load = None
        return rows

    @property
    def are_read(self) -> bool:
        """Whether the rows are there, and need not be made first."""
        return self._rows is not None

    def __getitem__(self, key: tuple[str, str]) -> Rrset:
        return rrset_of(key, self.rows[key])

    def __contains__(self, key: object) -> bool:
        return key in self.rows

    def __iter__(self) -> Iterator[RrsetKey]:
        return map(RrsetKey._make, self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Rrsets):
            return self is other or self.rows == other.rows
        return dict(self.items()) == other if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        return f"Rrsets({self.rows!r})"

    def __copy__(self) -> "Rrsets":
        return self

    def __deepcopy__(self, _: Any) -> "Rrsets":
        return self


def row_of(rrset: Rrset) -> Row:
    """Give an RRset's row."""
    first, *others = rrset.rdata
    return (rrset.ttl, first, *others)


def rrset_of(key: tuple[str, str], row: Row) -> Rrset:
    """Make an RRset of a row, which is right already."""
    ttl, *rdata = row
    return Rrset.model_construct(name=key[0], type=key[1], ttl=ttl, rdata=tuple(rdata))


def plain_row(name: Any, rtype: Any, ttl: Any, rdata: Any) -> Row | None:
    """Give the row of an RRset that is written as the model writes it, seen at a glance.

    None says nothing: then only the model can judge. `rdata` is a list or tuple of texts, and
    everything may be of any type.
    """
    if not (isinstance(name, str) and name.islower() and is_plain(name)):
        return None
    if type(ttl) is not int or not 0 <= ttl <= MAX_TTL or not isinstance(rdata, list | tuple):
        return None
    first, *others = rdata or (None,)
    if others and len({text for text in rdata if isinstance(text, str)}) != len(rdata):
        return None
    if not all(_is_plain_data(rtype, text) for text in rdata):
        return None
    return None if first is None else (ttl, first, *others)


def _is_plain_data(rtype: Any, text: Any) -> bool:
    if not isinstance(rtype, str) or not isinstance(text, str):
        return False
    return plain_text(rtype, text, ".") == text
