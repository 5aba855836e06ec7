r"""File names of zones: `gslb.example.zone` holds `gslb.example.`, `@.zone` the root.

A slash, which a label may hold (RFC 2317) and a file name may not, is written `\047`.
"""

from pathlib import Path as FilePath

from gslb.model.names import canonical

SUFFIXES = (".zone", ".yaml", ".yml")
ROOT = "@"


def origin_of(file: FilePath) -> str:
    """Give the canonical origin that a master file's name says; ValueError if it says none."""
    stem = file.name.removesuffix(".zone")
    if stem == ROOT:
        return "."
    return canonical(stem if stem.endswith(".") and not stem.endswith("\\.") else f"{stem}.")


def stem_of(origin: str) -> str:
    """Give the name, without its ending, of a zone's files."""
    return ROOT if origin == "." else origin.removesuffix(".").replace("/", "\\047")
