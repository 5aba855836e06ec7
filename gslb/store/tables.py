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

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Table,
    Text,
)

from gslb.store.columns import (
    METADATA,
    REAL_NUMBER,
    WHOLE,
    between,
    capacity,
    child,
    domain_name,
    key,
    number,
    one_of,
    order,
    place,
    refers,
    table_of,
    text,
    ttl,
    weight,
)

DATACENTERS: Final = table_of(
    "datacenters",
    key("name"),
    order(),
    Column("latitude", REAL_NUMBER),
    Column("longitude", REAL_NUMBER),
    between("latitude", -90, 90),
    between("longitude", -180, 180),
    CheckConstraint(
        "(latitude IS NULL) = (longitude IS NULL)", name="latitude_and_longitude_go_together"
    ),
    number("bias", 0),
    between("bias", -99, 99),
    *capacity(),
)

PROBES: Final = table_of(
    "probes",
    key("name"),
    order(),
    text("kind"),
    Column("port", Integer),
    number("interval_ms", 10_000),
    number("timeout_ms", 2_000),
    number("rise", 2),
    number("fall", 3),
    Column("path", Text),
    Column("host", Text),
    Column("contains", Text),
    one_of("kind", "http", "tcp"),
    between("port", 1, 65535),
    between("interval_ms", 1, 86_400_000),
    between("rise", 1, 100),
    between("fall", 1, 100),
    CheckConstraint(
        "timeout_ms BETWEEN 1 AND interval_ms", name="timeout_ms_is_within_interval_ms"
    ),
    CheckConstraint(
        "kind = 'http' OR (path IS NULL AND host IS NULL AND contains IS NULL)",
        name="path_host_and_contains_are_for_http",
    ),
    Column("load_header", Text),
    CheckConstraint("kind = 'http' OR load_header IS NULL", name="load_header_is_for_http"),
)

PROBE_STATUSES: Final = table_of(
    "probe_statuses",
    child("probe", "probes.name"),
    place(),
    number("low"),
    number("high"),
    CheckConstraint("low BETWEEN 100 AND high AND high <= 599", name="low_to_high_is_100_to_599"),
)

MAPS: Final = table_of(
    "maps",
    key("name"),
    order(),
    text("otherwise"),
    one_of("otherwise", "nearest", "tiers", "map"),
    number("nearest", 1),
    number("depth", 16),
    Column("otherwise_map", Text, refers("maps.name")),
    between("nearest", 1, 256),
    between("depth", 1, 256),
    CheckConstraint(
        "(otherwise = 'map') = (otherwise_map IS NOT NULL)", name="otherwise_map_is_for_map"
    ),
)

MAP_AMONG: Final = table_of(
    "map_among",  # where a map's `otherwise` is 'nearest' among some datacenters only
    child("map", "maps.name"),
    place(),
    Column("datacenter", Text, refers("datacenters.name"), nullable=False),
)

MAP_TIERS: Final = table_of(
    "map_tiers",  # where a map's `otherwise` is 'tiers'
    child("map", "maps.name"),
    place("tier"),
    place(),
    Column("datacenter", Text, refers("datacenters.name"), nullable=False),
)

MAP_RULES: Final = table_of(
    "map_rules",
    child("map", "maps.name"),
    place(),
    Column("asn", WHOLE),
    Column("city", Text),
    Column("subdivision", Text),
    Column("country", Text),
    Column("continent", Text),
    between("asn", 1, 2**32 - 1),
    CheckConstraint(
        "length(country) = 2 AND country = upper(country)", name="country_is_two_capital_letters"
    ),
    one_of("continent", "AF", "AN", "AS", "EU", "NA", "OC", "SA"),
    Column("nearest", Integer),  # NULL: the rule leads to its map_rule_tiers
    Column("depth", Integer),
    between("nearest", 1, 256),
    between("depth", 1, 256),
    CheckConstraint("(nearest IS NULL) = (depth IS NULL)", name="nearest_and_depth_go_together"),
)


def _of_rule() -> tuple[Column[str], Column[int], ForeignKeyConstraint]:
    return (
        key("map"),
        place("rule"),
        ForeignKeyConstraint(
            ["map", "rule"],
            ["map_rules.map", "map_rules.position"],
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
    )


MAP_RULE_NETWORKS: Final = table_of("map_rule_networks", *_of_rule(), place(), text("network"))

MAP_RULE_TIERS: Final = table_of(
    "map_rule_tiers",
    *_of_rule(),
    place("tier"),
    place(),
    Column("datacenter", Text, refers("datacenters.name"), nullable=False),
)

MAP_RULE_AMONG: Final = table_of(
    "map_rule_among",  # where a rule leads to the nearest among some datacenters only
    *_of_rule(),
    place(),
    Column("datacenter", Text, refers("datacenters.name"), nullable=False),
)

VIPS: Final = table_of(
    "vips",
    key("name"),
    order(),
    *ttl(30),
    Column("map", Text, refers("maps.name")),
    Column("probe", Text, refers("probes.name")),
    number("answers", 1),  # 0: all
    number("sticky", 0),
    text("fallback", server_default="all"),
    domain_name("name"),
    between("answers", 0, 64),
    between("sticky", 0, 1),
    one_of("fallback", "all", "none", "servfail", "addresses", "vip"),
    number("sticky_ipv4", 24),
    number("sticky_ipv6", 56),
    text("family", server_default="apart"),
    Column("fallback_vip", Text, refers("vips.name")),
    Column("fallback_ttl", Integer),
    between("sticky_ipv4", 1, 32),
    between("sticky_ipv6", 1, 64),
    one_of("family", "apart", "same_datacenter"),
    between("fallback_ttl", 0, 2**31 - 1),
    CheckConstraint(
        "(fallback = 'vip') = (fallback_vip IS NOT NULL)", name="fallback_vip_is_for_vip"
    ),
)

VIP_FALLBACK_ADDRESSES: Final = table_of(
    "vip_fallback_addresses",  # where a VIP's `fallback` is 'addresses'
    child("vip", "vips.name"),
    place(),
    text("address"),
)

VIP_TIERS: Final = table_of(
    "vip_tiers",  # a VIP's `order`
    child("vip", "vips.name"),
    place("tier"),
    place(),
    Column("datacenter", Text, refers("datacenters.name"), nullable=False),
)

POOLS: Final = table_of(
    "pools",
    child("vip", "vips.name"),
    Column("datacenter", Text, refers("datacenters.name"), primary_key=True, nullable=False),
    order(),
    *weight(),
    text("min_live", server_default="1"),  # a number of members, or a share as 50%
    *capacity(),
)


def _members(name: str, target: str) -> Table:
    return table_of(
        name,
        key("vip"),
        key("datacenter"),
        key(target),
        order(),
        *weight(),
        Column("probe_address", Text),
        Column("probe_port", Integer),
        between("probe_port", 1, 65535),
        ForeignKeyConstraint(
            ["vip", "datacenter"],
            ["pools.vip", "pools.datacenter"],
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
    )


MEMBERS: Final = _members("members", "address")
MEMBER_NAMES: Final = _members("member_names", "name")
"""Members that are names stand apart, for a key may not be NULL; positions order both together."""

ZONES: Final = table_of("zones", key("origin"), domain_name("origin"))

RRSETS: Final = table_of(
    "rrsets",
    child("zone", "zones.origin"),
    key("name"),
    key("type"),
    *ttl(),
    domain_name("name"),
    CheckConstraint("type = upper(type)", name="type_is_upper_case"),
)

RECORDS: Final = table_of(
    "records",
    key("zone"),
    key("name"),
    key("type"),
    place(),
    text("rdata"),
    ForeignKeyConstraint(
        ["zone", "name", "type"],
        ["rrsets.zone", "rrsets.name", "rrsets.type"],
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
)

CONFIGURATION: Final = tuple(METADATA.tables.values())
"""What `touch` watches: everything above, nothing below."""

TOUCH: Final = table_of(
    "touch",
    Column("id", Integer, primary_key=True, autoincrement=False, nullable=False),
    Column("count", WHOLE, nullable=False),
    CheckConstraint("id = 1", name="there_is_one_row"),
)

REVISIONS: Final = Table(
    "revisions",
    METADATA,
    Column("revision", Integer, primary_key=True, nullable=False),
    text("made_at"),  # ISO 8601, UTC
    text("author"),
    text("source"),
    text("summary"),
    Column("touch", WHOLE, nullable=False),
    one_of("source", "api", "files", "start", "outside"),
    sqlite_strict=True,
    sqlite_autoincrement=True,  # the number of a revision is never given again
)

AUDIT: Final = table_of(
    "audit",
    Column("revision", Integer, ForeignKey("revisions.revision"), primary_key=True, nullable=False),
    place(),
    text("collection"),
    text("key"),  # the parts of an edit's key, a space between
    Column("before", Text),  # JSON as the API has it; NULL: it did not exist
    Column("after", Text),  # JSON; NULL: it was deleted
)

TOKENS: Final = table_of(
    "tokens",
    key("name"),
    text("role"),
    text("hash", unique=True),  # SHA-256 of the secret, hexadecimal
    text("created_at"),
    one_of("role", "viewer", "operator", "admin"),
)

OWNED: Final[dict[str, tuple[tuple[Table, tuple[str, ...]], ...]]] = {
    "datacenters": ((DATACENTERS, ("name",)),),
    "probes": ((PROBES, ("name",)), (PROBE_STATUSES, ("probe",))),
    "maps": (
        (MAPS, ("name",)),
        (MAP_TIERS, ("map",)),
        (MAP_AMONG, ("map",)),
        (MAP_RULES, ("map",)),
        (MAP_RULE_NETWORKS, ("map",)),
        (MAP_RULE_TIERS, ("map",)),
        (MAP_RULE_AMONG, ("map",)),
    ),
    "vips": (
        (VIPS, ("name",)),
        (VIP_FALLBACK_ADDRESSES, ("vip",)),
        (VIP_TIERS, ("vip",)),
        (POOLS, ("vip",)),
        (MEMBERS, ("vip",)),
        (MEMBER_NAMES, ("vip",)),
    ),
    "zones": ((ZONES, ("origin",)), (RRSETS, ("zone",)), (RECORDS, ("zone",))),
    "rrsets": (
        (RRSETS, ("zone", "name", "type")),
        (RECORDS, ("zone", "name", "type")),
    ),
}
"""By collection of edits: the tables that hold a value, its own row's first and parents before
children, each with the columns that hold the key of an edit."""
