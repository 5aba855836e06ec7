"""What the node does now: its status, and the three open paths."""

import time
from typing import Any

from aiohttp import web

from gslb.api.load import loads
from gslb.api.metrics import exposition
from gslb.api.parts import PARTS, Parts
from gslb.model import Member, MemberKey, Vip


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
        web.get("/api/v1/status", status),
    ]


async def healthz(_: web.Request) -> web.Response:
    """Say that the process lives."""
    return web.json_response({"alive": True})


async def readyz(request: web.Request) -> web.Response:
    """Say whether answers are given: 200 if so, also with alarms, which it lists; else 503."""
    parts = request.app[PARTS]
    ready = parts.plane.answering
    body = {"ready": ready, "revision": parts.desk.revision, "alarms": _alarms(parts)}
    return web.json_response(body, status=200 if ready else 503)


async def metrics(request: web.Request) -> web.Response:
    """Give the metrics in Prometheus's text format."""
    return web.Response(
        body=exposition(request.app[PARTS]),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


async def status(request: web.Request) -> web.Response:
    """Give the node, what it serves, what alarms it, and every member's standing."""
    parts = request.app[PARTS]
    desk = parts.desk
    return web.json_response(
        {
            "node": parts.settings.node,
            "version": parts.version,
            "started": parts.started,
            "now": time.time(),
            "ready": parts.plane.answering,
            "revision": desk.revision,
            "published_at": desk.published_at,
            "generation": parts.plane.generation,
            "dns": parts.dns,
            "alarms": _alarms(parts),
            "verdicts": parts.watch.facts().verdicts,
            "zones": parts.transfers.facts(),
            "loads": loads(parts),
            "short": _short(parts),
            "geoip": _geoip(parts),
            "vips": {name: _vip(parts, name, vip) for name, vip in desk.world.vips.items()},
        }
    )


def _alarms(parts: Parts) -> list[dict[str, Any]]:
    return [
        {"key": alarm.key, "words": alarm.words, "since": alarm.since}
        for alarm in parts.alarms.standing
    ]


def _short(parts: Parts) -> list[dict[str, Any]]:
    """Give the pools that are down for want of live members."""
    return [
        {"vip": key.vip, "datacenter": key.datacenter, "live": live, "needed": needed}
        for key, (live, needed) in parts.capacities.short().items()
    ]


def _geoip(parts: Parts) -> list[dict[str, Any]]:
    """Tell of each geography database what is in use, and what is wrong with its file."""
    faults = {file: (fault, since) for file, fault, since in parts.atlas.faults}
    used = {one.file: one for one in parts.atlas.opened}
    return [
        {
            "file": str(file),
            "kind": used[file].kind if file in used else None,
            "built": used[file].built if file in used else None,
            "loaded": used[file].loaded if file in used else None,
            "fault": fault,
            "fault_since": since,
        }
        for file in parts.atlas.files
        for fault, since in [faults.get(file, (None, None))]
    ]


def _vip(parts: Parts, name: str, vip: Vip) -> dict[str, Any]:
    return {
        "probe": vip.probe,
        "pools": {
            datacenter: {
                "weight": pool.weight,
                "members": [_member(parts, name, datacenter, m) for m in pool.members],
            }
            for datacenter, pool in vip.pools.items()
        },
    }


def _member(parts: Parts, vip: str, datacenter: str, member: Member) -> dict[str, Any]:
    standing = parts.watch.standing(MemberKey(vip, datacenter, member.target))
    told: dict[str, Any] = {"address": member.target, "weight": member.weight}
    if standing is None:
        return told
    last = standing.observation
    return told | {
        "effective_weight": standing.effective,
        "verdict": str(standing.verdict),
        "since": standing.since,
        "target": standing.target,
        "observation": last.words if last else None,
        "observed_at": last.at if last else None,
    }
