"""The keys of TSIG, read from a file that only its owner can read.

A line holds a name, an algorithm and a secret in base64, with spaces between; `#` begins a comment:

    ns2.example.    hmac-sha256    Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4
"""

import binascii
import os
import stat
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gslb.model import Fault, Invalid, Place
from gslb.model.names import canonical, to_wire

DIGESTS: Final = {"hmac-sha256": "sha256", "hmac-sha384": "sha384", "hmac-sha512": "sha512"}
"""Algorithms (RFC 8945 section 6) and the digests that they use."""

SHORTEST: Final = 16
"""Octets of the shortest secret taken; RFC 8945 section 8 wants as many as the digest has."""

_PATH: Final = ("settings", "transfer_keys")


@dataclass(frozen=True, slots=True)
class Key:
    """A shared secret: its name as canonical text, and what it signs by."""

    name: str
    algorithm: str
    secret: bytes = field(repr=False)

    @property
    def wire(self) -> bytes:
        """The name in canonical wire form."""
        return to_wire(self.name)

    @property
    def algorithm_wire(self) -> bytes:
        """The algorithm's name in wire form."""
        return to_wire(f"{self.algorithm}.")


Keys = Mapping[bytes, Key]
"""Keys by the wire form of their names."""


def read_keys(path: Path | None) -> Keys:
    """Read a file of keys; none without a file. Invalid with every fault, each at its line."""
    if path is None:
        return {}
    faults: list[Fault] = []
    keys: dict[bytes, Key] = {}
    for number, line in enumerate(_lines(path), start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            key = _key(words, keys)
        except ValueError as error:
            faults.append(Fault(_PATH, str(error), Place(str(path), number)))
        else:
            keys[key.wire] = key
    if faults:
        raise Invalid(faults)
    return keys


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            lines = file.read().decode("ascii", "replace").splitlines()
    except OSError as error:
        sentence = f"the file of keys {path} cannot be read: {error.strerror}; mend that"
        raise Invalid([Fault(_PATH, sentence)]) from error
    if mode & 0o077:
        sentence = f"{path} may be read by others (mode {mode:o}); chmod 600 {path}"
        raise Invalid([Fault(_PATH, sentence)])
    return lines


def _key(words: list[str], known: Keys) -> Key:
    if len(words) != 3:  # noqa: PLR2004
        raise ValueError("a line holds a name, an algorithm and a secret in base64")
    name, algorithm, secret = words
    name = canonical(name if name.endswith(".") else f"{name}.")
    algorithm = algorithm.lower().removesuffix(".")
    if algorithm not in DIGESTS:
        raise ValueError(f"{algorithm!r} is no algorithm known here; take one of "
                         f"{', '.join(DIGESTS)}")  # fmt: skip
    try:
        octets = b64decode(secret, validate=True)
    except binascii.Error as error:
        raise ValueError(f"the secret of {name} is not base64: {error}") from error
    if len(octets) < SHORTEST:
        raise ValueError(f"the secret of {name} has {len(octets)} octets; take {SHORTEST} or more, "
                         "best as many as the digest has (tsig-keygen makes such)")  # fmt: skip
    if to_wire(name) in known:
        raise ValueError(f"the key {name} stands twice; leave one")
    return Key(name, algorithm, octets)
