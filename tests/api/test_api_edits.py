"""Edits through the API: stored, audited, answered by every worker when the reply arrives."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from node import Node, running, write_zones

VIP = {"pools": {"tokyo": {"members": [{"address": "192.0.2.1"}]}}}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """Give a node on a small zone."""
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as found:
        yield found


async def test_every_collection_can_be_put_read_and_deleted(node: Node) -> None:
    values: dict[str, Any] = {
        "datacenters/osaka": {"location": [34.69, 135.5]},
        "probes/slow": {"kind": "tcp", "port": 443, "interval": "1m", "timeout": "5s"},
        "maps/ours": {
            "rules": [{"networks": ["10.0.0.0/8"], "to": ["osaka"]}],
            "otherwise": ["tokyo"],
        },
        "vips/new.gslb.example.": VIP | {"map": "ours"},
        "zones/gslb.example./rrsets/a.gslb.example./A": {"ttl": 60, "rdata": ["192.0.2.5"]},
    }
    for path, value in values.items():
        status, reply = await node.call("PUT", f"/api/v1/{path}", value)
        assert (status, reply["changed"]) == (201, True), reply
        status, again = await node.call("PUT", f"/api/v1/{path}", value)
        assert (status, again) == (200, {"revision": reply["revision"], "changed": False})
        status, found = await node.call("GET", f"/api/v1/{path}")
        assert status == 200
        assert {key: found[key] for key in value if key != "rules"} == {
            key: said if key != "pools" else found["pools"]
            for key, said in value.items()
            if key != "rules"
        }
    assert await node.ask("new.gslb.example.") == ["192.0.2.1"]
    assert await node.ask("a.gslb.example.") == ["192.0.2.5"]
    for path in reversed(values):
        status, _ = await node.call("DELETE", f"/api/v1/{path}")
        assert status == 200
        assert (await node.call("GET", f"/api/v1/{path}"))[0] == 404
    assert await node.ask("new.gslb.example.") == ["NXDOMAIN"]


async def test_an_edit_is_answered_when_its_reply_arrives(node: Node) -> None:
    for last in range(1, 30):
        path = "/api/v1/zones/gslb.example/rrsets/txt.gslb.example/TXT"
        status, reply = await node.call("PUT", path, {"ttl": 1, "rdata": [f'"{last}"']})
        assert status == 200, reply
        asked = (node.ask("txt.gslb.example.", "TXT", tcp=tcp) for tcp in (False,) * 8 + (True,))
        assert await asyncio.gather(*asked) == [[f'"{last}"']] * 9


async def test_bad_input_names_every_fault_and_stores_nothing(node: Node) -> None:
    bad = {
        "ttl": -1,
        "weigth": 3,
        "pools": {"tokyo": {"weight": 70000, "members": [{"address": "192.0.2.x"}]}},
    }
    status, problem = await node.call("PUT", "/api/v1/vips/www.gslb.example.", bad)
    assert status == 422
    assert problem["status"] == 422
    assert {item["pointer"] for item in problem["errors"]} == {
        "#/ttl",
        "#/weigth",
        "#/pools/tokyo/weight",
        "#/pools/tokyo/members/0/address",
    }
    world = {"probe": "nope", "pools": {"atlantis": {"members": [{"address": "192.0.2.1"}]}}}
    status, problem = await node.call("PUT", "/api/v1/vips/www.gslb.example.", world)
    assert status == 422
    assert {item["pointer"] for item in problem["errors"]} == {"#/probe", "#/pools/atlantis"}
    _, found = await node.call("GET", "/api/v1/vips/www.gslb.example.")
    assert found["probe"] == "web"
    _, after = await node.call("GET", "/api/v1/status")
    assert after["revision"] == 1


async def test_a_datacenter_in_use_is_not_deleted(node: Node) -> None:
    status, problem = await node.call("DELETE", "/api/v1/datacenters/tokyo")
    assert status == 422
    assert any("tokyo" in item["path"] for item in problem["errors"])
    assert (await node.call("GET", "/api/v1/datacenters/tokyo"))[0] == 200


async def test_a_body_that_is_not_json_says_where(node: Node) -> None:
    status, problem = await node.call("PUT", "/api/v1/datacenters/osaka", b'{"location": }')
    assert status == 422
    assert "line 1, column 14" in problem["errors"][0]["detail"]


async def test_a_patch_changes_some_keys(node: Node) -> None:
    path = "/api/v1/vips/www.gslb.example."
    status, _ = await node.call("PATCH", path, {"ttl": 7, "order": None})
    assert status == 200
    _, found = await node.call("GET", path)
    assert (found["ttl"], found["order"], found["probe"]) == (7, None, "web")


async def test_a_dry_run_stores_nothing(node: Node) -> None:
    status, reply = await node.call("PUT", "/api/v1/datacenters/osaka?dry_run=true", {})
    assert (status, reply["dry_run"], reply["changed"]) == (200, True, True)
    assert (await node.call("GET", "/api/v1/datacenters/osaka"))[0] == 404


async def test_tokens_and_roles(node: Node) -> None:
    secrets: dict[str, str] = {}
    for role in ("viewer", "operator", "admin"):
        status, reply = await node.call("POST", "/api/v1/tokens", {"name": role, "role": role})
        assert status == 201
        secrets[role] = reply["token"]
        assert secrets[role].encode() not in (node.state / "gslb.db").read_bytes()
    for token in ("", "wrong"):
        assert (await node.call("GET", "/api/v1/status", token=token))[0] == 401
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await node.call("GET", path, token=""))[0] == 200
    viewer, operator, admin = secrets.values()
    assert (await node.call("GET", "/api/v1/status", token=viewer))[0] == 200
    assert (await node.call("PUT", "/api/v1/datacenters/osaka", {}, token=viewer))[0] == 403
    assert (await node.call("PUT", "/api/v1/datacenters/osaka", {}, token=operator))[0] == 201
    wanted = {"name": "more", "role": "viewer"}
    assert (await node.call("POST", "/api/v1/tokens", wanted, token=operator))[0] == 403
    assert (await node.call("POST", "/api/v1/tokens", wanted, token=admin))[0] == 201


async def test_unknown_paths_and_methods_are_problems(node: Node) -> None:
    status, problem = await node.call("GET", "/api/v1/nothing")
    assert (status, problem["status"]) == (404, 404)
    status, problem = await node.call("POST", "/api/v1/vips")
    assert (status, problem["status"]) == (405, 405)
    status, problem = await node.call("GET", "/api/v1/explain?type=A")
    assert status == 422
    assert {item["path"] for item in problem["errors"]} == {"/name", "/client"}
