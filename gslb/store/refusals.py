"""What the database refused, told in the words of the model: which names are missing."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gslb.model import (
    Edit,
    Fault,
    Map,
    Nearest,
    OtherMap,
    OtherVip,
    Path,
    Rrset,
    Tiers,
    Vip,
    Way,
)
from gslb.store import tables


async def refusals(connection: AsyncConnection, edits: Sequence[Edit], why: str) -> list[Fault]:
    """Say which edits name what does not exist, or delete what is still named.

    `connection` shows the store as it was; `why` is what the database said, for want of better.
    """
    names = {table.name: await _names(connection, table) for table in _NAMED}
    for edit in edits:
        if edit.collection in names:
            known = names[edit.collection]
            (known.discard if edit.value is None else known.add)(edit.key[0])
    faults = [
        Fault(path, f"{name!r} does not exist in {collection}; add it, or name another")
        for edit in edits
        for path, collection, name in _references(edit)
        if name not in names[collection]
    ]
    return (
        faults
        or [
            Fault(edit.path, "a VIP or a map still names it; change that first")
            for edit in edits
            if edit.value is None and edit.collection in {"datacenters", "probes", "maps", "vips"}
        ]
        or [Fault((), f"the store refuses the change, which breaks a rule of its tables: {why}")]
    )


_NAMED: Final = (tables.DATACENTERS, tables.PROBES, tables.MAPS, tables.VIPS, tables.ZONES)


async def _names(connection: AsyncConnection, table: Table) -> set[str]:
    (key,) = table.primary_key.columns
    return set((await connection.scalars(select(key))).all())


def _references(edit: Edit) -> Iterator[tuple[Path, str, str]]:
    """Give what a value names elsewhere: where it does, in which collection, which name."""
    if isinstance(edit.value, Rrset):
        yield edit.path, "zones", edit.key[0]
    elif isinstance(edit.value, Vip):
        yield from _in_vip(edit.path, edit.value)
    elif isinstance(edit.value, Map):
        for number, rule in enumerate(edit.value.rules):
            yield from _in_way((*edit.path, "rules", number, "to"), rule.to)
        yield from _in_way((*edit.path, "otherwise"), edit.value.otherwise)


def _in_way(path: Path, way: Way | OtherMap) -> Iterator[tuple[Path, str, str]]:
    if isinstance(way, OtherMap):
        yield (*path, "map"), "maps", way.map
    elif isinstance(way, Nearest):
        for position, name in enumerate(way.among or ()):
            yield (*path, "among", position), "datacenters", name
    else:
        yield from _in_tiers(path, way)


def _in_vip(path: Path, vip: Vip) -> Iterator[tuple[Path, str, str]]:
    for collection, name in (("maps", vip.map), ("probes", vip.probe)):
        if name is not None:
            yield (*path, collection[:-1]), collection, name
    yield from _in_tiers((*path, "order"), vip.order or ())
    if isinstance(vip.fallback, OtherVip):
        yield (*path, "fallback", "vip"), "vips", vip.fallback.vip
    for datacenter in vip.pools:
        yield (*path, "pools", datacenter), "datacenters", datacenter


def _in_tiers(path: Path, tiers: Tiers) -> Iterator[tuple[Path, str, str]]:
    for number, tier in enumerate(tiers):
        for position, name in enumerate(tier):
            yield (*path, number, position), "datacenters", name
