"""Columns and tables for the steering methods: nearest, other maps, names, capacity, fallbacks.

SQLite can add columns, but neither checks nor foreign keys to a table that stands. A copy of the
table would lose its children (DROP deletes their rows where foreign keys are on, and inside a
transaction they can't be switched off). So the columns are added, and the words of the new checks
are written into the schema, which SQLite allows for what changes nothing on the disk
(lang_altertable.html, section 7).
"""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REAL: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")


def number(name: str, default: int | None = None) -> sa.Column[int]:
    """Make a whole number; one without a default may be NULL."""
    server = None if default is None else str(default)
    return sa.Column(name, sa.Integer(), server_default=server, nullable=default is None)


def text(name: str, default: str | None = None) -> sa.Column[str]:
    """Make a text; one without a default may be NULL."""
    return sa.Column(name, sa.Text(), server_default=default, nullable=default is None)


def check(name: str, sql: str) -> sa.CheckConstraint:
    """Make a named check."""
    return sa.CheckConstraint(sql, name=name)


def refers(column: str, table: str) -> sa.ForeignKeyConstraint:
    """Refer to what must exist when a transaction ends."""
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.name"], onupdate="CASCADE", initially="DEFERRED", deferrable=True
    )


def capacity() -> tuple[sa.Column[Any] | sa.CheckConstraint, ...]:
    """Make the columns of a capacity, and their checks."""
    return (
        sa.Column("capacity", REAL, nullable=True),
        text("load", "answers"),
        number("shed_from", 80),
        number("shed_full", 100),
        number("load_fresh_ms", 60_000),
        check("capacity_is_above_0", "capacity > 0"),
        check("load_is_answers_or_push_or_probe", "load IN ('answers', 'push', 'probe')"),
        check(
            "shed_from_is_below_shed_full",
            "shed_from >= 1 AND shed_from < shed_full AND shed_full <= 1000",
        ),
        check("load_fresh_ms_is_1_to_86400000", "load_fresh_ms BETWEEN 1 AND 86400000"),
    )


Part = sa.Column[Any] | sa.CheckConstraint | sa.ForeignKeyConstraint


def added() -> dict[str, tuple[Part, ...]]:
    """Give what comes to the tables that stand."""
    return {
        "datacenters": (
            number("bias", 0),
            check("bias_is_minus_99_to_99", "bias BETWEEN -99 AND 99"),
            *capacity(),
        ),
        "probes": (
            text("load_header"),
            check("load_header_is_for_http", "kind = 'http' OR load_header IS NULL"),
        ),
        "maps": (
            number("nearest", 1),
            number("depth", 16),
            text("otherwise_map"),
            check("nearest_is_1_to_256", "nearest BETWEEN 1 AND 256"),
            check("depth_is_1_to_256", "depth BETWEEN 1 AND 256"),
            check(
                "otherwise_map_is_for_map",
                "(otherwise = 'map') = (otherwise_map IS NOT NULL)",
            ),
            check(
                "otherwise_is_nearest_or_tiers_or_map", "otherwise IN ('nearest', 'tiers', 'map')"
            ),
            refers("otherwise_map", "maps"),
        ),
        "map_rules": (
            number("nearest"),
            number("depth"),
            check("nearest_is_1_to_256", "nearest BETWEEN 1 AND 256"),
            check("depth_is_1_to_256", "depth BETWEEN 1 AND 256"),
            check("nearest_and_depth_go_together", "(nearest IS NULL) = (depth IS NULL)"),
        ),
        "vips": (
            number("sticky_ipv4", 24),
            number("sticky_ipv6", 56),
            text("family", "apart"),
            text("fallback_vip"),
            number("fallback_ttl"),
            check("sticky_ipv4_is_1_to_32", "sticky_ipv4 BETWEEN 1 AND 32"),
            check("sticky_ipv6_is_1_to_64", "sticky_ipv6 BETWEEN 1 AND 64"),
            check(
                "family_is_apart_or_same_datacenter", "family IN ('apart', 'same_datacenter')"
            ),
            check("fallback_ttl_is_0_to_2147483647", "fallback_ttl BETWEEN 0 AND 2147483647"),
            check("fallback_vip_is_for_vip", "(fallback = 'vip') = (fallback_vip IS NOT NULL)"),
            check(
                "fallback_is_all_or_none_or_servfail_or_addresses_or_vip",
                "fallback IN ('all', 'none', 'servfail', 'addresses', 'vip')",
            ),
            refers("fallback_vip", "vips"),
        ),
        "pools": (text("min_live", "1"), *capacity()),
    }


DROPPED = {
    "maps": ("otherwise_is_nearest_or_tiers", "otherwise IN ('nearest', 'tiers')"),
    "vips": (
        "fallback_is_all_or_none_or_servfail_or_addresses",
        "fallback IN ('all', 'none', 'servfail', 'addresses')",
    ),
}
"""Checks that the wider ones take the place of."""


def widen(table: str, parts: Sequence[Part]) -> None:
    """Add columns, then checks and foreign keys, to a table that stands."""
    for part in parts:
        if isinstance(part, sa.Column):
            op.add_column(table, part)
    constraints = [part for part in parts if not isinstance(part, sa.Column)]
    if op.get_context().dialect.name == "sqlite":
        write_words(table, constraints)
        return
    if table in DROPPED:
        op.drop_constraint(DROPPED[table][0], table)
    for part in constraints:
        if isinstance(part, sa.CheckConstraint):
            op.create_check_constraint(str(part.name), table, str(part.sqltext))
        else:
            (column,), (parent,) = part.column_keys, part.elements
            op.create_foreign_key(
                None,
                table,
                parent.target_fullname.partition(".")[0],
                [column],
                ["name"],
                onupdate="CASCADE",
                initially="DEFERRED",
                deferrable=True,
            )


def words(part: Part) -> str:
    """Give a constraint as SQLite writes it."""
    if isinstance(part, sa.CheckConstraint):
        return f"CONSTRAINT {part.name} CHECK ({part.sqltext})"
    (column,), (parent,) = part.column_keys, part.elements
    table = parent.target_fullname.partition(".")[0]
    return (
        f"FOREIGN KEY({column}) REFERENCES {table} (name) ON UPDATE CASCADE "
        "DEFERRABLE INITIALLY DEFERRED"
    )


def write_words(table: str, constraints: Sequence[Part]) -> None:
    """Write constraints into the schema of SQLite, at the end of the table's words."""
    connection = op.get_bind()
    found = sa.text("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :table")
    body, end, tail = connection.execute(found, {"table": table}).scalar_one().rpartition(")")
    if table in DROPPED:
        name, sql = DROPPED[table]
        gone = rf",\s*CONSTRAINT {name} CHECK \({re.escape(sql)}\)"
        body, count = re.subn(gone, "", body)
        if count != 1:
            raise RuntimeError(f"the table {table} lacks its check {name}")
    sql = ", ".join((body.rstrip(), *map(words, constraints))) + end + tail
    change = sa.text("UPDATE sqlite_schema SET sql = :sql WHERE type = 'table' AND name = :table")
    connection.execute(change, {"sql": sql, "table": table})


def rule_key() -> tuple[sa.Column[Any] | sa.ForeignKeyConstraint, ...]:
    """Make the columns that say which rule a row belongs to."""
    return (
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("rule", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["map", "rule"],
            ["map_rules.map", "map_rules.position"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
    )


def make_tables() -> None:
    """Make the tables that are new."""

    def place() -> sa.Column[int]:
        return sa.Column("position", sa.Integer(), autoincrement=False, nullable=False)

    def datacenter() -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
        return (
            sa.Column("datacenter", sa.Text(), nullable=False),
            refers("datacenter", "datacenters"),
        )

    op.create_table(
        "map_among",
        sa.Column("map", sa.Text(), nullable=False),
        place(),
        *datacenter(),
        sa.ForeignKeyConstraint(["map"], ["maps.name"], onupdate="CASCADE", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("map", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "map_rule_among",
        *rule_key(),
        place(),
        *datacenter(),
        sa.PrimaryKeyConstraint("map", "rule", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "member_names",
        sa.Column("vip", sa.Text(), nullable=False),
        sa.Column("datacenter", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("weight", sa.Integer(), server_default="1", nullable=False),
        sa.Column("probe_address", sa.Text(), nullable=True),
        sa.Column("probe_port", sa.Integer(), nullable=True),
        check("probe_port_is_1_to_65535", "probe_port BETWEEN 1 AND 65535"),
        check("weight_is_0_to_65535", "weight BETWEEN 0 AND 65535"),
        sa.ForeignKeyConstraint(
            ["vip", "datacenter"],
            ["pools.vip", "pools.datacenter"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("vip", "datacenter", "name"),
        sqlite_strict=True,
    )


def watch(table: str, dialect: str) -> list[str]:
    """Count a change of a new table, as the first migration does."""
    if dialect == "postgresql":
        return [
            f"CREATE TRIGGER {table}_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION count_touch()"
        ]
    return [
        f"CREATE TRIGGER {table}_{event}_touch AFTER {event.upper()} ON {table} "
        "BEGIN UPDATE touch SET count = count + 1 WHERE id = 1; END"
        for event in ("insert", "update", "delete")
    ]


def upgrade() -> None:
    """Widen what stands, and make what is new."""
    dialect = op.get_context().dialect.name
    if dialect == "sqlite":
        op.execute("PRAGMA writable_schema = ON")
    for table, parts in added().items():
        widen(table, parts)
    if dialect == "sqlite":
        op.execute("PRAGMA writable_schema = RESET")
        version = op.get_bind().execute(sa.text("PRAGMA schema_version")).scalar_one()
        op.execute(f"PRAGMA schema_version = {version + 1}")
    make_tables()
    for table in ("map_among", "map_rule_among", "member_names"):
        for statement in watch(table, dialect):
            op.execute(statement)
