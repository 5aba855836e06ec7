"""What odd but whole databases say: told in words, or refused; nothing raises."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from atlases import city, write_database

from gslb.geo import Atlas
from gslb.geo.attributes import of_record
from gslb.geo.words import described
from gslb.telemetry import Alarms

SAID: list[tuple[dict[str, Any], str]] = [
    ({"city": "Berlin", "country_code": "DE"}, "Berlin, DE"),
    ({"continent": "EU", "country_code": "DE"}, "DE, EU"),
    ({"country": {"iso_code": "DE"}, "city": "Berlin"}, "Berlin, DE"),
    ({"country": {"iso_code": "DE"}, "subdivisions": {"a": 1}}, "DE"),
    ({"country": {"iso_code": "DE"}, "location": "here"}, "DE"),
    ({"asn": "AS64500", "as_name": "Example"}, "AS64500 (Example)"),
    ({"autonomous_system_number": 64500, "ip_address": "192.0.2.1"}, "AS64500"),
    ({"asn": "inf", "lat": "nan", "lng": "1"}, "nothing is known"),
]


@pytest.mark.parametrize(("record", "words"), SAID)
def test_a_record_of_any_layout_is_told(record: dict[str, Any], words: str) -> None:
    """Flat records without a country, mixed ones, and odd ones do not fail an explanation."""
    assert described(record, of_record(record)) == words


def test_a_build_time_that_is_none_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    """A whole file with a time beyond all calendars is refused as a broken one is."""
    file = tmp_path / "city.mmdb"
    networks = {"198.51.100.0/24": city("BR", "SA", "Recife", (-8.05, -34.9), "PE")}
    write_database(file, networks, "GeoLite2-City")
    alarms = Alarms(time.time)
    atlas = Atlas([file], alarms=alarms, now=time.time)
    atlas.open()
    old = atlas.opened
    whole = file.read_bytes()
    at = whole.rindex(b"build_epoch") + len("build_epoch")
    assert whole[at : at + 2] in {b"\x04\x02", b"\x08\x02"}  # uint64, of 4 or 8 octets
    size = whole[at]
    odd = whole[: at + 2] + b"\x7f" + whole[at + 3 : at + 2 + size] + whole[at + 2 + size :]
    if size == 4:
        odd = whole[:at] + b"\x08\x02" + b"\x7f" * 8 + whole[at + 6 :]
    file.write_bytes(odd)
    atlas.look()
    assert not atlas.look()
    assert atlas.opened == old
    assert "is no time in unix seconds" in atlas.faults[0][1]


async def test_what_could_not_be_taken_up_is_owed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maps that could not be classified by a new file are tried again, not forgotten."""
    monkeypatch.setattr("gslb.geo.atlas.LOOK_EVERY", 0.0)
    file = tmp_path / "city.mmdb"
    atlas = Atlas([file], alarms=Alarms(time.time), now=time.time)
    atlas.open()
    place = city("BR", "SA", "Recife", (-8.05, -34.9), "PE")
    write_database(file, {"198.51.100.0/24": place}, "GeoLite2-City")
    tries = 0

    async def anew() -> None:
        nonlocal tries
        tries += 1
        raise KeyError(tries)

    for _ in range(2):
        with pytest.raises(KeyError):
            await asyncio.wait_for(atlas.follow(anew), 5)
    assert tries == 2
