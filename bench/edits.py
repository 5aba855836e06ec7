"""An operator who never rests: edits a record of a running node through its API, over and over."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import BenchError
from bench.worlds import ORIGIN

NAME = f"edited.{ORIGIN}"


class _Unix(http.client.HTTPConnection):
    """HTTP over the admin API's unix socket, which needs no token."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass
class Edits:
    """How many edits were answered as published, and how long each took, in seconds."""

    took: list[float] = field(default_factory=list)
    fault: str = ""

    def make(self, path: Path, ended: threading.Event) -> None:
        """Put another address to one name, until told to end: each publishes its zone anew."""
        connection = _Unix(path)
        while not ended.is_set() and not self.fault:
            began = time.monotonic()
            number = len(self.took) % 250
            body = json.dumps({"ttl": 60, "rdata": [f"198.51.100.{number}"]})
            try:
                connection.request(
                    "PUT",
                    f"/api/v1/zones/{ORIGIN}/rrsets/{NAME}/A",
                    body,
                    {"Content-Type": "application/json"},
                )
                reply = connection.getresponse()
                said = reply.read().decode(errors="replace")
            except OSError as error:
                self.fault = f"the API of {path} cannot be reached: {error!r}"
                return
            if reply.status not in {200, 201}:
                self.fault = f"an edit was answered with {reply.status}: {said}"
            self.took.append(time.monotonic() - began)
        connection.close()


@contextmanager
def editing(state: Path) -> Iterator[Edits]:
    """Edit for as long as the block lasts; BenchError if an edit failed, or none was done."""
    edits, ended = Edits(), threading.Event()
    work = threading.Thread(target=edits.make, args=(state / "gslb.sock", ended))
    work.start()
    try:
        yield edits
    finally:
        ended.set()
        work.join()
    if edits.fault or not edits.took:
        raise BenchError(edits.fault or "no edit was done in the time of the run")
