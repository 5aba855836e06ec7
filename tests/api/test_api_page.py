"""The operator's page, in a real browser."""

import asyncio
from pathlib import Path

import peers
import pytest
from node import Node, running, write_zones

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--virtual-time-budget=4000",
)


async def dom(url: str, profile: Path) -> str:
    """Give the page's document after its scripts have run."""
    process = await asyncio.create_subprocess_exec(
        *(peers.path_of("chromium"), *QUIET, f"--user-data-dir={profile}", "--dump-dom", url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return out.decode()


async def token(node: Node) -> str:
    _, reply = await node.call("POST", "/api/v1/tokens", {"name": "page", "role": "viewer"})
    return str(reply["token"])


@pytest.mark.peer("chromium")
@pytest.mark.timeout(120)
async def test_the_page_shows_each_member_and_its_verdict(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as node:
        url = f"http://{node.http}/#token={await token(node)}"
        shown = await dom(url, tmp_path / "profile")
        assert "www.gslb.example." in shown
        assert '<td class="down">down</td>' in shown
        assert "connect refused" in shown
        assert "answering on 127.0.0.1" in shown
        shown = await dom(f"http://{node.http}/", tmp_path / "stranger")
        assert "a token is needed to look" in shown
        assert "192.0.2.10" not in shown


async def test_the_page_takes_nothing_from_elsewhere(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    async with running(tmp_path / "state", zones) as node:
        for path in ("/", "/page.css", "/page.js"):
            status, text = await node.call("GET", path, token="")
            assert status == 200
            assert "//" not in text.replace("// ", "")
