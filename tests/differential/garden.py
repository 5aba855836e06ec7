"""The zones of the differential test, made from a seed: the same seed, the same files."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from random import Random

import beds
from plot import Plot
from rdata import ds
from spelling import Labels

SEED = 1034
DNAMES = True
"""Whether the zones have DNAMEs; the plane must answer from them first."""

GARDEN: Labels = (b"garden", b"example")
SHED: Labels = (b"shed", *GARDEN)
MOVED: Labels = (b"moved", b"test")
ODD: Labels = (b"o.dd", b"test")
ORIGINS = {
    GARDEN: "garden.example.",
    SHED: "shed.garden.example.",
    MOVED: "moved.test.",
    ODD: "o\\.dd.test.",
}


@dataclass(frozen=True)
class Garden:
    """Master files by origin, the names to ask around by kind, and the types at each."""

    files: dict[str, str]
    kinds: dict[str, list[Labels]]
    types: dict[Labels, tuple[str, ...]]

    def write(self, folder: Path) -> dict[str, Path]:
        """Write the master files; give their paths by origin."""
        paths = {}
        for at, (origin, text) in enumerate(self.files.items()):
            paths[origin] = folder / f"{at}.zone"
            paths[origin].write_text(text, "ascii")
        return paths


@functools.cache
def garden() -> Garden:
    """Give the zones of this run; GSLB_DIFFERENTIAL_SEED makes others."""
    return grow(int(os.environ.get("GSLB_DIFFERENTIAL_SEED", SEED)))


def grow(seed: int = SEED, scale: float = 1.0) -> Garden:
    """Make the zones; `scale` 1 gives several thousand names."""
    rng = Random(seed)
    plots = [_garden(rng, scale), _shed(rng), _odd(rng)]
    if DNAMES:
        plots.append(_moved(rng))
    kinds: dict[str, list[Labels]] = {}
    types: dict[Labels, tuple[str, ...]] = {}
    files = {}
    for plot in plots:
        plot.finish()
        files[ORIGINS[plot.origin]] = "\n".join(plot.lines()) + "\n"
        for kind, names in plot.kinds.items():
            kinds.setdefault(kind, []).extend(names)
        for name, found in plot.rrsets.items():
            types[name] = (*types.get(name, ()), *found)
    kinds["outside"] = [(), (b"test",), (b"example",), (b"www", b"other", b"test")]
    return Garden(files, kinds, types)


def _garden(rng: Random, scale: float) -> Plot:
    """Make the big zone, whose child zone is served beside it."""
    plot = Plot(GARDEN, rng)
    plot.kinds["foreign"] = [SHED, (b"www", *SHED), (b"none", *SHED), (b"www", *MOVED), ODD]
    beds.apex(plot, ttl=3600, minimum=300)
    plot.put(SHED, "NS", [f"ns.{ORIGINS[SHED]}", "ns.elsewhere.example."])
    plot.put(SHED, "DS", [ds(rng, plot.target)])
    plot.put((b"ns", *SHED), "A", ["192.0.2.53"])
    for bed, count in (
        (beds.hosts, 1100),
        (beds.plain, 600),
        (beds.long, 60),
        (beds.wildcards, 300),
        (beds.cuts, 300),
        (beds.aliases, 400),
        (beds.big, 5),
        (beds.dnames, 150 * DNAMES),
        (beds.aliases_of_dnames, 60 * DNAMES),
        (beds.wildcards, 100),
        (beds.aliases, 200),
    ):
        bed(plot, round(count * scale))
    return plot


def _shed(rng: Random) -> Plot:
    """Make a small zone below the big one, whose SOA lives shorter than its MINIMUM."""
    plot = Plot(SHED, rng)
    beds.apex(plot, ttl=60, minimum=86400)
    plot.put_some((b"www", *SHED), "A")
    plot.tag("host", (b"www", *SHED))
    plot.kinds["foreign"] = [GARDEN, (b"ns", *GARDEN), (b"www", *MOVED)]
    for bed, count in ((beds.hosts, 20), (beds.wildcards, 10), (beds.aliases, 40), (beds.cuts, 10)):
        bed(plot, count)
    return plot


def _odd(rng: Random) -> Plot:
    """Make a zone with a dot in a label of its origin, and a wildcard right below it."""
    plot = Plot(ODD, rng)
    beds.apex(plot, ttl=0, minimum=0)
    plot.put_some((b"*", *ODD), "TXT")
    plot.tag("wild", (b"*", *ODD))
    plot.tag("covered", (b"a", b"b", *ODD))
    beds.hosts(plot, 20)
    beds.plain(plot, 40)
    return plot


def _moved(rng: Random) -> Plot:
    """Make a zone that is renamed as a whole, by a DNAME at its apex."""
    plot = Plot(MOVED, rng)
    origin = ORIGINS[MOVED]
    plot.put(MOVED, "SOA", [f"ns.elsewhere.example. admin.{origin} 1 7200 900 1209600 30"], 600)
    plot.put(MOVED, "NS", ["ns.elsewhere.example."])
    plot.put_some(MOVED, "MX")
    plot.tag("apex", MOVED)
    beds.rename(plot, MOVED, GARDEN)
    return plot
