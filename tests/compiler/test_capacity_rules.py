"""Faults of capacities: loads that nobody tells, pools that can never have enough live members."""

from typing import Any

import pytest

from gslb.compiler.capacity_rules import check_capacities
from gslb.compiler.scene import Scene
from gslb.model import World

PROBED = {"capacity": {"limit": 10, "load": "probe"}}


def faults(probe: dict[str, Any], site: dict[str, Any], pool: dict[str, Any]) -> dict[str, str]:
    """Give the faults of a world with one VIP, by their place."""
    members = [{"address": "192.0.2.1"}, {"address": "192.0.2.2"}]
    world = World.model_validate(
        {
            "datacenters": {"tokyo": site},
            "probes": {"web": probe},
            "vips": {"www.z.": {"probe": "web", "pools": {"tokyo": {"members": members, **pool}}}},
        }
    )
    found = check_capacities(Scene(world, frozenset()))
    return {fault.pointer: fault.sentence for fault in found}


@pytest.mark.parametrize("probe", [{"kind": "tcp", "port": 80}, {"kind": "http"}])
def test_a_probe_that_tells_no_load(probe: dict[str, Any]) -> None:
    assert faults(probe, PROBED, {}).keys() == {"/datacenters/tokyo/capacity/load"}
    assert faults(probe, {}, PROBED).keys() == {"/vips/www.z./pools/tokyo/capacity/load"}


def test_a_probe_with_a_load_header_is_well() -> None:
    assert faults({"kind": "http", "load_header": "X-Load"}, PROBED, PROBED) == {}


def test_more_live_members_than_there_are() -> None:
    found = faults({"kind": "http"}, {}, {"min_live": 3})
    assert "lower it, or add members" in found["/vips/www.z./pools/tokyo/min_live"]
    assert faults({"kind": "http"}, {}, {"min_live": "100%"}) == {}
