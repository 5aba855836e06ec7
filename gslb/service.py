"""One node's life, in one readable function: `run`.

bind     the DNS sockets, so that a taken port is known before anything else; or take those that
         were handed over. After that no privilege is needed: become the user that is set
restore  what was served last, and answer at once
open     the store; fill it from the zones folder if it is empty
follow   probe what the world names; wait for first verdicts, then answer
serve    until told to stop; then answer what was received and put everything away
"""

import asyncio
import logging
import os
import resource
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from gslb import __version__, heap
from gslb.api import Parts, open_api
from gslb.capacity import Capacities, Place
from gslb.compiler import AnyGeography
from gslb.geo import Atlas
from gslb.health import Watch
from gslb.launch import become, find_identity, inherited
from gslb.manners import Manners
from gslb.model import GslbError, Invalid, MemberKey, PoolKey
from gslb.panics import Panics
from gslb.plane import Plane
from gslb.publisher import Desk, Press, Served, StateFolder, digest, read_checked
from gslb.settings import Settings
from gslb.store import StoreBusy, StoreDown
from gslb.telemetry import Alarms, kept_alive
from gslb.transfer import Transfers

T = TypeVar("T")

BEHIND = 5  # niceness of Python's threads: a third of the plane's weight on a core that is full
LOADS_EVERY = 5.0  # seconds between looks at the loads
STOP_WITHIN = 1.0  # seconds for the plane to answer what was received

_log = logging.getLogger("gslb")


async def run(settings: Settings, ready: Callable[[Parts], None]) -> None:
    """Serve until SIGTERM or SIGINT; call `ready` once when the first answer can be given."""

    async def started(parts: Parts) -> None:
        ready(parts)

    await live(serving(settings), started)


async def live(
    life: AbstractAsyncContextManager[T], started: Callable[[T], Awaitable[None]]
) -> None:
    """Live through a life until SIGTERM or SIGINT, which also end one that is still starting."""
    stop = asyncio.Event()
    task = asyncio.current_task()
    starting = True

    def told_to_stop() -> None:
        if starting and not stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop)
    try:
        async with life as found:
            await started(found)
            starting = False
            await stop.wait()
            _log.info("stopping: answering what was received")
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        _log.info("stopped while starting")


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Parts]:
    """Bring a node up, and down again at the end."""
    _raise_file_limit()
    # What takes long, such as to compile a large zone, is done in these.
    helpers = ThreadPoolExecutor(thread_name_prefix="gslb-helper", initializer=_answers_first)
    asyncio.get_running_loop().set_default_executor(helpers)
    async with AsyncExitStack() as stack:
        state = StateFolder(settings.state)
        stack.callback(state.close)

        plane = Plane()
        identity = find_identity(settings.user)
        addresses = plane.bind(settings.dns, settings.threads, inherited())
        stack.push_async_callback(_stop_plane, plane)
        if identity is not None:
            become(identity, settings.state)
        state.open()

        alarms = Alarms(time.time)
        manners = Manners(settings, plane, alarms)
        manners.begin()
        watch = Watch(
            settings.node,
            on_weights=lambda changes: _verdicts(press, desk, capacities, changes),
        )
        capacities = Capacities(
            weigh=watch.effective,
            probe_load=watch.load,
            on_pools=lambda changes: press.set_pools(changes),  # noqa: PLW0108  (made below)
            alarms=alarms,
            now=time.time,
        )
        atlas = Atlas(settings.geoip, alarms=alarms, now=time.time)
        press = Press(plane, watch.effective, atlas, capacities)
        transfers = Transfers(settings, plane, press, alarms, time.time)
        desk = Desk(
            settings.store_url,
            press=press,
            watch=watch,
            state=state,
            alarms=alarms,
            now=time.time,
            published=transfers.published,
        )
        stack.push_async_callback(desk.close)
        await stack.enter_async_context(transfers)
        await stack.enter_async_context(watch)

        parts = Parts(
            settings,
            __version__,
            addresses,
            plane,
            watch,
            desk,
            alarms,
            time.time(),
            transfers,
            capacities,
            atlas,
            press,
        )
        parts.http = await stack.enter_async_context(open_api(parts))

        capacities.recall(state.shed())
        served = _restore(state, watch, desk, alarms)
        if served is not None:
            plane.start()
        await asyncio.to_thread(atlas.open)
        await _load(settings, desk, state, served, alarms=alarms, atlas=atlas)
        await desk.place_anew()
        heap.settle()
        if not plane.answering:
            await _first_verdicts(watch, settings.first_verdicts / 1000)
            await desk.save_verdicts()
            plane.start()

        _answers_first()
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        for name, work in (
            ("follow", desk.follow),
            ("verdicts", desk.keep_verdicts),
            ("manners", manners.follow),
            ("loads", lambda: _loads(capacities, plane, state)),
            ("geoip", partial(atlas.follow, desk.place_anew)),
            ("panics", Panics(plane.panics, alarms, time.monotonic).follow),
        ):
            stack.callback(tasks.create_task(kept_alive(name, work, alarms)).cancel)
        yield parts


def _answers_first() -> None:
    """Let the threads that answer go before the calling one where they share a core.

    Threads inherit it: Python's main thread calls this only once the plane's have started.
    """
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND)


def _raise_file_limit() -> None:
    """Take as many open files as we may have: each probe under way needs one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _loads(capacities: Capacities, plane: Plane, state: StateFolder) -> None:
    """Follow the loads for ever, and keep what is shed for a restart."""
    kept = dict(state.shed())
    while True:
        counts = await asyncio.to_thread(_count, plane, capacities.counted())
        for _ in capacities.steps(counts):
            await asyncio.sleep(0)
        if (shares := capacities.memory()) != kept:
            await asyncio.to_thread(state.save_shed, shares)
            kept = shares
        await asyncio.sleep(LOADS_EVERY)


def _count(plane: Plane, places: Sequence[Place]) -> dict[Place, int]:
    """Give the answers of places since the start."""
    pools = [place for place in places if isinstance(place, PoolKey)]
    counts: list[tuple[Place, int]] = list(plane.pool_answers(pools).items()) if pools else []
    if len(pools) < len(places):
        counts += plane.datacenter_answers().items()
    return dict(counts)


def _verdicts(
    press: Press,
    desk: Desk,
    capacities: Capacities,
    changes: Sequence[tuple[MemberKey, float]],
) -> None:
    press.reweigh(changes)
    capacities.reweigh(changes)
    desk.verdicts_changed()


async def _stop_plane(plane: Plane) -> None:
    if not await asyncio.to_thread(plane.stop, STOP_WITHIN):
        _log.warning("a DNS thread was still busy after %.1f s and was left", STOP_WITHIN)


def _restore(state: StateFolder, watch: Watch, desk: Desk, alarms: Alarms) -> Served | None:
    """Answer from what was served last, if the state folder has it."""
    try:
        served = state.load()
        if served is None:
            return None
        watch.recall(served.verdicts)
        desk.restore(served)
    except Exception as error:  # noqa: BLE001  (whatever the folder holds, the store may do)
        alarms.sound("state", f"what was served last cannot be used: {error!r}")
        return None
    _log.info("answering revision %d from the state folder", served.revision)
    return served


_ALARMS = {StoreDown: "store", StoreBusy: "store-busy"}


async def _load(
    settings: Settings,
    desk: Desk,
    state: StateFolder,
    served: Served | None,
    *,
    alarms: Alarms,
    atlas: Atlas,
) -> None:
    """Open the store and answer from it; while that fails, what was restored stays."""
    known = served is not None and served.store == settings.store_url
    try:
        await desk.open(create=not known)
        if await desk.load():
            await asyncio.to_thread(_compare, settings.zones, desk, state)
            return
        files = await asyncio.to_thread(digest, settings.zones)
        world = await asyncio.to_thread(read_checked, settings.zones, atlas)
        await desk.fill(
            world, source="start", author="gslb serve", summary=f"filled from {settings.zones}"
        )
        _note(state, desk, files)
        _log.info("the store was empty and is filled from %s", settings.zones)
    except GslbError as error:
        if served is None:
            raise
        key = _ALARMS.get(type(error), "store-content")
        alarms.sound(key, f"{error}; revision {served.revision} stays served")


async def _first_verdicts(watch: Watch, seconds: float) -> None:
    if not await watch.settled(seconds):
        _log.warning("some members have no verdict after %.1f s; they count as up", seconds)


def _note(state: StateFolder, desk: Desk, files: str) -> None:
    """Note that a zones folder says what the store says, so that it need not be read again."""
    if files and desk.mark:
        state.note(f"{desk.mark} {files}")


def _compare(folder: Path, desk: Desk, state: StateFolder) -> None:
    """Say so when the zones folder and a filled store differ; the store wins."""
    if not folder.is_dir():
        return
    files = digest(folder)
    if files and desk.mark and state.noted() == f"{desk.mark} {files}":
        return
    try:
        with heap.growing():
            differs = not desk.answers_from(read_checked(folder, AnyGeography()))
    except Invalid as error:
        _log.warning(
            "the folder %s has %d fault(s), but the store is served", folder, len(error.faults)
        )
        return
    if differs:
        _log.warning(
            "the folder %s differs from the store, and the store is served; "
            "to take the files: gslb apply %s",
            folder,
            folder,
        )
    else:
        _note(state, desk, files)
