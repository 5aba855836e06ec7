"""Zone folders, read and checked in one go."""

from pathlib import Path

from gslb.compiler import check
from gslb.heap import growing
from gslb.model import Fault, Invalid, World
from gslb.zones import locate, read_folder


def read_checked(folder: Path) -> World:
    """Read a zones folder and check it; Invalid with every fault, each at its line."""
    with growing():
        reading = read_folder(folder)
        found = check(reading.world, reading.broken)
    faults = [*reading.faults, *locate(found, reading.places)]
    if faults:
        raise Invalid(sorted(faults, key=_by_line))
    return reading.world


def _by_line(fault: Fault) -> tuple[str, int]:
    return (fault.place.file, fault.place.line) if fault.place else ("", 0)
