"""The first answer waits for first verdicts, or for the deadline; then unknown counts as up."""

import time
from pathlib import Path

import pytest
from node import running, toy_sites, write_zones

WWW = "www.gslb.example."


async def test_the_first_answer_knows_that_a_site_is_dead(tmp_path: Path) -> None:
    async with toy_sites("tokyo", "frankfurt") as sites:
        zones = write_zones(tmp_path / "zones", {n: s.port for n, s in sites.items()})
        await sites["tokyo"].kill()
        async with running(tmp_path / "state", zones) as node:
            assert await node.ask(WWW) == ["198.51.100.10"]


async def test_after_the_deadline_unknown_counts_as_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GSLB_FIRST_VERDICTS", "300ms")
    async with toy_sites("tokyo", "frankfurt") as sites:
        zones = write_zones(tmp_path / "zones", {n: s.port for n, s in sites.items()})
        yaml = zones / "gslb.example.yaml"
        yaml.write_text(
            yaml.read_text().replace("interval: 200ms, timeout: 150ms", "interval: 9s, timeout: 9s")
        )
        for site in sites.values():
            await site.behave("hang")
        start = time.monotonic()
        async with running(tmp_path / "state", zones) as node:
            assert time.monotonic() - start < 5  # and not 9 s, the probe's patience
            assert await node.ask(WWW) == ["192.0.2.10"]
            assert (await node.member(WWW, "tokyo"))["verdict"] == "unknown"
            told = await node.explain(WWW)
            member = told["tiers"][0]["pools"][0]["members"][0]
            assert (member["verdict"], member["reason"]) == ("unknown", "chosen")
