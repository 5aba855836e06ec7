"""Lines of a master file that need no parser: one whole record of a common form.

    [owner] [TTL in seconds] [IN] TYPE data [; comment]

Most lines of large files are so. Whatever else stands in a line, or is odd about it, is left to
dnspython, which reads it and finds the fault. What lines say of those below them ($ORIGIN, $TTL,
the owner) is kept by dnspython's reader, and only borrowed here between two of its entries.
"""

import re

import dns.name
import dns.zonefile

from gslb.model.names import PLAIN_LABEL, PLAIN_TEXT, to_text
from gslb.model.plain import plain_text
from gslb.model.values import MAX_TTL

LINE = re.compile(
    rf"(@|(?:{PLAIN_LABEL}\.)*{PLAIN_LABEL}\.?)?[ \t]+"  # owner, from the first column
    r"(?:([0-9]{1,10})[ \t]+)?"  # TTL
    r"(?:[Ii][Nn][ \t]+)?"
    r"([A-Za-z]{1,5})[ \t]+"  # type
    r"([^\s;\"()\\](?:[^\n\r;\"()\\]*[^\s;\"()\\])?|\"[^\n\r\"\\]*\")"  # data
    r"[ \t]*(?:;[^\n]*)?\r?(?:\n|\Z)"
)
"""Owner, TTL, type and data are its groups; the first two may be None."""


class PlainLines:
    """Reads plain lines in the place of dnspython's reader, whose state it takes up and gives back.

    It takes up no state that holds an escape, a name above the zone, or no TTL where one is needed:
    then `read` gives None, and dnspython goes on.
    """

    def __init__(self, reader: dns.zonefile.Reader, origin: str) -> None:
        self._reader = reader
        self._within = "." if origin == "." else f".{origin}"
        self._borrowed = False
        self._owner = ""  # the last record's, as dnspython's reader has it; empty: not plain
        self._moved = False  # whether it is not the reader's any more
        self._below = ""  # what follows a relative owner, and a relative name in data
        self._below_data = ""
        self._ttl: int | None = None  # of records that say none

    def read(self, found: re.Match[str]) -> tuple[tuple[str, str], int, str] | None:
        """Give a line's owner and type, its TTL and its canonical data; None if it is not plain."""
        if not self._borrowed:
            self._borrow()
        said_owner, said_ttl, rtype, data = found.groups()
        owner = self._owner if said_owner is None else self._absolute(said_owner)
        ttl = self._ttl if said_ttl is None else int(said_ttl)
        if ttl is None or ttl > MAX_TTL or not self._is_here(owner):
            return None
        rtype = rtype.upper()
        text = plain_text(rtype, data, self._below_data)
        if text is None:
            return None
        if said_owner is not None:
            self._owner, self._moved = owner, True
        if said_ttl is not None:
            self._note(ttl)
        return (owner, rtype), ttl, text

    def hand_over(self) -> None:
        """Give the state back to dnspython's reader, which may then change it."""
        if self._moved:
            self._reader.last_name = dns.name.from_text(self._owner)
        self._moved = self._borrowed = False

    def _absolute(self, owner: str) -> str:
        """Give a plain owner in full; empty if the origin is not plain."""
        if owner[-1] == "." or not self._below:
            return owner.lower() if self._below else ""
        return self._below[1:] or "." if owner == "@" else owner.lower() + self._below

    def _is_here(self, owner: str) -> bool:
        """Whether an owner is a plain name in the zone, and not too long for one."""
        return 0 < len(owner) <= PLAIN_TEXT and f".{owner}".endswith(self._within)

    def _borrow(self) -> None:
        reader = self._reader
        origin = reader.current_origin
        text = "\\" if origin is None else origin.to_text()
        plain = "\\" not in text
        self._below_data = ("." if text == "." else f".{text}") if plain else ""
        self._below = self._below_data.lower()
        last = "\\" if reader.last_name is None else _lower(reader.last_name)
        self._owner = last if plain and "\\" not in last else ""
        self._ttl = reader.default_ttl if reader.default_ttl_known else None
        self._moved = False
        self._borrowed = True
        if reader.last_ttl_known:
            self._note(reader.last_ttl)

    def _note(self, ttl: int) -> None:
        """Note the TTL that a record said; those that say none have it if there is no $TTL."""
        reader = self._reader
        reader.last_ttl, reader.last_ttl_known = ttl, True
        if not reader.default_ttl_known or reader.default_ttl_from_soa:
            self._ttl = ttl


def _lower(name: dns.name.Name) -> str:
    return to_text(tuple(label.lower() for label in name.labels[:-1]))
