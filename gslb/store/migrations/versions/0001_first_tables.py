"""The first tables, and the triggers that count every change of configuration in `touch`."""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


WATCHED = (
    "datacenters",
    "probes",
    "probe_statuses",
    "maps",
    "map_tiers",
    "map_rules",
    "map_rule_networks",
    "map_rule_tiers",
    "vips",
    "vip_fallback_addresses",
    "vip_tiers",
    "pools",
    "members",
    "zones",
    "rrsets",
    "records",
)


def triggers(table: str, dialect: str) -> list[str]:
    """Count a change of this table: each row in SQLite, each statement in PostgreSQL."""
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
    op.create_table(
        "datacenters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("latitude", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=True),
        sa.Column("longitude", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL)", name="latitude_and_longitude_go_together"
        ),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude_is_minus_90_to_90"),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude_is_minus_180_to_180"),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "maps",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("otherwise", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "otherwise IN ('nearest', 'tiers')", name="otherwise_is_nearest_or_tiers"
        ),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "probes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("interval_ms", sa.Integer(), server_default="10000", nullable=False),
        sa.Column("timeout_ms", sa.Integer(), server_default="2000", nullable=False),
        sa.Column("rise", sa.Integer(), server_default="2", nullable=False),
        sa.Column("fall", sa.Integer(), server_default="3", nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("contains", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind = 'http' OR (path IS NULL AND host IS NULL AND contains IS NULL)",
            name="path_host_and_contains_are_for_http",
        ),
        sa.CheckConstraint("kind IN ('http', 'tcp')", name="kind_is_http_or_tcp"),
        sa.CheckConstraint("fall BETWEEN 1 AND 100", name="fall_is_1_to_100"),
        sa.CheckConstraint(
            "interval_ms BETWEEN 1 AND 86400000", name="interval_ms_is_1_to_86400000"
        ),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name="port_is_1_to_65535"),
        sa.CheckConstraint("rise BETWEEN 1 AND 100", name="rise_is_1_to_100"),
        sa.CheckConstraint(
            "timeout_ms BETWEEN 1 AND interval_ms", name="timeout_ms_is_within_interval_ms"
        ),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "revisions",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("touch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "source IN ('api', 'files', 'start', 'outside')",
            name="source_is_api_or_files_or_start_or_outside",
        ),
        sa.PrimaryKeyConstraint("revision"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'operator', 'admin')", name="role_is_viewer_or_operator_or_admin"
        ),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("hash"),
        sqlite_strict=True,
    )
    op.create_table(
        "touch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("id = 1", name="there_is_one_row"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "zones",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "origin = lower(origin) AND origin LIKE '%.'",
            name="origin_is_lower_case_and_ends_with_a_dot",
        ),
        sa.PrimaryKeyConstraint("origin"),
        sqlite_strict=True,
    )
    op.create_table(
        "audit",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["revision"],
            ["revisions.revision"],
        ),
        sa.PrimaryKeyConstraint("revision", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "map_rules",
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asn", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("subdivision", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("continent", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "continent IN ('AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA')",
            name="continent_is_AF_or_AN_or_AS_or_EU_or_NA_or_OC_or_SA",
        ),
        sa.CheckConstraint("asn BETWEEN 1 AND 4294967295", name="asn_is_1_to_4294967295"),
        sa.CheckConstraint(
            "length(country) = 2 AND country = upper(country)",
            name="country_is_two_capital_letters",
        ),
        sa.ForeignKeyConstraint(["map"], ["maps.name"], onupdate="CASCADE", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("map", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "map_tiers",
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("datacenter", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["datacenter"],
            ["datacenters.name"],
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["map"], ["maps.name"], onupdate="CASCADE", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("map", "tier", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "probe_statuses",
        sa.Column("probe", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "low BETWEEN 100 AND high AND high <= 599", name="low_to_high_is_100_to_599"
        ),
        sa.ForeignKeyConstraint(["probe"], ["probes.name"], onupdate="CASCADE", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("probe", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "rrsets",
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("ttl", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "name = lower(name) AND name LIKE '%.'", name="name_is_lower_case_and_ends_with_a_dot"
        ),
        sa.CheckConstraint("ttl BETWEEN 0 AND 2147483647", name="ttl_is_0_to_2147483647"),
        sa.CheckConstraint("type = upper(type)", name="type_is_upper_case"),
        sa.ForeignKeyConstraint(["zone"], ["zones.origin"], onupdate="CASCADE", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("zone", "name", "type"),
        sqlite_strict=True,
    )
    op.create_table(
        "vips",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ttl", sa.Integer(), server_default="30", nullable=False),
        sa.Column("map", sa.Text(), nullable=True),
        sa.Column("probe", sa.Text(), nullable=True),
        sa.Column("answers", sa.Integer(), server_default="1", nullable=False),
        sa.Column("sticky", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fallback", sa.Text(), server_default="all", nullable=False),
        sa.CheckConstraint(
            "fallback IN ('all', 'none', 'servfail', 'addresses')",
            name="fallback_is_all_or_none_or_servfail_or_addresses",
        ),
        sa.CheckConstraint(
            "name = lower(name) AND name LIKE '%.'", name="name_is_lower_case_and_ends_with_a_dot"
        ),
        sa.CheckConstraint("answers BETWEEN 0 AND 64", name="answers_is_0_to_64"),
        sa.CheckConstraint("sticky BETWEEN 0 AND 1", name="sticky_is_0_to_1"),
        sa.CheckConstraint("ttl BETWEEN 0 AND 2147483647", name="ttl_is_0_to_2147483647"),
        sa.ForeignKeyConstraint(
            ["map"], ["maps.name"], onupdate="CASCADE", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["probe"], ["probes.name"], onupdate="CASCADE", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "map_rule_networks",
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("rule", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["map", "rule"],
            ["map_rules.map", "map_rules.position"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("map", "rule", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "map_rule_tiers",
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("rule", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("datacenter", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["datacenter"],
            ["datacenters.name"],
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["map", "rule"],
            ["map_rules.map", "map_rules.position"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("map", "rule", "tier", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "pools",
        sa.Column("vip", sa.Text(), nullable=False),
        sa.Column("datacenter", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("weight", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("weight BETWEEN 0 AND 65535", name="weight_is_0_to_65535"),
        sa.ForeignKeyConstraint(
            ["datacenter"],
            ["datacenters.name"],
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["vip"], ["vips.name"], onupdate="CASCADE", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("vip", "datacenter"),
        sqlite_strict=True,
    )
    op.create_table(
        "records",
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rdata", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["zone", "name", "type"],
            ["rrsets.zone", "rrsets.name", "rrsets.type"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("zone", "name", "type", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "vip_fallback_addresses",
        sa.Column("vip", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["vip"], ["vips.name"], onupdate="CASCADE", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("vip", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "vip_tiers",
        sa.Column("vip", sa.Text(), nullable=False),
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("datacenter", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["datacenter"],
            ["datacenters.name"],
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["vip"], ["vips.name"], onupdate="CASCADE", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("vip", "tier", "position"),
        sqlite_strict=True,
    )
    op.create_table(
        "members",
        sa.Column("vip", sa.Text(), nullable=False),
        sa.Column("datacenter", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("weight", sa.Integer(), server_default="1", nullable=False),
        sa.Column("probe_address", sa.Text(), nullable=True),
        sa.Column("probe_port", sa.Integer(), nullable=True),
        sa.CheckConstraint("probe_port BETWEEN 1 AND 65535", name="probe_port_is_1_to_65535"),
        sa.CheckConstraint("weight BETWEEN 0 AND 65535", name="weight_is_0_to_65535"),
        sa.ForeignKeyConstraint(
            ["vip", "datacenter"],
            ["pools.vip", "pools.datacenter"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("vip", "datacenter", "address"),
        sqlite_strict=True,
    )
    op.execute("INSERT INTO touch (id, count) VALUES (1, 0)")
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION count_touch() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN UPDATE touch SET count = count + 1 WHERE id = 1; RETURN NULL; END $$"
        )
    for table in WATCHED:
        for statement in triggers(table, op.get_context().dialect.name):
            op.execute(statement)
