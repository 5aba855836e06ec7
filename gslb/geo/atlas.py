"""The geography databases of a node: opened, watched, and opened again when their files change.

A database is read whole, so that its file may be replaced at any time. One that cannot be read is
refused: what was read before stays in use, and an alarm says so. A file that is being written is
left alone until it has stayed the same between two looks.
"""

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gslb.geo.attributes import OF_KEY
from gslb.geo.places import Places
from gslb.model import Refused
from gslb.plane import Database
from gslb.telemetry import Alarms

LOOK_EVERY = 1.0  # seconds between looks at the files

_log = logging.getLogger("gslb.geo")

Stamp = tuple[int, int, int]
"""Inode, size and time of last change of a file."""


@dataclass(frozen=True)
class Opened:
    """A database in use: `built` by its makers and `loaded` by us, unix seconds."""

    file: Path
    database: Database
    places: Places = field(compare=False)
    kind: str
    built: float
    loaded: float
    stamp: Stamp

    @property
    def title(self) -> str:
        """What it is, as `GeoLite2-City built 2026-09-18 04:49Z`."""
        return f"{self.kind} built {datetime.fromtimestamp(self.built, UTC):%Y-%m-%d %H:%MZ}"


@dataclass
class Slot:
    """A file that is to be used."""

    file: Path
    opened: Opened | None = None
    stamp: Stamp | None = None  # of what was tried last
    seen: Stamp | None = None  # at the last look
    fault: str = ""
    since: float = 0.0


class Atlas:
    """The databases of a node, in the order in which they are asked."""

    def __init__(
        self,
        files: Sequence[Path],
        *,
        alarms: Alarms,
        now: Callable[[], float],
    ) -> None:
        self.slots = [Slot(file) for file in files]
        self._alarms = alarms
        self._now = now
        self._owed = False  # one is in use anew, and that has not been taken up yet

    @property
    def opened(self) -> list[Opened]:
        """The databases in use."""
        return [slot.opened for slot in self.slots if slot.opened is not None]

    @property
    def faults(self) -> list[tuple[Path, str, float]]:
        """Files that could not be read when they were tried last: why, and since when."""
        return [(slot.file, slot.fault, slot.since) for slot in self.slots if slot.fault]

    @property
    def files(self) -> list[Path]:
        """The files that are to be used."""
        return [slot.file for slot in self.slots]

    def lacks(self, attribute: str) -> str:
        """Say why a client's `asn`, `city`, … or `location` cannot be known; empty if it can."""
        if not self.slots:
            return "which needs a geography database; give one with --geoip"
        if not self.opened:
            return "but no geography database could be read; mend the file given with --geoip"
        names = OF_KEY.get(attribute, ("latitude",))
        if any(one.places.has(name) for one in self.opened for name in names):
            return ""
        kinds = ", ".join(one.kind for one in self.opened)
        return f"which no database in use knows ({kinds}); give one that does with --geoip"

    def open(self) -> None:
        """Open what is there; alarms tell what is not. It may take a second: not on the loop."""
        for slot in self.slots:
            self._try(slot, _stamp(slot.file))

    def look(self) -> bool:
        """Look at the files, and open those that changed; whether one is in use anew.

        It may take a second: not on the loop.
        """
        anew = False
        for slot in self.slots:
            stamp = _stamp(slot.file)
            settled = stamp == slot.seen
            slot.seen = stamp
            if settled and stamp != slot.stamp:
                anew |= self._try(slot, stamp)
        return anew

    async def follow(self, anew: Callable[[], Awaitable[None]]) -> None:
        """Watch the files for ever; wait for `anew` whenever one is in use anew.

        Where `anew` fails it is owed still, for whoever follows again.
        """
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._owed |= await asyncio.to_thread(self.look)
            if self._owed:
                await anew()
                self._owed = False

    def _try(self, slot: Slot, stamp: Stamp | None) -> bool:
        slot.stamp = slot.seen = stamp
        try:
            opened = open_database(slot.file, self._now())
        except Refused as error:
            self._refuse(slot, str(error))
            return False
        _log.info("using %s: %s, %d places", slot.file, opened.title, opened.database.places)
        slot.opened, slot.fault = opened, ""
        self._alarms.clear(f"geoip {slot.file}", f"{slot.file} is read again: {opened.title}")
        return True

    def _refuse(self, slot: Slot, why: str) -> None:
        if not slot.fault:
            slot.since = self._now()
        slot.fault = why
        stays = f"{slot.opened.title} stays in use" if slot.opened else "it is not used"
        self._alarms.sound(f"geoip {slot.file}", f"{why}; {stays}; put a whole file in its place")


def mark(opened: Sequence[Opened]) -> str:
    """Give a text that is another one when other data is in use, also after a restart."""
    return "; ".join(f"{one.title}, {one.stamp[1]} octets of {one.stamp[2]}" for one in opened)


def read_atlas(files: Sequence[Path]) -> Atlas:
    """Open databases for one use; Refused if one cannot be."""
    atlas = Atlas(files, alarms=Alarms(time.time), now=time.time)
    for slot in atlas.slots:
        slot.opened = open_database(slot.file, time.time())
    return atlas


def open_database(file: Path, now: float) -> Opened:
    """Open one database; Refused says why it cannot be used."""
    try:
        stamp = _stamp(file) or (0, 0, 0)
        database = Database.open(str(file))
    except OSError as error:
        raise Refused(f"cannot read the geography database {file}: {error.strerror}") from error
    except ValueError as error:
        raise Refused(f"cannot use the geography database {file}: {error}") from error
    metadata = json.loads(database.metadata)
    try:
        datetime.fromtimestamp(metadata["build_epoch"], UTC)
    except (OSError, OverflowError, ValueError) as error:
        raise Refused(
            f"cannot use the geography database {file}: its build_epoch "
            f"{metadata['build_epoch']} is no time in unix seconds"
        ) from error
    return Opened(
        file,
        database,
        Places(database),
        metadata["database_type"],
        float(metadata["build_epoch"]),
        now,
        stamp,
    )


def _stamp(file: Path) -> Stamp | None:
    try:
        found = os.stat(file)  # noqa: PTH116  (no other call gives all of it at once)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
