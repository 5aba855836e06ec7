"""Tokens: made here and shown once; the store keeps their hashes."""

from datetime import UTC, datetime
from typing import Literal

from aiohttp import web
from pydantic import ValidationError

from gslb.api.parts import PARTS
from gslb.api.problems import read_json
from gslb.model import Invalid
from gslb.model.faults import faults_from
from gslb.model.values import Key, Noun


class _Wanted(Noun):
    name: Key
    role: Literal["viewer", "operator", "admin"]


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [
        web.get("/api/v1/tokens", listing),
        web.post("/api/v1/tokens", create),
        web.delete("/api/v1/tokens/{name}", delete),
    ]


async def listing(request: web.Request) -> web.Response:
    """Give the tokens' names and roles; their secrets are nowhere."""
    found = await request.app[PARTS].desk.store.tokens()
    return web.json_response(
        [
            {"name": token.name, "role": token.role, "created_at": token.created_at.isoformat()}
            for token in found
        ]
    )


async def delete(request: web.Request) -> web.Response:
    """End a token at once."""
    name = request.match_info["name"]
    if not await request.app[PARTS].desk.store.delete_token(name):
        raise web.HTTPNotFound(text=f"there is no token named {name}")
    return web.json_response({"deleted": name})


async def create(request: web.Request) -> web.Response:
    """Make a token: `{"name": "ci", "role": "operator"}`; only this reply shows it."""
    try:
        wanted = _Wanted.model_validate(await read_json(request))
    except ValidationError as error:
        raise Invalid(faults_from(error)) from error
    store = request.app[PARTS].desk.store
    secret = await store.create_token(wanted.name, wanted.role, datetime.now(UTC))
    return web.json_response({"token": secret, **wanted.model_dump()}, status=201)
