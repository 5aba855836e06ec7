"""The admin API's life: routes, middlewares, a TCP address and a unix socket."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from gslb.api import explaining, load, page, status, tokens, values, world, zones
from gslb.api.auth import KNOWN, auth
from gslb.api.parts import PARTS, Parts
from gslb.api.problems import problems
from gslb.model import Refused
from gslb.settings import split_listen

LARGEST_BODY = 256 * 1024 * 1024  # octets; a whole world is put in one body
STOP_WITHIN = 0.5  # seconds for open requests to end


def make_app(parts: Parts) -> web.Application:
    """Make the application; every resource brings its own routes."""
    app = web.Application(middlewares=[problems, auth], client_max_size=LARGEST_BODY)
    app[PARTS] = parts
    app[KNOWN] = {}
    app[explaining.IMAGINING] = asyncio.Lock()
    for resource in (page, status, explaining, values, zones, world, load, tokens):
        app.add_routes(resource.routes())
    return app


@asynccontextmanager
async def open_api(parts: Parts) -> AsyncIterator[str]:
    """Listen on the settings' address and on the unix socket; give the real TCP address."""
    runner = web.AppRunner(make_app(parts), access_log=None, shutdown_timeout=STOP_WITHIN)
    await runner.setup()
    try:
        yield await _listen(runner, parts)
    finally:
        await runner.cleanup()
        parts.settings.socket.unlink(missing_ok=True)


async def _listen(runner: web.AppRunner, parts: Parts) -> str:
    host, port = split_listen(parts.settings.http)
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise Refused(
            f"cannot listen for the admin API on {parts.settings.http}: "
            f"{os.strerror(error.errno or 0)}; "
            "stop what holds the port, or choose another with --http"
        ) from error
    path = parts.settings.socket
    path.unlink(missing_ok=True)  # a dead process's; the state folder's lock says it is ours
    await web.UnixSite(runner, str(path)).start()
    path.chmod(0o600)
    host, port = runner.addresses[0][:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
