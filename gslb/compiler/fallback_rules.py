"""What must hold for a VIP whose fallback is another VIP."""

from collections.abc import Iterator

from gslb.compiler.map_rules import unknown
from gslb.compiler.scene import Scene
from gslb.model import Fault, OtherVip, Path

MOST_VIPS = 4
"""How many VIPs may fall back on each other in turn; the plane follows no more."""


def check_fallbacks(scene: Scene) -> Iterator[Fault]:
    """Give every fault of every VIP that falls back on another."""
    for name, vip in scene.world.vips.items():
        if isinstance(vip.fallback, OtherVip):
            yield from _check_other(scene, name, vip.fallback.vip)
            yield from _check_chain(scene, name)


def _check_other(scene: Scene, name: str, other: str) -> Iterator[Fault]:
    path: Path = ("vips", name, "fallback", "vip")
    vips = scene.world.vips
    if scene.lacks("vips", other):
        yield Fault(path, unknown(scene, "vips", other))
        return
    if other not in vips or name == other:
        return
    mine, its = (scene.world.zone_of(vip) for vip in (name, other))
    if mine is not None and its is not None and mine != its:
        yield Fault(path, f"{other} is in the zone {its} and {name} in {mine}; fall back on a VIP "
                          f"of {mine}, or write out its addresses")  # fmt: skip
    if vips[other].names:
        yield Fault(path, f"the members of {other} are names, and an answer of {name} has "
                          "addresses; fall back on a VIP with addresses")  # fmt: skip


def _check_chain(scene: Scene, name: str) -> Iterator[Fault]:
    """Check the VIPs that fall back on each other, from one on; a loop is told at each of them."""
    path: Path = ("vips", name, "fallback", "vip")
    chain = [name]
    while (vip := scene.world.vips.get(chain[-1])) and isinstance(vip.fallback, OtherVip):
        after = vip.fallback.vip
        if after == name:
            way = " to ".join([*chain, after])
            yield Fault(path, f"the fallbacks go round: {way}; let one of them end otherwise")
            return
        if after in chain:
            return  # it is told where it begins
        chain.append(after)
    if len(chain) > MOST_VIPS:
        yield Fault(path, f"more than {MOST_VIPS} VIPs fall back on each other from here; let one "
                          "of them end otherwise")  # fmt: skip
