"""Loads of datacenters and pools: pushed, looked at, forgotten.

PUT    /api/v1/load/tokyo                      {"load": 120.5}
PUT    /api/v1/load/tokyo/www.gslb.example.    the same, of one pool
GET    /api/v1/load                            all that have a capacity
"""

import math
import time
from typing import Any

from aiohttp import web

from gslb.api.parts import PARTS, Parts
from gslb.api.problems import read_json
from gslb.capacity import UNITS, Gauge, Place
from gslb.model import Fault, Invalid, PoolKey
from gslb.model.names import canonical


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    found = [web.get("/api/v1/load", listing)]
    for path in ("/api/v1/load/{datacenter}", "/api/v1/load/{datacenter}/{vip}"):
        found += [web.get(path, read), web.put(path, put), web.delete(path, forget)]
    return found


async def listing(request: web.Request) -> web.Response:
    """Give every place with a capacity, as it stands."""
    return web.json_response(loads(request.app[PARTS]))


async def read(request: web.Request) -> web.Response:
    """Give one place, as it stands."""
    gauge = request.app[PARTS].capacities.gauge(_place(request))
    return web.json_response(told(gauge, time.time()))


async def put(request: web.Request) -> web.Response:
    """Take a load: `{"load": 120.5}`, in the unit of the capacity's limit."""
    place = _place(request)
    load = _read_load(await read_json(request))
    capacities = request.app[PARTS].capacities
    capacities.push(place, load)
    return web.json_response(told(capacities.gauge(place), time.time()))


async def forget(request: web.Request) -> web.Response:
    """Forget the load of a place, until it is told anew."""
    request.app[PARTS].capacities.forget(_place(request))
    return web.Response(status=204)


def loads(parts: Parts) -> list[dict[str, Any]]:
    """Give every place with a capacity, as it stands."""
    now = time.time()
    return [told(gauge, now) for gauge in parts.capacities.gauges]


def told(gauge: Gauge, now: float) -> dict[str, Any]:
    """Say how a place stands; `age` is the load's in seconds, `since` unix seconds of shedding."""
    place, load = gauge.place, gauge.load
    return {
        "datacenter": place.datacenter if isinstance(place, PoolKey) else place,
        "vip": place.vip if isinstance(place, PoolKey) else None,
        "limit": gauge.capacity.limit,
        "source": gauge.capacity.load,
        "unit": UNITS[gauge.capacity.load],
        "load": load.value if load else None,
        "age": max(now - load.at, 0.0) if load else None,
        "fresh": gauge.believed(now) is not None,
        "shed": gauge.share,
        "since": gauge.since if gauge.share else None,
        "words": gauge.words(),
    }


def _place(request: web.Request) -> Place:
    """Give the place in the path; 404 if it is not one of this world, or has no capacity."""
    parts = request.app[PARTS]
    site, vip = request.match_info["datacenter"], request.match_info.get("vip")
    place: Place = site
    if vip is not None:
        try:
            place = PoolKey(canonical(vip), site)
        except ValueError as error:
            raise web.HTTPNotFound(text=f"{vip} is not a name: {error}") from error
    if not parts.capacities.has(place):
        what = f"the pool {place}" if vip is not None else f"the datacenter {site}"
        raise web.HTTPNotFound(text=f"{what} is not there, or has no capacity; write one for it")
    return place


def _read_load(body: object) -> float:
    load = body.get("load") if isinstance(body, dict) and body.keys() == {"load"} else None
    if isinstance(load, bool) or not isinstance(load, int | float):
        raise Invalid([Fault((), 'the body is not a load; write {"load": 120.5}')])
    if not (math.isfinite(load) and load >= 0):
        raise Invalid([Fault(("load",), f"{load} is not a load; write a number from 0 up")])
    return float(load)
