"""Loads through the API: pushed, shown, forgotten, and refused in sentences where it is none."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from node import Node, running, until, write_zones
from rich.console import Console

from gslb.cli import tell

CAPACITY = {"capacity": {"limit": 1000, "load": "push"}}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """Give a node on a small zone, whose tokyo takes pushed loads."""
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as found:
        status, _ = await found.call("PUT", "/api/v1/datacenters/tokyo", CAPACITY)
        assert status == 200
        yield found


async def test_a_load_is_pushed_shown_and_forgotten(node: Node) -> None:
    status, told = await node.call("PUT", "/api/v1/load/tokyo", {"load": 1000})
    assert (status, told["load"], told["limit"], told["fresh"]) == (200, 1000.0, 1000.0, True)

    async def sheds() -> bool:
        _, found = await node.call("GET", "/api/v1/status")
        return bool(abs(found["loads"][0]["shed"] - 1 / 6) < 1e-9)

    await until(sheds, "tokyo sheds a sixth")
    _, every = await node.call("GET", "/api/v1/load")
    since = f"{datetime.fromtimestamp(every[0]['since'], UTC):%H:%M:%SZ}"
    words = (
        f"the datacenter tokyo sheds 17% of its clients since {since}: load 1000 of 1000 (pushed)"
    )
    assert every[0]["words"] == words
    assert words in node.log.read_text()
    await _shown(node, since)
    assert (await node.call("DELETE", "/api/v1/load/tokyo"))[0] == 204
    _, told = await node.call("GET", "/api/v1/load/tokyo")
    assert (told["load"], told["fresh"]) == (None, False)


async def _shown(node: Node, since: str) -> None:
    """See the same in the metrics, and where an operator looks."""
    _, metrics = await node.call("GET", "/metrics")
    assert 'gslb_datacenter_load{datacenter="tokyo"} 1000.0' in metrics
    assert 'gslb_datacenter_capacity{datacenter="tokyo"} 1000.0' in metrics
    assert 'gslb_datacenter_shed_ratio{datacenter="tokyo"} 0.1666' in metrics
    assert 'gslb_datacenter_load_time_seconds{datacenter="tokyo"}' in metrics
    _, found = await node.call("GET", "/api/v1/status")
    out = io.StringIO()
    tell.status(Console(file=out, width=200), found)
    assert f"tokyo: load 1000 of 1000 (pushed), sheds 17% since {since}\n" in out.getvalue()


async def test_pools_have_loads_of_their_own_and_short_ones_are_shown(node: Node) -> None:
    pool = {"members": [{"address": "192.0.2.20"}], "capacity": {"limit": 10, "load": "push"}}
    short = {"members": [{"address": "192.0.2.21"}, {"address": "192.0.2.22", "weight": 0}]}
    pools = {"tokyo": pool, "frankfurt": {**short, "min_live": 2}}
    body = {"pools": pools}
    status, told = await node.call("PUT", "/api/v1/vips/api.gslb.example.", body)
    assert status == 200, told
    place = "/api/v1/load/tokyo/api.gslb.example."
    status, told = await node.call("PUT", place, {"load": 5})
    assert (status, told["load"]) == (200, 5.0)
    labels = '{datacenter="tokyo",vip="api.gslb.example."}'
    _, metrics = await node.call("GET", "/metrics")
    assert f"gslb_pool_load{labels} 5.0" in metrics
    assert f"gslb_pool_capacity{labels} 10.0" in metrics
    assert f"gslb_pool_shed_ratio{labels} 0.0" in metrics
    assert f"gslb_pool_load_time_seconds{labels}" in metrics
    labels = labels.replace("tokyo", "frankfurt")
    assert f"gslb_pool_live_members{labels} 1.0" in metrics
    _, found = await node.call("GET", "/api/v1/status")
    out = io.StringIO()
    tell.status(Console(file=out, width=200), found)
    assert "api.gslb.example. in tokyo: load 5 of 10 (pushed)\n" in out.getvalue()
    assert "tokyo: no load of 1000 (pushed) is told\n" in out.getvalue()
    assert "api.gslb.example. in frankfurt is down: 1 live, 2 needed\n" in out.getvalue()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("osaka", {"load": 1}, 404),
        ("frankfurt", {"load": 1}, 404),
        ("tokyo/www.gslb.example.", {"load": 1}, 404),
        ("tokyo", {"load": -1}, 422),
        ("tokyo", {"load": True}, 422),
        ("tokyo", {"load": 1, "more": 2}, 422),
        ("tokyo", [1], 422),
    ],
)
async def test_what_is_no_load_is_refused(node: Node, path: str, body: object, status: int) -> None:
    found, reply = await node.call("PUT", f"/api/v1/load/{path}", body)
    assert found == status, reply
