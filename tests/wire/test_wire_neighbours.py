"""Clients that are not there: replies nobody takes hold up no other client, and no stop."""

import os
import re
import sys
from pathlib import Path

import pytest
from netns import namespace
from peers import lacking


@pytest.mark.peer("ip", "unshare", "nsenter")
async def test_replies_to_dead_neighbours_hold_nobody_up(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        lacking("a link is made inside a namespace, which needs root")
    async with namespace(tmp_path) as space:
        script = Path(__file__).with_name("neighbours.py")
        told = await space.run(sys.executable, str(script))
    found = re.search(r"answered after ([\d.]+)\nstopped in time: (\w+); received (\d+)", told)
    assert found, told
    assert float(found[1]) < 1
    assert found[2] == "True"
    assert int(found[3]) >= 600
