"""The files of the compose demo agree with each other; no engine is needed to see it."""

import re
from pathlib import Path
from typing import Any

import dns.name
import dns.rdatatype
import dns.zone
import pytest
from ruamel.yaml import YAML
from standin import DEBIAN, RUST

from gslb.compiler import check
from gslb.model import World
from gslb.zones import read_folder

HOUSE = Path(__file__).resolve().parents[2]
ORIGIN = "gslb.example."


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Give the services of docker-compose.yml, merges resolved."""
    return dict(YAML(typ="safe").load(HOUSE / "docker-compose.yml")["services"])


@pytest.fixture(scope="module")
def world() -> World:
    """Give the demo's world."""
    reading = read_folder(HOUSE / "demo/zones")
    assert not reading.faults
    return reading.world


def address_of(service: dict[str, Any]) -> str:
    return str(service["networks"]["net"]["ipv4_address"])


def parent_zone(name: str) -> dns.zone.Zone:
    path = HOUSE / "demo/parent" / f"{name or 'root'}.zone"
    return dns.zone.from_file(str(path), f"{name}.", relativize=False)


def addresses(zone: dns.zone.Zone, name: str) -> set[str]:
    found = zone.find_rdataset(dns.name.from_text(name), dns.rdatatype.A)
    return {data.to_text() for data in found}


def test_the_zones_folder_has_no_fault(world: World) -> None:
    assert not check(world)
    assert set(world.vips) == {f"www.{ORIGIN}", f"api.{ORIGIN}"}


def test_members_are_the_origins_of_their_site(services: dict[str, Any], world: World) -> None:
    for vip in world.vips.values():
        for site, pool in vip.pools.items():
            origins = {
                address_of(service)
                for name, service in services.items()
                if re.fullmatch(f"{site}-web\\d", name)
            }
            assert len(origins) == 2
            assert {str(member.address) for member in pool.members} == origins


def test_the_delegation_leads_to_the_nodes(services: dict[str, Any]) -> None:
    parent = parent_zone("example")
    ours = dns.zone.from_file(str(HOUSE / f"demo/zones/{ORIGIN}zone"), ORIGIN, relativize=False)
    for server, service in (("ns1", "tokyo-gslb"), ("ns2", "frankfurt-gslb")):
        wanted = {address_of(services[service])}
        assert addresses(parent, f"{server}.{ORIGIN}") == wanted
        assert addresses(ours, f"{server}.{ORIGIN}") == wanted
    delegated = parent.find_rdataset(dns.name.from_text(ORIGIN), dns.rdatatype.NS)
    assert delegated == ours.find_rdataset(dns.name.from_text(ORIGIN), dns.rdatatype.NS)


def test_the_resolver_knows_the_root(services: dict[str, Any]) -> None:
    root = address_of(services["parent"])
    hints = (HOUSE / "demo/resolver/root.hints").read_text()
    assert re.findall(r"\bA\s+(\S+)", hints) == [root]
    assert addresses(parent_zone(""), "parent.example.") == {root}
    assert addresses(parent_zone("example"), "parent.example.") == {root}


def test_ports_are_published_on_loopback_only(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_there_is_a_stand_in_for_every_base_image() -> None:
    lines = re.findall(
        r"^FROM (\S+)(?: AS (\S+))?", (HOUSE / "Dockerfile").read_text(), re.MULTILINE
    )
    stages = {stage for _, stage in lines}
    public = {image for image, _ in lines if image not in {*stages, "scratch", "wheel-${WHEEL}"}}
    assert public == {DEBIAN, RUST}


def test_every_target_that_a_service_names_exists(services: dict[str, Any]) -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)", (HOUSE / "Dockerfile").read_text(), re.MULTILINE)
    assert {service["build"]["target"] for service in services.values()} <= set(stages)
