"""Database files as the plane reads them: nested, flat, IPv4 alone, broken in every way."""

import json
import math
import random
import struct
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import maxminddb
import pytest
from atlases import city, write_database

from gslb.plane import Database, Overlay
from gslb.snapshot import IN_IPV4

RECORDS: dict[str, Any] = {
    "192.0.2.0/24": city("JP", "AS", "Tokyo", (35.68, 139.69), "13"),
    "198.51.100.0/25": city("DE", "EU", "Berlin", (52.52, 13.4)),
    "198.51.100.128/25": {"country": {"iso_code": "DE"}},
    "2001:db8::/32": city("BR", "SA", "Campinas", (-22.9, -47.06), "SP"),
    "2001:db8:1:2:8000::/65": city("BR", "SA", "Santos", (-23.96, -46.33), "SP"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_database(tmp_path / "city.mmdb", RECORDS)


def floats(packed: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(packed) // 8}d", packed))


def numbers(packed: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(packed) // 4}I", packed))


def test_columns_have_what_each_place_has(file: Path) -> None:
    database = Database.open(str(file))
    columns = database.columns(
        [
            ("country", ["country_code", "country.iso_code"], "text"),
            ("region", ["subdivisions.0.iso_code"], "text"),
            ("latitude", ["location.latitude"], "number"),
        ]
    )
    assert database.places == 5  # what is only beyond 64 bits is no place
    packed, words = columns["country"]
    countries = [words[at] for at in numbers(packed)]
    assert countries[0] == ""
    assert sorted(countries[1:]) == ["BR", "DE", "DE", "JP"]
    packed, words = columns["region"]
    assert sorted(words[at] for at in numbers(packed)) == ["", "", "", "13", "SP"]
    latitudes = floats(columns["latitude"][0])
    assert sorted(value for value in latitudes if not math.isnan(value)) == [
        pytest.approx(value) for value in (-22.9, 35.68, 52.52)
    ]


def test_numbers_may_be_text(tmp_path: Path) -> None:
    flat: dict[str, Any] = {
        "192.0.2.0/24": {"lat": "35.5", "asn": "AS64500", "country": "JP"},
        "198.51.100.0/24": {"lat": "north", "asn": 64501, "country": {"nested": "DE"}},
    }
    database = Database.open(str(write_database(tmp_path / "flat.mmdb", flat, "Flat", version=4)))
    columns = database.columns(
        [
            ("latitude", ["latitude", "lat"], "number"),
            ("asn", ["asn"], "number"),
            ("country", ["country"], "text"),
        ]
    )
    first, second, third = floats(columns["latitude"][0])
    assert [math.isnan(one) for one in (first, second, third)].count(True) == 2
    assert {64500.0, 64501.0} <= set(floats(columns["asn"][0]))
    assert columns["country"][1] == ["", "JP"]


def test_look_gives_record_and_network(file: Path) -> None:
    database = Database.open(str(file))
    record, length = database.look("198.51.100.7")
    assert (json.loads(record)["city"]["names"]["en"], length) == ("Berlin", 25)
    record, length = database.look("2001:db8:1:2:9000::1")
    assert (json.loads(record)["city"]["names"]["en"], length) == ("Santos", 65)
    assert database.look("203.0.113.1")[0] == "null"
    assert json.loads(database.metadata)["database_type"] == "Test-City"


def test_what_is_longer_than_64_bits_is_that_of_the_lowest_address(file: Path) -> None:
    database = Database.open(str(file))
    ids = struct.pack(f"<{database.places}I", *range(database.places))
    overlay = Overlay([(database, ids)], [])
    _, _, starts, classes = overlay.ranges(overlay.combinations)
    _, words = database.columns([("city", ["city.names.en"], "text")])["city"]
    known = dict(zip(struct.unpack(f"<{len(starts) // 8}Q", starts), numbers(classes), strict=True))
    place = known[0x2001_0DB8 << 32]
    packed, _ = database.columns([("city", ["city.names.en"], "text")])["city"]
    assert words[numbers(packed)[place]] == "Campinas"
    assert 0x2001_0DB8_0001_0002 not in known


def patched(file: Path, network: str) -> None:
    """Let a network of an IPv6 tree lead to IPv4, as MaxMind's own files do for 6to4 and Teredo."""
    octets = bytearray(file.read_bytes())
    with maxminddb.open_database(str(file)) as reader:
        size = reader.metadata().record_size
    assert size == 24, "a small tree"

    def place(node: int, bit: str) -> slice:
        at = node * 6 + 3 * int(bit)
        return slice(at, at + 3)

    def follow(bits: str) -> int:
        node = 0
        for bit in bits:
            node = int.from_bytes(octets[place(node, bit)], "big")
        return node

    alias = ip_network(network)
    bits = f"{int(alias.network_address):0128b}"[: alias.prefixlen]
    octets[place(follow(bits[:-1]), bits[-1])] = follow("0" * 96).to_bytes(3, "big")
    file.write_bytes(octets)


@pytest.mark.parametrize(("network", "at"), [("2002::/16", 16), ("2001::/32", 32)])
def test_an_alias_of_ipv4_is_told_as_such(tmp_path: Path, network: str, at: int) -> None:
    """It is not walked again: the class is that of the IPv4 address inside."""
    tokyo = RECORDS["192.0.2.0/24"]
    file = write_database(tmp_path / "city.mmdb", {"192.0.2.0/24": tokyo, network: {"x": 1}})
    patched(file, network)
    database = Database.open(str(file))
    ids = struct.pack(f"<{database.places}I", *range(database.places))
    overlay = Overlay([(database, ids)], [])
    _, _, starts, classes = overlay.ranges(overlay.combinations)
    known = dict(zip(struct.unpack(f"<{len(starts) // 8}Q", starts), numbers(classes), strict=True))
    assert known[int(ip_network(network).network_address) >> 64] == IN_IPV4[at]


def test_a_tree_that_leads_back_into_itself_is_refused(tmp_path: Path) -> None:
    file = write_database(tmp_path / "city.mmdb", {"4000::/3": {"x": 1}})
    octets = bytearray(file.read_bytes())
    octets[3:6] = bytes(3)  # the root's right side is the root
    file.write_bytes(octets)
    with pytest.raises(ValueError, match="leads twice to one node"):
        Database.open(str(file))


@pytest.mark.parametrize("length", [0, 1, 100, 700, -1, -20, -100])
def test_a_file_that_is_cut_off_is_refused(file: Path, length: int) -> None:
    octets = file.read_bytes()
    file.write_bytes(octets[:length])
    with pytest.raises(ValueError, match=r"MaxMind DB|cannot be read|out of its data"):
        Database.open(str(file)).columns([("city", ["city.names.en"], "text")])


def test_no_damage_does_more_than_a_sentence(file: Path) -> None:
    octets = file.read_bytes()
    draw = random.Random(5)
    refused = 0
    for _ in range(400):
        damaged = bytearray(octets)
        for _ in range(draw.randrange(1, 6)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        file.write_bytes(damaged)
        try:
            database = Database.open(str(file))
            database.columns([("city", ["city.names.en"], "text")])
            ids = struct.pack(f"<{database.places}I", *range(database.places))
            overlay = Overlay([(database, ids)], [])
            overlay.ranges(bytes(len(overlay.combinations)))
        except ValueError:
            refused += 1
    assert refused


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Database.open(str(tmp_path / "none.mmdb"))


def test_an_overlay_refuses_what_does_not_fit(file: Path) -> None:
    database = Database.open(str(file))
    with pytest.raises(ValueError, match="1 ids were given for 5 places"):
        Overlay([(database, bytes(4))], [])
    with pytest.raises(ValueError, match="not whole numbers"):
        Overlay([(database, bytes(23))], [])
    with pytest.raises(ValueError, match="layers"):
        Overlay([], [])
    with pytest.raises(ValueError, match="every address in order"):
        Overlay([], [(bytes(4), bytes(4), b"", b"")])
    overlay = Overlay([(database, bytes(20))], [])
    with pytest.raises(ValueError, match="2 classes were given for"):
        overlay.ranges(bytes(8))
