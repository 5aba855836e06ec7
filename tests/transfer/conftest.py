"""Primaries that a test may have: one with keys, one that is open to its own machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from primary import Primary, make_world, primary, write_keys


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[Primary]:
    async with primary(make_world(), transfer_keys=write_keys(tmp_path)) as found:
        yield found


@pytest.fixture
async def open_one() -> AsyncIterator[Primary]:
    async with primary(make_world(), transfer_to="127.0.0.0/8") as found:
        yield found
