"""What a database says of a client, in words for people."""

from collections.abc import Mapping
from typing import Any

from geoip2.models import City

from gslb.geo.attributes import Place


def described(record: Mapping[str, Any], place: Place) -> str:
    """Say where a client is, and in which network; nested records are typed by geoip2.

    `record` is a database's, `place` what is read out of it, which tells flat records.
    """
    named = _nested(record) if _is_nested(record) else _flat(place)
    return ", ".join([*named, *_coordinates(place), *_system(record, place)]) or "nothing is known"


_NAMED = ("city", "country", "continent")


def _is_nested(record: Mapping[str, Any]) -> bool:
    """Whether a record is laid out as MaxMind's: geoip2 takes no other, and the file may be odd."""
    divisions = record.get("subdivisions", [])
    parts = [record[key] for key in _NAMED if key in record]
    return (
        bool(parts)
        and isinstance(divisions, list)
        and all(isinstance(part, Mapping) for part in (*parts, *divisions))
    )


def _nested(record: Mapping[str, Any]) -> list[str]:
    found = City(["en"], **{key: record[key] for key in (*_NAMED, "subdivisions") if key in record})
    divisions = [division.name or division.iso_code for division in found.subdivisions]
    country = found.country.name or found.country.iso_code
    names = [found.city.name, *divisions, country, found.continent.name or found.continent.code]
    return [str(name) for name in names if name]


def _flat(place: Place) -> list[str]:
    names = (place.get(key) for key in ("city", "subdivision_name", "country", "continent"))
    return [str(name) for name in names if name]


def _coordinates(place: Place) -> list[str]:
    if "latitude" not in place or "longitude" not in place:
        return []
    north, east = float(place["latitude"]), float(place["longitude"])
    return [
        f"{abs(north):.2f}° {'north' if north >= 0 else 'south'}",
        f"{abs(east):.2f}° {'east' if east >= 0 else 'west'}",
    ]


_ORGANIZATION = ("autonomous_system_organization", "as_name", "as_organization")


def _system(record: Mapping[str, Any], place: Place) -> list[str]:
    if "asn" not in place:
        return []
    name = next((record[key] for key in _ORGANIZATION if record.get(key)), "")
    return [f"AS{int(place['asn'])}{f' ({name})' if name else ''}"]
