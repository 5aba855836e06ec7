"""A node behind a front end: who may tell the client, and explain says who told it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from node import Node, running, write_zones

API = "api.gslb.example."
CLIENT = "203.0.113.7"
FRONT_END, STRANGER = "192.0.2.80", "192.0.2.81"


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    return write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})


async def told(node: Node, via: str) -> list[str]:
    status, found = await node.call("GET", f"/api/v1/explain?name={API}&client={CLIENT}&via={via}")
    assert status == 200, found
    return list(found["sentences"])


async def test_explain_tells_who_told_the_client(
    tmp_path: Path, zones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GSLB_PROXY_FROM", f"{FRONT_END}/32, 2001:db8:80::/48")
    async with running(tmp_path / "state", zones) as node:
        for front_end in (FRONT_END, "2001:db8:80::1"):
            first, *_, last = await told(node, front_end)
            assert first == f"The client is {CLIENT}/32, told by the front end {front_end}."
            assert last.startswith("Answered: 192.0.2.20")
        assert (await told(node, ""))[0] == f"The client is {CLIENT}/32, the packet's source."

        distrust = await told(node, STRANGER)
        assert f"{STRANGER} is not in proxy_from" in distrust[0]
        assert not [sentence for sentence in distrust if "Answered" in sentence]

        status, problem = await node.call("GET", f"/api/v1/explain?name={API}&client=::&via=proxy")
        assert (status, problem["errors"][0]["path"]) == (422, "/via")


async def test_the_command_line_asks_so_too(
    tmp_path: Path, zones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GSLB_PROXY_FROM", f"{FRONT_END}/32")
    async with running(tmp_path / "state", zones) as node:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gslb", "explain", API, "--client", CLIENT),
            *("--via", FRONT_END, "--state", str(node.state)),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "COLUMNS": "200"},
        )
        out, _ = await process.communicate()
        assert f"told by the front end {FRONT_END}.\n" in out.decode()
