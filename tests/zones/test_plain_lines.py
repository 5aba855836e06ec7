"""Plain lines, read without a parser, give what dnspython gives for the file, faults and all."""

import re
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gslb.zones import master as reading
from gslb.zones.lines import LINE
from gslb.zones.master import Master, read_master

NEVER = re.compile(r"(?!)")
OWNERS = st.sampled_from(
    ["", "", "@", "a", "A", "b", "*", "a.b", "a.x.example.", "X.Example.", "y.test.", "_sip._tcp",
     "0/25", "300", "in", "a\\.b", "\\065", "ü", "a..b", ".", "x.example", "a" * 64, "b" * 63]
)  # fmt: skip
TTLS = st.sampled_from(["", "", "", "300", "0", "007", "1h", "2147483647", "2147483648", "9" * 11])
CLASSES = st.sampled_from(["", "", "IN", "in", "CH", "IN 60"])
GAPS = st.sampled_from([" ", " ", " ", "\t", "  ", "\f", ""])
ENDS = st.sampled_from(["", "", "", " ", "\r", " ; comment (", ";x", ' ; "', " )", "\\"])
RECORDS = st.sampled_from(
    ["A 192.0.2.1", "A 192.0.2.1", "a 192.0.2.2", "A 192.0.2.300", "A", "AAAA 2001:DB8::1",
     "AAAA ::", "NS ns", "NS NS", "ns ns.x.example.", "CNAME b", "PTR @", "MX 10 a", "MX 010 a",
     "MX 10 A.x.example.", "SRV 1 2 3 a", 'TXT "a;b"', 'TXT "a" "b"', "TXT a", 'TXT "(',
     "A ( 192.0.2.9 )",
     "SOA ns h 1 2 3 4 5", "SOA ns h ( 1 2\n 3 4 5 )", "CAA 0 issue ca", "TYPE1 \\# 4 01020304",
     "HTTPS 1 . alpn=h2", "NS .", "A 192.0.2.1 1", "FOO bar", "ANY x", "MX 10 " + "c" * 64]
)  # fmt: skip
DIRECTIVES = st.sampled_from(
    ["$TTL 60", "$TTL 1h", "$ORIGIN b", "$ORIGIN X.Example.", "$ORIGIN a\\.b", "$ORIGIN .",
     "$ORIGIN test.", "$GENERATE 1-3 h$ A 192.0.2.$", "$INCLUDE part.inc", "$INCLUDE part.inc sub",
     "$WHAT", "", "; a", "   ", "\t; b", "$TTL", "$ORIGIN B.x.example."]
)  # fmt: skip
LINES = (
    st.tuples(OWNERS, GAPS, TTLS, GAPS, CLASSES, GAPS, RECORDS, ENDS).map("".join)
    | st.builds("{} {} IN {}{}".format, OWNERS, TTLS, RECORDS, ENDS)
    | st.builds("{} {}".format, OWNERS, RECORDS)
    | DIRECTIVES
)
FILES = st.lists(LINES, max_size=14).map("\n".join)


def told(master: Master) -> object:
    """Give all that was found, in its order."""
    return (
        list(master.rrsets.rows.items()),
        [str(fault) for fault in master.faults],
        [fault.path for fault in master.faults],
        list(master.places.items()),
        master.broken,
    )


def both(text: str, part: str, origin: str) -> tuple[Master, Master]:
    """Read a file as it is read, and with dnspython alone."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.zone"
        file.write_bytes(text.encode())
        (Path(folder) / "part.inc").write_bytes(part.encode())
        quick = read_master(file, origin)
        with patch.object(reading, "LINE", NEVER):
            return quick, read_master(file, origin)


@given(FILES, FILES, st.sampled_from(["x.example.", ".", "example.", "a\\.b.x.example."]))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_the_short_way_is_no_other_way(text: str, part: str, origin: str) -> None:
    quick, slow = both(text, part, origin)
    assert told(quick) == told(slow)


HEAD = "$TTL 300\n@ SOA ns h 1 2 3 4 5\n"


@pytest.mark.parametrize(
    "line",
    ["a IN A 192.0.2.1", "@ A 192.0.2.1", "  60 IN AAAA ::1", "a.x.example. MX 10 b ; mail",
     "a NS b\r", '* IN TXT "v=spf1 -all; (x)"', "_s._tcp SRV 0 0 80 b", "a\t60\tin\tcname\tB",
     "4.3 IN PTR a.test."],
)  # fmt: skip
def test_common_lines_are_plain(line: str) -> None:
    quick, slow = both(f"{HEAD}{line}\n", "", "x.example.")
    assert told(quick) == told(slow)
    assert quick.faults == []
    assert LINE.fullmatch(f"{line}\n")


def test_records_of_one_name_may_stand_apart() -> None:
    """Of a name that comes back after others its first line is still known."""
    lines = [f"h{at % 50} A 192.0.2.{at % 75}" for at in range(300)]
    quick, slow = both(HEAD + "\n".join(lines), "", "x.example.")
    assert told(quick) == told(slow)
    assert len(quick.faults) == sum(lines.index(line) != at for at, line in enumerate(lines)) > 0
