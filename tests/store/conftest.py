"""A store in a folder of its own, empty."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gslb.store import Store, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder #1" / "gslb 100%.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with await open_store(f"sqlite:///{path}") as opened:
        yield opened
