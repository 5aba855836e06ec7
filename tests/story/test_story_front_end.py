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


async def told(node: Node, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gslb", "explain", API, "--client", CLIENT, *words),
        *("--state", str(node.state)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "200"},
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def test_explain_tells_who_told_the_client(
    tmp_path: Path, zones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GSLB_PROXY_FROM", f"{FRONT_END}/32, 2001:db8:80::/48")
    async with running(tmp_path / "state", zones) as node:
        for front_end in (FRONT_END, "2001:db8:80::1"):
            code, out = await told(node, "--via", front_end)
            assert code == 0, out
            assert f"The client is {CLIENT}/32, told by the front end {front_end}." in out
            assert "Answered: 192.0.2.20" in out
        assert f"The client is {CLIENT}/32, the packet's source." in (await told(node))[1]

        code, out = await told(node, "--via", STRANGER)
        assert code == 0
        assert f"{STRANGER} is not in proxy_from" in out
        assert "Answered" not in out

        code, out = await told(node, "--via", "dnsdist")
        assert code == 1
        assert "via: 'dnsdist' is not a front end; write its address" in out
