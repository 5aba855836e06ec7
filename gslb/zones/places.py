"""Where everything read from a folder stands: path to place, the records of each zone apart."""

from collections.abc import Iterator, Mapping, MutableMapping

from gslb.model import Path, Place


class Places(MutableMapping[Path, Place]):
    """Places by path; what zones say of their records is asked where it stands, and not copied."""

    def __init__(self) -> None:
        self._own: dict[Path, Place] = {}
        self._zones: dict[Path, Mapping[Path, Place]] = {}

    def add_zone(self, path: Path, records: Mapping[Path, Place]) -> None:
        """Add the records of the zone at a path."""
        self._zones[path] = records

    def __getitem__(self, path: Path) -> Place:
        try:
            return self._own[path]
        except KeyError:
            return self._zones[path[:2]][path]

    def __setitem__(self, path: Path, place: Place) -> None:
        self._own[path] = place

    def __delitem__(self, path: Path) -> None:
        del self._own[path]

    def __iter__(self) -> Iterator[Path]:
        yield from self._own
        for records in self._zones.values():
            yield from records

    def __len__(self) -> int:
        return len(self._own) + sum(map(len, self._zones.values()))
