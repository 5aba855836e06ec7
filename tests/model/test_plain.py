"""The short way for plain names and record data gives what dnspython gives, or nothing."""

from collections.abc import Callable

import dns.exception
import dns.name
import dns.rdata
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gslb.model import names
from gslb.model.plain import plain_from_wire, plain_text, plain_wire
from gslb.model.records import canonical_rdata, rdata_wire

LABELS = st.from_regex(r"[A-Za-z0-9_*/-]{1,6}", fullmatch=True) | st.sampled_from(
    ["a" * 63, "a" * 64, "", "a\\.b", "\\065", "é", "@", "a b", "x$"]
)
NAMES = st.builds(
    lambda parts, end: ".".join(parts) + end,
    st.lists(LABELS, min_size=1, max_size=5) | st.just(["b" * 63] * 4),
    st.sampled_from(["", ".", ".."]),
) | st.sampled_from([".", "@", ""])
PLAIN_NAMES = st.lists(
    st.from_regex(r"[A-Za-z0-9_*/-]{1,63}", fullmatch=True), min_size=1, max_size=3
).map(lambda parts: ".".join(parts) + ".")
NUMBERS = st.integers(-1, 70_000).map(str) | st.sampled_from(["00", "007", "+1", "1_0", "٣", ""])
GAPS = st.sampled_from([" ", "  ", "\t", " \t ", "\f", "\xa0"])
OCTETS = st.integers(0, 300).map(str) | st.sampled_from(["01", "00", "", "1e1", "٣"])
GROUPS = st.sampled_from(["0", "1", "ffff", "FFFF", "0db8", "12345", "", "g"])
TEXTS = st.text(st.characters(max_codepoint=300), max_size=12) | st.just("x" * 256)
DATA: dict[str, st.SearchStrategy[str]] = {
    "A": st.lists(OCTETS, min_size=3, max_size=5).map(".".join) | st.ip_addresses(v=4).map(str),
    "AAAA": st.lists(GROUPS, min_size=2, max_size=9).map(":".join)
    | st.integers(0, 2**128 - 1).map(
        lambda n: ":".join(f"{n >> 16 * i & 65535:x}" for i in range(8))
    )
    | st.sampled_from(["::", "::1", "::ffff:1.2.3.4", "::1.2.3.4", "1::1.2.3.4", "64:ff9b::7f00:1"])
    | st.builds(lambda a, b: f"{a}::{b}", GROUPS, GROUPS),
    "NS": NAMES,
    "CNAME": NAMES,
    "PTR": NAMES,
    "MX": st.builds("{}{}{}".format, NUMBERS, GAPS, NAMES),
    "SRV": st.tuples(NUMBERS, GAPS, NUMBERS, GAPS, NUMBERS, GAPS, NAMES).map("".join),
    "TXT": TEXTS.map(lambda text: f'"{text}"')
    | st.tuples(TEXTS, TEXTS).map(lambda two: f'"{two[0]}" "{two[1]}"')
    | TEXTS,
}
ORIGINS = st.sampled_from([".", "x.example.", "X.Example.", f"{'c' * 60}.{'d' * 60}.example."])


def by_dnspython(rtype: str, data: str, origin: str) -> dns.rdata.Rdata | None:
    try:
        return dns.rdata.from_text(
            "IN", rtype, data, origin=dns.name.from_text(origin), relativize=False
        )
    except (dns.exception.DNSException, ValueError):
        return None


@pytest.mark.parametrize("rtype", DATA)
def test_plain_data_is_what_dnspython_makes_of_it(rtype: str) -> None:
    plain_ones = []

    @given(DATA[rtype], ORIGINS)
    @settings(max_examples=400, deadline=None, derandomize=True)
    def check(data: str, origin: str) -> None:
        text = plain_text(rtype, data, "." if origin == "." else f".{origin}")
        if text is None:
            return
        plain_ones.append(data)
        right = by_dnspython(rtype, data, origin)
        assert right is not None, f"{data!r} is taken, and dnspython refuses it"
        assert text == right.to_text()
        wire = plain_wire(rtype, text)
        assert wire is None or wire == right.to_wire()
        if wire is not None and (again := plain_from_wire(rtype, wire)) is not None:
            assert again == text

    check()
    assert len(plain_ones) > 10


@pytest.mark.parametrize(
    ("rtype", "text", "wire"),
    [
        ("A", "192.0.2.1", b"\xc0\x00\x02\x01"),
        ("AAAA", "2001:db8::1", b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01"),
        ("NS", "Ns.x.", b"\x02Ns\x01x\x00"),
        ("CNAME", ".", b"\x00"),
        ("MX", "10 m.x.", b"\x00\x0a\x01m\x01x\x00"),
        ("SRV", "1 2 80 .", b"\x00\x01\x00\x02\x00\x50\x00"),
        ("TXT", '"a;b (c"', b"\x06a;b (c"),
        ("TXT", '""', b"\x00"),
    ],
)
def test_common_data_is_plain(rtype: str, text: str, wire: bytes) -> None:
    if rtype != "CNAME":  # the root alone is no plain name, and is left to dnspython
        assert plain_text(rtype, text, ".") in (text, None if rtype == "SRV" else text)
    assert plain_wire(rtype, text) == wire == rdata_wire(rtype, text)
    assert canonical_rdata(rtype, text) == text


SLOW: dict[str, Callable[[str], bool]] = {
    "labels": lambda text: names.labels(text) == names._read_labels(text),
    "canonical": lambda text: names.canonical(text) == names.to_text(names._read_labels(text)),
    "wire": lambda text: names.to_wire(text) == dns.name.from_text(text.lower()).to_wire(),
}


@pytest.mark.parametrize("what", SLOW)
def test_plain_names_are_read_as_all_names_are(what: str) -> None:
    @given(PLAIN_NAMES)
    @settings(max_examples=200, deadline=None, derandomize=True)
    def check(text: str) -> None:
        assert names.is_plain(text)
        assert SLOW[what](text)

    check()


@given(NAMES, NAMES)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_within_is_by_labels(name: str, above: str) -> None:
    def split(text: str) -> tuple[bytes, ...] | None:
        try:
            return names.labels(text)
        except ValueError:
            return None

    mine, theirs = split(name), split(above)
    if mine is not None and theirs is not None:
        inside = len(mine) >= len(theirs) and mine[len(mine) - len(theirs) :] == theirs
        assert names.is_within(name, above) == inside
    assert not names.is_plain("x.\n")
    assert not names.is_plain("x")
