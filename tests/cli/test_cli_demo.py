"""`gslb demo`: the real example zones, toy sites that die by a command, and a tour that is true."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from node import DEADLINE, Node, until

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def demo(state: Path) -> AsyncIterator[tuple[Node, str]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gslb", "demo", "--zones", str(ROOT / "zones")),
        *("--state", str(state), "--dns", "127.0.0.1:0", "--http", "127.0.0.1:0"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        tour = await asyncio.wait_for(process.stdout.readuntil(b"Ctrl-C"), DEADLINE)
        node = Node(state, ROOT / "zones")
        found = re.search(r"dig @127\.0\.0\.1 -p (\d+)", tour.decode())
        assert found
        node.dns = int(found[1])
        yield node, tour.decode()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), DEADLINE)


async def verb(state: Path, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gslb", "demo", "--state", str(state), *words),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return out.decode()


@pytest.mark.timeout(60)
async def test_a_toy_site_is_stopped_and_started_by_a_command(tmp_path: Path) -> None:
    async with demo(tmp_path / "state") as (node, tour):
        assert "http://127.0.0.1:" in tour
        name = re.findall(r"\+short (\S+) A", tour)[0]
        before = await node.ask(name)
        first = (await node.explain(name))["tiers"][0]["datacenters"][0]
        assert "killed" in await verb(tmp_path / "state", "stop", first)

        async def left() -> bool:
            return await node.ask(name) not in (before, [])

        await until(left, f"{name} leaves {first}")
        assert "well" in await verb(tmp_path / "state", "start", first)

        async def back() -> bool:
            return await node.ask(name) == before

        await until(back, f"{name} comes back to {first}")
        assert "no site 'atlantis'" in await verb(tmp_path / "state", "stop", "atlantis")
