"""From the model to rows: the rows of one value, and how a batch of edits is written.

Only the rows of the edited values are touched. The caller has the transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gslb.model import (
    Capacity,
    Datacenter,
    Edit,
    HttpProbe,
    LastResort,
    Map,
    Nearest,
    OtherMap,
    OtherVip,
    Rrset,
    Sticky,
    TcpProbe,
    Tiers,
    Vip,
    Way,
    Zone,
)
from gslb.store import tables
from gslb.store.records import write_records
from gslb.store.tables import OWNED

RowValues = dict[str, Any]
Written = Iterator[tuple[Table, RowValues]]


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _capacity(value: Capacity | None) -> RowValues:
    told = value or Capacity(limit=1)
    return {
        "capacity": value and value.limit,
        "load": told.load,
        "shed_from": told.shed_from,
        "shed_full": told.shed_full,
        "load_fresh_ms": told.fresh,
    }


def _datacenter(name: str, value: Datacenter) -> Written:
    latitude, longitude = value.location or (None, None)
    row = {"name": name, "latitude": latitude, "longitude": longitude, "bias": value.bias}
    yield tables.DATACENTERS, {**row, **_capacity(value.capacity)}


def _probe(name: str, value: HttpProbe | TcpProbe) -> Written:
    http = value if isinstance(value, HttpProbe) else None
    yield (
        tables.PROBES,
        {
            "name": name,
            "kind": value.kind,
            "port": value.port,
            "interval_ms": value.interval,
            "timeout_ms": value.timeout,
            "rise": value.rise,
            "fall": value.fall,
            "path": http and http.path,
            "host": http and http.host,
            "contains": http and http.contains,
            "load_header": http and http.load_header,
        },
    )
    for position, (low, high) in enumerate(http.status if http else ()):
        row = {"probe": name, "position": position, "low": low, "high": high}
        yield tables.PROBE_STATUSES, row


def _tiers(table: Table, key: RowValues, tiers: Tiers) -> Written:
    for number, tier in enumerate(tiers):
        for position, datacenter in enumerate(tier):
            row = {"tier": number, "position": position, "datacenter": datacenter}
            yield table, {**key, **row}


def _way(tiers: Table, among: Table, key: RowValues, way: Way | OtherMap) -> Written:
    if isinstance(way, tuple):
        yield from _tiers(tiers, key, way)
    elif isinstance(way, Nearest):
        for position, datacenter in enumerate(way.among or ()):
            yield among, {**key, "position": position, "datacenter": datacenter}


def _map(name: str, value: Map) -> Written:
    way = value.otherwise
    nearest = way if isinstance(way, Nearest) else Nearest()
    other = way.map if isinstance(way, OtherMap) else None
    row = {
        "name": name,
        "otherwise": "map" if other else "tiers" if isinstance(way, tuple) else "nearest",
        "nearest": nearest.nearest,
        "depth": nearest.depth,
        "otherwise_map": other,
    }
    yield tables.MAPS, row
    yield from _way(tables.MAP_TIERS, tables.MAP_AMONG, {"map": name}, way)
    yield from _rules(name, value)


def _rules(name: str, value: Map) -> Written:
    for number, rule in enumerate(value.rules):
        place = {
            "asn": rule.asn,
            "city": rule.city,
            "subdivision": rule.subdivision,
            "country": rule.country,
            "continent": rule.continent,
            "nearest": rule.to.nearest if isinstance(rule.to, Nearest) else None,
            "depth": rule.to.depth if isinstance(rule.to, Nearest) else None,
        }
        yield tables.MAP_RULES, {"map": name, "position": number, **place}
        key = {"map": name, "rule": number}
        for position, network in enumerate(rule.networks or ()):
            row = {"position": position, "network": str(network)}
            yield tables.MAP_RULE_NETWORKS, {**key, **row}
        yield from _way(tables.MAP_RULE_TIERS, tables.MAP_RULE_AMONG, key, rule.to)


def _vip(name: str, value: Vip) -> Written:
    last = value.fallback if isinstance(value.fallback, LastResort) else None
    other = value.fallback if isinstance(value.fallback, OtherVip) else None
    sticky = value.sticky or Sticky()
    yield (
        tables.VIPS,
        {
            "name": name,
            "ttl": value.ttl,
            "map": value.map,
            "probe": value.probe,
            "answers": 0 if value.answers == "all" else value.answers,
            "sticky": int(value.sticky is not None),
            "fallback": "addresses" if last else "vip" if other else value.fallback,
            "sticky_ipv4": sticky.ipv4,
            "sticky_ipv6": sticky.ipv6,
            "family": value.family,
            "fallback_vip": other and other.vip,
            "fallback_ttl": value.fallback_ttl,
        },
    )
    for position, address in enumerate(last.addresses if last else ()):
        row = {"vip": name, "position": position, "address": str(address)}
        yield tables.VIP_FALLBACK_ADDRESSES, row
    yield from _tiers(tables.VIP_TIERS, {"vip": name}, value.order or ())
    for order, (datacenter, pool) in enumerate(value.pools.items()):
        key = {"vip": name, "datacenter": datacenter}
        row = {"position": order, "weight": pool.weight, "min_live": str(pool.min_live)}
        yield tables.POOLS, {**key, **row, **_capacity(pool.capacity)}
        for position, member in enumerate(pool.members):
            row = {
                "address" if member.name is None else "name": member.target,
                "position": position,
                "weight": member.weight,
                "probe_address": _text(member.probe_address),
                "probe_port": member.probe_port,
            }
            table = tables.MEMBERS if member.name is None else tables.MEMBER_NAMES
            yield table, {**key, **row}


def _zone(origin: str, _: Zone) -> Written:
    yield tables.ZONES, {"origin": origin}  # its records, which may be a million, follow apart


def _rrset(origin: str, name: str, rtype: str, value: Rrset) -> Written:
    key = {"zone": origin, "name": name, "type": rtype}
    yield tables.RRSETS, {**key, "ttl": value.ttl}
    for position, rdata in enumerate(value.rdata):
        yield tables.RECORDS, {**key, "position": position, "rdata": rdata}


_WRITERS: Final[Mapping[str, Callable[..., Written]]] = {
    "datacenters": _datacenter,
    "probes": _probe,
    "maps": _map,
    "vips": _vip,
    "zones": _zone,
    "rrsets": _rrset,
}


def batches(edits: Iterable[Edit]) -> Iterator[tuple[Edit, ...]]:
    """Cut edits into runs of one collection and distinct keys, which can be written at once."""
    run: dict[tuple[str, ...], Edit] = {}
    collection: str | None = None
    for edit in edits:
        if run and (edit.collection != collection or edit.key in run):
            yield tuple(run.values())
            run = {}
        collection = edit.collection
        run[edit.key] = edit
    if run:
        yield tuple(run.values())


async def write_batch(
    connection: AsyncConnection, edits: Sequence[Edit], standing: set[tuple[str, ...]]
) -> None:
    """Write edits of one collection and distinct keys; `standing` are the keys that have rows."""
    collection = edits[0].collection
    (head, head_key), *children = OWNED[collection]
    old = [edit.key for edit in edits if edit.key in standing]
    for table, columns in reversed(children):
        await _delete(connection, table, columns, old)
    gone = [edit.key for edit in edits if edit.value is None and edit.key in standing]
    await _delete(connection, head, head_key, gone)

    rows: dict[Table, list[RowValues]] = {table: [] for table, _ in OWNED[collection]}
    changed: list[RowValues] = []
    for edit in edits:
        for table, row in _WRITERS[collection](*edit.key, edit.value) if edit.value else ():
            kept = table is head and edit.key in standing
            (changed if kept else rows[table]).append(row)
    await _number(connection, head, rows[head])
    await _update(connection, head, head_key, changed)
    for table, made in rows.items():
        if made:
            await connection.execute(insert(table), made)
    for edit in edits:
        if isinstance(edit.value, Zone):
            await write_records(connection, edit.key[0], edit.value.rrsets.rows)


async def _delete(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    keys: Sequence[tuple[str, ...]],
) -> None:
    if keys:
        where = [table.c[column] == bindparam(f"key_{column}") for column in columns]
        values = [{f"key_{c}": part for c, part in zip(columns, key, strict=True)} for key in keys]
        await connection.execute(delete(table).where(*where), values)


async def _update(
    connection: AsyncConnection, table: Table, key: Sequence[str], rows: Sequence[RowValues]
) -> None:
    columns = [column for column in (rows[0] if rows else ()) if column not in key]
    if columns:
        where = [table.c[column] == bindparam(f"key_{column}") for column in key]
        statement = update(table).where(*where)
        values = statement.values({column: bindparam(f"new_{column}") for column in columns})
        await connection.execute(
            values,
            [
                {f"{'key' if name in key else 'new'}_{name}": part for name, part in row.items()}
                for row in rows
            ],
        )


async def _number(connection: AsyncConnection, table: Table, rows: Sequence[RowValues]) -> None:
    """Give new rows of a table that has an order the places after the last."""
    if rows and "position" in table.c:
        last = await connection.scalar(select(func.max(table.c.position)))
        for position, row in enumerate(rows, start=0 if last is None else last + 1):
            row["position"] = position
