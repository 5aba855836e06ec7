"""A zone's RRsets and records in their two tables: written and read by the hundred thousand.

What is plain is checked here as the model would check it; every other row goes through the model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gslb.model import Path, Rrset
from gslb.model.rrsets import Row, Rows, plain_row, row_of
from gslb.store import tables
from gslb.store.rows import AnyRow, Reader
from gslb.store.rows import Rows as TableRows
from gslb.telemetry import Progress

AT_ONCE: Final = 50_000
"""RRsets handed to the database in one call."""

_RRSET: Final = TypeAdapter(Rrset)
_RRSET_PATH: Final = ("zones", "{zone}", "rrsets", "{name}", "{type}")

Key = tuple[str, str, str]


# Writing


async def write_records(connection: AsyncConnection, origin: str, rows: Rows) -> None:
    """Insert a zone's RRsets, of which none stands yet, in the order of the tables' keys."""
    progress = Progress(f"storing {origin}", len(rows), "RRsets")
    keys = sorted(rows)
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        heads = [(origin, name, rtype, rows[name, rtype][0]) for name, rtype in part]
        await _insert(connection, tables.RRSETS, heads)
        records = [
            (origin, *key, position, text)
            for key in part
            for position, text in enumerate(rows[key][1:])
        ]
        await _insert(connection, tables.RECORDS, records)
        progress.at(start + len(part))


async def _insert(connection: AsyncConnection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert whole rows by position: making a dict of each would take as long again."""
    if rows:
        statement = insert(table).compile(dialect=connection.dialect)
        await connection.exec_driver_sql(str(statement), rows)


# Reading


@dataclass(slots=True)
class _Shape:
    """One RRset's rows, in the shape of an `Rrset`."""

    own: AnyRow
    rdata: tuple[str, ...]

    def raw(self) -> dict[str, Any]:
        row = self.own
        return {"name": row.name, "type": row.type, "ttl": row.ttl, "rdata": self.rdata}

    def where(self, _: Path) -> tuple[Table, AnyRow]:
        return tables.RRSETS, self.own


def read_records(reader: Reader, rows: TableRows) -> Iterator[tuple[Key, Row]]:
    """Give each RRset's row by zone, name and type; those with faults are left out."""
    data = _data_of(rows["records"])
    for own in rows["rrsets"]:
        zone, name, rtype, ttl = tuple(own)
        rdata = data.pop((zone, name, rtype), ())
        row = plain_row(name, rtype, ttl, rdata) or _judged(reader, own, rdata)
        if row is not None:
            yield (zone, name, intern(rtype)), row
    homeless = [row for row in rows["records"] if tuple(row[:3]) in data] if data else []
    reader.orphans(tables.RECORDS, {"": homeless}, *_RRSET_PATH)


def blame_homeless(reader: Reader, rrsets: Sequence[AnyRow]) -> None:
    """Make a fault of each RRset whose zone does not exist."""
    reader.orphans(tables.RRSETS, {"": rrsets}, *_RRSET_PATH)


def _data_of(records: Sequence[AnyRow]) -> dict[Key, tuple[str, ...]]:
    found: dict[Key, tuple[str, ...]] = {}
    for record in records:
        zone, name, rtype, _, text = tuple(record)
        key = (zone, name, rtype)
        others = found.get(key)
        found[key] = (text,) if others is None else (*others, text)
    return found


def _judged(reader: Reader, own: AnyRow, rdata: tuple[str, ...]) -> Row | None:
    """Let the model judge an RRset; a fault if it writes name or type otherwise."""
    path = ("zones", own.zone, "rrsets", own.name, own.type)
    value = reader.build(_RRSET, _Shape(own, rdata), path)
    if value is None:
        return None
    if value.key == (own.name, own.type):
        return row_of(value)
    kept = f"name and type are kept as {value.name!r} and {value.type!r}; write them so"
    reader.blame(path, kept, tables.RRSETS, own)
    return None
