"""A node that has lost a database: its maps stay as they were, and only they cannot be edited."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import dns.edns
import dns.message
import dns.query
import pytest
from atlases import city, write_database
from node import ZONE, Node, until

SOUTH = city("BR", "SA", "Recife", (-8.05, -34.9), "PE")
SYSTEM = {"autonomous_system_number": 64500}
YAML = """\
datacenters:
  tokyo: {location: [35.68, 139.69]}
  frankfurt: {location: [50.11, 8.68]}
maps:
  systems: {rules: [{asn: 64500, to: [tokyo]}], otherwise: {map: world}}
  world: {otherwise: nearest}
vips:
  www.gslb.example.:
    map: systems
    pools:
      tokyo: {members: [{address: 192.0.2.1}]}
      frankfurt: {members: [{address: 192.0.2.2}]}
"""


class Stage:
    """A folder with zones and two databases, and how nodes are started on it."""

    def __init__(self, folder: Path) -> None:
        self.zones = folder / "zones"
        self.zones.mkdir()
        (self.zones / "gslb.example.zone").write_text(ZONE)
        (self.zones / "gslb.example.yaml").write_text(YAML)
        self.city = folder / "city.mmdb"
        self.systems = folder / "asn.mmdb"
        write_database(self.city, {"198.51.100.0/24": SOUTH}, "GeoLite2-City")
        write_database(self.systems, {"203.0.113.0/24": SYSTEM}, "GeoLite2-ASN")
        flags = [w for file in (self.city, self.systems) for w in ("--geoip", str(file))]
        self.node = Node(folder / "state", self.zones, more=flags)

    async def restart(self) -> None:
        """End the node and start it again."""
        await self.node.end()
        await self.node.start()

    def answers(self) -> list[str]:
        """Give the answers for a client of the system, one in the south, and one elsewhere."""
        found = []
        for address in ("203.0.113.0", "198.51.100.0"):
            query = dns.message.make_query("www.gslb.example.", "A")
            query.use_edns(0, options=[dns.edns.ECSOption(address, 24)])
            reply = dns.query.udp(query, "127.0.0.1", 2, self.node.dns)
            found.append(reply.answer[0][0].to_text())
        return found

    async def alarm(self) -> str:
        """Give the words of the alarm about maps, empty if there is none."""
        _, ready = await self.node.call("GET", "/readyz")
        return next((one["words"] for one in ready["alarms"] if one["key"] == "geography"), "")


WANTED = ["192.0.2.1", "192.0.2.2"]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a stage whose node was started once with both databases."""
    found = Stage(tmp_path)
    await found.node.start()
    try:
        assert found.answers() == WANTED
        yield found
    finally:
        await found.node.end()


@pytest.mark.parametrize("lost", ["city", "systems"])
async def test_maps_stay_while_one_of_two_databases_is_lost(stage: Stage, lost: str) -> None:
    file: Path = getattr(stage, lost)
    away = file.rename(file.with_suffix(".away"))
    await stage.restart()
    assert stage.answers() == WANTED
    assert "no geography database" in (words := await stage.alarm()) or "which no" in words
    away.rename(file)

    async def well() -> bool:
        return not await stage.alarm()

    await until(well, "the database is used again")
    assert stage.answers() == WANTED


async def test_only_the_maps_cannot_be_edited_meanwhile(stage: Stage) -> None:
    for file in (stage.city, stage.systems):
        file.unlink()
    await stage.restart()
    vip = json.loads(
        '{"map": "systems", "ttl": 7, "pools": {"frankfurt": {"members": [{"address":'
        ' "192.0.2.2"}]}, "tokyo": {"members": [{"address": "192.0.2.1"}]}}}'
    )
    status, told = await stage.node.call("PUT", "/api/v1/vips/www.gslb.example.", vip)
    assert status == 200, told
    assert stage.answers() == WANTED
    for path, value in (
        ("maps/world", {"otherwise": {"nearest": 2}}),
        ("datacenters/tokyo", {"location": [34.0, 135.0]}),
    ):
        status, told = await stage.node.call("PUT", f"/api/v1/{path}", value)
        assert status == 422, told
        assert "--geoip" in json.dumps(told)
    assert stage.answers() == WANTED
