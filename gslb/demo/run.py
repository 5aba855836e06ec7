"""`gslb demo`: the real server on the zones folder, toy sites behind it, and a tour."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from gslb.api import Parts
from gslb.compiler import AnyGeography
from gslb.demo.sites import Sites
from gslb.model import Refused
from gslb.publisher import read_checked
from gslb.service import live, serving
from gslb.settings import Settings, split_listen

SOCKET = "demo.sock"


async def demo(settings: Settings, say: Callable[[str], None]) -> None:
    """Run the demo until SIGTERM or SIGINT."""

    async def started(stage: tuple[Parts, Sites]) -> None:
        parts, sites = stage
        say(tour(parts, sites, await _viewer(parts)))

    await live(_stage(settings, say), started)


@contextlib.asynccontextmanager
async def _stage(
    settings: Settings, say: Callable[[str], None]
) -> AsyncIterator[tuple[Parts, Sites]]:
    """Start the sites, what commands them, and the real server."""
    world = await asyncio.to_thread(read_checked, settings.zones, AnyGeography())
    async with contextlib.AsyncExitStack() as stack:
        sites = await stack.enter_async_context(Sites.of(world))
        await stack.enter_async_context(_listen(settings.state / SOCKET, sites))
        console = asyncio.create_task(_console(sites, say))
        stack.callback(console.cancel)
        yield await stack.enter_async_context(serving(settings)), sites


async def command(state: Path, line: str) -> str:
    """Tell a running demo what to do with a site; give its sentence."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(state / SOCKET))
    except OSError as error:
        raise Refused(f"no demo is running on the state folder {state}; run: gslb demo") from error
    writer.write(f"{line}\n".encode())
    writer.write_eof()
    answer = (await reader.read()).decode().strip()
    writer.close()
    await writer.wait_closed()
    return answer


@contextlib.asynccontextmanager
async def _listen(path: Path, sites: Sites) -> AsyncIterator[None]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode(errors="replace")
        writer.write(f"{await sites.obey(line)}\n".encode())
        writer.close()

    _clear(path)
    server = await asyncio.start_unix_server(answer, str(path))
    try:
        yield
    finally:
        server.close()
        _clear(path)


def _clear(path: Path) -> None:
    """Remove a socket that an earlier demo left."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)


async def _console(sites: Sites, say: Callable[[str], None]) -> None:
    """Obey lines typed at the terminal, if there is one."""
    if not sys.stdin.isatty():
        return
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        if line.strip():
            say(await sites.obey(line.decode(errors="replace")))


async def _viewer(parts: Parts) -> str:
    """Make the page's token; an earlier demo's ends."""
    await parts.desk.store.delete_token("demo")
    return await parts.desk.store.create_token("demo", "viewer", datetime.now(UTC))


def tour(parts: Parts, sites: Sites, token: str) -> str:
    """Give the tour: lines to paste into another terminal."""
    host, port = split_listen(parts.dns[0])
    dig = f"dig @{host} -p {port} +short"
    vips = list(parts.desk.world.vips)
    first = sites.names[0] if sites.names else "SITE"
    state = parts.settings.state
    lines = [
        "",
        f"gslb {parts.version} answers on {', '.join(parts.dns)} (UDP and TCP).",
        f"Its page is at http://{parts.http}/#token={token}",
        "",
        "Ask, in another terminal:",
        *(f"  {dig} {name} A" for name in vips[:3]),
        "",
        f"Let a site die and come back (here: type `stop {first}`; elsewhere:)",
        f"  .venv/bin/gslb demo stop {first}",
        f"  .venv/bin/gslb demo start {first}",
        f"Other ways to be ill: hang {first}, break {first}. The sites: {', '.join(sites.names)}.",
        "",
        "Ask why:",
        *(
            f"  .venv/bin/gslb explain {name} --client 203.0.113.7 --state {state}"
            for name in vips[:1]
        ),
        f"  .venv/bin/gslb status --state {state}",
        "",
        "Ctrl-C ends it all.",
    ]
    return "\n".join(lines)
