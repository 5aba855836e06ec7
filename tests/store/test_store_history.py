"""Revisions and audit: who changed what, when, from what to what; and who came too late."""

import asyncio
import json
import os
import sys
import textwrap
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from store_worlds import NOW, fill, put, rich, vip_with

from gslb.model import Datacenter, Edit, Refused
from gslb.store import Store, open_store

WORLD = rich()
OSAKA = Edit("datacenters", ("osaka",), Datacenter(location=(34.69, 135.5)))


async def test_a_revision_says_who_when_whence_and_why(store: Store) -> None:
    await fill(store, WORLD)
    await store.commit([OSAKA], base=1, author="ada", source="files", summary="a new site", at=NOW)
    last, first = await store.revisions()
    assert (first.revision, first.source, last.revision) == (1, "api", 2)
    assert (last.made_at, last.author, last.source) == (NOW, "ada", "files")
    assert last.summary == "a new site"
    assert [row.revision for row in await store.revisions(limit=1)] == [2]


async def test_the_audit_has_the_value_before_and_after(store: Store) -> None:
    await fill(store, WORLD)
    heavier = vip_with(WORLD, lambda raw: raw["pools"]["tokyo"].update(weight=9))
    gone = Edit("rrsets", ("gslb.example.", "gslb.example.", "NS"), None)
    await put(store, heavier, OSAKA, gone, base=1)
    vip, osaka, rrset = await store.audit(2)

    assert (vip.collection, vip.key) == ("vips", ("www.gslb.example.",))
    before, after = json.loads(vip.before or ""), json.loads(vip.after or "")
    assert (before["pools"]["tokyo"]["weight"], after["pools"]["tokyo"]["weight"]) == (7, 9)
    assert before == WORLD.vips["www.gslb.example."].model_dump(mode="json")
    assert (osaka.before, osaka.after) == (
        None,
        '{"location":[34.69,135.5],"bias":0,"capacity":null}',
    )
    assert rrset.key == ("gslb.example.", "gslb.example.", "NS")
    assert json.loads(rrset.before or "")["rdata"] == ["ns1.example.", "ns2.example."]
    assert rrset.after is None


async def test_who_read_an_older_revision_is_refused(store: Store) -> None:
    await fill(store, WORLD)
    await put(store, OSAKA, base=1)
    with pytest.raises(Refused, match="at revision 2, not 1: someone changed it meanwhile"):
        await put(store, Edit("datacenters", ("osaka",), None), base=1)
    assert "osaka" in (await store.read()).world.datacenters


async def test_of_many_writers_at_once_one_wins(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    async with await open_store(f"sqlite:///{path}") as other:
        done = await asyncio.gather(
            *(put(which, OSAKA, base=1) for which in (store, other) * 10), return_exceptions=True
        )
    assert sorted(str(type(one).__name__) for one in done) == ["Refused"] * 19 + ["int"]
    assert [row.revision for row in await store.revisions()] == [2, 1]


async def test_readers_see_one_revision_while_another_is_written(store: Store) -> None:
    """Each read gets a world and the revision it belongs to, never halves of two."""
    await fill(store, WORLD)

    async def write() -> None:
        for base in range(1, 30):
            weight = vip_with(WORLD, lambda raw, base=base: raw.update(ttl=base + 1))  # type: ignore[misc]
            north = Edit("datacenters", ("attic",), Datacenter(location=(0, base + 1)))
            await put(store, weight, north, base=base)

    writer = asyncio.create_task(write())
    seen = set()
    while not writer.done():
        stored = await store.read()
        attic = stored.world.datacenters["attic"].location
        ttl = stored.world.vips["www.gslb.example."].ttl
        if stored.revision > 1:
            assert (stored.revision, stored.revision) == (ttl, attic and attic[1])
        seen.add(stored.revision)
    await writer
    assert len(seen) > 1


async def test_an_acknowledged_revision_survives_kill_9(path: Path) -> None:
    script = """
        import asyncio, sys
        sys.path.insert(0, sys.argv[2])
        from gslb.store import open_store
        from store_worlds import fill, rich

        async def main():
            store = await open_store(sys.argv[1])
            print(await fill(store, rich()), flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
    """
    url = f"sqlite:///{path}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(script), url, str(Path(__file__).parent)),
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"1\n"
    process.kill()
    await process.communicate()
    async with await open_store(url, create=False) as store:
        stored = await store.read()
        assert (stored.world, stored.revision) == (WORLD, 1)
        assert len(await store.audit(1)) > 10
