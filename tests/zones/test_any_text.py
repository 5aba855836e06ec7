"""Whatever stands in the files, reading and checking end with faults and never with an error."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gslb.compiler import check
from gslb.zones import locate, read_folder

EXAMPLE = Path(__file__).parents[2] / "zones"
FILES = {file.name: file.read_text() for file in sorted(EXAMPLE.iterdir())}
BITS = st.sampled_from(
    [
        *'()"\\{}[]:*$\n\t\0é0;#%|',
        *(
            "- ",
            "&a ",
            "!x ",
            "-1",
            "99999999999999999999",
            "<<",
            "..",
            "null",
            "\\300",
            "''",
            "1e999",
        ),
        *("$INCLUDE", "$ORIGIN", "$GENERATE 1-3 a$ A 192.0.2.$\n", "TYPE65535 \\# 1 00", "SOA"),
    ]
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), BITS), min_size=1, max_size=4)


@given(st.sampled_from(sorted(FILES)), EDITS)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_reading_never_raises(name: str, edits: list[tuple[float, int, str]]) -> None:
    text = FILES[name]
    for share, cut, bit in edits:
        at = int(share * len(text))
        text = text[:at] + bit + text[at + cut :]
    with tempfile.TemporaryDirectory() as folder:
        for file, right in FILES.items():
            (Path(folder) / file).write_text(text if file == name else right)
        reading = read_folder(Path(folder))
        faults = (*reading.faults, *locate(check(reading.world, reading.broken), reading.places))
    for fault in faults:
        assert fault.place is not None, fault
        assert fault.place.line >= 1
        assert fault.sentence
        assert "\n" not in fault.sentence, fault
