"""A large zone's way through gslb, stage by stage, in one process: seconds of clock and of CPU."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from gslb.compiler import check
from gslb.compiler.restore import restore_zone
from gslb.heap import growing
from gslb.model import World, find_edits
from gslb.plane import Plane, Release
from gslb.publisher.press import Sheet
from gslb.publisher.state import Served, StateFolder
from gslb.store import open_store
from gslb.zones import read_folder

T = TypeVar("T")


Seconds = tuple[float, float]


class _Watch:
    """Times what it runs."""

    def __init__(self) -> None:
        self.seconds: dict[str, Seconds] = {}

    def run(self, name: str, work: Callable[[], T]) -> T:
        start = _now()
        with growing():
            found = work()
        self._note(name, start)
        return found

    async def wait(self, name: str, work: Awaitable[T]) -> T:
        start = _now()
        found = await work
        self._note(name, start)
        return found

    def _note(self, name: str, start: Seconds) -> None:
        end = _now()
        self.seconds[name] = (end[0] - start[0], end[1] - start[1])


def _now() -> Seconds:
    return time.perf_counter(), time.process_time()


def run_stages(zones: Path) -> dict[str, Seconds]:
    """Take a folder of zones without VIPs through every stage; give the seconds of each."""
    with tempfile.TemporaryDirectory(prefix="gslb-stages-") as name:
        return asyncio.run(_run(zones, Path(name)))


async def _run(zones: Path, home: Path) -> dict[str, Seconds]:
    watch = _Watch()
    reading = watch.run("read the files", lambda: read_folder(zones))
    world = reading.world
    watch.run("check", lambda: check(world))
    del reading
    edits = find_edits(World(), world)
    sheets = watch.run("compile", lambda: {o: Sheet.compiled(world, o, 0) for o in world.zones})
    url = f"sqlite:///{home}/gslb.db"
    async with await open_store(url) as store:
        await watch.wait(
            "store",
            store.commit(
                edits, base=0, author="bench", source="files", summary="", at=datetime.now(UTC)
            ),
        )
        plane = Plane()
        release = Release(1, [(sheet.document, (), ()) for sheet in sheets.values()])
        watch.run("publish", lambda: plane.publish(release))
        documents = {origin: sheet.document for origin, sheet in sheets.items()}
        state = StateFolder(home / "state")
        state.open()
        served = Served(1, url, documents, {}, world.steering)
        watch.run("save the state folder", lambda: state.save(served))
        watch.run("load the state folder", state.load)
        state.close()
        await watch.wait("read the store", store.read())
    zone = restore_zone(next(iter(documents.values())))
    watch.run("read the documents back", lambda: zone.rrsets.rows)
    return watch.seconds
