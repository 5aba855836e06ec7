"""A zone's RRsets are kept in rows, and seen, compared and edited as RRsets."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gslb.model import Edit, Rrset, RrsetKey, Rrsets, World, Zone, apply_edits, find_edits
from gslb.model.rrsets import Rows, row_of, rrset_of

ORIGIN = "x.example."


def rrset(name: str, *rdata: str, ttl: int = 300) -> Rrset:
    return Rrset(name=f"{name}.{ORIGIN}", type="A", ttl=ttl, rdata=rdata)


def zone(*rrsets: Rrset) -> Zone:
    return Zone(origin=ORIGIN, rrsets=Rrsets.of(rrsets))


A, B, C = rrset("a", "192.0.2.1"), rrset("b", "192.0.2.1", "192.0.2.2"), rrset("c", "192.0.2.3")
B2 = rrset("b", "192.0.2.9")


def test_rows_are_seen_as_rrsets() -> None:
    rrsets = Rrsets.of([A, B])
    assert rrsets == {A.key: A, B.key: B}
    assert list(rrsets) == [A.key, B.key]
    assert [key.type for key in rrsets] == ["A", "A"]
    assert rrsets[B.key] == B
    assert rrsets.get(C.key) is None
    assert B.key in rrsets
    assert C.key not in rrsets
    assert len(rrsets) == 2
    assert rrsets != Rrsets.of([A])
    assert rrsets == Rrsets.of([B, A])
    assert rrset_of(B.key, row_of(B)) == B
    assert copy.deepcopy(zone(A)) == zone(A)


def test_rows_may_come_later_and_come_once() -> None:
    asked = []

    def load() -> Rows:
        asked.append(1)
        return {(A.name, A.type): row_of(A)}

    rrsets = Rrsets(load)
    assert (rrsets.are_read, asked) == (False, [])
    assert rrsets == Rrsets.of([A])
    assert rrsets[A.key] == A
    assert (rrsets.are_read, asked) == (True, [1])


def test_every_form_of_a_zone_is_one_zone() -> None:
    right = zone(A, B)
    listed: dict[str, Any] = {"origin": ORIGIN, "rrsets": [A.model_dump(), B.model_dump()]}
    assert Zone.model_validate(listed) == right
    assert Zone(origin=ORIGIN, rrsets={A.key: A, B.key: B}) == right
    assert Zone.model_validate(right.model_dump()) == right
    assert Zone.model_validate_json(right.model_dump_json()) == right
    assert right.model_dump(mode="json")["rrsets"] == [
        {"name": A.name, "type": "A", "ttl": 300, "rdata": ["192.0.2.1"]},
        {"name": B.name, "type": "A", "ttl": 300, "rdata": ["192.0.2.1", "192.0.2.2"]},
    ]
    assert "rrsets" in Zone.model_json_schema()["properties"]


@pytest.mark.parametrize(
    ("rrsets", "sentence"),
    [
        ([A, A], "stands twice"),
        ({RrsetKey("b.x.example.", "A"): A}, "is not the key"),
        (
            [{"name": "a.x.example.", "type": "A", "ttl": 1, "rdata": ["192.0.2.300"]}],
            "192.0.2.300",
        ),
        (5, "tuple"),
    ],
)
def test_a_bad_zone_is_refused(rrsets: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Zone(origin=ORIGIN, rrsets=rrsets)


VALUES = st.sampled_from(
    ["a.x.example.", "A.x.example.", "1.x.example.", "a\\.b.x.example.", "x", "A", "a", "CAA",
     "TXT", "TYPE1", 300, 0, -1, True, 2**31, 1.5, None, "300", [], ["192.0.2.1"], ["192.0.2.01"],
     ("192.0.2.1", "192.0.2.2"), ["192.0.2.1", "192.0.2.1"], ['"t"'], ["0 issue ca"], [5], [["x"]],
     {"192.0.2.1": 1}]
)  # fmt: skip


@given(st.lists(st.fixed_dictionaries(
    {"name": VALUES, "type": VALUES, "ttl": VALUES, "rdata": VALUES}, optional={"more": VALUES})
    | st.sampled_from([A.model_dump(), B.model_dump(), A, 5, {}]), max_size=3))  # fmt: skip
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_list_is_taken_as_the_model_takes_each(items: list[Any]) -> None:
    def told(take: Callable[[], Rrsets]) -> object:
        try:
            return take().rows
        except (ValidationError, ValueError) as error:
            return [
                (e["loc"], e["msg"]) for e in error.errors(include_url=False)
            ] if isinstance(error, ValidationError) else str(error)  # fmt: skip

    def by_the_model() -> Rrsets:
        found = TypeAdapter(tuple[Rrset, ...]).validate_python(items)
        if len({rrset.key for rrset in found}) < len(found):
            raise ValueError("stands twice")
        return Rrsets.of(found)

    quick, right = told(lambda: zone_of(items).rrsets), told(by_the_model)
    if isinstance(right, list):
        right = [(("rrsets", *loc), msg) for loc, msg in right]
    assert quick == right or (right == "stands twice" and "stands twice" in str(quick))


def zone_of(items: list[Any]) -> Zone:
    return Zone.model_validate({"origin": ORIGIN, "rrsets": items})


def test_edits_lead_from_one_zone_to_the_other() -> None:
    before, after = (World(zones={ORIGIN: found}) for found in (zone(A, B), zone(B2, C)))
    edits = find_edits(before, after)
    assert {(edit.key[1][0], edit.value) for edit in edits} == {("a", None), ("b", B2), ("c", C)}
    assert apply_edits(before, edits) == after
    assert before.zones[ORIGIN] == zone(A, B)
    assert find_edits(after, after) == ()


def test_edits_of_a_zone_and_of_its_rrsets_act_in_their_order() -> None:
    world = World(zones={ORIGIN: zone(A)})
    edits = [
        Edit("rrsets", (ORIGIN, *B.key), B),
        Edit("zones", (ORIGIN,), zone(C)),
        Edit("rrsets", (ORIGIN, *B2.key), B2),
    ]
    assert apply_edits(world, edits).zones == {ORIGIN: zone(C, B2)}
    assert apply_edits(world, [*edits, Edit("zones", (ORIGIN,), None)]).zones == {}
