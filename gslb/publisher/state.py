"""The state folder: what is served, on disk, so that a restart needs no store and no probe.

    state/served/manifest.json     which documents make up the revision, and their hashes
    state/served/<hash>.zone|.map  the snapshot's documents, byte for byte
    state/served/<hash>.steering   what health needs: datacenters, probes, maps, VIPs (JSON)
    state/served/verdicts.json     the last verdicts, from which the effective weights follow
    state/shed.json                which share of its clients each place shed
    state/same                     which zones folder was found to say what the store says

Every file is written beside its place, synced and renamed, the manifest last: a crash leaves the
old set or the new one, never a mixture. Files whose hash does not fit are refused.
"""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gslb import snapshot
from gslb.model import Broken, Refused, Steering

LAYOUT = 1

_log = logging.getLogger("gslb.state")


class Manifest(BaseModel):
    """Which documents make up what is served."""

    layout: int
    format: int
    revision: int
    store: str
    zones: dict[str, str]
    maps: dict[str, str]
    steering: str
    mark: str = ""


@dataclass(frozen=True)
class Served:
    """What was served when it was saved.

    `mark` is the store's (`Look.mark`) at that revision, empty if it was not known.
    """

    revision: int
    store: str
    zones: dict[str, bytes]
    maps: dict[str, bytes]
    steering: Steering
    verdicts: Mapping[str, Any] = field(default_factory=dict)
    mark: str = ""


class StateFolder:
    """One node's state folder, held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._served = folder / "served"
        self._written: set[str] = set()
        self._lock = -1
        self._writing = threading.Lock()  # saving runs in threads

    def open(self) -> None:
        """Make the folder and take it for this process; Refused if another has it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._served.mkdir(exist_ok=True, mode=0o700)
            self._lock = os.open(
                self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise Refused(
                f"cannot use the state folder {self._folder}: {error.strerror}; "
                "mend its permissions, or choose another with --state"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise Refused(
                f"the state folder {self._folder} is in use by another gslb; "
                "stop that one, or choose another folder with --state"
            ) from error

    def close(self) -> None:
        """Let the folder go."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def load(self) -> Served | None:
        """Read what was served last; None if nothing was ever; Broken if it can't be trusted."""
        path = self._served / "manifest.json"
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
            if (manifest.layout, manifest.format) != (LAYOUT, snapshot.FORMAT):
                raise Broken(f"{path} was written by another version of gslb")
            served = Served(
                manifest.revision,
                manifest.store,
                {name: self._read(sha, ".zone") for name, sha in manifest.zones.items()},
                {name: self._read(sha, ".map") for name, sha in manifest.maps.items()},
                Steering.model_validate_json(self._read(manifest.steering, ".steering")),
                self._verdicts(),
                manifest.mark,
            )
        except FileNotFoundError as error:
            if not path.exists():
                return None
            raise Broken(f"the state folder lacks {error.filename}, which {path} names") from error
        except (OSError, ValidationError) as error:
            raise Broken(f"cannot read {path}: {error}") from error
        return served

    def save(self, served: Served) -> None:
        """Write what is served now, the manifest last, and remove what it no longer names."""
        with self._writing:
            self._save(served)

    def _save(self, served: Served) -> None:
        _write(self._served / "verdicts.json", json.dumps(served.verdicts).encode())
        manifest = Manifest(
            layout=LAYOUT,
            format=snapshot.FORMAT,
            revision=served.revision,
            store=served.store,
            zones={name: self._keep(data, ".zone") for name, data in served.zones.items()},
            maps={name: self._keep(data, ".map") for name, data in served.maps.items()},
            steering=self._keep(served.steering.model_dump_json().encode(), ".steering"),
            mark=served.mark,
        )
        _write(self._served / "manifest.json", manifest.model_dump_json(indent=2).encode())
        self._sweep(manifest)

    def noted(self) -> str:
        """Give what was noted last of a zones folder and the store that say the same."""
        try:
            return (self._folder / "same").read_text()
        except (OSError, UnicodeDecodeError):
            return ""

    def note(self, same: str) -> None:
        """Note that a zones folder and the store say the same; a note that is lost costs time."""
        with contextlib.suppress(OSError):
            _write(self._folder / "same", same.encode())

    def shed(self) -> Mapping[str, Any]:
        """Give the shares that were shed last; what cannot be read is as none."""
        try:
            found = json.loads((self._folder / "shed.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def save_shed(self, shares: Mapping[str, float]) -> None:
        """Write the shares that are shed; without them a restart begins with none."""
        with contextlib.suppress(OSError):
            _write(self._folder / "shed.json", json.dumps(shares).encode())

    def save_verdicts(self, verdicts: Mapping[str, Any]) -> None:
        """Write the verdicts."""
        with self._writing:
            _write(self._served / "verdicts.json", json.dumps(verdicts).encode())

    def _verdicts(self) -> Mapping[str, Any]:
        try:
            verdicts: Mapping[str, Any] = json.loads((self._served / "verdicts.json").read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            _log.warning("the saved verdicts are lost, members start as unknown: %s", error)
            return {}
        return verdicts

    def _read(self, sha: str, suffix: str) -> bytes:
        path = self._served / f"{sha}{suffix}"
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha:
            raise Broken(f"{path} is damaged: its hash is not its name")
        self._written.add(path.name)
        return data

    def _keep(self, data: bytes, suffix: str) -> str:
        sha = hashlib.sha256(data).hexdigest()
        name = f"{sha}{suffix}"
        if name not in self._written:
            _write(self._served / name, data)
            self._written.add(name)
        return sha

    def _sweep(self, manifest: Manifest) -> None:
        named = {f"{sha}.zone" for sha in manifest.zones.values()}
        named |= {f"{sha}.map" for sha in manifest.maps.values()}
        named |= {f"{manifest.steering}.steering", "manifest.json", "verdicts.json"}
        for path in self._served.iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)
        self._written &= named


def _write(path: Path, data: bytes) -> None:
    """Put a file in place whole: written beside it, synced, renamed, the folder synced."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
