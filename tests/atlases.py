"""Small geography databases, written by mmdb-writer, and atlases of them."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPNetwork, IPSet

from gslb.geo import Atlas
from gslb.telemetry import Alarms


def nowhere() -> Atlas:
    """Give an atlas without databases."""
    return Atlas([], alarms=Alarms(time.time), now=time.time)


def write_database(
    file: Path, records: Mapping[str, Mapping[str, Any]], kind: str = "Test-City", version: int = 6
) -> Path:
    """Write a database of these networks and records, whole, in the place of what was there."""
    writer = MMDBWriter(version, database_type=kind, languages=["en"], ipv4_compatible=version == 6)
    for network in sorted(map(IPNetwork, records), key=lambda one: one.prefixlen):
        writer.insert_network(IPSet([network]), dict(records[str(network)]))
    beside = file.with_suffix(".new")
    writer.to_db_file(str(beside))
    beside.replace(file)
    return file


def city(
    country: str, continent: str, name: str, at: tuple[float, float], code: str = ""
) -> dict[str, Any]:
    """Make a record as GeoLite2-City has it."""
    record: dict[str, Any] = {
        "city": {"names": {"en": name}},
        "continent": {"code": continent, "names": {"en": continent}},
        "country": {"iso_code": country, "names": {"en": country}},
        "location": {"latitude": at[0], "longitude": at[1]},
    }
    if code:
        record["subdivisions"] = [{"iso_code": code, "names": {"en": f"{name} State"}}]
    return record


def opened(*files: Path) -> Atlas:
    """Give an atlas of files, opened."""
    atlas = Atlas(files, alarms=Alarms(time.time), now=time.time)
    atlas.open()
    return atlas
