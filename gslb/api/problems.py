"""Errors as problem+json (RFC 9457): one table from our families to HTTP."""

import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from gslb.model import Broken, Fault, GslbError, Invalid, Refused
from gslb.store import StoreDown

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS: tuple[tuple[type[GslbError], HTTPStatus, str], ...] = (
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY, "the input has faults; nothing was stored"),
    (Refused, HTTPStatus.CONFLICT, "refused for now; nothing was stored"),
    (StoreDown, HTTPStatus.SERVICE_UNAVAILABLE, "the store cannot be used; nothing was stored"),
    (Broken, HTTPStatus.INTERNAL_SERVER_ERROR, "gslb is at fault"),
)

_log = logging.getLogger("gslb.api")


def problem(status: int, title: str, detail: str = "", **more: Any) -> web.Response:
    """Make a problem+json response."""
    body = {"type": "about:blank", "title": title, "status": status}
    body |= {"detail": detail} if detail else {}
    return web.json_response(body | more, status=status, content_type="application/problem+json")


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error of a handler into a problem."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return problem(error.status, error.reason, error.text or "")
    except GslbError as error:
        return _of(error, request)
    except Exception:  # noqa: BLE001  (whatever a handler raises, the caller gets a problem)
        _log.exception("%s %s failed", request.method, request.path)
        return problem(500, "gslb is at fault", "an unexpected error; the log has it")


def _of(error: GslbError, request: web.Request) -> web.Response:
    _, status, title = next(row for row in _STATUS if isinstance(error, row[0]))
    if isinstance(error, Invalid):
        root = request.get("root", ())
        return problem(status, title, errors=[_item(fault, root) for fault in error.faults])
    return problem(status, title, str(error))


def _item(fault: Fault, root: tuple[str, ...]) -> dict[str, str]:
    """One fault: where in the world, and where in the request's body if it stands there."""
    item = {"path": fault.pointer, "detail": fault.sentence}
    if fault.path[: len(root)] == root:
        item["pointer"] = "#" + Fault(fault.path[len(root) :], "").pointer
    return item


async def read_json(request: web.Request) -> Any:
    """Read a JSON body; Invalid with the line and column where it is not JSON."""
    try:
        return json.loads(await request.read())
    except UnicodeDecodeError as error:
        raise Invalid([Fault((), f"the body is not UTF-8: {error.reason}")]) from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Invalid([Fault((), f"the body is not JSON: {error.msg} at {place}")]) from error
