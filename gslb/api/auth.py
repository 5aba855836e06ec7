"""Who may call: a bearer token over TCP, file permissions over the unix socket."""

import hashlib
import re
from http import HTTPStatus

from aiohttp import web

from gslb.api.page import FILES
from gslb.api.parts import PARTS
from gslb.api.problems import Handler, problem
from gslb.store import StoreBusy, StoreDown, Token

OPEN = frozenset({"/healthz", "/readyz", "/metrics", *(f"/{name}" for name in FILES)})
"""Paths that need no token: these three, and the page's files, which hold no data."""

ROLES = ("viewer", "operator", "admin")
"""Each may do what those before it may: read; change; make tokens."""

KNOWN = web.AppKey("known", dict[bytes, Token])
"""Tokens that the store has vouched for, by the hash of their secrets."""

_FORM = re.compile(r"[A-Za-z0-9_.~+/=-]{1,512}")  # RFC 6750 section 2.1

CALLER = web.RequestKey("caller", str)
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def needed_role(request: web.Request) -> str:
    """Give the least role for a request."""
    if request.path.startswith("/api/v1/tokens"):
        return "admin"
    return "viewer" if request.method in _READS else "operator"


@web.middleware
async def auth(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through if its caller has the role that it needs."""
    if request.path in OPEN:
        return await handler(request)
    if _is_local(request):
        request[CALLER] = "local"
        return await handler(request)
    token = await _token(request)
    if token is None:
        response = problem(
            HTTPStatus.UNAUTHORIZED,
            "no valid bearer token",
            "send Authorization: Bearer TOKEN; to make one: gslb token create --role operator",
        )
        response.headers["WWW-Authenticate"] = 'Bearer realm="gslb"'
        return response
    needed = needed_role(request)
    if ROLES.index(token.role) < ROLES.index(needed):
        return problem(
            HTTPStatus.FORBIDDEN,
            "the token's role does not allow this",
            f"the token {token.name} is a {token.role}'s; this needs {needed}",
        )
    request[CALLER] = token.name
    return await handler(request)


async def _token(request: web.Request) -> Token | None:
    """Give the token that a request shows, if it is one of ours.

    While the store is down those that it has vouched for since the start still hold, so that
    people can look when they most need to.
    """
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not _FORM.fullmatch(secret):
        return None
    digest = hashlib.sha256(secret.encode()).digest()
    known = request.app[KNOWN]
    try:
        token = await request.app[PARTS].desk.store.find_token(secret)
    except (StoreDown, StoreBusy):
        if digest not in known:
            raise
        return known[digest]
    if token is None:
        known.pop(digest, None)
    else:
        known[digest] = token
    return token


def _is_local(request: web.Request) -> bool:
    """Whether the request came through the unix socket, which file permissions guard."""
    transport = request.transport
    return transport is not None and isinstance(transport.get_extra_info("sockname"), str)
