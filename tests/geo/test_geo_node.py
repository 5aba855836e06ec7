"""A node and its databases: located answers, a new file taken up, a broken one refused."""

import os
import time
from pathlib import Path

import dns.edns
import dns.message
import dns.query
import pytest
from atlases import city, write_database
from node import ZONE, Node, until

YAML = """\
datacenters:
  tokyo: {location: [35.68, 139.69]}
  frankfurt: {location: [50.11, 8.68]}
maps:
  world:
    rules: [{country: BR, to: [frankfurt, tokyo]}, {asn: 64500, to: [tokyo]}]
    otherwise: nearest
vips:
  near.gslb.example.:
    map: world
    pools:
      tokyo: {members: [{address: 192.0.2.1}, {address: "2001:db8::1"}]}
      frankfurt: {members: [{address: 192.0.2.2}, {address: "2001:db8::2"}]}
"""
NAME = "near.gslb.example."
BERLIN = city("DE", "EU", "Berlin", (52.52, 13.4))
OSAKA = city("JP", "AS", "Osaka", (34.69, 135.5))
PLACES = {"198.51.100.0/24": BERLIN, "203.0.113.0/24": OSAKA, "2001:db8:9::/48": OSAKA}
SYSTEMS = {"198.51.100.128/25": {"autonomous_system_number": 64500}}


class Place:
    """A folder with zones and two databases, and the node that serves them."""

    def __init__(self, folder: Path) -> None:
        zones = folder / "zones"
        zones.mkdir()
        (zones / "gslb.example.zone").write_text(ZONE)
        (zones / "gslb.example.yaml").write_text(YAML)
        self.city = write_database(folder / "city.mmdb", PLACES, "GeoLite2-City")
        self.asn = write_database(folder / "asn.mmdb", SYSTEMS, "GeoLite2-ASN")
        self.state = folder / "state"
        self.zones = zones
        self.node = self.make(self.city, self.asn)

    def make(self, *files: Path) -> Node:
        """Make a node with databases."""
        return Node(self.state, self.zones, more=[w for f in files for w in ("--geoip", str(f))])

    def ask(self, network: str, rtype: str = "A") -> tuple[str, int]:
        """Give the answer's data and its ECS scope for a client network."""
        address, _, length = network.partition("/")
        query = dns.message.make_query(NAME, rtype, use_edns=0)
        query.use_edns(0, options=[dns.edns.ECSOption(address, int(length))])
        reply = dns.query.udp(query, "127.0.0.1", 2, self.node.dns)
        (option,) = [o for o in reply.options if isinstance(o, dns.edns.ECSOption)]
        return reply.answer[0][0].to_text(), option.scopelen

    async def alarms(self) -> list[str]:
        """Give the words of the alarms that stand."""
        _, ready = await self.node.call("GET", "/readyz")
        return [alarm["words"] for alarm in ready["alarms"]]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_clients_are_answered_by_where_they_are(place: Place) -> None:
    await place.node.start()
    try:
        assert place.ask("203.0.113.0/24")[0] == "192.0.2.1"
        assert place.ask("198.51.100.0/25") == ("192.0.2.2", 25)
        assert place.ask("198.51.100.128/25") == ("192.0.2.1", 25)  # by its AS
        assert place.ask("2001:db8:9::/48", "AAAA") == ("2001:db8::1", 48)
        _, status = await place.node.call("GET", "/api/v1/status")
        assert [one["kind"] for one in status["geoip"]] == ["GeoLite2-City", "GeoLite2-ASN"]
        assert all(one["fault"] is None for one in status["geoip"])
        _, metrics = await place.node.call("GET", "/metrics")
        assert 'gslb_geoip_age_seconds{file="' in metrics
        assert 'kind="GeoLite2-ASN"' in metrics
    finally:
        await place.node.end()


async def test_a_new_file_is_taken_up_and_a_broken_one_refused(place: Place) -> None:
    await place.node.start()
    try:
        assert place.ask("203.0.113.0/24")[0] == "192.0.2.1"
        write_database(place.city, {**PLACES, "203.0.113.0/24": BERLIN}, "GeoLite2-City")

        async def moved() -> bool:
            return place.ask("203.0.113.0/24")[0] == "192.0.2.2"

        await until(moved, "the new file decides")
        _, before = await place.node.call("GET", "/api/v1/status")

        whole = place.city.read_bytes()
        place.city.write_bytes(whole[: len(whole) // 2])

        async def refused() -> bool:
            return any("MaxMind DB" in words for words in await place.alarms())

        await until(refused, "an alarm names the broken file")
        (alarm,) = await place.alarms()
        assert str(place.city) in alarm
        assert "stays in use" in alarm
        assert place.ask("203.0.113.0/24")[0] == "192.0.2.2"
        _, status = await place.node.call("GET", "/api/v1/status")
        assert status["geoip"][0]["built"] == before["geoip"][0]["built"]
        assert status["geoip"][0]["fault"]
        _, metrics = await place.node.call("GET", "/metrics")
        (line,) = [
            one
            for one in metrics.splitlines()
            if one.startswith("gslb_geoip_refused_since_seconds{") and "city" in one
        ]
        assert float(line.split()[-1]) > time.time() - 60

        write_database(place.city, PLACES, "GeoLite2-City")

        async def well() -> bool:
            return place.ask("203.0.113.0/24")[0] == "192.0.2.1" and not await place.alarms()

        await until(well, "a whole file is taken up again")
        assert (await place.node.call("GET", "/api/v1/status"))[1]["revision"] == 1
    finally:
        await place.node.end()


async def test_a_restart_without_its_database_goes_on_with_the_saved_map(place: Place) -> None:
    await place.node.start()
    await place.node.end()
    os.remove(place.city)  # noqa: PTH107
    place.node = place.make(place.city)
    await place.node.start()
    try:
        assert place.ask("203.0.113.0/24")[0] == "192.0.2.1"
        assert any("No such file" in words for words in await place.alarms())
    finally:
        await place.node.end()


async def test_a_restart_takes_up_a_file_that_changed_meanwhile(place: Place) -> None:
    await place.node.start()
    await place.node.end()
    write_database(place.city, {**PLACES, "203.0.113.0/24": BERLIN}, "GeoLite2-City")
    place.node = place.make(place.city, place.asn)
    await place.node.start()
    try:
        assert place.ask("203.0.113.0/24")[0] == "192.0.2.2"
    finally:
        await place.node.end()


async def test_without_a_database_the_faults_say_what_is_missing(place: Place) -> None:
    place.node = place.make()
    with pytest.raises(AssertionError, match="not ready"):
        await place.node.start()
    await place.node.end()
    said = place.node.log.read_text()
    assert "give one with --geoip" in said
    assert "gslb.example.yaml:" in said
