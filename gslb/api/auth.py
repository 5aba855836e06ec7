"""Who may call: a bearer token over TCP, file permissions over the unix socket."""

from http import HTTPStatus

from aiohttp import web

from gslb.api.page import FILES
from gslb.api.parts import PARTS
from gslb.api.problems import Handler, problem

OPEN = frozenset({"/healthz", "/readyz", "/metrics", *(f"/{name}" for name in FILES)})
"""Paths that need no token: these three, and the page's files, which hold no data."""

ROLES = ("viewer", "operator", "admin")
"""Each may do what those before it may: read; change; make tokens."""

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
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = None
    if kind.lower() == "bearer" and secret:
        token = await request.app[PARTS].desk.store.find_token(secret.strip())
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


def _is_local(request: web.Request) -> bool:
    """Whether the request came through the unix socket, which file permissions guard."""
    transport = request.transport
    return transport is not None and isinstance(transport.get_extra_info("sockname"), str)
