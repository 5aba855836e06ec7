"""Where changes come in: from the API, from files, and from outside by plain SQL.

One at a time, each through the same door: rehearse, commit, publish, save. The store is the
truth; while it cannot be read, the last good state is answered and every edit is refused.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from gslb.heap import growing
from gslb.model import (
    Broken,
    Edit,
    GslbError,
    Invalid,
    Refused,
    Steering,
    World,
    apply_edits,
    find_edits,
    value_at,
)
from gslb.publisher.press import Press, Proof
from gslb.publisher.state import Served, StateFolder
from gslb.store import Look, Store, StoreBusy, StoreDown, open_store
from gslb.telemetry import Alarms

LOOK_EVERY = 0.2  # seconds between looks at the store: SQL is served within one second
RETRY_EVERY = 1.0  # seconds between tries to write a state folder that cannot be written
OPEN_EVERY = 2.0  # seconds between tries to open a store that is down

_log = logging.getLogger("gslb.desk")

Source = Literal["api", "files", "start"]


class Follower(Protocol):
    """What must hear of a new world before it is answered from: the watch."""

    def follow(self, steering: Steering) -> None:
        """Probe what this steering names."""

    def memory(self) -> dict[str, Any]:
        """Give the verdicts."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an accepted edit got: its revision, and the generation that answers with it.

    An edit that changes nothing gets the revision that stands, and generation 0.
    """

    revision: int
    generation: int


class Desk:
    """Takes changes, one at a time, and keeps the store, the plane and the state folder in step."""

    def __init__(
        self,
        url: str,
        *,
        press: Press,
        watch: Follower,
        state: StateFolder,
        alarms: Alarms,
        now: Callable[[], float],
        published: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._press = press
        self._watch = watch
        self._state = state
        self._alarms = alarms
        self._now = now
        self._published = published
        self._store: Store | None = None
        self._lock = asyncio.Lock()
        self._unsaved = asyncio.Event()
        self._owed = False  # the whole of what is served could not be saved, not only verdicts
        self._refused_touch = -1
        self._known = False  # whether what is open is what is answered from, and not another store
        self.mark = ""  # the store's, when it held what is answered from; empty if not known
        self.revision = 0
        self.published_at = 0.0

    @property
    def world(self) -> World:
        """The world being answered from."""
        return self._press.world

    async def whole(self) -> World:
        """Give the world with all its records; after a restart they take seconds to read."""
        while unread := [z for z in self._press.world.zones.values() if not z.rrsets.are_read]:
            await asyncio.to_thread(lambda zone: zone.rrsets.rows, unread[0])
        return self._press.world

    def answers_from(self, world: World) -> bool:
        """Whether this world is the one being answered from; may be long, and runs in a thread."""
        return self._press.holds(world)

    @property
    def store(self) -> Store:
        """The store; StoreDown while there is none."""
        if self._store is None:
            raise StoreDown(f"the store {self._url} is not open; see the log for why")
        return self._store

    # Starting and stopping

    async def open(self, *, create: bool) -> None:
        """Open the store; StoreDown with the reason."""
        self._known = False
        self._store = await open_store(self._url, create=create)
        self._alarms.clear("store", f"{self._url} is open")

    async def close(self) -> None:
        """Save the verdicts and close the store."""
        await self.save_verdicts()
        await self._close_store()

    async def _close_store(self) -> None:
        if self._store is not None:
            await self._store.close()
            self._store = None

    def restore(self, served: Served) -> None:
        """Answer from what was saved."""
        self._watch.follow(served.steering)
        self._press.restore(served.revision, served.steering, served.zones, served.maps)
        self.revision = served.revision
        self.mark = served.mark if served.store == self._url else ""
        self.published_at = self._now()
        self._published()

    async def fill(self, world: World, *, source: Source, author: str, summary: str) -> Receipt:
        """Make the store and the answers be this world."""
        return await self.submit(
            lambda before: find_edits(before, world), author=author, source=source, summary=summary
        )

    async def load(self) -> bool:
        """Answer from what the store holds; False if it has never been filled.

        It is not read where its mark says that it holds what is answered already.
        Invalid if it holds what cannot be served; what was answered before stays.
        """
        async with self._lock:
            look = await self.store.look()
            if filled := look.revision != 0 or not look.settled:
                await self._take(look)
            return filled

    # Edits

    async def submit(
        self,
        change: Callable[[World], Sequence[Edit]],
        *,
        author: str,
        source: Source,
        summary: str,
    ) -> Receipt:
        """Make a change: all of it is stored and answered when this returns, or none of it."""
        async with self._lock:
            await self._settle()
            before = await self.whole()
            edits, world = await asyncio.to_thread(_worked_out, before, change)
            if not edits:
                return Receipt(self.revision, 0)
            proof = await asyncio.to_thread(self._proved, world, edits, self.revision + 1)
            revision = await self.store.commit(
                edits,
                base=self.revision,
                author=author,
                source=source,
                summary=summary,
                at=datetime.fromtimestamp(self._now(), UTC),
            )
            if revision != self.revision + 1:  # a database may leave numbers out
                proof = await asyncio.to_thread(self._press.prove, world, edits, revision)
            return await self._publish(proof, revision)

    async def _settle(self) -> None:
        """Take up what changed outside, so that an edit stands on what the store holds."""
        look = await self.store.look()
        if self._holds(look):
            return
        try:
            await self._take(look)
        except Invalid as error:
            raise Refused(
                f"the store holds a change made outside that cannot be served ({error}); "
                "mend those rows first"
            ) from error

    def _proved(
        self,
        world: World,
        edits: Sequence[Edit],
        revision: int | None,
        changed: Mapping[str, int] | None = None,
    ) -> Proof:
        """Rehearse a world and compile what these edits touch; in a thread, as it may be long."""
        with growing():
            self._press.rehearse(world, edits)
            return self._press.prove(world, edits, revision, changed)

    def _holds(self, look: Look) -> bool:
        """Whether the store holds what is answered from."""
        return self._known and look.settled and look.revision == self.revision

    async def rehearse(self, change: Callable[[World], Sequence[Edit]]) -> Sequence[Edit]:
        """Say what a change would be; Invalid if it may not be; nothing is stored."""
        before = await self.whole()
        edits, world = await asyncio.to_thread(_worked_out, before, change)
        await asyncio.to_thread(self._press.rehearse, world, edits)
        return edits

    # The store, followed

    async def follow(self) -> None:
        """Watch the store for ever: open it when it is down, take what changed outside."""
        while True:
            await asyncio.sleep(LOOK_EVERY if self._store is not None else OPEN_EVERY)
            try:
                await self._look()
            except StoreDown as error:
                await self._lost(error)
            except Broken as error:
                self._alarms.sound("store-content", f"{error}; revision {self.revision} stays")
            except Invalid as error:
                self._alarms.sound(
                    "store-content",
                    f"a change made outside is refused, revision {self.revision} stays served: "
                    + "; ".join(str(fault) for fault in error.faults),
                )
            except StoreBusy as error:
                self._alarms.sound("store-busy", f"{error}; changes made outside wait for it")
            except Refused as error:
                _log.info("the store moved while it was being read, looking again: %s", error)

    async def _look(self) -> None:
        if self._store is None:
            await self.open(create=False)
        look = await self.store.look()
        if self._holds(look):
            for key in ("store-content", "store-busy"):
                self._alarms.clear(key, "the store holds what is served")
            self._refused_touch = -1
            return
        if look.touch == self._refused_touch:
            return
        async with self._lock:
            try:
                await self._take(await self.store.look())
            except Invalid:
                self._refused_touch = look.touch
                raise
        for key in ("store-content", "store-busy"):
            self._alarms.clear(key, f"revision {self.revision} is served")

    async def _lost(self, error: StoreDown) -> None:
        self._alarms.sound("store", f"{error}; revision {self.revision} stays served")
        await self._close_store()

    async def _take(self, look: Look) -> None:
        """Answer from what the store holds, recording what was changed outside."""
        if self.mark and look.mark == self.mark:
            self._known = True
            _log.info("the store holds revision %d, which is answered already", self.revision)
            return
        stored = await self.store.read()
        edits = await asyncio.to_thread(find_edits, self._press.world, stored.world)
        outside = not look.settled or stored.touch != look.touch
        revision = stored.revision
        expected = revision + 1 if outside else None
        proof = await asyncio.to_thread(self._proved, stored.world, edits, expected, stored.changed)
        if outside:
            revision = await self.store.adopt(
                edits,
                before=self._press.world,
                touch=stored.touch,
                base=stored.revision,
                at=datetime.fromtimestamp(self._now(), UTC),
            )
            _log.warning(
                "revision %d was made outside by SQL: %s",
                revision,
                ", ".join("/".join(map(str, edit.path)) for edit in edits) or "no value changed",
            )
            if revision != expected:  # numbers left out; or another node recorded it; it is read
                made = None if revision == stored.revision else revision
                proof = await asyncio.to_thread(
                    self._press.prove, stored.world, edits, made, stored.changed
                )
        await self._publish(proof, revision)
        self._known = True

    async def place_anew(self) -> None:
        """Answer by the geography databases in use now, if others were when maps were compiled."""
        async with self._lock:
            self._refused_touch = -1  # what lacked a database may be taken now
            if maps := await asyncio.to_thread(self._press.placed_anew):
                _log.info("classified anew by other data: %s", ", ".join(maps))
                await asyncio.to_thread(self._press.publish_maps, maps, self.revision)
                await self._published_as(self.revision)
            if faults := await asyncio.to_thread(self._press.unplaced):
                words = "; ".join(map(str, faults))
                self._alarms.sound("geography", f"maps stay as they were compiled last: {words}")
            else:
                self._alarms.clear("geography", "the databases in use know what all maps ask")

    async def _publish(self, proof: Proof, revision: int) -> Receipt:
        self._watch.follow(proof.world)
        generation = self._press.publish(proof, revision)
        await self._published_as(revision)
        return Receipt(revision, generation)

    async def _published_as(self, revision: int) -> None:
        self.revision = revision
        self.published_at = self._now()
        self.mark = await self._marked(revision)
        self._published()
        await self._save()

    async def _marked(self, revision: int) -> str:
        """Give the mark of the store at a revision; empty if it has moved on, or cannot say."""
        try:
            look = await self.store.look()
        except GslbError:
            return ""  # the next look raises the alarm
        return look.mark if look.revision == revision else ""

    # The state folder

    async def _save(self) -> bool:
        served = Served(
            self.revision,
            self._url,
            self._press.zones,
            self._press.maps,
            self._press.world.steering,
            self._watch.memory(),
            self.mark,
        )
        self._owed = not await self._to_disk(lambda: self._state.save(served))
        if self._owed:
            self.verdicts_changed()
        return not self._owed

    def verdicts_changed(self) -> None:
        """Have the verdicts saved soon."""
        self._unsaved.set()

    async def save_verdicts(self) -> bool:
        """Save the verdicts now, and all else that is owed; say whether it went well."""
        if self._owed:
            async with self._lock:
                return await self._save()
        memory = self._watch.memory()
        return await self._to_disk(lambda: self._state.save_verdicts(memory))

    async def keep_verdicts(self) -> None:
        """Save the verdicts for ever, as soon as they change."""
        while True:
            await self._unsaved.wait()
            self._unsaved.clear()
            start = time.perf_counter()
            if not await self.save_verdicts():
                self._unsaved.set()
                await asyncio.sleep(RETRY_EVERY)
            # A storm of verdicts is saved together, and takes at most a tenth of the time.
            await asyncio.sleep(9 * (time.perf_counter() - start))

    async def _to_disk(self, write: Callable[[], None]) -> bool:
        try:
            await asyncio.to_thread(write)
        except (OSError, Broken) as error:
            self._alarms.sound(
                "state", f"cannot write the state folder: {error}; a restart would answer older"
            )
            return False
        self._alarms.clear("state", "the state folder is written again")
        return True


def _worked_out(
    before: World, change: Callable[[World], Sequence[Edit]]
) -> tuple[list[Edit], World]:
    """Work out what a change comes to, without edits that change nothing; worlds may be large."""
    edits = [edit for edit in change(before) if value_at(before, edit) != edit.value]
    return edits, apply_edits(before, edits)
