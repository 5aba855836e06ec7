"""Zones and their RRsets."""

import asyncio
from typing import Any, TypeVar

from aiohttp import web
from pydantic import ValidationError

from gslb.api.parts import PARTS
from gslb.api.problems import read_json
from gslb.api.values import submit
from gslb.model import Edit, Fault, Invalid, Rrset, RrsetKey, Rrsets, Zone
from gslb.model.faults import faults_from
from gslb.model.names import canonical
from gslb.model.records import canonical_type

N = TypeVar("N", Zone, Rrset)

_ZONE = "/api/v1/zones/{zone}"
_RRSET = f"{_ZONE}/rrsets/{{name}}/{{type}}"


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [
        web.get("/api/v1/zones", list_zones),
        web.get(_ZONE, read_zone),
        web.put(_ZONE, put_zone),
        web.delete(_ZONE, delete_zone),
        web.get(f"{_ZONE}/rrsets", list_rrsets),
        web.get(_RRSET, read_rrset),
        web.put(_RRSET, put_rrset),
        web.delete(_RRSET, delete_rrset),
    ]


async def list_zones(request: web.Request) -> web.Response:
    """Give each zone's number of RRsets."""
    world = await request.app[PARTS].desk.whole()
    return web.json_response({o: {"rrsets": len(zone.rrsets)} for o, zone in world.zones.items()})


async def read_zone(request: web.Request) -> web.Response:
    """Give one zone, whole."""
    zone = await _zone(request)
    return web.json_response(text=await asyncio.to_thread(zone.model_dump_json))


async def put_zone(request: web.Request) -> web.Response:
    """Put a zone: `{"rrsets": [{"name", "type", "ttl", "rdata": […]}, …]}`."""
    origin = _name(request, "zone")
    request["root"] = ("zones", origin)
    body, path = await read_json(request), {"origin": origin}
    zone = await asyncio.to_thread(_valid, Zone, body, path, request["root"])
    return await submit(request, lambda: Edit("zones", (origin,), zone))


async def delete_zone(request: web.Request) -> web.Response:
    """Delete a zone with all its records."""
    origin = (await _zone(request)).origin
    return await submit(request, lambda: Edit("zones", (origin,), None))


async def list_rrsets(request: web.Request) -> web.Response:
    """Give a zone's RRsets; `?name=` for those of one name."""
    rrsets = (await _zone(request)).rrsets
    name = request.query.get("name")
    wanted = None if name is None else _canonical(name)
    return web.json_response(text=await asyncio.to_thread(_listed, rrsets, wanted))


def _listed(rrsets: Rrsets, wanted: str | None) -> str:
    """Give RRsets as JSON text: all, or those of one name."""
    keys = [key for key in rrsets.rows if wanted is None or key[0] == wanted]
    return f"[{', '.join(rrsets[key].model_dump_json() for key in keys)}]"


async def read_rrset(request: web.Request) -> web.Response:
    """Give one RRset."""
    zone, key = await _zone(request), _key(request)
    if key not in zone.rrsets:
        raise web.HTTPNotFound(text=f"zone {zone.origin} has no {key.name} {key.type}")
    return web.json_response(zone.rrsets[key].model_dump(mode="json"))


async def put_rrset(request: web.Request) -> web.Response:
    """Put an RRset: `{"ttl": 300, "rdata": ["192.0.2.1"]}`."""
    zone, key = await _zone(request), _key(request)
    request["root"] = ("zones", zone.origin, "rrsets", *key)
    rrset = _valid(Rrset, await read_json(request), key._asdict(), request["root"])
    return await submit(request, lambda: Edit("rrsets", (zone.origin, *key), rrset))


async def delete_rrset(request: web.Request) -> web.Response:
    """Delete an RRset."""
    await read_rrset(request)
    origin, key = (await _zone(request)).origin, _key(request)
    return await submit(request, lambda: Edit("rrsets", (origin, *key), None))


def _canonical(text: str) -> str:
    try:
        return canonical(text if text.endswith(".") else f"{text}.")
    except ValueError as error:
        raise Invalid([Fault(("zones", text), str(error))]) from error


def _name(request: web.Request, part: str) -> str:
    return _canonical(request.match_info[part])


def _key(request: web.Request) -> RrsetKey:
    try:
        rtype = canonical_type(request.match_info["type"])
    except ValueError as error:
        raise Invalid([Fault(("type",), str(error))]) from error
    return RrsetKey(_name(request, "name"), rtype)


async def _zone(request: web.Request) -> Zone:
    origin = _name(request, "zone")
    zone = (await request.app[PARTS].desk.whole()).zones.get(origin)
    if zone is None:
        raise web.HTTPNotFound(text=f"there is no zone {origin}")
    return zone


def _valid(kind: type[N], body: Any, from_path: dict[str, str], root: tuple[str, ...]) -> N:
    """Read a body; what the path says need not be said again, and may not be gainsaid."""
    if isinstance(body, dict):
        body = from_path | body
    try:
        value = kind.model_validate(body)
    except ValidationError as error:
        raise Invalid(faults_from(error, root)) from error
    faults = [
        Fault((*root, part), f"the path says {said!r}; leave {part} out of the body")
        for part, said in from_path.items()
        if getattr(value, part) != said
    ]
    if faults:
        raise Invalid(faults)
    return value
