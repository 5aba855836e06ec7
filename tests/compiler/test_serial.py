"""The serial in the SOA: raised in the document, told as written, compared as RFC 1982 says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gslb import snapshot
from gslb.compiler import compile_zone
from gslb.compiler.restore import restore_zone
from gslb.compiler.serial import is_newer, serial_of, soa_of
from gslb.model import Rrset, RrsetKey, World, Zone

NUMBER = st.integers(0, 2**32 - 1)


def world(serial: int) -> World:
    soa = f"ns.other. a\\.b.z.example. {serial} 1 2 3 4294967295"
    parts = [
        Rrset(name="z.example.", type="SOA", ttl=60, rdata=(soa,)),
        Rrset(name="z.example.", type="NS", ttl=60, rdata=("ns.other.",)),
    ]
    zone = Zone(origin="z.example.", rrsets={part.key: part for part in parts})
    return World(zones={"z.example.": zone})


@given(written=NUMBER, changed=st.integers(0, 2**31 - 1))
def test_a_document_answers_the_sum_and_gives_back_what_was_written(
    written: int, changed: int
) -> None:
    before = world(written)
    compiled = compile_zone(before, "z.example.", changed)
    answered = (written + changed) % 2**32
    assert compiled.soa == soa_of(snapshot.decode_zone(compiled.document))
    assert serial_of(compiled.soa) == answered
    assert restore_zone(compiled.document) == before.zones["z.example."]
    assert changed == 0 or is_newer(answered, written)


def test_only_the_serial_is_changed() -> None:
    compiled = snapshot.decode_zone(compile_zone(world(7), "z.example.", 5).document)
    key = RrsetKey("z.example.", "SOA")
    raised = compile_zone(world(12), "z.example.").document
    assert compiled.rrsets == snapshot.decode_zone(raised).rrsets
    assert restore_zone(raised).rrsets[key].rdata[0].split()[2] == "12"


@pytest.mark.parametrize(
    ("serial", "than"),
    [(1, 0), (100, 44), (0, 2**32 - 1), (200, 2**32 - 200), (2**31 - 1, 0), (5, 2**31 + 6)],
)
def test_3_2_comparison(serial: int, than: int) -> None:
    assert is_newer(serial, than)
    assert not is_newer(than, serial)
    assert not is_newer(serial, serial)


def test_3_2_half_the_circle_away_is_neither() -> None:
    assert not is_newer(2**31, 0)
    assert not is_newer(0, 2**31)
