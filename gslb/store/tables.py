"""The tables of the store: what an operator has said, in rows that a person can read and change.

Natural keys and real columns, so that the `sqlite3` shell is a second way in:

    $ sqlite3 var/gslb.db
    sqlite> PRAGMA foreign_keys = ON;      -- the shell leaves them off
    sqlite> SELECT datacenter, address, weight FROM members WHERE vip = 'www.gslb.example.';
    tokyo|192.0.2.10|3
    tokyo|192.0.2.11|1
    frankfurt|198.51.100.10|1
    sqlite> UPDATE members SET weight = 5
       ...> WHERE vip = 'www.gslb.example.' AND address = '192.0.2.10';
    sqlite> SELECT revision, source, summary FROM revisions ORDER BY revision DESC LIMIT 1;
    12|outside|1 value changed by SQL

Between the last two lines a running node has noticed the change, checked it, recorded it and
answers with it. It notices by `touch`: triggers, made by the migrations, count every insert,
update and delete in a table of configuration, whoever makes it and whether or not gslb runs;
a revision holds the count at which it was made.

`position` gives the order inside the parent. SQL refuses what it can see to be wrong in one row
(types, ranges, unknown references); the rest is checked when the rows are read. Nothing here is
SQLite's alone but the strictness of its types, which other databases have anyhow.
"""

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

DEGREES: Final[TypeEngine[float]] = Double().with_variant(REAL(), "sqlite")
"""Double precision everywhere; the word for it in SQLite's strict tables is REAL."""


def _table(name: str, *parts: Column[Any] | CheckConstraint | ForeignKeyConstraint) -> Table:
    return Table(name, METADATA, *parts, sqlite_strict=True)


def _text(name: str, **more: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **more)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True, nullable=False)


def _place(name: str = "position") -> Column[int]:
    """Make a position that is part of the key."""
    return Column(name, Integer, primary_key=True, nullable=False, autoincrement=False)


def _order() -> Column[int]:
    """Make a position that only orders; rows of equal position go by their keys."""
    return Column("position", Integer, nullable=False, server_default="0")


def _number(name: str, default: int | None = None) -> Column[int]:
    server = None if default is None else str(default)
    return Column(name, Integer, nullable=False, server_default=server)


def _child(name: str, parent: str) -> Column[str]:
    """Make a key column that goes and is renamed with its parent."""
    target = ForeignKey(parent, ondelete="CASCADE", onupdate="CASCADE")
    return Column(name, Text, target, primary_key=True, nullable=False)


def _refers(parent: str) -> ForeignKey:
    """Refer to what must exist when a transaction ends, in whatever order it was made."""
    return ForeignKey(parent, onupdate="CASCADE", deferrable=True, initially="DEFERRED")


def _between(column: str, low: int, high: int) -> CheckConstraint:
    return CheckConstraint(
        f"{column} BETWEEN {low} AND {high}",
        name=f"{column}_is_{low}_to_{high}".replace("-", "minus_"),
    )


def _one_of(column: str, *words: str) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_{'_or_'.join(words)}")


def _domain_name(column: str) -> CheckConstraint:
    return CheckConstraint(
        f"{column} = lower({column}) AND {column} LIKE '%.'",
        name=f"{column}_is_lower_case_and_ends_with_a_dot",
    )


def _weight() -> tuple[Column[int], CheckConstraint]:
    return _number("weight", 1), _between("weight", 0, 65535)


def _ttl(default: int | None = None) -> tuple[Column[int], CheckConstraint]:
    return _number("ttl", default), _between("ttl", 0, 2**31 - 1)


DATACENTERS: Final = _table(
    "datacenters",
    _key("name"),
    _order(),
    Column("latitude", DEGREES),
    Column("longitude", DEGREES),
    _between("latitude", -90, 90),
    _between("longitude", -180, 180),
    CheckConstraint(
        "(latitude IS NULL) = (longitude IS NULL)", name="latitude_and_longitude_go_together"
    ),
)

PROBES: Final = _table(
    "probes",
    _key("name"),
    _order(),
    _text("kind"),
    Column("port", Integer),
    _number("interval_ms", 10_000),
    _number("timeout_ms", 2_000),
    _number("rise", 2),
    _number("fall", 3),
    Column("path", Text),
    Column("host", Text),
    Column("contains", Text),
    _one_of("kind", "http", "tcp"),
    _between("port", 1, 65535),
    _between("interval_ms", 1, 86_400_000),
    _between("rise", 1, 100),
    _between("fall", 1, 100),
    CheckConstraint(
        "timeout_ms BETWEEN 1 AND interval_ms", name="timeout_ms_is_within_interval_ms"
    ),
    CheckConstraint(
        "kind = 'http' OR (path IS NULL AND host IS NULL AND contains IS NULL)",
        name="path_host_and_contains_are_for_http",
    ),
)

PROBE_STATUSES: Final = _table(
    "probe_statuses",
    _child("probe", "probes.name"),
    _place(),
    _number("low"),
    _number("high"),
    CheckConstraint("low BETWEEN 100 AND high AND high <= 599", name="low_to_high_is_100_to_599"),
)

MAPS: Final = _table(
    "maps",
    _key("name"),
    _order(),
    _text("otherwise"),
    _one_of("otherwise", "nearest", "tiers"),
)

MAP_TIERS: Final = _table(
    "map_tiers",  # where a map's `otherwise` is 'tiers'
    _child("map", "maps.name"),
    _place("tier"),
    _place(),
    Column("datacenter", Text, _refers("datacenters.name"), nullable=False),
)

MAP_RULES: Final = _table(
    "map_rules",
    _child("map", "maps.name"),
    _place(),
    Column("asn", WHOLE),
    Column("city", Text),
    Column("subdivision", Text),
    Column("country", Text),
    Column("continent", Text),
    _between("asn", 1, 2**32 - 1),
    CheckConstraint(
        "length(country) = 2 AND country = upper(country)", name="country_is_two_capital_letters"
    ),
    _one_of("continent", "AF", "AN", "AS", "EU", "NA", "OC", "SA"),
)


def _of_rule() -> tuple[Column[str], Column[int], ForeignKeyConstraint]:
    return (
        _key("map"),
        _place("rule"),
        ForeignKeyConstraint(
            ["map", "rule"],
            ["map_rules.map", "map_rules.position"],
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
    )


MAP_RULE_NETWORKS: Final = _table("map_rule_networks", *_of_rule(), _place(), _text("network"))

MAP_RULE_TIERS: Final = _table(
    "map_rule_tiers",
    *_of_rule(),
    _place("tier"),
    _place(),
    Column("datacenter", Text, _refers("datacenters.name"), nullable=False),
)

VIPS: Final = _table(
    "vips",
    _key("name"),
    _order(),
    *_ttl(30),
    Column("map", Text, _refers("maps.name")),
    Column("probe", Text, _refers("probes.name")),
    _number("answers", 1),  # 0: all
    _number("sticky", 0),
    _text("fallback", server_default="all"),
    _domain_name("name"),
    _between("answers", 0, 64),
    _between("sticky", 0, 1),
    _one_of("fallback", "all", "none", "servfail", "addresses"),
)

VIP_FALLBACK_ADDRESSES: Final = _table(
    "vip_fallback_addresses",  # where a VIP's `fallback` is 'addresses'
    _child("vip", "vips.name"),
    _place(),
    _text("address"),
)

VIP_TIERS: Final = _table(
    "vip_tiers",  # a VIP's `order`
    _child("vip", "vips.name"),
    _place("tier"),
    _place(),
    Column("datacenter", Text, _refers("datacenters.name"), nullable=False),
)

POOLS: Final = _table(
    "pools",
    _child("vip", "vips.name"),
    Column("datacenter", Text, _refers("datacenters.name"), primary_key=True, nullable=False),
    _order(),
    *_weight(),
)

MEMBERS: Final = _table(
    "members",
    _key("vip"),
    _key("datacenter"),
    _key("address"),
    _order(),
    *_weight(),
    Column("probe_address", Text),
    Column("probe_port", Integer),
    _between("probe_port", 1, 65535),
    ForeignKeyConstraint(
        ["vip", "datacenter"],
        ["pools.vip", "pools.datacenter"],
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
)

ZONES: Final = _table("zones", _key("origin"), _domain_name("origin"))

RRSETS: Final = _table(
    "rrsets",
    _child("zone", "zones.origin"),
    _key("name"),
    _key("type"),
    *_ttl(),
    _domain_name("name"),
    CheckConstraint("type = upper(type)", name="type_is_upper_case"),
)

RECORDS: Final = _table(
    "records",
    _key("zone"),
    _key("name"),
    _key("type"),
    _place(),
    _text("rdata"),
    ForeignKeyConstraint(
        ["zone", "name", "type"],
        ["rrsets.zone", "rrsets.name", "rrsets.type"],
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
)

CONFIGURATION: Final = tuple(METADATA.tables.values())
"""What `touch` watches: everything above, nothing below."""

TOUCH: Final = _table(
    "touch",
    Column("id", Integer, primary_key=True, autoincrement=False, nullable=False),
    Column("count", WHOLE, nullable=False),
    CheckConstraint("id = 1", name="there_is_one_row"),
)

REVISIONS: Final = Table(
    "revisions",
    METADATA,
    Column("revision", Integer, primary_key=True, nullable=False),
    _text("made_at"),  # ISO 8601, UTC
    _text("author"),
    _text("source"),
    _text("summary"),
    Column("touch", WHOLE, nullable=False),
    _one_of("source", "api", "files", "start", "outside"),
    sqlite_strict=True,
    sqlite_autoincrement=True,  # the number of a revision is never given again
)

AUDIT: Final = _table(
    "audit",
    Column("revision", Integer, ForeignKey("revisions.revision"), primary_key=True, nullable=False),
    _place(),
    _text("collection"),
    _text("key"),  # the parts of an edit's key, a space between
    Column("before", Text),  # JSON as the API has it; NULL: it did not exist
    Column("after", Text),  # JSON; NULL: it was deleted
)

TOKENS: Final = _table(
    "tokens",
    _key("name"),
    _text("role"),
    _text("hash", unique=True),  # SHA-256 of the secret, hexadecimal
    _text("created_at"),
    _one_of("role", "viewer", "operator", "admin"),
)

OWNED: Final[dict[str, tuple[tuple[Table, tuple[str, ...]], ...]]] = {
    "datacenters": ((DATACENTERS, ("name",)),),
    "probes": ((PROBES, ("name",)), (PROBE_STATUSES, ("probe",))),
    "maps": (
        (MAPS, ("name",)),
        (MAP_TIERS, ("map",)),
        (MAP_RULES, ("map",)),
        (MAP_RULE_NETWORKS, ("map",)),
        (MAP_RULE_TIERS, ("map",)),
    ),
    "vips": (
        (VIPS, ("name",)),
        (VIP_FALLBACK_ADDRESSES, ("vip",)),
        (VIP_TIERS, ("vip",)),
        (POOLS, ("vip",)),
        (MEMBERS, ("vip",)),
    ),
    "zones": ((ZONES, ("origin",)), (RRSETS, ("zone",)), (RECORDS, ("zone",))),
    "rrsets": (
        (RRSETS, ("zone", "name", "type")),
        (RECORDS, ("zone", "name", "type")),
    ),
}
"""By collection of edits: the tables that hold a value, its own row's first and parents before
children, each with the columns that hold the key of an edit."""
