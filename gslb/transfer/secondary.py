"""A secondary that is told of changes, and how each zone stands there."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from gslb.model import Fault, Invalid
from gslb.settings import split_listen
from gslb.transfer.keys import Key, Keys


@dataclass(frozen=True, slots=True)
class Secondary:
    """Where a secondary listens, and the key that its NOTIFYs are signed by."""

    name: str
    host: str
    port: int
    key: Key | None


@dataclass(slots=True)
class Standing:
    """What a secondary was told of a zone, and what it acknowledged; times in unix seconds."""

    serial: int
    told_since: float
    acknowledged: int | None = None
    acknowledged_at: float | None = None
    attempts: int = 0
    words: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event, repr=False)  # a newer serial

    @property
    def is_settled(self) -> bool:
        """Whether the serial that stands is acknowledged."""
        return self.acknowledged == self.serial

    def facts(self) -> dict[str, Any]:
        """Give it ready for JSON."""
        return {
            "serial": self.serial,
            "acknowledged": self.acknowledged,
            "acknowledged_at": self.acknowledged_at,
            "waiting_since": None if self.is_settled else self.told_since,
            "attempts": self.attempts,
            "last_failure": self.words or None,
        }


def read_secondaries(specs: tuple[str, ...], keys: Keys) -> tuple[Secondary, ...]:
    """Read the setting `notify`; Invalid with every key that is not in the file of keys."""
    by_name = {key.name: key for key in keys.values()}
    faults = []
    found = []
    for number, spec in enumerate(specs):
        address, _, name = spec.partition("#")
        host, port = split_listen(address)
        if name and name not in by_name:
            path = ("settings", "notify", number)
            faults.append(Fault(path, f"the key {name} is not in the file that the setting "
                                      "transfer_keys names; add its line there"))  # fmt: skip
        found.append(Secondary(address, host, port, by_name.get(name)))
    if faults:
        raise Invalid(faults)
    return tuple(found)
