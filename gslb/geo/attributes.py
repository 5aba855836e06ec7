"""What can be known of a place, and where the databases that are about keep it.

MaxMind's GeoLite2 and GeoIP2 databases nest their records; DB-IP's City and Country Lite are laid
out as those. IPinfo's and IP2Location's are flat, and so are DB-IP's other ones; they write numbers
as text at times. A record without any of these paths knows nothing of the attribute.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

Kind = Literal["number", "text"]

LOCATION: Final = ("latitude", "longitude")
"""Together they are where a place is; the keys of rules are the other attributes."""

PATHS: Final[dict[str, tuple[Kind, tuple[str, ...]]]] = {
    "latitude": ("number", ("location.latitude", "latitude", "lat")),
    "longitude": ("number", ("location.longitude", "longitude", "lng", "lon")),
    "continent": ("text", ("continent.code", "continent_code", "continent")),
    "country": ("text", ("country.iso_code", "country_code", "country")),
    "subdivision": ("text", ("subdivisions.0.iso_code", "region_code", "subdivision_code")),
    "subdivision_name": (
        "text",
        ("subdivisions.0.names.en", "region", "stateprov", "state1", "subdivision"),
    ),
    "smaller_subdivision": ("text", ("subdivisions.1.iso_code",)),
    "smaller_subdivision_name": ("text", ("subdivisions.1.names.en", "state2")),
    "city": ("text", ("city.names.en", "city_name", "city")),
    "asn": ("number", ("autonomous_system_number", "asn", "as_number")),
}
"""By attribute: its kind, and the paths at which it may stand, the first that is there counts."""

OF_KEY: Final[dict[str, tuple[str, ...]]] = {
    "asn": ("asn",),
    "city": ("city",),
    "subdivision": (
        "country",
        "subdivision",
        "subdivision_name",
        "smaller_subdivision",
        "smaller_subdivision_name",
    ),
    "country": ("country",),
    "continent": ("continent",),
}
"""By key of a rule: the attributes that it is compared with."""

Place = Mapping[str, str | float]
"""What is known of a place, by attribute; what is not known is not there."""


def of_record(record: Mapping[str, Any]) -> dict[str, str | float]:
    """Give what a database's record says, as the plane reads columns out of all of them."""
    found = {name: _first(record, kind, paths) for name, (kind, paths) in PATHS.items()}
    return {name: value for name, value in found.items() if value is not None}


def _first(record: Mapping[str, Any], kind: Kind, paths: Iterable[str]) -> str | float | None:
    values = (_at(record, path) for path in paths)
    value = next((v for v in values if isinstance(v, str | int | float)), None)
    if kind == "text" or value is None:
        return None if value is None or value == "" else str(value)
    try:
        number = float(value.removeprefix("AS") if isinstance(value, str) else value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _at(record: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(record, Mapping):
            record = record.get(step)
        elif isinstance(record, list) and step.isdigit() and int(step) < len(record):
            record = record[int(step)]
        else:
            return None
    return record


def knows(key: str, place: Place) -> bool:
    """Whether a place has what a key of a rule is compared with; a country is no subdivision."""
    return any(name in place for name in OF_KEY[key] if name != "country" or key == name)


def fits(key: str, wanted: str | int, place: Place) -> bool:
    """Whether a place fits what a rule says under a key.

    A subdivision is written as its ISO 3166-2 code with the country's before it, `BR-SP`, or by its
    English name; of two subdivisions inside each other either may be meant.
    """
    if key != "subdivision":
        return place.get(key) == wanted
    country, dash, code = str(wanted).partition("-")
    if (
        dash
        and country == place.get("country")
        and code
        in {
            place.get("subdivision"),
            place.get("smaller_subdivision"),
        }
    ):
        return True
    return wanted in {place.get("subdivision_name"), place.get("smaller_subdivision_name")}
