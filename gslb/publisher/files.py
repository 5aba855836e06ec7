"""Zone folders, read and checked in one go; and what tells that one is as it was."""

import hashlib
from pathlib import Path

from gslb.compiler import Geography, check, check_notes
from gslb.heap import growing
from gslb.model import Fault, Invalid, World
from gslb.zones import SUFFIXES, locate, read_folder


def read_checked(folder: Path, geography: Geography) -> World:
    """Read a zones folder and check it; Invalid with every fault, each at its line.

    `geography` says what can be known of where clients are.
    """
    return read_noted(folder, geography)[0]


def read_noted(folder: Path, geography: Geography) -> tuple[World, list[Fault]]:
    """Read and check as `read_checked` does; give notes too: what may not be what was meant."""
    with growing():
        reading = read_folder(folder)
        found = check(reading.world, reading.broken, geography)
    faults = [*reading.faults, *locate(found, reading.places)]
    if faults:
        raise Invalid(sorted(faults, key=_by_line))
    notes = locate(check_notes(reading.world), reading.places)
    return reading.world, sorted(notes, key=_by_line)


def digest(folder: Path) -> str:
    """Give a hash of all that a folder says; empty if some of it stands elsewhere, or is unread."""
    found = hashlib.sha256()
    try:
        for file in sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES):
            data = file.read_bytes()
            if b"$INCLUDE" in data.upper():
                return ""
            found.update(f"{file.name}\0{len(data)}\0".encode(errors="surrogateescape"))
            found.update(data)
    except OSError:
        return ""
    return found.hexdigest()


def _by_line(fault: Fault) -> tuple[str, int]:
    return (fault.place.file, fault.place.line) if fault.place else ("", 0)
