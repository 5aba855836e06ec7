"""Rows as they are read: which to ask for, in what order, and what is wrong with them.

Knows tables and not the model's shapes; `reading` puts rows together to values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Column, ColumnElement, Row, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gslb.model import Fault, Path
from gslb.model.faults import faults_from
from gslb.model.values import Noun
from gslb.store.tables import OWNED

NounT = TypeVar("NounT", bound=Noun)

AnyRow = Row[Any]
Rows = Mapping[str, Sequence[AnyRow]]
"""Rows in order, by table."""


class Shape(Protocol):
    """The rows of one value, in the shape of the value."""

    def raw(self) -> dict[str, Any]:
        """Give what the model is to check."""

    def where(self, path: Path) -> tuple[Table, AnyRow]:
        """Give the row that holds what is at a path in the value."""


AT_ONCE: Final = 300
"""Keys asked for in one statement; three columns each stay below SQLite's old limit of 999."""


async def fetch(
    connection: AsyncConnection, collection: str, keys: Sequence[tuple[str, ...]] | None = None
) -> Rows:
    """Read the rows of a collection's values; of all of them if no keys are given."""
    found: dict[str, Sequence[AnyRow]] = {}
    for table, columns in OWNED[collection]:
        statement = select(table).order_by(*_order(table))
        if keys is None:
            found[table.name] = (await connection.execute(statement)).all()
            continue
        rows: list[AnyRow] = []
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            rows += (await connection.execute(statement.where(_among(table, columns, part)))).all()
        found[table.name] = rows
    return found


def _among(
    table: Table, columns: Sequence[str], keys: Sequence[tuple[str, ...]]
) -> ColumnElement[bool]:
    if len(columns) == 1:
        return table.c[columns[0]].in_([key[0] for key in keys])
    return tuple_(*(table.c[column] for column in columns)).in_(keys)


def _order(table: Table) -> list[Column[Any]]:
    """Order by the key, which may end in a position; where it has none, by position before."""
    key = list(table.primary_key.columns)
    position = table.c.get("position")
    return key if position is None or position in key else [position, *key]


@dataclass(slots=True)
class Reader:
    """Builds values from rows, and gathers every fault on the way."""

    faults: list[Fault] = field(default_factory=list)

    def build(self, adapter: TypeAdapter[NounT], shape: Shape, path: Path) -> NounT | None:
        """Build a value; None if it has faults, which are gathered."""
        try:
            return adapter.validate_python(shape.raw())
        except ValidationError as error:
            for fault in faults_from(error):
                self.blame((*path, *fault.path), fault.sentence, *shape.where(fault.path))
            return None

    def names(self, adapter: TypeAdapter[str], name: str, table: Table, row: AnyRow) -> bool:
        """Whether a name is written as the model writes it; if not, a fault says how to."""
        path = (table.name, name)
        try:
            canonical = adapter.validate_python(name)
        except ValidationError as error:
            for fault in faults_from(error):
                self.blame(path, fault.sentence, table, row)
            return False
        if canonical != name:
            self.blame(
                path, f"{name!r} is not how this name is kept; write {canonical!r}", table, row
            )
        return canonical == name

    def orphans(self, table: Table, left: Mapping[Any, Sequence[AnyRow]], *path: str) -> None:
        """Make a fault of each row whose parent does not exist; a step `{vip}` is a column."""
        for rows in left.values():
            for row in rows:
                columns = row._asdict()
                self.blame(
                    tuple(step.format(**columns) for step in path),
                    "it belongs to nothing; add the row that it belongs to, or delete this one",
                    table,
                    row,
                )

    def blame(self, path: Path, sentence: str, table: Table, row: AnyRow) -> None:
        """Make a fault that names its row as SQL does."""
        self.faults.append(Fault(path, f"{sentence} (in {_words(table, row)})"))


def _words(table: Table, row: AnyRow) -> str:
    key = " AND ".join(
        f"{column.name} = {_quoted(getattr(row, column.name))}"
        for column in table.primary_key.columns
    )
    return f"{table.name} WHERE {key}"


def _quoted(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def grouped(rows: Iterable[AnyRow], *columns: str) -> dict[Any, list[AnyRow]]:
    """Group rows by a column's value, or by the tuple of several."""
    groups: dict[Any, list[AnyRow]] = {}
    for row in rows:
        key = tuple(getattr(row, column) for column in columns)
        groups.setdefault(key if len(key) > 1 else key[0], []).append(row)
    return groups


Tiered = list[list[AnyRow]]


def tiered(rows: Iterable[AnyRow]) -> Tiered:
    """Cut rows, which are in order, into tiers."""
    return [list(tier) for _, tier in groupby(rows, key=lambda row: row.tier)]


def tiers(rows: Tiered) -> tuple[tuple[str, ...], ...]:
    """Give the datacenters of tiers."""
    return tuple(tuple(row.datacenter for row in tier) for tier in rows)


def given(row: AnyRow, *columns: str) -> dict[str, Any]:
    """Give those of a row's columns that are not NULL."""
    return {column: value for column in columns if (value := getattr(row, column)) is not None}


def nearest(row: AnyRow, among: Iterable[AnyRow]) -> dict[str, Any]:
    """Give the way to the nearest that a row tells; all with a location if `among` is empty."""
    names = tuple(found.datacenter for found in among)
    return {"nearest": row.nearest, "depth": row.depth, "among": names or None}


def capacity(row: AnyRow) -> dict[str, Any] | None:
    """Give the capacity that a row tells, if it does."""
    if row.capacity is None:
        return None
    return {
        "limit": row.capacity,
        "load": row.load,
        "shed_from": row.shed_from,
        "shed_full": row.shed_full,
        "fresh": row.load_fresh_ms,
    }
