"""When each zone was last changed: the highest revision that changed its records or its VIPs."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gslb.model import World
from gslb.model.names import ancestors
from gslb.store.tables import AUDIT


async def last_changes(connection: AsyncConnection) -> Sequence[Any]:
    """Read collection, key and last revision of every RRset, zone and VIP that ever was."""
    statement = (
        select(AUDIT.c.collection, AUDIT.c.key, func.max(AUDIT.c.revision))
        .where(AUDIT.c.collection.in_(("zones", "rrsets", "vips")))
        .group_by(AUDIT.c.collection, AUDIT.c.key)
    )
    return (await connection.execute(statement)).all()


def changed_zones(changes: Sequence[Any], world: World) -> dict[str, int]:
    """Give the revision of the last change of each zone; a zone without one is left out.

    A zone that came or went changed all zones above it too, whose VIPs it may have taken. So a VIP
    counts for the zone that has it now: wherever it was before, that zone changed later.
    """
    found: dict[str, int] = {}
    for collection, key, revision in changes:
        for origin in _touched(world, collection, key):
            found[origin] = max(revision, found.get(origin, 0))
    return found


def _touched(world: World, collection: str, key: str) -> Iterator[str]:
    if collection == "rrsets":
        origin = key.split(" ", 1)[0]
        if origin in world.zones:
            yield origin
    elif collection == "zones":
        yield from (above for above in ancestors(key) if above in world.zones)
    elif (home := world.zone_of(key)) is not None:
        yield home
