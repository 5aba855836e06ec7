"""What a database says of a client, in words for people."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

from geoip2.models import ASN, City

from gslb.geo.attributes import Place


def described(record: Mapping[str, Any], place: Place) -> str:
    """Say where a client is, and in which network; nested records are typed by geoip2.

    `record` is a database's, `place` what is read out of it, which tells flat records.
    """
    nested = isinstance(record.get("country", {}), Mapping)
    parts = [*(_nested(record) if nested else _flat(place)), *_coordinates(place), *_system(record)]
    return ", ".join(parts) or "nothing is known"


def _nested(record: Mapping[str, Any]) -> list[str]:
    found = City(["en"], **{key: value for key, value in record.items() if key != "traits"})
    divisions = [division.name or division.iso_code for division in found.subdivisions]
    country = found.country.name or found.country.iso_code
    names = [found.city.name, *divisions, country, found.continent.name or found.continent.code]
    return [name for name in names if name]


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


def _system(record: Mapping[str, Any]) -> list[str]:
    if "autonomous_system_number" not in record:
        return []
    found = ASN(str(_NOBODY), **record)
    name = found.autonomous_system_organization
    return [f"AS{found.autonomous_system_number}{f' ({name})' if name else ''}"]


_NOBODY = IPv4Address(0)  # the type wants an address; a record has none
