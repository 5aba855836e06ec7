"""The whole world at once: what `gslb export` reads and `gslb apply` puts."""

import asyncio

from aiohttp import web
from pydantic import ValidationError

from gslb.api.auth import CALLER
from gslb.api.parts import PARTS
from gslb.api.problems import read_json
from gslb.api.values import is_dry_run
from gslb.model import Edit, Invalid, World, find_edits
from gslb.model.faults import faults_from


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [web.get("/api/v1/world", read_world), web.put("/api/v1/world", put_world)]


async def read_world(request: web.Request) -> web.Response:
    """Give everything that an operator has said, and the revision at which."""
    desk = request.app[PARTS].desk
    world = await desk.whole()
    revision = desk.revision
    told = await asyncio.to_thread(world.model_dump_json)  # long, in a large world
    text = f'{{"revision": {revision}, "world": {told}}}'
    return web.json_response(text=text)


async def put_world(request: web.Request) -> web.Response:
    """Make the world be this one, in one revision; `?dry_run=true` only says what would change."""
    try:
        world = await asyncio.to_thread(World.model_validate, await read_json(request))
    except ValidationError as error:
        raise Invalid(faults_from(error)) from error
    desk = request.app[PARTS].desk
    edits: list[Edit] = []

    def change(before: World) -> list[Edit]:
        edits[:] = find_edits(before, world)
        return edits

    if is_dry_run(request):
        await desk.rehearse(change)
        revision = desk.revision
    else:
        receipt = await desk.submit(
            change, author=request[CALLER], source="files", summary="the whole world was applied"
        )
        revision = receipt.revision
    return web.json_response({"revision": revision, "edits": [edit.told() for edit in edits]})
