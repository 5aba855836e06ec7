"""unbound and BIND find a VIP from the root down, before a failover, after it, and back again."""

import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from chain import GSLB, PORT, RESOLVER, SITES, write_parent, write_resolver, write_zones
from netns import Namespace, end, namespace
from node import until
from peers import path_of

WWW = "www.gslb.example."
TOKYO, FRANKFURT = ["192.0.2.10"], ["198.51.100.10"]
RESOLVERS = [pytest.param(name, marks=pytest.mark.peer(name)) for name in ("unbound", "named")]

pytestmark = [
    pytest.mark.peer("nsd"),
    pytest.mark.peer("dig"),
    pytest.mark.slow,
    pytest.mark.timeout(90),
]


class Chain:
    """Everything from the root to the sites, and a client of the resolver."""

    def __init__(self, space: Namespace, stack: AsyncExitStack) -> None:
        self._space = space
        self._stack = stack
        self._sites: dict[str, Process] = {}

    async def start(self, resolver: str, folder: Path) -> None:
        """Start all of it; nothing is waited for but the resolver's first answer."""
        # BIND listens only on addresses that an interface has.
        await self._space.run(path_of("ip"), "address", "add", f"{RESOLVER}/32", "dev", "lo")
        for name in SITES:
            await self.start_site(name)
        zones, state = write_zones(folder / "zones"), folder / "state"
        gslb = (sys.executable, "-m", "gslb", "serve", "--zones", str(zones), "--state", str(state))
        listen = ("--dns", f"{GSLB}:53", "--http", f"{GSLB}:8053", "--node", "test")
        await self._run("gslb", *gslb, *listen, "--workers", "1")
        for name, command in (
            ("nsd", write_parent(folder / "parent")),
            (resolver, write_resolver(resolver, folder / "resolver")),
        ):
            await self._run(name, path_of(command[0]), *command[1:])
        await self.answers(TOKYO)

    async def _run(self, name: str, *command: str) -> Process:
        return await self._stack.enter_async_context(self._space.running(name, *command))

    async def start_site(self, name: str) -> None:
        """Start a toy site."""
        site = (sys.executable, "-m", "gslb.demo.site", name, SITES[name], str(PORT))
        self._sites[name] = await self._run(name, *site)

    async def stop_site(self, name: str) -> None:
        """Kill a toy site's process."""
        self._sites[name].kill()
        await end(self._sites.pop(name))

    async def dig(self, *question: str) -> str:
        """Ask the resolver once; give what dig prints."""
        return await self._space.run(
            path_of("dig"), f"@{RESOLVER}", *question, "+time=2", "+tries=1"
        )

    async def short(self, *question: str) -> list[str]:
        """Give the data of the answer, nothing while there is none."""
        lines = (await self.dig(*question, "+short")).splitlines()
        return [line for line in lines if not line.startswith(";")]

    async def answers(self, wanted: list[str]) -> None:
        """Wait until the resolver answers so."""

        async def is_so() -> bool:
            return await self.short(WWW, "A") == wanted

        await until(is_so, f"the resolver answers {WWW} with {wanted}", within=30)


@pytest.fixture(params=RESOLVERS)
async def chain(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Chain]:
    """Stand everything up with one of the resolvers."""
    async with AsyncExitStack() as stack:
        space = await stack.enter_async_context(namespace(tmp_path))
        started = Chain(space, stack)
        try:
            await started.start(request.param, tmp_path)
        except AssertionError:
            for name in ("gslb", "nsd", request.param):
                print(f"--- {name}\n{space.log(name)}")  # noqa: T201  (shown with the failure)
            raise
        yield started


async def test_a_resolver_follows_a_failover_and_the_way_back(chain: Chain) -> None:
    await chain.stop_site("tokyo")
    await chain.answers(FRANKFURT)
    await chain.start_site("tokyo")
    await chain.answers(TOKYO)


async def test_a_resolver_finds_every_kind_of_name(chain: Chain) -> None:
    assert await chain.short("shop.gslb.example.", "A") == [WWW, *TOKYO]
    assert await chain.short("shop.gslb.example.", "A", "+tcp") == [WWW, *TOKYO]
    assert await chain.short("note.gslb.example.", "TXT") == ['"found by delegation"']
    assert await chain.short("gslb.example.", "NS") == ["ns1.gslb.example."]
    nodata = await chain.dig(WWW, "AAAA")
    assert "status: NOERROR" in nodata
    assert "ANSWER: 0" in nodata
    assert "status: NXDOMAIN" in await chain.dig("nothing.gslb.example.", "A")
