"""Datacenters, probes, maps and VIPs: one kind of resource, four collections."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from gslb.api.auth import CALLER
from gslb.api.parts import PARTS
from gslb.api.problems import read_json
from gslb.model import Datacenter, Edit, Fault, Invalid, Map, Probe, Vip, World, value_at
from gslb.model.edits import Collection
from gslb.model.faults import faults_from
from gslb.model.names import canonical
from gslb.model.values import Key, Noun

VALUES: dict[Collection, TypeAdapter[Any]] = {
    "datacenters": TypeAdapter(Datacenter),
    "probes": TypeAdapter(Probe),
    "maps": TypeAdapter(Map),
    "vips": TypeAdapter(Vip),
}
_KEY = TypeAdapter[str](Key)


def routes() -> list[web.RouteDef]:
    """Give the routes of all four collections."""
    found: list[web.RouteDef] = []
    for collection, adapter in VALUES.items():
        resource = _Resource(collection, adapter)
        base = f"/api/v1/{collection}"
        found += [
            web.get(base, resource.listing),
            web.get(f"{base}/{{name}}", resource.read),
            web.put(f"{base}/{{name}}", resource.put),
            web.patch(f"{base}/{{name}}", resource.patch),
            web.delete(f"{base}/{{name}}", resource.delete),
        ]
    return found


class _Resource:
    """The five calls on one collection."""

    def __init__(self, collection: Collection, adapter: TypeAdapter[Any]) -> None:
        self._collection = collection
        self._adapter = adapter

    async def listing(self, request: web.Request) -> web.Response:
        part = getattr(request.app[PARTS].desk.world, self._collection)
        return web.json_response(
            {name: value.model_dump(mode="json") for name, value in part.items()}
        )

    async def read(self, request: web.Request) -> web.Response:
        return web.json_response(self._current(request).model_dump(mode="json"))

    async def put(self, request: web.Request) -> web.Response:
        edit = self._edit(request, await read_json(request))
        return await submit(request, lambda: edit)

    async def patch(self, request: web.Request) -> web.Response:
        """Change some keys of a value by JSON Merge Patch (RFC 7396)."""
        patch = await read_json(request)

        def change() -> Edit:
            now = self._current(request).model_dump(mode="json", exclude_unset=True)
            return self._edit(request, merge_patch(now, patch))

        return await submit(request, change)

    async def delete(self, request: web.Request) -> web.Response:
        self._current(request)
        name = self._name(request)
        return await submit(request, lambda: Edit(self._collection, (name,), None))

    def _name(self, request: web.Request) -> str:
        given = request.match_info["name"]
        try:
            if self._collection == "vips":
                return canonical(given if given.endswith(".") else f"{given}.")
            return _KEY.validate_python(given)
        except ValidationError as error:
            raise Invalid(faults_from(error, (self._collection, given))) from error
        except ValueError as error:
            raise Invalid([Fault((self._collection, given), str(error))]) from error

    def _current(self, request: web.Request) -> Noun:
        name = self._name(request)
        part: dict[str, Noun] = getattr(request.app[PARTS].desk.world, self._collection)
        if name not in part:
            raise web.HTTPNotFound(text=f"there is no {name} in {self._collection}")
        return part[name]

    def _edit(self, request: web.Request, body: Any) -> Edit:
        name = self._name(request)
        request["root"] = (self._collection, name)
        try:
            return Edit(self._collection, (name,), self._adapter.validate_python(body))
        except ValidationError as error:
            raise Invalid(faults_from(error, request["root"])) from error


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396 section 2)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def is_dry_run(request: web.Request) -> bool:
    """Whether a request only asks what it would do."""
    return request.query.get("dry_run", "").lower() in {"1", "true", "yes"}


async def submit(request: web.Request, make: Callable[[], Edit]) -> web.Response:
    """Make one edit; the reply leaves when every worker answers with it.

    `?dry_run=true` says whether the edit would be accepted, and stores nothing.
    """
    desk = request.app[PARTS].desk
    made: list[Edit] = []
    created = False

    def change(world: World) -> list[Edit]:
        nonlocal created
        made[:] = [make()]
        created = value_at(world, made[0]) is None and made[0].value is not None
        return made

    if is_dry_run(request):
        edits = await desk.rehearse(change)
        return web.json_response(
            {"dry_run": True, "revision": desk.revision, "changed": bool(edits)}
        )
    summary = f"{request.method} {request.path.removeprefix('/api/v1/')}"
    receipt = await desk.submit(change, author=request[CALLER], source="api", summary=summary)
    return web.json_response(
        {"revision": receipt.revision, "changed": receipt.generation > 0},
        status=HTTPStatus.CREATED if created else HTTPStatus.OK,
    )
