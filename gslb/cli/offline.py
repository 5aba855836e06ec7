"""What the CLI does on a store while no node runs: apply, export, make a token.

Each call gives what the admin API would have answered.
"""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gslb.compiler import AnyGeography
from gslb.model import Edit, World, find_edits
from gslb.publisher import rehearse
from gslb.store import open_store


async def read_world(url: str) -> dict[str, Any]:
    """Read the revision and the world of a store."""
    async with await open_store(url, create=False) as store:
        stored = await store.read()
        return {"revision": stored.revision, "world": stored.world}


async def apply_world(url: str, world: World, *, dry_run: bool) -> dict[str, Any]:
    """Make a store hold this world; give the revision and what changed."""
    async with await open_store(url, create=True) as store:
        look = await store.look()
        stored = await store.read()
        edits = find_edits(stored.world, world)
        rehearse(world, AnyGeography())  # a node that serves it judges the rest
        if dry_run or not edits:
            return _changed(stored.revision, edits)
        base = stored.revision
        if not look.settled:  # what changed by SQL is recorded apart, its values before unknown
            now = datetime.now(UTC)
            base = await store.adopt([], before=World(), touch=stored.touch, base=base, at=now)
        revision = await store.commit(
            edits,
            base=base,
            author=getpass.getuser(),
            source="files",
            summary="the whole world was applied",
            at=datetime.now(UTC),
        )
        return _changed(revision, edits)


def _changed(revision: int, edits: Sequence[Edit]) -> dict[str, Any]:
    return {"revision": revision, "edits": [edit.told() for edit in edits]}


async def create_token(url: str, name: str, role: str) -> dict[str, Any]:
    """Make a token in a store; the secret is shown this once."""
    async with await open_store(url, create=True) as store:
        return {"token": await store.create_token(name, role, datetime.now(UTC))}
