"""docs/steering.md is true: its zone passes the check, its excerpts and pictures are made anew."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from teaching import DOCUMENT, PICTURES, blocks, learn, school, write_files

from gslb.model import Capacity, Datacenter, Map, Member, Nearest, Pool, Rule, Vip

TEXT = DOCUMENT.read_text()
AGAIN = "run: PYTHONPATH=tests .venv/bin/python tests/shape/teaching.py"


def test_the_blocks_are_a_zone_without_faults(tmp_path: Path) -> None:
    zones, flags = write_files(tmp_path, TEXT)
    assert len(blocks(TEXT)) > 12
    done = subprocess.run(
        [sys.executable, "-m", "gslb", "check", str(zones), *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no faults" in done.stdout


@pytest.mark.timeout(120)
async def test_excerpts_and_pictures_are_what_a_node_says_now() -> None:
    async with school(TEXT) as node:
        written, pictures = await learn(TEXT, node)
    for shown, now in zip(TEXT.splitlines(), written.splitlines(), strict=False):
        assert shown == now, AGAIN
    assert written == TEXT, AGAIN
    kept = {path.stem: path.read_text() for path in PICTURES.glob("*.svg")}
    assert kept.keys() == pictures.keys(), AGAIN
    assert {name for name, svg in pictures.items() if kept[name] != svg} == set(), AGAIN


def test_the_links_of_the_page_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9_ -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    links = re.findall(r"\]\(([^)\s]+)\)", TEXT.replace("\n", " "))
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside - headings == set()
    outside = [link.split("#")[0] for link in links if not link.startswith("#")]
    assert [link for link in outside if not (DOCUMENT.parent / link).exists()] == []


def test_every_key_stands_in_the_table() -> None:
    table = TEXT.partition("\n## Every key")[2].partition("\n## ")[0]
    keys = set(re.findall(r"`([a-z_]+)`", table))
    nouns = (Datacenter, Capacity, Map, Rule, Nearest, Vip, Pool, Member)
    wanted = {field for noun in nouns for field in noun.model_fields}
    assert wanted - keys - {"pools"} == set()
