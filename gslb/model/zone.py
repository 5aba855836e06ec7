"""Zones: an origin and its ordinary records."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, field_serializer, field_validator

from gslb.model.names import Name, is_within
from gslb.model.records import Rrset, RrsetKey
from gslb.model.rrsets import Rrsets
from gslb.model.values import Noun

_LISTED = TypeAdapter(tuple[Rrset, ...])
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
        found: dict[RrsetKey, Rrset] = {}
        for item in _LISTED.validate_python(rrsets):
            if item.key in found:
                raise ValueError(f"the RRset {item.name} {item.type} stands twice")
            found[item.key] = item
        return Rrsets.of(found.values())

    @field_serializer("rrsets")
    def _write(self, rrsets: Rrsets) -> list[dict[str, Any]]:
        return list(_told(rrsets))

    def holds(self, name: str) -> bool:
        """Whether the name is at or below the origin."""
        return is_within(name, self.origin)


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
