"""Serials grow with every change of their zone and no other; nodes on one store agree on them."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from atlases import nowhere

from gslb.compiler.serial import is_newer
from gslb.model import Datacenter, Edit, Rrset, Steering, Vip, World, Zone
from gslb.plane import Plane
from gslb.publisher import Desk, Press, StateFolder
from gslb.telemetry import Alarms

WRITTEN = 2**32 - 3  # the serials turn over on the way (RFC 1982)


class Watch:
    """Probes nothing."""

    def follow(self, steering: Steering) -> None:
        """Take the steering."""

    def memory(self) -> dict[str, Any]:
        """Have no verdicts."""
        return {}


class Node:
    """A desk with its press, as a node has them."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.state = StateFolder(folder)
        self.press = Press(Plane(), lambda _: 1.0, nowhere())
        self.desk = Desk(
            f"sqlite:///{store}",
            press=self.press,
            watch=Watch(),
            state=self.state,
            alarms=Alarms(lambda: 0.0),
            now=lambda: 1.0e9,
        )

    async def change(self, *edits: Edit) -> None:
        """Make edits as one revision."""

        def change(_: World) -> Sequence[Edit]:
            return edits

        await self.desk.submit(change, author="ada", source="api", summary="test")

    async def follow(self) -> dict[str, int]:
        """Take up what the store holds; give the serials."""
        await self.desk.load()
        return self.press.serials


@asynccontextmanager
async def node(folder: Path, store: Path) -> AsyncIterator[Node]:
    """Open a node on a store; what it served before is restored."""
    async with AsyncExitStack() as stack:
        found = Node(folder, store)
        found.state.open()
        stack.callback(found.state.close)
        stack.push_async_callback(found.desk.close)
        if (served := found.state.load()) is not None:
            found.desk.restore(served)
        await found.desk.open(create=True)
        yield found


def rrset(name: str, rtype: str, *rdata: str) -> Rrset:
    return Rrset(name=name, type=rtype, ttl=60, rdata=rdata)


def zone(origin: str, serial: int = WRITTEN) -> Zone:
    soa = f"ns.other. admin.{origin} {serial} 3600 900 604800 60"
    parts = (rrset(origin, "SOA", soa), rrset(origin, "NS", "ns.other."))
    return Zone(origin=origin, rrsets={part.key: part for part in parts})


def vip(weight: int) -> Vip:
    pool = {"members": [{"address": "192.0.2.1", "weight": weight}]}
    return Vip.model_validate({"pools": {"tokyo": pool}})


def world() -> World:
    vips = {"www.a.example.": vip(1), "www.sub.a.example.": vip(1)}
    zones = {origin: zone(origin) for origin in ("a.example.", "b.example.")}
    return World.model_validate({"datacenters": {"tokyo": {}}, "vips": vips, "zones": zones})


def _sql(store: Path) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE members SET weight = 7 WHERE vip = 'www.a.example.'")
    connection.close()


OSAKA = Datacenter()
SUB = "sub.a.example."
TXT = rrset("t.a.example.", "TXT", '"1"')
STEPS: list[tuple[str, Callable[[Path], Sequence[Edit] | None], set[str]]] = [
    ("a record", lambda _: [Edit("rrsets", ("a.example.", *TXT.key), TXT)], {"a.example."}),
    ("gone", lambda _: [Edit("rrsets", ("a.example.", *TXT.key), None)], {"a.example."}),
    ("a VIP", lambda _: [Edit("vips", ("www.a.example.",), vip(2))], {"a.example."}),
    ("by SQL", _sql, {"a.example."}),
    ("elsewhere", lambda _: [Edit("datacenters", ("osaka",), OSAKA)], set()),
    ("a child comes", lambda _: [Edit("zones", (SUB,), zone(SUB, 10))], {"a.example.", SUB}),
    ("its VIP", lambda _: [Edit("vips", (f"www.{SUB}",), vip(2))], {SUB}),
    ("it goes", lambda _: [Edit("zones", (SUB,), None)], {"a.example."}),
    ("the VIP fell back", lambda _: [Edit("vips", (f"www.{SUB}",), vip(3))], {"a.example."}),
    ("b", lambda _: [Edit("zones", ("b.example.",), zone("b.example.", 2))], {"b.example."}),
]


async def test_serials_grow_where_something_changed_and_nodes_agree(tmp_path: Path) -> None:
    """Also a node that slept and sees many revisions at once, and one that starts from nothing."""
    store = tmp_path / "gslb.db"
    async with (
        node(tmp_path / "one", store) as one,
        node(tmp_path / "two", store) as two,
        node(tmp_path / "sleeper", store) as sleeper,
    ):
        await one.desk.fill(world(), source="start", author="test", summary="fill")
        assert one.press.serials == {"a.example.": WRITTEN + 1, "b.example.": WRITTEN + 1}
        assert await sleeper.follow() == one.press.serials
        for number, (what, step, touched) in enumerate(STEPS):
            before = one.press.serials
            edits = step(store)
            if edits is not None:
                await (one, two)[number % 2].change(*edits)
            after = await one.follow()
            assert after == await two.follow(), what
            for origin in before.keys() & after.keys() - {"b.example."}:
                grew = is_newer(after[origin], before[origin])
                assert grew == (origin in touched), (what, origin)
                assert grew or before[origin] == after[origin], (what, origin)
        assert one.press.serials["b.example."] == 2 + one.desk.revision
        assert await sleeper.follow() == one.press.serials
        async with node(tmp_path / "three", store) as three:
            assert await three.follow() == one.press.serials
        last, written = one.press.serials, one.press.world
    async with node(tmp_path / "one", store) as again:
        assert again.press.serials == last, "restored from the state folder"
        assert again.press.world == written
        assert await again.follow() == last


async def test_changed_and_changed_back_is_seen_by_who_slept(tmp_path: Path) -> None:
    store = tmp_path / "gslb.db"
    async with node(tmp_path / "one", store) as one, node(tmp_path / "two", store) as two:
        await one.desk.fill(world(), source="start", author="test", summary="fill")
        await two.follow()
        await one.change(Edit("rrsets", ("a.example.", *TXT.key), TXT))
        await one.change(Edit("rrsets", ("a.example.", *TXT.key), None))
        assert await two.follow() == one.press.serials
        assert two.press.serials["a.example."] == (WRITTEN + 3) % 2**32


async def test_numbers_that_a_database_leaves_out_are_kept_in_mind(tmp_path: Path) -> None:
    store = tmp_path / "gslb.db"
    async with node(tmp_path / "one", store) as one, node(tmp_path / "two", store) as two:
        await one.desk.fill(world(), source="start", author="test", summary="fill")
        commit = one.desk.store.commit

        async def skipping(*edits: Any, **more: Any) -> int:
            revision = await commit(*edits, **more)
            with sqlite3.connect(store) as connection:
                connection.execute("PRAGMA defer_foreign_keys = ON")
                for table in ("revisions", "audit"):
                    connection.execute(
                        f"UPDATE {table} SET revision = 9 WHERE revision = {revision}"
                    )
            connection.close()
            return 9

        one.desk.store.commit = skipping  # type: ignore[method-assign]
        await one.change(Edit("rrsets", ("a.example.", *TXT.key), TXT))
        assert one.press.serials["a.example."] == (WRITTEN + 9) % 2**32
        assert await two.follow() == one.press.serials
