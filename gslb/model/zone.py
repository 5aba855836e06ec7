"""Zones: an origin and its ordinary records."""

from collections.abc import Iterator, Mapping
from sys import intern
from typing import Any

from pydantic import (
    ConfigDict,
    FieldSerializationInfo,
    TypeAdapter,
    ValidationError,
    field_serializer,
    field_validator,
)

from gslb.model.names import Name, is_within
from gslb.model.records import Rrset, RrsetKey
from gslb.model.rrsets import Row, Rows, Rrsets, plain_row, row_of
from gslb.model.values import Noun

_LISTED = TypeAdapter(tuple[Rrset, ...])
_RRSET = TypeAdapter(Rrset)
_KEYS = frozenset(Rrset.model_fields)
_KEYED = TypeAdapter(dict[RrsetKey, Rrset])


class Zone(Noun):
    """A zone's ordinary records by name and type; its SOA and NS stand at the origin."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    origin: Name
    rrsets: Rrsets

    @field_validator("rrsets", mode="plain", json_schema_input_type=tuple[Rrset, ...])
    @classmethod
    def _read(cls, rrsets: Any) -> Rrsets:
        """Take rows that are right, RRsets by their keys, or a list of RRsets, as JSON has it."""
        if isinstance(rrsets, Rrsets):
            return rrsets
        if isinstance(rrsets, Mapping):
            return _keyed(rrsets)
        return _listed(rrsets)

    @field_serializer("rrsets")
    def _write(self, rrsets: Rrsets, info: FieldSerializationInfo) -> Any:
        told = _told(rrsets)  # JSON is written from one after the other
        return told if info.mode_is_json() else list(told)

    def holds(self, name: str) -> bool:
        """Whether the name is at or below the origin."""
        return is_within(name, self.origin)


def _listed(rrsets: Any) -> Rrsets:
    """Take a list of RRsets; two of one key are a fault."""
    if not isinstance(rrsets, list | tuple):
        _LISTED.validate_python(rrsets)  # raises: it is no list
    rows: Rows = {}
    for item in rrsets:
        try:
            key, row = _plain(item) or _judged(item)
        except ValidationError:
            _LISTED.validate_python(rrsets)  # raises: all faults at once, each with its place
            raise
        if key in rows:
            _LISTED.validate_python(rrsets)
            raise ValueError(f"the RRset {key[0]} {key[1]} stands twice")
        rows[key] = row
    return Rrsets(rows)


def _plain(item: Any) -> tuple[tuple[str, str], Row] | None:
    """Give the key and row of an RRset that has all keys and no other, and is plain."""
    if not isinstance(item, dict) or item.keys() != _KEYS:
        return None
    name, rtype = item["name"], item["type"]
    row = plain_row(name, rtype, item["ttl"], item["rdata"])
    return None if row is None else ((name, intern(rtype)), row)


def _judged(item: Any) -> tuple[tuple[str, str], Row]:
    rrset = _RRSET.validate_python(item)
    return (rrset.name, rrset.type), row_of(rrset)


def _keyed(rrsets: Mapping[Any, Any]) -> Rrsets:
    found = _KEYED.validate_python(rrsets)
    for key, rrset in found.items():
        if key != rrset.key:
            raise ValueError(f"the key {key} is not the key of its RRset {rrset.key}")
    return Rrsets.of(found.values())


def _told(rrsets: Rrsets) -> Iterator[dict[str, Any]]:
    """Give what the RRsets would be dumped as, without making them."""
    for (name, rtype), (ttl, *rdata) in rrsets.rows.items():
        yield {"name": name, "type": rtype, "ttl": ttl, "rdata": tuple(rdata)}
