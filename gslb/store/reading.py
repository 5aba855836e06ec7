"""From rows to the model: how each noun is put together, and which row holds which part.

Rows may have been written by anybody, so every value is checked as if it came from a file. The
faults' paths are those of a `World`; their sentences name table and row in the words of SQL.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Table

from gslb.model import Datacenter, Map, Path, Probe, Rrsets, Vip, Zone
from gslb.model.names import Name
from gslb.model.rrsets import Rows as RrsetRows
from gslb.model.rrsets import rrset_of
from gslb.model.values import Key, Noun
from gslb.store import tables
from gslb.store.records import blame_homeless, read_records
from gslb.store.rows import (
    AnyRow,
    Reader,
    Rows,
    Tiered,
    capacity,
    given,
    grouped,
    nearest,
    tiered,
    tiers,
)


def values(reader: Reader, collection: str, rows: Rows) -> dict[tuple[str, ...], Noun]:
    """Build the values of a collection, by the keys of edits; those with faults are left out."""
    return dict(_READERS[collection](reader, rows))


_KEY: Final = TypeAdapter[str](Key)
_NAME: Final = TypeAdapter[str](Name)
_DATACENTER: Final = TypeAdapter(Datacenter)
_PROBE: Final[TypeAdapter[Probe]] = TypeAdapter(Probe)
_MAP: Final = TypeAdapter(Map)
_VIP: Final = TypeAdapter(Vip)

Values = Iterator[tuple[tuple[str, ...], Noun]]


@dataclass(slots=True)
class _DatacenterRow:
    own: AnyRow

    def raw(self) -> dict[str, Any]:
        row = self.own
        return {
            "location": None if row.latitude is None else (row.latitude, row.longitude),
            "bias": row.bias,
            "capacity": capacity(row),
        }

    def where(self, _: Path) -> tuple[Table, AnyRow]:
        return tables.DATACENTERS, self.own


def _datacenters(reader: Reader, rows: Rows) -> Values:
    for row in rows["datacenters"]:
        value = reader.build(_DATACENTER, _DatacenterRow(row), ("datacenters", row.name))
        if reader.names(_KEY, row.name, tables.DATACENTERS, row) and value is not None:
            yield (row.name,), value


@dataclass(slots=True)
class _ProbeRows:
    own: AnyRow
    statuses: list[AnyRow]

    def raw(self) -> dict[str, Any]:
        row = self.own
        status = {"status": tuple((status.low, status.high) for status in self.statuses)}
        return {
            "interval": row.interval_ms,
            "timeout": row.timeout_ms,
            **given(row, "kind", "port", "rise", "fall", "path", "host", "contains", "load_header"),
            **(status if self.statuses else {}),
        }

    def where(self, path: Path) -> tuple[Table, AnyRow]:
        match path:
            case ("status", int(number), *_):
                return tables.PROBE_STATUSES, self.statuses[number]
        return tables.PROBES, self.own


def _probes(reader: Reader, rows: Rows) -> Values:
    statuses = grouped(rows["probe_statuses"], "probe")
    for row in rows["probes"]:
        shape = _ProbeRows(row, statuses.pop(row.name, []))
        value = reader.build(_PROBE, shape, ("probes", row.name))
        if reader.names(_KEY, row.name, tables.PROBES, row) and value is not None:
            yield (row.name,), value
    reader.orphans(tables.PROBE_STATUSES, statuses, "probes", "{probe}", "status")


@dataclass(slots=True)
class _MapRows:
    own: AnyRow
    otherwise: Tiered
    among: list[AnyRow]
    rules: list[AnyRow]
    networks: list[list[AnyRow]]
    to: list[Tiered]
    to_among: list[list[AnyRow]]

    def raw(self) -> dict[str, Any]:
        rules = [
            {
                **given(rule, "asn", "city", "subdivision", "country", "continent"),
                "networks": tuple(network.network for network in networks) or None,
                "to": tiers(to) if rule.nearest is None else nearest(rule, among),
            }
            for rule, networks, to, among in zip(
                self.rules, self.networks, self.to, self.to_among, strict=True
            )
        ]
        return {"rules": rules, "otherwise": self._otherwise()}

    def _otherwise(self) -> Any:
        match self.own.otherwise:
            case "tiers":
                return tiers(self.otherwise)
            case "map":
                return {"map": self.own.otherwise_map}
        return nearest(self.own, self.among)

    def where(self, path: Path) -> tuple[Table, AnyRow]:
        match path:
            case ("rules", int(number), *rest):
                return self._where_in_rule(number, tuple(rest))
            case ("otherwise", int(tier), int(position), *_):
                return tables.MAP_TIERS, self.otherwise[tier][position]
            case ("otherwise", "among", int(position), *_):
                return tables.MAP_AMONG, self.among[position]
        return tables.MAPS, self.own

    def _where_in_rule(self, number: int, path: Path) -> tuple[Table, AnyRow]:
        match path:
            case ("networks", int(position), *_):
                return tables.MAP_RULE_NETWORKS, self.networks[number][position]
            case ("to", int(tier), int(position), *_):
                return tables.MAP_RULE_TIERS, self.to[number][tier][position]
            case ("to", "among", int(position), *_):
                return tables.MAP_RULE_AMONG, self.to_among[number][position]
        return tables.MAP_RULES, self.rules[number]


def _maps(reader: Reader, rows: Rows) -> Values:
    otherwise = grouped(rows["map_tiers"], "map")
    among = grouped(rows["map_among"], "map")
    rules = grouped(rows["map_rules"], "map")
    networks = grouped(rows["map_rule_networks"], "map", "rule")
    to = grouped(rows["map_rule_tiers"], "map", "rule")
    to_among = grouped(rows["map_rule_among"], "map", "rule")
    for row in rows["maps"]:
        mine = rules.pop(row.name, [])
        shape = _MapRows(
            row,
            tiered(otherwise.pop(row.name, [])),
            among.pop(row.name, []),
            mine,
            [networks.pop((row.name, rule.position), []) for rule in mine],
            [tiered(to.pop((row.name, rule.position), [])) for rule in mine],
            [to_among.pop((row.name, rule.position), []) for rule in mine],
        )
        value = reader.build(_MAP, shape, ("maps", row.name))
        if reader.names(_KEY, row.name, tables.MAPS, row) and value is not None:
            yield (row.name,), value
    for table, left in ((tables.MAP_TIERS, otherwise), (tables.MAP_AMONG, among)):
        reader.orphans(table, left, "maps", "{map}", "otherwise")
    for table, left in (
        (tables.MAP_RULES, rules),
        (tables.MAP_RULE_NETWORKS, networks),
        (tables.MAP_RULE_TIERS, to),
        (tables.MAP_RULE_AMONG, to_among),
    ):
        reader.orphans(table, left, "maps", "{map}", "rules")


@dataclass(slots=True)
class _VipRows:
    own: AnyRow
    addresses: list[AnyRow]
    order: Tiered
    pools: dict[str, AnyRow]
    members: dict[str, list[tuple[Table, AnyRow]]]

    def raw(self) -> dict[str, Any]:
        row = self.own
        prefixes = {"ipv4": row.sticky_ipv4, "ipv6": row.sticky_ipv6}
        return {
            "ttl": row.ttl,
            "map": row.map,
            "order": tiers(self.order) or None,
            "probe": row.probe,
            "answers": row.answers or "all",
            "sticky": prefixes if row.sticky else None,
            "family": row.family,
            "fallback": self._fallback(),
            "fallback_ttl": row.fallback_ttl,
            "pools": {
                datacenter: {
                    "weight": pool.weight,
                    "min_live": int(pool.min_live) if pool.min_live.isdecimal() else pool.min_live,
                    "capacity": capacity(pool),
                    "members": [
                        given(member, key, "weight", "probe_address", "probe_port")
                        for table, member in self.members[datacenter]
                        for key in ("address" if table is tables.MEMBERS else "name",)
                    ],
                }
                for datacenter, pool in self.pools.items()
            },
        }

    def _fallback(self) -> Any:
        match self.own.fallback:
            case "addresses":
                return {"addresses": tuple(found.address for found in self.addresses)}
            case "vip":
                return {"vip": self.own.fallback_vip}
        return self.own.fallback

    def where(self, path: Path) -> tuple[Table, AnyRow]:
        match path:
            case ("pools", str(datacenter), "members", int(number), *_):
                return self.members[datacenter][number]
            case ("pools", str(datacenter), *_):
                return tables.POOLS, self.pools[datacenter]
            case ("order", int(tier), int(position), *_):
                return tables.VIP_TIERS, self.order[tier][position]
            case ("fallback", "addresses", int(number), *_):
                return tables.VIP_FALLBACK_ADDRESSES, self.addresses[number]
        return tables.VIPS, self.own


def _in_order(addresses: list[AnyRow], names: list[AnyRow]) -> list[tuple[Table, AnyRow]]:
    both = [(tables.MEMBERS, row) for row in addresses]
    both += [(tables.MEMBER_NAMES, row) for row in names]
    return sorted(both, key=lambda found: found[1].position) if names else both


def _vips(reader: Reader, rows: Rows) -> Values:
    addresses = grouped(rows["vip_fallback_addresses"], "vip")
    order = grouped(rows["vip_tiers"], "vip")
    pools = grouped(rows["pools"], "vip")
    members = grouped(rows["members"], "vip", "datacenter")
    named = grouped(rows["member_names"], "vip", "datacenter")
    for row in rows["vips"]:
        mine = {pool.datacenter: pool for pool in pools.pop(row.name, [])}
        shape = _VipRows(
            row,
            addresses.pop(row.name, []),
            tiered(order.pop(row.name, [])),
            mine,
            {
                datacenter: _in_order(
                    members.pop((row.name, datacenter), []), named.pop((row.name, datacenter), [])
                )
                for datacenter in mine
            },
        )
        value = reader.build(_VIP, shape, ("vips", row.name))
        if reader.names(_NAME, row.name, tables.VIPS, row) and value is not None:
            yield (row.name,), value
    reader.orphans(tables.VIP_FALLBACK_ADDRESSES, addresses, "vips", "{vip}", "fallback")
    reader.orphans(tables.VIP_TIERS, order, "vips", "{vip}", "order")
    for table, left in (
        (tables.POOLS, pools),
        (tables.MEMBERS, members),
        (tables.MEMBER_NAMES, named),
    ):
        reader.orphans(table, left, "vips", "{vip}", "pools", "{datacenter}")


def _rrsets(reader: Reader, rows: Rows) -> Values:
    for key, row in read_records(reader, rows):
        yield key, rrset_of(key[1:], row)


def _zones(reader: Reader, rows: Rows) -> Values:
    found: dict[str, RrsetRows] = {row.origin: {} for row in rows["zones"]}
    blame_homeless(reader, [row for row in rows["rrsets"] if row.zone not in found])
    for (origin, name, rtype), rrset in read_records(reader, rows):
        if origin in found:
            found[origin][name, rtype] = rrset
    for row in rows["zones"]:
        if reader.names(_NAME, row.origin, tables.ZONES, row):
            rrsets = Rrsets(found[row.origin])
            yield (row.origin,), Zone.model_construct(origin=row.origin, rrsets=rrsets)


_READERS: Final[Mapping[str, Callable[[Reader, Rows], Values]]] = {
    "datacenters": _datacenters,
    "probes": _probes,
    "maps": _maps,
    "vips": _vips,
    "zones": _zones,
    "rrsets": _rrsets,
}
