"""Master files: directives, places, and reading on after a fault."""

from pathlib import Path

import pytest

from gslb.model import Place
from gslb.zones.entries import split_entries
from gslb.zones.files import origin_of, stem_of
from gslb.zones.master import Master, read_master

SOA = "@ 60 IN SOA ns1 host 1 2 3 4 5\n"


def read(tmp_path: Path, text: str, origin: str = "x.example.") -> Master:
    file = tmp_path / "x.zone"
    file.write_text(text)
    return read_master(file, origin)


def rows(master: Master) -> list[str]:
    return [f"{r.name} {r.ttl} {r.type} {' | '.join(r.rdata)}" for r in master.rrsets.values()]


def lines(master: Master) -> list[int]:
    return [fault.place.line for fault in master.faults if fault.place]


def test_directives(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "part.inc").write_text(
        "$TTL 7\n$ORIGIN deep\na A 192.0.2.1\n$INCLUDE inner.inc\n"
    )
    (tmp_path / "more" / "inner.inc").write_text("b A 192.0.2.2\n")
    master = read(
        tmp_path,
        "$TTL 1h\n@ SOA ns1 host ( 1 ; serial (not a parenthesis\n 2 3\n 4 5 )\n"
        '$ORIGIN sub\nw A 192.0.2.3\n   TXT "a;b (c" ; comment\n'
        "$ORIGIN x.example.\n$INCLUDE more/part.inc\n IN 5 AAAA ::1\n"
        "$INCLUDE more/inner.inc other\n"
        "$GENERATE 1-3/2 h$ A 192.0.2.${10,0,d}\n",
    )  # fmt: skip
    assert master.faults == []
    assert rows(master) == [
        "x.example. 3600 SOA ns1.x.example. host.x.example. 1 2 3 4 5",
        "w.sub.x.example. 3600 A 192.0.2.3",
        'w.sub.x.example. 3600 TXT "a;b (c"',
        "a.deep.x.example. 7 A 192.0.2.1",
        "b.deep.x.example. 7 A 192.0.2.2",
        "w.sub.x.example. 5 AAAA ::1",
        "b.other.x.example. 3600 A 192.0.2.2",
        "h1.x.example. 3600 A 192.0.2.11",
        "h3.x.example. 3600 A 192.0.2.13",
    ]


def test_places_are_those_of_first_records(tmp_path: Path) -> None:
    master = read(
        tmp_path, f"\n; comment\n{SOA}\na 60 A 192.0.2.1\n  60 A 192.0.2.2\nb 60 A (\n1.2.3.4)\n"
    )
    file = str(tmp_path / "x.zone")
    assert list(master.places.values()) == [Place(file, 3), Place(file, 5), Place(file, 7)]


def test_reading_goes_on_after_every_fault(tmp_path: Path) -> None:
    master = read(
        tmp_path,
        f"{SOA}a A\n$TTL soon\nb 60 A 1.2.3.4 5\n$WHAT\nc 60\nd..e 60 A 192.0.2.1\n"
        "f 60 A 192.0.2.1)\n$GENERATE 1-9999999 h$ A 192.0.2.1\n"
        "$INCLUDE x.zone\n@ 60 MX (\n ten\n mail)\ng 99999999999 A 192.0.2.1\n"
        "good 60 A 192.0.2.1\n",
    )
    assert lines(master) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14]
    assert rows(master)[-1] == "good.x.example. 60 A 192.0.2.1"


def test_a_missing_ttl_is_told_once(tmp_path: Path) -> None:
    master = read(tmp_path, "a A 192.0.2.1\nb A 192.0.2.2\n@ 60 SOA ns1 h 1 2 3 4 5\n")
    assert [fault.sentence for fault in master.faults] == [
        "the record has no TTL; write one, or a $TTL line above it"
    ]


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ("a 60 A 192.0.2.300", "IPv4"),
        ("a 60 MX mail", "preference"),
        ("a 60 FOO x", "'FOO' is not a record type"),
        ("a 60 CH TXT x", "only IN is served"),
        ('a 60 TXT "x', "quotation mark"),
        ("a 60 LOC x", "not data of an LOC record"),
        ("a 60 A", "has no data"),
        ("a 2147483648 A 192.0.2.1", "too large"),
    ],
)
def test_mistakes_are_told_in_plain_words(tmp_path: Path, record: str, word: str) -> None:
    master = read(tmp_path, f"{SOA}{record}\n")
    assert lines(master) == [2]
    sentence = master.faults[0].sentence
    assert word in sentence
    assert not any(jargon in sentence for jargon in ("exception", "class '", "rdata", "EOL"))


def test_an_unclosed_parenthesis_is_one_fault(tmp_path: Path) -> None:
    master = read(tmp_path, f"{SOA}a 60 TXT ( x\nb 60 A 192.0.2.1\n")
    assert lines(master) == [2]
    assert ("zones", "x.example.") in master.broken


def test_text_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.zone").write_bytes(b"; fine\n\xff\n")
    assert lines(read_master(tmp_path / "x.zone", "x.")) == [2]


def test_line_ends_of_other_systems(tmp_path: Path) -> None:
    (tmp_path / "x.zone").write_bytes(b"\xef\xbb\xbf" + SOA.replace("\n", "\r\n").encode())
    assert rows(read_master(tmp_path / "x.zone", "x.")) == ["x. 60 SOA ns1.x. host.x. 1 2 3 4 5"]


def test_entries_keep_their_lines() -> None:
    found = list(split_entries('a (\n b "c)" ; )\n)\n\n  ;\nd \\( e\n'))
    assert [(entry.first, entry.last, entry.open) for entry in found] == [
        (1, 3, False),
        (6, 6, False),
    ]


@pytest.mark.parametrize(
    "origin", [".", "example.", "0/25.2.0.192.in-addr.arpa.", "a\\.b.example."]
)
def test_file_names_go_round(origin: str) -> None:
    assert origin_of(Path(f"{stem_of(origin)}.zone")) == origin
