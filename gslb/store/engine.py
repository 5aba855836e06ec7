"""The way to the database: its URL, its file, connections whose transactions are real.

Knows SQLite's manners and no table. PostgreSQL gets its own manners here when it comes.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool

from gslb.model import Broken, Fault, Invalid, Refused
from gslb.store.whole import in_a_hurry

BUSY: Final = 5.0
"""Seconds to wait for another program's write lock."""

BUSY_AT_ONCE: Final = 0.1
"""Seconds of it that SQLite itself waits, in a thread that nothing can interrupt."""

OLDEST_SQLITE: Final = (3, 37, 0)
"""The first with strict tables."""

BEGIN: Final = "gslb_begin"
"""The execution option that says how a transaction begins."""

_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {round(BUSY_AT_ONCE * 1000)}",
    "PRAGMA foreign_keys = ON",
    # In WAL mode NORMAL would be enough for kill -9: a commit is in the kernel's hands before it
    # is acknowledged. It would lose the last commits with the power. An acknowledged revision is
    # a promise to a person, there are few of them, and FULL keeps it for one fsync each.
    "PRAGMA synchronous = FULL",
    # The pages of a large transaction stay in memory until its end (230 MB for a million records).
    # Written to the log early, most would be written there again and again: twice the time.
    "PRAGMA cache_spill = OFF",
)


class StoreDown(Broken):
    """The store cannot be opened, read or written; the sentence says which and what to do."""


class StoreBusy(Refused):
    """Another program holds the store's write lock, and has held it for long."""


def database_path(url: str) -> Path:
    """Give the SQLite file that a store's URL names; Invalid if it names none."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _bad_url(f"{url!r} is not a database URL") from error
    if parsed.get_backend_name() != "sqlite":
        raise _bad_url(f"{parsed.get_backend_name()} stores are not supported yet")
    if not parsed.database or parsed.database == ":memory:":
        raise _bad_url(f"{url!r} names no file, and what is only in memory dies with the process")
    return Path(parsed.database).absolute()


def _bad_url(why: str) -> Invalid:
    return Invalid([Fault(("settings", "store"), f"{why}; write sqlite:////path/to/gslb.db")])


class StoreFile:
    """The SQLite file as a thing in a folder, which somebody may remove, replace or cut short.

    It is looked at by stat and never opened here: closing it would drop the locks that SQLite
    holds on it for the whole process (fcntl locks belong to a process and an inode).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = (0, 0)
        self._stamp = (0, 0)

    def prepare(self, *, create: bool) -> None:
        """Have a file to open: make it and its folder, or StoreDown if it may not be made."""
        try:
            if create:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch()
            found = self._stat()
        except OSError as error:
            raise StoreDown(
                f"the store {self.path} cannot be made: {error.strerror}; "
                "mend that, or name another file with --store"
            ) from error
        self._inode = (found.st_dev, found.st_ino)

    def changed(self) -> bool:
        """Whether the file itself was written since the last call; StoreDown if it is gone.

        Few commits do that: they go to the file beside it, the write-ahead log.
        """
        found = self._stat()
        if (found.st_dev, found.st_ino) != self._inode:
            raise StoreDown(
                f"the store {self.path} was replaced by another file while it was open; "
                "it is opened anew"
            )
        before, self._stamp = self._stamp, (found.st_size, found.st_mtime_ns)
        return before != self._stamp

    def moved(self) -> bool:
        """Whether what is open is not what lies at the path any more."""
        try:
            found = self.path.stat()
        except OSError:
            return True
        return (found.st_dev, found.st_ino) != self._inode

    def _stat(self) -> os.stat_result:
        try:
            return self.path.stat()
        except FileNotFoundError as error:
            raise StoreDown(
                f"the store {self.path} does not exist; put the file back, "
                "or stop gslb, make it anew with gslb apply DIR, and start gslb"
            ) from error


def make_engine(path: Path, pool: type[Pool] = AsyncAdaptedQueuePool) -> AsyncEngine:
    """Make an engine whose transactions begin and end where they say, DDL included.

    It never makes the file. The driver's own, late and partial, BEGIN is switched off.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise StoreDown(
            f"this Python has SQLite {sqlite3.sqlite_version}; the store needs {oldest} or newer"
        )
    url = URL.create(
        "sqlite+aiosqlite",
        database=f"file:{quote(str(path))}",
        query={"mode": "rw", "uri": "true"},
    )
    size: dict[str, Any] = {"pool_size": 4} if pool is AsyncAdaptedQueuePool else {}
    engine = create_async_engine(
        url,
        poolclass=pool,
        connect_args={"timeout": BUSY_AT_ONCE},
        execution_options={BEGIN: "BEGIN"},
        **size,
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def for_writing(engine: AsyncEngine) -> AsyncEngine:
    """Give the same engine, its transactions taking the write lock as they begin.

    One that took it later could find that what it has read is already old, and fail.
    """
    return engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run a transaction, waiting for the write lock in a way that a stopping node can end."""
    give_up = time.monotonic() + BUSY
    while True:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(engine.begin())
            except OperationalError as error:
                if "locked" not in str(error.orig) or time.monotonic() > give_up or in_a_hurry():
                    raise
            else:
                yield connection
                return
        await asyncio.sleep(0.02)


async def use_log(engine: AsyncEngine) -> None:
    """Have the file use a write-ahead log (WAL mode), which it then remembers.

    Readers never wait for a writer then, nor a writer for readers. The change waits here for
    whoever has the file open too, because SQLite itself does not wait for that lock.
    """
    give_up = time.monotonic() + BUSY
    while True:
        try:
            async with engine.execution_options(**{BEGIN: ""}).connect() as connection:
                await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.02)
        else:
            return


async def fold_log(engine: AsyncEngine) -> None:
    """Write the log into its file, through a connection that has both open, and empty it.

    For a file that was moved away or replaced: SQLite then leaves the log behind, and would
    replay it into whatever file comes to lie at the path, to its ruin. And the file that was
    moved, without its log, would lack the last revisions.
    """
    if getattr(engine.pool, "checkedin", int)():  # else a new one would open the wrong file
        async with engine.execution_options(**{BEGIN: ""}).connect() as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    if begin := connection.get_execution_options()[BEGIN]:
        connection.exec_driver_sql(begin)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Tell the database's errors in our words; an IntegrityError is left to who knows the edits."""
    try:
        yield
    except IntegrityError:
        raise
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = str(getattr(error, "orig", None) or error)
        if "locked" in reason:
            raise StoreBusy(
                f"another program holds the lock of the store {path} for more than {BUSY:.0f} s; "
                "have it end its transaction, and try again"
            ) from error
        raise StoreDown(
            f"the store {path} cannot be used: {reason}; "
            "mend the file or put back a copy, or name another with --store"
        ) from error
