"""Pictures of docs/steering.md, as SVG that is legible in light and in dark: ladders, maps, a law.

What they show is what a node said, or what the project's own functions give.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from gslb.capacity.law import Watermarks, share_of
from gslb.geo.nearest import distances
from gslb.model import Datacenter

COLOURS = {
    "tokyo": "#d1495b",
    "frankfurt": "#2f7fc1",
    "virginia": "#3f9e5a",
    "saopaulo": "#d98a1f",
    "sydney": "#8a5fbf",
}
GREY = "#888888"
_STYLE = (
    "<style>text{font:12px system-ui,sans-serif;fill:#1f2328}.s{font-size:10.5px;fill:#59636e}"
    ".b{font-weight:600}.w{fill:#fff;font-weight:600}.l{stroke:#59636e;fill:none}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.w{fill:#fff}"
    ".l{stroke:#9198a1}}</style>"
)
_WIDE, _GAP, _ROW, _HEAD = 236, 16, 46, 52
_LEGIBLE = 64  # pixels that a name needs
_STEP = 3  # degrees of a cell of a map
_SCALE = 2  # pixels a degree


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img"><title>{escape(title)}</title>{_STYLE}'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "") -> str:
    kinds = f' class="{kind}"' if kind else ""
    anchors = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:g}" y="{y:g}"{kinds}{anchors}>{escape(words)}</text>'


def draw_ladders(found: Sequence[dict[str, Any]]) -> str:
    """Draw explanations beside each other: the client, its tiers with their shares, the answer."""
    assert found, "a picture of ladders needs explanations in its part of the document"
    rows = max(len(one["tiers"]) for one in found)
    height = _HEAD + rows * _ROW + 42
    parts: list[str] = []
    for at, one in enumerate(found):
        parts += _column(one, at * (_WIDE + _GAP) + 1, height)
    width = len(found) * (_WIDE + _GAP) - _GAP + 2
    return _svg(width, height, parts, f"The ladder of {found[0]['vip']}")


def _column(one: dict[str, Any], x: float, height: float) -> Iterator[str]:
    imagined = ", ".join(map(_short, (one.get("imagined") or {}).get("without", ())))
    client = one["client"]
    length = "" if client["from"] == "source" else f"/{client['prefix']}"
    yield _text(x + 4, 16, f"{client['address']}{length}", "b")
    where = next((base["says"] for base in (one["place"] or {}).get("databases", ())), "")
    asked = f"asks {one['type']} of {one['vip']}"
    yield _text(x + 4, 30, asked.removesuffix("."), "s")
    town = ", ".join(where.split(", ")[:1]) if where else ""
    state = f"without {imagined}" if imagined else ""
    yield _text(x + 4, 44, "; ".join(filter(None, [town, state])), "s")
    y: float = _HEAD
    for tier in one["tiers"]:
        yield from _tier(tier, x, y)
        y += _ROW
    last = f"last resort: {one['fallback']}" if one["fallback"] else ""
    answers = ", ".join(one["answers"]) or _nothing(one)
    yield _text(x + 4, height - 24, f"→ {answers}", "b")
    times = f"TTL {one['ttl']} s, scope /{one['scope']}" if one["answers"] else ""
    yield _text(x + 4, height - 8, "; ".join(filter(None, [times, last])), "s")


def _short(target: str) -> str:
    """Leave out of a target the VIP, which stands above, and of a member its datacenter."""
    return target.rsplit("/", 1)[-1]


def _nothing(one: dict[str, Any]) -> str:
    """Say what is answered where no address is."""
    if not one["rrsets"]:
        return "no address" if one["rcode"] == "NOERROR" else str(one["rcode"])
    pools = [pool for tier in one["tiers"] for pool in tier["pools"]]
    chosen = [m["address"] for pool in pools for m in pool["members"] if m["chosen"]]
    return f"{', '.join(one['rrsets'])} {', '.join(chosen)}"


def _tier(tier: dict[str, Any], x: float, y: float) -> Iterator[str]:
    yield (
        f'<rect class="l" x="{x:g}" y="{y:g}" width="{_WIDE}" height="{_ROW - 8}" rx="5" '
        f'stroke-width="{2 if tier["chosen"] else 0.6}"/>'
    )
    yield _text(x + 6, y + 23, f"{tier['tier'] + 1}", "s")
    pools = {pool["datacenter"]: pool for pool in tier["pools"]}
    boxes = [name for name in tier["datacenters"] if name in pools]
    room = _WIDE - 24
    shares = [pools[name]["share"] for name in boxes]
    even = 1 / len(boxes) if boxes else 0
    # No box so narrow that its name is lost: half of the room is even, half is by share.
    wide = [room * (even + share) / 2 if sum(shares) else room * even for share in shares]
    at = x + 20
    for name, width in zip(boxes, wide, strict=True):
        yield from _pool(pools[name], tier, at, y + 4, width - 3)
        at += width


def _pool(
    pool: dict[str, Any], tier: dict[str, Any], x: float, y: float, width: float
) -> Iterator[str]:
    name = pool["datacenter"]
    colour = COLOURS.get(name, GREY)
    used = tier["chosen"] and pool["share"] > 0
    dash = "" if pool["live"] else ' stroke-dasharray="3 2"'
    fill = colour if used else "none"
    yield (
        f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{_ROW - 16}" rx="4" '
        f'fill="{fill}" stroke="{colour if pool["live"] else GREY}"{dash}/>'
    )
    middle = x + width / 2
    short = name if width > _LEGIBLE else name[:2]
    state = f"{pool['share']:.0%}" if used else _idle(pool, width)
    kind = "w" if used else "s"
    yield _text(round(middle, 1), y + (13 if state else 19), short, kind, "middle")
    if state:
        yield _text(round(middle, 1), y + 26, state, kind, "middle")


def _idle(pool: dict[str, Any], width: float) -> str:
    """Say why a pool is not drawn for this client; nothing if only its turn did not come."""
    if pool["live"] and not pool["shed_client"]:
        return ""
    if width <= _LEGIBLE:
        return "✕"
    return f"sheds {pool['shed']:.0%}" if pool["live"] else "not live"


def draw_map(sites: Mapping[str, Datacenter], *, biased: bool) -> str:
    """Draw which datacenter is nearest to each place of the world, with biases or without."""
    names = sorted(name for name, site in sites.items() if site.location)
    located = [sites[name] for name in names]
    plain = [site.model_copy(update={"bias": 0}) for site in located]
    north = np.arange(90 - _STEP / 2, -90, -_STEP)
    east = np.arange(-180 + _STEP / 2, 180, _STEP)
    lat, lon = (part.ravel() for part in np.meshgrid(north, east, indexing="ij"))
    shape = (len(north), len(east))
    first = distances(lat, lon, located if biased else plain).argmin(axis=1).reshape(shape)
    before = distances(lat, lon, plain).argmin(axis=1).reshape(shape)
    parts = []
    for at, name in enumerate(names):
        parts.append(_cells((first == at) & (before == at), COLOURS.get(name, GREY), 0.4))
        parts.append(_cells((first == at) & (before != at), COLOURS.get(name, GREY), 0.85))
    parts += _lines()
    for name, site in zip(names, located, strict=True):
        assert site.location is not None
        x, y = (180 + site.location[1]) * _SCALE, (90 - site.location[0]) * _SCALE
        words = f"{name} {site.bias:+d}" if biased and site.bias else name
        parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="{COLOURS.get(name, GREY)}" '
                     'stroke="#fff"/>')  # fmt: skip
        left = x > 300 * _SCALE
        parts.append(_text(x - 7 if left else x + 7, y + 4, words, "b", "end" if left else ""))
    title = "The nearest datacenter of each place" + (", with biases" if biased else "")
    return _svg(360 * _SCALE, 180 * _SCALE + 16, parts, title)


def _cells(mine: Any, colour: str, opacity: float) -> str:
    side = _STEP * _SCALE
    path = []
    for row, cells in enumerate(mine):
        at = 0
        for filled, run in groupby(cells.tolist()):
            length = len(list(run))
            if filled:
                path.append(f"M{at * side} {row * side}h{length * side}v{side}h-{length * side}z")
            at += length
    return f'<path fill="{colour}" fill-opacity="{opacity}" d="{"".join(path)}"/>' if path else ""


def _lines() -> Iterator[str]:
    wide, high = 360 * _SCALE, 180 * _SCALE
    for degrees in range(-150, 180, 30):
        x = (180 + degrees) * _SCALE
        yield f'<path class="l" stroke-width=".4" d="M{x} 0V{high}"/>'
        side = "E" if degrees > 0 else "W" if degrees < 0 else ""
        yield _text(x, high + 12, f"{abs(degrees)}°{side}", "s", "middle")
    for degrees in range(-60, 90, 30):
        y = (90 - degrees) * _SCALE
        yield f'<path class="l" stroke-width=".4" d="M0 {y}H{wide}"/>'
        side = "N" if degrees > 0 else "S" if degrees < 0 else ""
        yield _text(2, y - 3, f"{abs(degrees)}°{side}", "s")


def draw_shedding() -> str:
    """Draw what is shed and what stays of a load, by the law, between watermarks 80% and 100%."""
    wide, high, most = 420, 200, 2.5
    marks = Watermarks(0.8, 1.0)
    loads = np.linspace(0, most, 126)
    shares = [share_of(float(load), marks) for load in loads]
    stays = [float(load) * (1 - share) for load, share in zip(loads, shares, strict=True)]
    parts = []
    for level, words in ((0.8, "shed_from 80%"), (1.0, "shed_full 100%")):
        y = high - level * 160
        parts.append(f'<path class="l" stroke-width=".6" stroke-dasharray="4 3" '
                     f'd="M40 {y:g}H{40 + wide}"/>')  # fmt: skip
        parts.append(_text(44, y - 4, words, "s"))
    parts.append(f'<path class="l" d="M40 20V{high}H{40 + wide}"/>')
    for curve, colour, words in ((stays, COLOURS["frankfurt"], "load that stays"),
                                 (shares, COLOURS["tokyo"], "share of clients shed")):  # fmt: skip
        points = " ".join(
            f"{40 + load / most * wide:.1f},{high - value * 160:.1f}"
            for load, value in zip(loads, curve, strict=True)
        )
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" '
                     f'points="{points}"/>')  # fmt: skip
        parts.append(_text(46 + wide, high - curve[-1] * 160 + 4, words))
    for percent in (50, 100, 150, 200, 250):
        x = 40 + percent / 100 / most * wide
        parts.append(_text(x, high + 14, f"{percent}%", "s", "middle"))
    parts.append(_text(40 + wide / 2, high + 30, "load that the clients would bring, of the limit",
                       "s", "middle"))  # fmt: skip
    return _svg(wide + 190, high + 38, parts, "What is shed, and what stays")
