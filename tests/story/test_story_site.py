"""A site dies, hangs, fails and returns; the answers follow, and explain says why."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from node import Node, staged, until

from gslb.demo.sites import Site

WWW = "www.gslb.example."
TOKYO, FRANKFURT = ["192.0.2.10"], ["198.51.100.10"]

Stage = tuple[Node, dict[str, Site]]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Two toy sites and a node that prefers tokyo."""
    async with staged(tmp_path) as (node, sites):
        assert await node.ask(WWW) == TOKYO
        yield node, sites


async def answers(node: Node, wanted: list[str]) -> None:
    async def is_so() -> bool:
        return await node.ask(WWW) == wanted

    await until(is_so, f"{WWW} is answered with {wanted}")


async def reasons(node: Node) -> dict[str, str]:
    """Give each datacenter's reason, out of explain."""
    found = await node.explain(WWW)
    return {
        pool["datacenter"]: pool["members"][0]["reason"]
        for tier in found["tiers"]
        for pool in tier["pools"]
    }


async def test_a_site_dies_and_returns(stage: Stage) -> None:
    node, sites = stage
    await sites["tokyo"].kill()
    await answers(node, FRANKFURT)
    told = await reasons(node)
    assert told["tokyo"].startswith("down since")
    assert "refused" in told["tokyo"]
    assert told["frankfurt"] == "chosen"

    await sites["tokyo"].start()
    await answers(node, TOKYO)
    assert await reasons(node) == {
        "tokyo": "chosen",
        "frankfurt": "live, but an earlier tier answered",
    }


async def test_a_site_hangs(stage: Stage) -> None:
    node, sites = stage
    await sites["tokyo"].behave("hang")
    await answers(node, FRANKFURT)
    told = await reasons(node)
    assert "no answer within 150ms" in told["tokyo"]


async def test_a_site_answers_500(stage: Stage) -> None:
    node, sites = stage
    await sites["tokyo"].behave("error")
    await answers(node, FRANKFURT)
    told = await reasons(node)
    assert "status 500, wanted 200-399" in told["tokyo"]
    await sites["tokyo"].behave("ok")
    await answers(node, TOKYO)
    assert (await reasons(node))["tokyo"] == "chosen"


async def test_all_sites_die_and_the_fallback_answers(stage: Stage) -> None:
    node, sites = stage
    for site in sites.values():
        await site.kill()

    async def falls_back() -> bool:
        return bool((await node.explain(WWW))["fallback"] == "all")

    await until(falls_back, "explain tells of the fallback")
    assert await node.ask(WWW) == TOKYO
    assert "chosen by the fallback" in (await reasons(node))["tokyo"]
