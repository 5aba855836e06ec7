"""What must hold for capacities: a load can be told, and enough members can live."""

from collections.abc import Iterator

from gslb.compiler.scene import Scene
from gslb.model import Capacity, Fault, HttpProbe, Path, Pool, Vip


def check_capacities(scene: Scene) -> Iterator[Fault]:
    """Give every fault of capacities and of `min_live`."""
    for name, vip in scene.world.vips.items():
        for datacenter, pool in vip.pools.items():
            yield from _check_pool(scene, name, vip, datacenter, pool)
    for name, noun in scene.world.datacenters.items():
        if _is_probed(noun.capacity):
            yield from _check_datacenter(scene, name)


def _check_pool(scene: Scene, name: str, vip: Vip, datacenter: str, pool: Pool) -> Iterator[Fault]:
    path: Path = ("vips", name, "pools", datacenter)
    if scene.is_faulty("vips", name):  # a member may be missing because it could not be read
        return
    if pool.needed > len(pool.members):
        yield Fault((*path, "min_live"), f"min_live is {pool.needed}, but the pool has "
                    f"{len(pool.members)} members; lower it, or add members")  # fmt: skip
    if _is_probed(pool.capacity) and not _tells_load(scene, vip):
        yield Fault((*path, "capacity", "load"), _untold(name))


def _check_datacenter(scene: Scene, name: str) -> Iterator[Fault]:
    path: Path = ("datacenters", name, "capacity", "load")
    for vip, noun in scene.world.vips.items():
        if name in noun.pools and not _tells_load(scene, noun):
            yield Fault(path, _untold(vip))


def _is_probed(capacity: Capacity | None) -> bool:
    return capacity is not None and capacity.load == "probe"


def _tells_load(scene: Scene, vip: Vip) -> bool:
    if vip.probe is None:
        return False
    probe = scene.world.probes.get(vip.probe)
    if probe is None or scene.is_faulty("probes", vip.probe):
        return True  # that is another fault, told where it is
    return isinstance(probe, HttpProbe) and probe.load_header is not None


def _untold(vip: str) -> str:
    return (
        f"the load is to come from the probe of {vip}, which tells none; give that VIP an http "
        "probe with a load_header, or write load: push or load: answers"
    )
