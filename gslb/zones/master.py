"""Master files (RFC 1035 section 5) to RRsets, with every fault and the line of every RRset.

Plain lines, which in large files are nearly all, are read by `lines`; dnspython reads all other
entries, one at a time, so that reading goes on after a fault. $ORIGIN, $TTL and $GENERATE are its
own, $INCLUDE is ours. Whether the RRsets make a zone is not judged here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.zonefile
from pydantic import ValidationError

from gslb.model import Fault, Path, Place, Rrset, RrsetKey, Rrsets
from gslb.model.faults import faults_from
from gslb.model.names import is_within, to_text
from gslb.model.plain import is_plain_type
from gslb.model.rrsets import Rows, row_of
from gslb.telemetry import COUNT_AT_ONCE, Progress
from gslb.zones.entries import Entry, next_entry
from gslb.zones.gathered import Gathered, RowPlaces
from gslb.zones.lines import LINE, PlainLines
from gslb.zones.mistakes import explain_mistake, type_of

MAX_INCLUDES = 10  # files inside files
MAX_GENERATED = 65_536  # records of one $GENERATE
_INCLUDE_KEEPS = (
    "current_origin",
    "last_name",
    "last_ttl",
    "last_ttl_known",
    "default_ttl",
    "default_ttl_known",
    "default_ttl_from_soa",
)
_GUESSED_TTL = 3600  # reads on where a TTL is missing, which is a fault already


@dataclass
class Master:
    """What a master file holds: its RRsets, and what is wrong with it.

    `broken` are ("rrsets", "NAME TYPE") whose records are not all there, and ("zones", ORIGIN)
    where nobody can tell what is missing.
    """

    rrsets: Rrsets
    places: Mapping[Path, Place]
    faults: list[Fault] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)


def read_master(file: FilePath, origin: str) -> Master:
    """Read a zone's master file; `origin` is canonical, and relative names are relative to it."""
    reader = _Reader(origin)
    reader.read_file(file, ())
    return reader.finish()


class _Reader:
    """Takes plain lines itself and feeds all other entries to dnspython (as its transaction)."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._root: Path = ("zones", origin)
        self._gathered = Gathered()
        self._judged: set[RrsetKey] = set()  # to be validated, since dnspython read them
        self._faults: list[Fault] = []
        self._broken: set[tuple[str, str]] = set()
        self._place = Place("", 1)
        self._spot = 0
        sink: Any = self
        self._dns = dns.zonefile.Reader(
            dns.tokenizer.Tokenizer(""),
            dns.rdataclass.IN,
            sink,
            allow_directives=["$ORIGIN", "$TTL", "$GENERATE"],
        )
        # Its own origin is the root, so that it hands over out-of-zone records, too.
        self._dns.current_origin = self._dns.last_name = dns.name.from_text(origin)
        self._plain = PlainLines(self._dns, origin)

    # What dnspython asks of a transaction

    @property
    def manager(self) -> "_Reader":
        return self

    def origin_information(self) -> tuple[dns.name.Name, bool, dns.name.Name]:
        return dns.name.root, False, dns.name.root

    def check_put_rdataset(self, check: object) -> None:
        """Leave CNAME beside other data to the compiler's checks."""

    def _set_origin(self, origin: dns.name.Name) -> None:
        """Take a zone's origin from its file's name, never from $ORIGIN."""

    def add(self, name: dns.name.Name, ttl: int, rdata: dns.rdata.Rdata) -> None:
        """Take one record."""
        owner = to_text(tuple(label.lower() for label in name.labels[:-1]))
        key = RrsetKey(owner, dns.rdatatype.to_text(rdata.rdtype))
        path = (*self._root, "rrsets", *key)
        if not is_within(owner, self._origin):
            self._fault(path, f"{owner} is out of the zone {self._origin}; move the record, or "
                              "end relative names without a dot")  # fmt: skip
            return
        self._judged.add(key)
        identity = None if is_plain_type(key.type) else rdata
        wrong = self._gathered.add((*key,), ttl, rdata.to_text(), self._spot, identity)
        if wrong is not None:
            self._fault(path, wrong)

    # Files and entries

    def read_file(self, file: FilePath, above: tuple[FilePath, ...]) -> None:
        """Read one file; `above` are the files that include it."""
        place = self._place if above else Place(str(file), 1)
        try:
            text = file.read_bytes().decode("utf-8-sig")
        except OSError as error:
            self._lost(
                place, f"cannot read {file}: {error.strerror}; mend the name or its permissions"
            )
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self._lost(
                Place(str(file), line), "this is not UTF-8 text; write the file anew as UTF-8"
            )
        else:
            self._read_text(text, (*above, file))

    def _read_text(self, text: str, files: tuple[FilePath, ...]) -> None:
        file = str(files[-1])
        base = self._gathered.open_file(file)
        progress = Progress(f"reading {files[-1].name}", text.count("\n"), "lines")
        at, line = 0, 1
        while at < len(text):
            found = LINE.match(text, at)
            if found is not None and self._take(found, base + line):
                at = found.end()
                line += 1
            else:
                self._place, self._spot = Place(file, line), base + line
                entry, at, line = next_entry(text, at, line)
                if entry is not None:
                    self._read_entry(entry, files)
            if not line % COUNT_AT_ONCE:
                progress.at(line)

    def _take(self, found: re.Match[str], spot: int) -> bool:
        """Take a plain line; False if that can't be done, and then nothing was."""
        record = self._plain.read(found)
        if record is None:
            return False
        key, ttl, text = record
        wrong = self._gathered.add(key, ttl, text, spot)
        if wrong is not None:
            self._place = self._gathered.place(spot)
            self._fault((*self._root, "rrsets", *key), wrong)
        return True

    def _read_entry(self, entry: Entry, files: tuple[FilePath, ...]) -> None:
        self._plain.hand_over()
        words = entry.words
        directive = words[0].upper() if words and not entry.text[0].isspace() else ""
        if entry.open:
            self._lost(self._place, "a parenthesis opened here is never closed; close it")
        elif directive == "$INCLUDE":
            self._include(words[1:], files)
        elif directive == "$GENERATE" and _generated(words) > MAX_GENERATED:
            self._lost(self._place, f"$GENERATE makes more than {MAX_GENERATED} records; split it")
        else:
            self._feed(entry)

    def _feed(self, entry: Entry) -> None:
        self._dns.tok = dns.tokenizer.Tokenizer(entry.text, "entry")
        try:
            self._dns.read()
        except (dns.exception.DNSException, ValueError, OverflowError) as error:
            self._misread(entry, error)

    def _misread(self, entry: Entry, error: Exception) -> None:
        """Record an entry that was not understood, and what is missing because of it."""
        sentence = explain_mistake(entry.text, error)
        if not self._dns.default_ttl_known:
            self._dns.default_ttl, self._dns.default_ttl_known = _GUESSED_TTL, True
            self._gathered.ttl_sure = False
        rtype = None if entry.text.startswith("$") else type_of(entry.text)
        if rtype is None or self._dns.last_name is None:
            self._lost(self._place, sentence)
            self._gathered.ttl_sure = False
            return
        owner = to_text(tuple(label.lower() for label in self._dns.last_name.labels[:-1]))
        self._broken.add(("rrsets", f"{owner} {rtype}"))
        self._fault((*self._root, "rrsets", owner, rtype), sentence)

    def _include(self, words: list[str], files: tuple[FilePath, ...]) -> None:
        """Read another file (RFC 1035 section 5.1); its $ORIGIN, $TTL and owner end with it."""
        place, spot, reader = self._place, self._spot, self._dns
        if not 1 <= len(words) <= 2:  # noqa: PLR2004
            self._lost(
                place, "$INCLUDE is not understood; write $INCLUDE FILE or $INCLUDE FILE ORIGIN"
            )
            return
        file = files[-1].parent / words[0].strip('"')
        if len(files) > MAX_INCLUDES or file.resolve() in {above.resolve() for above in files}:
            self._lost(place, f"$INCLUDE of {file} goes in a circle or too deep; take it out")
            return
        saved = {name: getattr(reader, name) for name in _INCLUDE_KEEPS}
        try:
            if len(words) > 1:
                reader.current_origin = dns.name.from_text(words[1], reader.current_origin)
        except dns.exception.DNSException as error:
            self._lost(place, f"the origin {words[1]!r} of $INCLUDE is not a name ({error})")
            return
        self.read_file(file, files)
        self._place, self._spot = place, spot
        self._plain.hand_over()
        for name, value in saved.items():
            setattr(reader, name, value)

    # What comes of it

    def _fault(self, path: Path, sentence: str) -> None:
        self._faults.append(Fault(path, sentence, self._place))

    def _lost(self, place: Place, sentence: str) -> None:
        self._faults.append(Fault(self._root, sentence, place))
        self._broken.add(("zones", self._origin))

    def finish(self) -> Master:
        """Make RRsets of the records."""
        self._gathered.finish()
        rows = self._gathered.rows
        judged = sorted(self._judged, key=self._gathered.spot_of)
        refused = {key for key in judged if not self._is_right(key, rows)}
        if refused:
            rows = {key: row for key, row in rows.items() if key not in refused}
        places = RowPlaces(self._root, self._gathered)
        return Master(Rrsets(rows), places, self._faults, self._broken)

    def _is_right(self, key: RrsetKey, rows: Rows) -> bool:
        """Whether the model takes an RRset; its row is then as the model writes it."""
        ttl, *rdata = rows[key]
        try:
            rrset = Rrset(name=key.name, type=key.type, ttl=ttl, rdata=tuple(rdata))
        except ValidationError as error:
            path = (*self._root, "rrsets", *key)
            place = self._gathered.place(self._gathered.spot_of(key))
            self._broken.add(("rrsets", f"{key.name} {key.type}"))
            self._faults += (Fault(path, f.sentence, place) for f in faults_from(error, path))
            return False
        rows[key] = row_of(rrset)
        return True


def _generated(words: list[str]) -> int:
    """Give how many records a $GENERATE asks for; 0 if its range is not one."""
    span, _, step = words[1].partition("/") if len(words) > 1 else ("", "", "")
    first, _, last = span.partition("-")
    try:
        return (int(last) - int(first)) // max(int(step or 1), 1) + 1
    except ValueError:
        return 0
