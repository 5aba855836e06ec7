"""The records of one zone as they are read, gathered by RRset; and where each RRset stands.

Made for a million of them: a row and a number each. Two records of one RRset are looked at
together here; everything else about a record is known before it comes.
"""

from array import array
from collections.abc import Iterator, Mapping

from gslb.model import Path, Place
from gslb.model.plain import is_name_data
from gslb.model.rrsets import Rows

Key = tuple[str, str]

_LINE_BITS = 32


class Gathered:
    """Rows by name and type, in the order of the file."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.ttl_sure = True  # whether each TTL is what was meant, and not guessed after a fault
        self._files: list[str] = []
        self._spots = array("Q")  # by row: the number of its file, and the line
        self._last: Key = ("", "")
        self._index: dict[Key, int] | None = None
        self._many: dict[Key, dict[object, tuple[int, str]]] = {}

    def open_file(self, file: str) -> int:
        """Begin a file; a line's spot is this number plus the line."""
        self._files.append(file)
        return (len(self._files) - 1) << _LINE_BITS

    def place(self, spot: int) -> Place:
        """Give the place of a spot."""
        return Place(self._files[spot >> _LINE_BITS], spot & ((1 << _LINE_BITS) - 1))

    def add(
        self, key: Key, ttl: int, text: str, spot: int, identity: object | None = None
    ) -> str | None:
        """Add a record; give a sentence if it does not go with those before it.

        `identity` is equal for equal data; without it the text says that, its case aside if the
        data is a name.
        """
        rows = self.rows
        if key not in rows:
            rows[key] = (ttl, text)
            if self._index is not None:
                self._index[key] = len(self._spots)
            self._spots.append(spot)
            self._last = key
            if identity is not None:
                self._many[key] = {identity: (spot, text)}
            return None
        return self._add_another(key, ttl, text, spot, identity)

    def _add_another(
        self, key: Key, ttl: int, text: str, spot: int, identity: object | None
    ) -> str | None:
        first = self.rows[key]
        many = self._many.get(key)
        if many is None:
            many = self._many[key] = {_identity(key, first[1]): (self.spot_of(key), first[1])}
        own = _identity(key, text) if identity is None else identity
        name, rtype = key
        if own in many:
            place = self.place(many[own][0])
            return (
                f"this {rtype} record of {name} stands twice, first at {place}; "
                "take one out (RFC 2181 section 5)"
            )
        many[own] = (spot, text)
        if ttl == first[0] or not self.ttl_sure:
            return None
        return (
            f"its TTL {ttl} is not the TTL {first[0]} of the {rtype} record of {name} at "
            f"{self.place(self.spot_of(key))}; one RRset has one TTL (RFC 2181 section 5.2)"
        )

    def spot_of(self, key: Key) -> int:
        """Give where an RRset's first record stands; KeyError if there is none."""
        if key == self._last:
            return self._spots[-1]  # most questions are of the RRset that was read last
        if self._index is None:
            self._index = {key: at for at, key in enumerate(self.rows)}
        return self._spots[self._index[key]]

    def finish(self) -> None:
        """Put all records of each RRset into its row."""
        for key, many in self._many.items():
            if len(many) > 1:
                first, *others = (text for _, text in many.values())
                self.rows[key] = (self.rows[key][0], first, *others)
        self._many.clear()


def _identity(key: Key, text: str) -> str:
    return text.lower() if is_name_data(key[1]) else text


class RowPlaces(Mapping[Path, Place]):
    """Where the RRsets of one zone stand, by their paths; looked up only where there is a fault."""

    def __init__(self, root: Path, gathered: Gathered) -> None:
        self._root = (*root, "rrsets")
        self._gathered = gathered

    def __getitem__(self, path: Path) -> Place:
        *root, name, rtype = path if len(path) > len(self._root) else (*path, "", "")
        if tuple(root) != self._root:
            raise KeyError(path)
        return self._gathered.place(self._gathered.spot_of((str(name), str(rtype))))

    def __iter__(self) -> Iterator[Path]:
        return ((*self._root, *key) for key in self._gathered.rows)

    def __len__(self) -> int:
        return len(self._gathered.rows)
