"""The file beneath: made, missing, removed, replaced, cut short, locked, too new, not ours."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store_worlds import NOW, fill, put, rich

from gslb.model import Datacenter, Edit, Invalid, Refused, World
from gslb.store import Store, StoreDown, engine, open_store

WORLD = rich()
OSAKA = Edit("datacenters", ("osaka",), Datacenter())


async def test_a_missing_file_is_made_only_if_wanted(path: Path) -> None:
    with pytest.raises(StoreDown, match="does not exist; put the file back"):
        await open_store(f"sqlite:///{path}", create=False)
    assert not path.exists()
    await (await open_store(f"sqlite:///{path}")).close()
    await (await open_store(f"sqlite:///{path}", create=False)).close()


async def test_an_empty_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "gslb.db"
    path.touch()
    with pytest.raises(StoreDown, match=r"gslb\.db is empty"):
        await open_store(f"sqlite:///{path}", create=False)
    async with await open_store(f"sqlite:///{path}") as store:
        assert (await store.look()).revision == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "is not a database URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://db/gslb", "postgresql stores are not supported yet"),
    ],
)
async def test_a_url_that_names_no_store(url: str, words: str) -> None:
    with pytest.raises(Invalid, match=f"/settings/store: .*{words}"):
        await open_store(url)


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreDown, match="cannot be made"):
        await open_store(f"sqlite:///{tmp_path}/file/gslb.db")


@pytest.mark.parametrize("call", ["look", "read", "commit"])
async def test_a_removed_file_is_noticed_and_not_made_anew(
    store: Store, path: Path, call: str
) -> None:
    await fill(store, WORLD)
    path.unlink()
    with pytest.raises(StoreDown, match="does not exist; put the file back"):
        await (put(store, OSAKA, base=1) if call == "commit" else getattr(store, call)())
    assert not path.exists()


async def test_a_replaced_file_is_noticed(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    async with await open_store(f"sqlite:///{path}2"):
        pass
    Path(f"{path}2").replace(path)
    with pytest.raises(StoreDown, match="was replaced by another file"):
        await store.look()
    await store.close()
    async with await open_store(f"sqlite:///{path}", create=False) as again:
        assert (await again.look()).revision == 0, "no log of the old file is replayed into it"
        assert (await again.read()).world == World()


async def test_a_file_moved_away_and_back_has_every_revision(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    path.rename(f"{path}2")
    with pytest.raises(StoreDown):
        await store.look()
    await store.close()
    assert not path.exists()
    Path(f"{path}2").rename(path)
    async with await open_store(f"sqlite:///{path}", create=False) as again:
        assert (await again.read()).world == WORLD


@pytest.mark.parametrize("size", [0, 100, None])
async def test_a_spoiled_file_is_noticed(store: Store, path: Path, size: int | None) -> None:
    await fill(store, WORLD)
    assert (await store.look()).settled
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"not a database " * 5000 if size is None else path.read_bytes()[:size]
    with path.open("r+b") as file:
        file.write(content)
        file.truncate(len(content))
    with pytest.raises(StoreDown, match=r"cannot be used: .*; mend the file"):
        await store.look()
    with pytest.raises(StoreDown):
        await store.read()
    await store.close()
    with pytest.raises(StoreDown):
        await open_store(f"sqlite:///{path}", create=False)


async def test_what_is_no_database_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "gslb.db"
    path.write_text("datacenters:\n" * 1000)
    with pytest.raises(StoreDown, match=r"gslb\.db cannot be used: file is not a database"):
        await open_store(f"sqlite:///{path}")
    assert path.read_text().startswith("datacenters:")


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE maps (name TEXT)")
    with pytest.raises(StoreDown, match="is a database, but not a store of gslb"):
        await open_store(f"sqlite:///{path}")


async def test_a_store_of_a_newer_gslb_is_not_touched(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreDown, match="made by a newer gslb: its schema is 9999"):
        await open_store(f"sqlite:///{path}")


async def test_a_lock_held_by_another_program_is_waited_for(store: Store, path: Path) -> None:
    await fill(store, WORLD)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(put(store, OSAKA, base=1))
        assert (await store.look()).revision == 1, "readers do not wait"
        assert not writing.done()
        other.execute("ROLLBACK")
        assert await writing == 2


async def test_a_lock_held_for_too_long_is_a_refusal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY", 0.2)
    async with await open_store(f"sqlite:///{path}") as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Refused, match="another program holds the lock"):
                await put(store, OSAKA, base=0)
            other.execute("ROLLBACK")
        assert await put(store, OSAKA, base=0) == 1


async def test_two_nodes_may_open_a_new_store_at_once(path: Path) -> None:
    stores = await asyncio.gather(*(open_store(f"sqlite:///{path}") for _ in range(4)))
    assert [(await store.look()).revision for store in stores] == [0] * 4
    for store in stores:
        await store.close()


async def test_a_lost_count_of_changes_is_told(store: Store, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM touch")
    with pytest.raises(StoreDown, match="INSERT INTO touch"):
        await store.look()
    with pytest.raises(StoreDown, match="INSERT INTO touch"):
        await store.adopt([], before=WORLD, touch=0, base=0, at=NOW)
