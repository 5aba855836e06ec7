"""The store: the world at its last revision, and how it came to be.

    async with await open_store("sqlite:////var/lib/gslb/gslb.db") as store:
        stored = await store.read()
        revision = await store.commit(edits, base=stored.revision, …)

Every write is one transaction: rows, revision and audit together, or nothing. Whether a change is
wise is not checked here but before, by the compiler; here only what the tables themselves refuse.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self, cast

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import NullPool

from gslb.heap import growing
from gslb.model import COLLECTIONS, Edit, Invalid, Refused, World, value_at
from gslb.model.values import Noun
from gslb.store import tokens
from gslb.store.changed import changed_zones, last_changes
from gslb.store.engine import (
    StoreDown,
    StoreFile,
    database_path,
    fold_log,
    for_writing,
    make_engine,
    told,
    transaction,
    use_log,
)
from gslb.store.migrate import migrate
from gslb.store.moments import read_moment, write_moment
from gslb.store.reading import values
from gslb.store.refusals import refusals
from gslb.store.rows import Reader, Rows, fetch
from gslb.store.tables import AUDIT, OWNED, REVISIONS, TOUCH
from gslb.store.whole import whole
from gslb.store.writing import batches, write_batch

Source = Literal["api", "files", "start", "outside"]


@dataclass(frozen=True, slots=True)
class Look:
    """Where the store stands: its last revision, its count of changes, and whether they agree.

    It is settled unless somebody has changed a table by SQL since the last revision.
    """

    revision: int
    touch: int
    settled: bool
    made_at: str = ""

    @property
    def mark(self) -> str:
        """What no two stores share that were changed apart; empty while it is not settled."""
        return f"{self.revision} {self.touch} {self.made_at}" if self.settled else ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds, read in one transaction; `changed` has each zone's last revision."""

    world: World
    revision: int
    touch: int
    changed: dict[str, int]


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of the world: when, by whom, from where, and what in a few words."""

    revision: int
    made_at: datetime
    author: str
    source: Source
    summary: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One value that a revision changed; JSON texts as the API has them.

    `before` None: it did not exist. `after` None: it was deleted.
    """

    revision: int
    collection: str
    key: tuple[str, ...]
    before: str | None
    after: str | None


@whole
async def open_store(url: str, *, create: bool = True) -> "Store":
    """Open a store and bring its schema up to date.

    With `create`, a missing file and its folder are made. StoreDown if it cannot be used; Invalid
    if the URL names no store.
    """
    file = StoreFile(database_path(url))
    file.prepare(create=create)
    engine = make_engine(file.path)
    try:
        with told(file.path):
            await use_log(engine)
            await migrate(engine, file.path, create=create)
    except BaseException:
        await engine.dispose()
        raise
    return Store(engine, file)


class Store:
    """An open store; close it, or use it as a context manager."""

    def __init__(self, engine: AsyncEngine, file: StoreFile) -> None:
        self._engine = engine
        self._writer = for_writing(engine)
        self._fresh = make_engine(file.path, NullPool)
        self._file = file

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @whole
    async def close(self) -> None:
        """Close every connection."""
        try:
            if self._file.moved():
                await fold_log(self._engine)
        except SQLAlchemyError:
            pass  # the file was spoilt besides, and what is open cannot be saved
        finally:
            await self._engine.dispose()

    @asynccontextmanager
    async def _begin(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """Run a transaction; a file that was written beneath us is read anew, not from a cache."""
        changed = self._file.changed()
        with told(self._file.path):
            if changed:
                async with self._fresh.begin() as connection:
                    await _look(connection)
            async with transaction(engine) as connection:
                yield connection

    # Reading

    @whole
    async def look(self) -> Look:
        """Say where the store stands; cheap enough for several times a second."""
        async with self._begin(self._engine) as connection:
            return await _look(connection)

    @whole
    async def read(self) -> Stored:
        """Read the whole world; Invalid, with all faults, if rows hold what the model refuses."""
        rows: dict[str, Rows] = {}
        with growing():
            async with self._begin(self._engine) as connection:
                look = await _look(connection)
                for collection in (*COLLECTIONS, "zones"):
                    rows[collection] = await fetch(connection, collection)
                changes = await last_changes(connection)
            world = await asyncio.to_thread(_world, rows)  # long, in a large world
        changed = await asyncio.to_thread(changed_zones, changes, world)
        return Stored(world, look.revision, look.touch, changed)

    @whole
    async def revisions(self, limit: int = 100) -> list[Revision]:
        """Give the last revisions, newest first."""
        columns = [column for column in REVISIONS.c if column.name != "touch"]
        statement = select(*columns).order_by(REVISIONS.c.revision.desc()).limit(limit)
        async with self._begin(self._engine) as connection:
            rows = (await connection.execute(statement)).all()
        return [
            Revision(
                row.revision,
                read_moment(row.made_at),
                row.author,
                cast("Source", row.source),
                row.summary,
            )
            for row in rows
        ]

    @whole
    async def audit(self, revision: int) -> list[AuditRow]:
        """Give what a revision changed, in the order of its edits."""
        statement = select(AUDIT).where(AUDIT.c.revision == revision).order_by(AUDIT.c.position)
        async with self._begin(self._engine) as connection:
            rows = (await connection.execute(statement)).all()
        return [
            AuditRow(row.revision, row.collection, tuple(row.key.split(" ")), row.before, row.after)
            for row in rows
        ]

    # Writing

    @whole
    async def commit(
        self,
        edits: Sequence[Edit],
        *,
        base: int,
        author: str,
        source: Source,
        summary: str,
        at: datetime,
    ) -> int:
        """Store edits as one revision and give its number; without edits that is `base`.

        Refused if the store is not at `base` any more, or holds a change made outside that no
        revision has recorded. Invalid if the edits name what does not exist.
        """
        if not edits:
            return base
        try:
            async with self._begin(self._writer) as connection:
                look = await _look(connection)
                _expect(look, base)
                if not look.settled:
                    raise Refused(
                        "the store was changed outside, by SQL, and that change is not taken up "
                        "yet; try again in a second, and if this stays, the log says why"
                    )
                told_of: list[dict[str, Any]] = []
                with growing():
                    for batch in batches(edits):
                        told_of += await _write(connection, batch)
                touch = (await _look(connection)).touch
                revision = _revision_row(author, source, summary, at, touch)
                return await _record(connection, revision, told_of)
        except IntegrityError as error:
            async with self._begin(self._engine) as connection:
                raise Invalid(await refusals(connection, edits, str(error.orig))) from error

    @whole
    async def adopt(
        self, edits: Sequence[Edit], *, before: World, touch: int, base: int, at: datetime
    ) -> int:
        """Record what was changed outside as a revision of its own, and give its number.

        `edits` lead from `before` to what `read` gave with `touch` and `base`. No value is
        written. Refused if the store has moved since.
        """
        async with self._begin(self._writer) as connection:
            look = await _look(connection)
            _expect(look, base)
            if look.touch != touch:
                raise Refused("the store was changed again while it was read; read it anew")
            if look.settled:
                return base
            count = f"{len(edits)} value{'' if len(edits) == 1 else 's'} changed by SQL"
            rows = [_audit_row(edit, value_at(before, edit)) for edit in edits]
            return await _record(
                connection, _revision_row("sql", "outside", count, at, touch), rows
            )

    # Tokens

    @whole
    async def create_token(self, name: str, role: str, at: datetime) -> str:
        """Make a token and give its secret, this once; Refused if the name is taken."""
        async with self._begin(self._writer) as connection:
            return await tokens.create(connection, name, role, at)

    @whole
    async def find_token(self, secret: str) -> tokens.Token | None:
        """Give the token of a secret, None if there is none."""
        async with self._begin(self._engine) as connection:
            return await tokens.find(connection, secret)

    @whole
    async def tokens(self) -> list[tokens.Token]:
        """Give all tokens, by name."""
        async with self._begin(self._engine) as connection:
            return await tokens.listed(connection)

    @whole
    async def delete_token(self, name: str) -> bool:
        """Delete a token; False if there is none of that name."""
        async with self._begin(self._writer) as connection:
            return await tokens.drop(connection, name)


async def _look(connection: AsyncConnection) -> Look:
    last = select(func.max(REVISIONS.c.revision)).scalar_subquery()
    row = (
        await connection.execute(
            select(TOUCH.c.count, REVISIONS.c.revision, REVISIONS.c.touch, REVISIONS.c.made_at)
            .select_from(TOUCH)
            .outerjoin(REVISIONS, REVISIONS.c.revision == last)
        )
    ).one_or_none()
    if row is None:
        raise StoreDown(
            "the table touch has lost its row, so that changes go unseen; "
            "INSERT INTO touch (id, count) VALUES (1, 0)"
        )
    count, revision, touch, made_at = row
    return Look(revision or 0, count, count == (touch or 0), made_at or "")


def _expect(look: Look, base: int) -> None:
    if look.revision != base:
        raise Refused(
            f"the store is at revision {look.revision}, not {base}: someone changed it meanwhile; "
            "read it anew and repeat the change"
        )


def _world(rows: Mapping[str, Rows]) -> World:
    reader = Reader()
    parts = {
        collection: {key[0]: value for key, value in values(reader, collection, found).items()}
        for collection, found in rows.items()
    }
    if reader.faults:
        raise Invalid(reader.faults)
    return World.model_construct(**cast("dict[str, Any]", parts))


async def _write(connection: AsyncConnection, batch: Sequence[Edit]) -> list[dict[str, Any]]:
    """Write a batch and give its audit rows."""
    collection = batch[0].collection
    rows = await fetch(connection, collection, [edit.key for edit in batch])
    reader = Reader()
    before = values(reader, collection, rows)
    if reader.faults:
        raise Invalid(reader.faults)
    head, columns = OWNED[collection][0]
    standing = {tuple(getattr(row, name) for name in columns) for row in rows[head.name]}
    await write_batch(connection, batch, standing)
    return [_audit_row(edit, before.get(edit.key)) for edit in batch]


def _audit_row(edit: Edit, before: Noun | None) -> dict[str, Any]:
    return {
        "collection": edit.collection,
        "key": " ".join(edit.key),
        "before": before.model_dump_json() if before is not None else None,
        "after": edit.value.model_dump_json() if edit.value is not None else None,
    }


def _revision_row(
    author: str, source: Source, summary: str, at: datetime, touch: int
) -> dict[str, Any]:
    return {
        "made_at": write_moment(at),
        "author": author,
        "source": source,
        "summary": summary,
        "touch": touch,
    }


async def _record(
    connection: AsyncConnection, row: Mapping[str, Any], audit: Sequence[Mapping[str, Any]]
) -> int:
    key = (await connection.execute(insert(REVISIONS), row)).inserted_primary_key
    revision = int(key[0]) if key else 0
    if audit:
        numbered = enumerate(audit)
        await connection.execute(
            insert(AUDIT), [{**row, "revision": revision, "position": n} for n, row in numbered]
        )
    return revision
