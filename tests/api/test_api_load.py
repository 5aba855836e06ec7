"""Loads through the API: pushed, shown, forgotten, and refused in sentences where it is none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from node import Node, running, until, write_zones

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
    assert every[0]["words"] == "the datacenter tokyo sheds 17% of its clients: load 1000 of 1000"
    assert (await node.call("DELETE", "/api/v1/load/tokyo"))[0] == 204
    _, told = await node.call("GET", "/api/v1/load/tokyo")
    assert (told["load"], told["fresh"]) == (None, False)


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
