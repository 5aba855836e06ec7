"""What is put into the store comes out again: every field, every edit, any world."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from store_worlds import NOW, fill, one_rrset, put, rich, vip_with, worlds

from gslb.model import (
    Datacenter,
    Edit,
    Invalid,
    Map,
    RrsetKey,
    TcpProbe,
    World,
    Zone,
    apply_edits,
    find_edits,
    value_at,
)
from gslb.store import Store, records

WORLD = rich()


async def test_a_new_store_is_empty_and_settled(store: Store) -> None:
    look = await store.look()
    assert (look.revision, look.touch, look.settled) == (0, 0, True)
    assert (await store.read()).world == World()


async def test_every_field_comes_back(store: Store) -> None:
    assert await fill(store, WORLD) == 1
    stored = await store.read()
    assert stored.world == WORLD
    assert (
        stored.world.model_dump_json()
        == WORLD.model_copy(update={"zones": stored.world.zones}).model_dump_json()
    ), "the order of names, pools, members and tiers comes back too"
    assert stored.revision == 1
    assert (await store.look()).settled


async def test_a_zone_of_many_parts_comes_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "AT_ONCE", 2)
    await fill(store, WORLD)
    assert len(WORLD.zones["gslb.example."].rrsets) > 4
    assert (await store.read()).world == WORLD
    await put(store, Edit("zones", ("gslb.example.",), WORLD.zones["gslb.example."]), base=1)
    assert (await store.read()).world == WORLD


EDITS: dict[str, Sequence[Edit]] = {
    "datacenter put": [Edit("datacenters", ("osaka",), Datacenter(location=(34.69, 135.5)))],
    "datacenter changed": [Edit("datacenters", ("tokyo",), Datacenter())],
    "probe changed in kind": [Edit("probes", ("web",), TcpProbe(kind="tcp"))],
    "probe deleted": [Edit("probes", ("plain",), None)],
    "map changed": [Edit("maps", ("world",), Map(otherwise=(("attic",),)))],
    "map deleted with its vip": [
        Edit("maps", ("fixed",), None),
        Edit("vips", ("all.gslb.example.",), None),
    ],
    "vip deleted": [Edit("vips", ("www.gslb.example.",), None)],
    "vip without a pool": [vip_with(WORLD, lambda raw: raw["pools"].pop("frankfurt"))],
    "vip to last resort": [vip_with(WORLD, lambda raw: raw.update(fallback="all"))],
    "vip renamed": [
        Edit("vips", ("www.gslb.example.",), None),
        Edit("vips", ("w.gslb.example.",), WORLD.vips["www.gslb.example."]),
    ],
    "zone put anew": [
        Edit(
            "zones",
            ("gslb.example.",),
            Zone(
                origin="gslb.example.",
                rrsets={
                    RrsetKey("x.gslb.example.", "A"): one_rrset("x.gslb.example.", "A", "192.0.2.1")
                },
            ),
        )
    ],
    "zone deleted": [Edit("zones", ("gslb.example.",), None)],
    "rrset put": [
        Edit(
            "rrsets",
            ("empty.example.", "x.empty.example.", "A"),
            one_rrset("x.empty.example.", "A", "192.0.2.2", "192.0.2.1"),
        )
    ],
    "rrset changed": [
        Edit(
            "rrsets",
            ("gslb.example.", "gslb.example.", "NS"),
            one_rrset("gslb.example.", "NS", "ns9.example."),
        )
    ],
    "rrset deleted": [Edit("rrsets", ("gslb.example.", "*.gslb.example.", "TXT"), None)],
    "the same key twice": [
        Edit("datacenters", ("osaka",), Datacenter()),
        Edit("datacenters", ("osaka",), None),
        Edit("datacenters", ("osaka",), Datacenter(location=(1, 2))),
    ],
    "a vip before what it names": [
        vip_with(WORLD, lambda raw: raw.update(map="new")),
        Edit("maps", ("new",), Map(otherwise=(("osaka",),))),
        Edit("datacenters", ("osaka",), Datacenter()),
    ],
    "nothing to delete": [Edit("maps", ("nowhere",), None)],
}


@pytest.mark.parametrize("name", EDITS)
async def test_an_edit_is_stored_as_it_would_be_applied(store: Store, name: str) -> None:
    await fill(store, WORLD)
    assert await put(store, *EDITS[name], base=1) == 2
    stored = await store.read()
    assert stored.world == apply_edits(WORLD, EDITS[name])
    assert (await store.look()).settled


async def test_a_changed_value_keeps_its_place_and_a_new_one_goes_last(store: Store) -> None:
    await fill(store, WORLD)
    await put(store, *EDITS["datacenter changed"], *EDITS["datacenter put"], base=1)
    world = (await store.read()).world
    assert list(world.datacenters) == ["tokyo", "frankfurt", "attic", "virginia", "osaka"]


async def test_a_change_writes_no_row_of_another_vip(store: Store) -> None:
    await fill(store, WORLD)
    before = (await store.look()).touch
    edit = vip_with(WORLD, lambda raw: raw.update(pools={"tokyo": raw["pools"]["tokyo"]}))
    await put(store, edit, base=1)
    old = 1 + 2 + 3 + 5  # the VIP, its last resort, its pools, its members
    new = 0 + 2 + 1 + 3
    assert (await store.look()).touch - before == old + new


@settings(
    max_examples=60,
    deadline=None,
    # One store for all examples, on purpose: each world is made out of the one before.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(world=worlds())
async def test_any_world_turns_into_any_other(store: Store, world: World) -> None:
    before = await store.read()
    edits = find_edits(before.world, world)
    revision = await put(store, *edits, base=before.revision)
    assert (await store.read()).world == world
    told = await store.audit(revision) if edits else []
    assert [row.after for row in told] == [
        edit.value and edit.value.model_dump_json() for edit in edits
    ]
    assert [row.before is None for row in told] == [
        value_at(before.world, edit) is None for edit in edits
    ]


async def test_what_names_the_unknown_is_refused_whole_with_every_path(store: Store) -> None:
    await fill(store, WORLD)
    bad = vip_with(WORLD, lambda raw: raw.update(map="mars", probe="no"))
    with pytest.raises(Invalid) as caught:
        await put(store, Edit("datacenters", ("osaka",), Datacenter()), bad, base=1)
    name = "www.gslb.example."
    assert {fault.path for fault in caught.value.faults} == {
        ("vips", name, "map"),
        ("vips", name, "probe"),
    }
    assert "'mars' does not exist in maps" in str(caught.value)
    stored = await store.read()
    assert (stored.world, stored.revision) == (WORLD, 1)
    assert await put(store, *EDITS["datacenter put"], base=1) == 2, "the store goes on"


async def test_what_is_still_named_cannot_be_deleted(store: Store) -> None:
    await fill(store, WORLD)
    with pytest.raises(Invalid, match="/datacenters/attic: a VIP or a map still names it"):
        await put(store, Edit("datacenters", ("attic",), None), base=1)
    rrset = one_rrset("x.nowhere.", "A", "192.0.2.1")
    with pytest.raises(Invalid, match=r"zones/nowhere.*'nowhere\.' does not exist in zones"):
        await put(store, Edit("rrsets", ("nowhere.", "x.nowhere.", "A"), rrset), base=1)
    assert (await store.read()).world == WORLD


async def test_no_edits_make_no_revision(store: Store) -> None:
    await fill(store, WORLD)
    none: list[Edit] = []
    given = {"author": "a", "summary": "s", "at": NOW}
    assert await store.commit(none, base=1, source="api", **given) == 1  # type: ignore[arg-type]
    assert len(await store.revisions()) == 1
