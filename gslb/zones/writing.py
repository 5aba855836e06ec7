"""A world to a folder of zones, such that reading the folder gives the same world.

    ORIGIN.zone       each zone's records
    ORIGIN.yaml       the VIPs in it; the datacenters, probes and maps, too, if it is the only zone
    datacenters.yaml  datacenters, probes and maps that several zones share

It never deletes: a folder with zones or steering that it would not replace is refused.
"""

import os
from pathlib import Path as FilePath
from typing import Any

from gslb.model import COLLECTIONS, Refused, World
from gslb.zones.files import SUFFIXES, stem_of
from gslb.zones.nouns import NOUNS
from gslb.zones.page import write_page
from gslb.zones.script import write_script

COMMON = "datacenters.yaml"


def write_folder(world: World, folder: FilePath) -> tuple[FilePath, ...]:
    """Write a world into a folder and give its files; Refused if that can't be done whole.

    The folder is made if there is none. Files of the same names are replaced, each whole.
    """
    texts = render(world)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_strangers(folder, set(texts))
        return _write_all({folder / name: text for name, text in texts.items()})
    except OSError as error:
        raise Refused(
            f"cannot write {error.filename or folder}: {error.strerror}; mend that, "
            "or choose another folder"
        ) from error


def render(world: World) -> dict[str, str]:
    """Give the files' texts by name."""
    texts = {f"{stem_of(origin)}.zone": write_script(zone) for origin, zone in world.zones.items()}
    common = f"{stem_of(next(iter(world.zones)))}.yaml" if len(world.zones) == 1 else COMMON
    pages: dict[str, dict[str, dict[str, Any]]] = {}
    for section in COLLECTIONS:
        for name, noun in getattr(world, section).items():
            zone = world.zone_of(name) if section == "vips" else None
            file = f"{stem_of(zone)}.yaml" if zone is not None else common
            values = NOUNS[section].dump_python(noun, mode="json", exclude_defaults=True)
            if "kind" in values:  # what a probe is comes before how it asks
                values = {"kind": values["kind"], **values}
            pages.setdefault(file, {}).setdefault(section, {})[name] = values
    return texts | {file: write_page(page) for file, page in pages.items()}


def _refuse_strangers(folder: FilePath, ours: set[str]) -> None:
    strangers = sorted(
        file.name
        for file in folder.iterdir()
        if file.suffix in SUFFIXES and file.name[0] != "." and file.name not in ours
    )
    if strangers:
        raise Refused(
            f"the folder {folder} holds {', '.join(strangers)}, which this export would not "
            "replace but every later reading would take in; move it away, or choose an empty folder"
        )


def _write_all(texts: dict[FilePath, str]) -> tuple[FilePath, ...]:
    """Write all files beside their places first, then put each in its place."""
    beside = {file.with_name(f".{file.name}.new"): file for file in texts}
    try:
        for new, file in beside.items():
            with new.open("w", encoding="utf-8", newline="\n") as out:
                out.write(texts[file])
                out.flush()
                os.fsync(out.fileno())
        for new, file in beside.items():
            new.replace(file)
    finally:
        for new in beside:
            new.unlink(missing_ok=True)
    return tuple(texts)
