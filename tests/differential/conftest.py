"""The generated zones, served by gslb, NSD and Knot while a test file runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import authorities
import pytest
from dns.rdatatype import RdataType, to_text
from exchange import Server
from garden import garden
from nameserver import serving
from replies import Record

from gslb.model import RrsetKey, World, Zone
from gslb.model.names import from_wire
from gslb.model.records import rdata_wire
from gslb.zones.master import read_master

PEERS = {"nsd": authorities.nsd, "knot": authorities.knot}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the master files, once for all three."""
    return garden().write(tmp_path_factory.mktemp("garden"))


@pytest.fixture(scope="session")
def world(files: dict[str, Path]) -> World:
    """Read the master files as gslb does."""
    masters = {origin: read_master(path, origin) for origin, path in files.items()}
    assert [fault for master in masters.values() for fault in master.faults] == []
    return World(
        zones={
            origin: Zone(origin=origin, rrsets=master.rrsets) for origin, master in masters.items()
        }
    )


@pytest.fixture(scope="session")
def standing(world: World) -> Callable[[bytes, int], list[list[Record]]]:
    """Give what finds the records of an RRset, by owner and type, in each zone that has it."""

    def find(owner: bytes, rtype: int) -> list[list[Record]]:
        text = to_text(RdataType.make(rtype))
        key = RrsetKey(from_wire(owner), text)
        rrsets = [zone.rrsets[key] for zone in world.zones.values() if key in zone.rrsets]
        return [
            sorted(Record(owner, rtype, rrset.ttl, rdata_wire(text, one)) for one in rrset.rdata)
            for rrset in rrsets
        ]

    return find


@pytest.fixture(scope="session")
def gslb(world: World) -> Iterator[Server]:
    """Serve the zones from the plane."""
    with serving(world, listen=("127.0.0.1:0",)) as nameserver:
        yield Server("gslb", "127.0.0.1", nameserver.port)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("nsd", marks=pytest.mark.peer("nsd")),
        pytest.param("knot", marks=pytest.mark.peer("knotd")),
    ],
)
def peer(
    request: pytest.FixtureRequest,
    files: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """Serve the zones from a peer."""
    folder = tmp_path_factory.mktemp("peers") / request.param
    with PEERS[request.param](folder, files) as server:
        yield server
