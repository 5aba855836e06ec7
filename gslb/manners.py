"""How this node speaks, kept true: the policy is compiled anew when what it rests on changes.

That is the file of cookie secrets, which is looked at every second, and whether the store could be
read. To change a secret without a client noticing (RFC 9018 section 5): add the new one as the
last line on every node, then move it to the first, and an hour later take the old one away.
"""

import asyncio
import logging
import os
import secrets
from pathlib import Path

from gslb.compiler import compile_policy
from gslb.model import Fault, Invalid, Refused
from gslb.model.faults import Place
from gslb.plane import Plane
from gslb.settings import Settings
from gslb.snapshot import Policy
from gslb.telemetry import Alarms

SECRET = 16  # octets, RFC 9018 section 4.4
LOOK_EVERY = 1.0  # seconds

_log = logging.getLogger("gslb.manners")


def read_secrets(file: Path) -> tuple[bytes, ...]:
    """Read a file of cookie secrets, 32 hex digits a line; `#` begins a comment.

    Invalid names every line that is none; Refused if the file cannot be read.
    """
    found: list[bytes] = []
    faults: list[Fault] = []
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError as error:
        raise Refused(f"the file of cookie secrets {file} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            found.append(_secret(text))
        except ValueError as error:
            faults.append(Fault(("cookie_secrets",), str(error), Place(str(file), number)))
    if not found and not faults:
        sentence = "no secret stands here; write 32 hex digits on a line"
        faults.append(Fault(("cookie_secrets",), sentence, Place(str(file), 1)))
    if faults:
        raise Invalid(faults)
    return tuple(found)


def _secret(text: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != SECRET:
        raise ValueError("a secret is 32 hex digits, as `openssl rand -hex 16` makes them")
    return secret


def make_secrets(file: Path) -> None:
    """Make a file with a secret of its own, which only its owner can read; an old one stays.

    It is there whole or not at all, also after a crash or on a full disk.
    """
    if file.exists():
        return
    beside = file.with_name(f"{file.name}.new")
    try:
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(f"{secrets.token_hex(SECRET)}\n")
            out.flush()
            os.fsync(out.fileno())
        beside.rename(file)
    except OSError as error:
        raise Refused(f"the file of cookie secrets {file} cannot be made: {error}") from error


class Manners:
    """Has the plane speak as the settings and the secrets say."""

    def __init__(self, settings: Settings, plane: Plane, alarms: Alarms) -> None:
        self._settings = settings
        self._plane = plane
        self._alarms = alarms
        self._seen: tuple[int, int, int] | None = None
        self._secrets: tuple[bytes, ...] = ()
        self._policy: Policy | None = None

    def begin(self) -> None:
        """Read the secrets, made first where no file is named, and set the first policy."""
        if self._settings.cookies != "off":
            if self._settings.cookie_secrets is None:
                make_secrets(self._settings.secrets_file)
            self._read()
        self._speak()

    async def follow(self) -> None:
        """Keep the policy true for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if self._settings.cookies != "off":
                self._look()
            self._speak()

    def _look(self) -> None:
        """Read the secrets again if their file has changed; a bad one leaves what was."""
        file = self._settings.secrets_file
        try:
            changed = self._stamp(file) != self._seen
            if changed:
                self._read()
                _log.info("%d cookie secret(s) read again from %s", len(self._secrets), file)
        except (OSError, Invalid, Refused) as error:
            words = "; ".join(map(str, error.faults)) if isinstance(error, Invalid) else str(error)
            self._alarms.sound("cookie-secrets", f"{words}; the secrets read before stay in use")
        else:
            self._alarms.clear("cookie-secrets", f"{file} is read")

    def _read(self) -> None:
        file = self._settings.secrets_file
        seen = self._stamp(file)  # first: what changes meanwhile is read at the next look
        found = read_secrets(file)
        self._seen, self._secrets = seen, found

    @staticmethod
    def _stamp(file: Path) -> tuple[int, int, int]:
        """Tell one state of a file from the next; zeros if there is none."""
        if not file.exists():
            return 0, 0, 0
        stat = file.stat()
        return stat.st_mtime_ns, stat.st_ino, stat.st_size

    def _speak(self) -> None:
        stale = any(alarm.key == "store" for alarm in self._alarms.standing)
        policy = compile_policy(self._settings, self._secrets, stale=stale)
        if policy != self._policy:
            self._plane.configure(policy)
            self._policy = policy
