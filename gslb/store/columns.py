"""Kinds of columns, and what SQL itself refuses in them: the words that `tables` is written in."""

from typing import Any, Final

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

METADATA: Final = MetaData()

WHOLE: Final = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere; SQLite's strict tables know no other word than INTEGER."""

REAL_NUMBER: Final[TypeEngine[float]] = Double().with_variant(REAL(), "sqlite")
"""Double precision everywhere; the word for it in SQLite's strict tables is REAL."""


def table_of(name: str, *parts: Column[Any] | CheckConstraint | ForeignKeyConstraint) -> Table:
    """Make a table whose types SQLite is strict about."""
    return Table(name, METADATA, *parts, sqlite_strict=True)


def text(name: str, **more: Any) -> Column[str]:
    """Make a column of text, never NULL."""
    return Column(name, Text, nullable=False, **more)


def key(name: str) -> Column[str]:
    """Make a column of text that is part of the key."""
    return Column(name, Text, primary_key=True, nullable=False)


def place(name: str = "position") -> Column[int]:
    """Make a position that is part of the key."""
    return Column(name, Integer, primary_key=True, nullable=False, autoincrement=False)


def order() -> Column[int]:
    """Make a position that only orders; rows of equal position go by their keys."""
    return Column("position", Integer, nullable=False, server_default="0")


def number(name: str, default: int | None = None) -> Column[int]:
    """Make a column of whole numbers, never NULL."""
    server = None if default is None else str(default)
    return Column(name, Integer, nullable=False, server_default=server)


def child(name: str, parent: str) -> Column[str]:
    """Make a key column that goes and is renamed with its parent."""
    target = ForeignKey(parent, ondelete="CASCADE", onupdate="CASCADE")
    return Column(name, Text, target, primary_key=True, nullable=False)


def refers(parent: str) -> ForeignKey:
    """Refer to what must exist when a transaction ends, in whatever order it was made."""
    return ForeignKey(parent, onupdate="CASCADE", deferrable=True, initially="DEFERRED")


def between(column: str, low: int, high: int) -> CheckConstraint:
    """Allow numbers from low to high only."""
    return CheckConstraint(
        f"{column} BETWEEN {low} AND {high}",
        name=f"{column}_is_{low}_to_{high}".replace("-", "minus_"),
    )


def one_of(column: str, *words: str) -> CheckConstraint:
    """Allow these words only."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_{'_or_'.join(words)}")


def domain_name(column: str) -> CheckConstraint:
    """Allow names in canonical form only."""
    return CheckConstraint(
        f"{column} = lower({column}) AND {column} LIKE '%.'",
        name=f"{column}_is_lower_case_and_ends_with_a_dot",
    )


def weight() -> tuple[Column[int], CheckConstraint]:
    """Make the column of a weight."""
    return number("weight", 1), between("weight", 0, 65535)


def ttl(default: int | None = None) -> tuple[Column[int], CheckConstraint]:
    """Make the column of a TTL, in seconds."""
    return number("ttl", default), between("ttl", 0, 2**31 - 1)


def capacity() -> tuple[Column[Any] | CheckConstraint, ...]:
    """Make the columns of a capacity; there is none where `capacity` is NULL."""
    return (
        Column("capacity", REAL_NUMBER),
        text("load", server_default="answers"),
        number("shed_from", 80),
        number("shed_full", 100),
        number("load_fresh_ms", 60_000),
        CheckConstraint("capacity > 0", name="capacity_is_above_0"),
        one_of("load", "answers", "push", "probe"),
        CheckConstraint(
            "shed_from >= 1 AND shed_from < shed_full AND shed_full <= 1000",
            name="shed_from_is_below_shed_full",
        ),
        between("load_fresh_ms", 1, 86_400_000),
    )
