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
    return [web.post("/api/v1/tokens", create)]


async def create(request: web.Request) -> web.Response:
    """Make a token: `{"name": "ci", "role": "operator"}`; only this reply shows it."""
    try:
        wanted = _Wanted.model_validate(await read_json(request))
    except ValidationError as error:
        raise Invalid(faults_from(error)) from error
    store = request.app[PARTS].desk.store
    secret = await store.create_token(wanted.name, wanted.role, datetime.now(UTC))
    return web.json_response({"token": secret, **wanted.model_dump()}, status=201)
