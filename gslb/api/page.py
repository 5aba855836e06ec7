"""The operator's page. Its files hold nothing that needs a token; what they show does."""

from importlib.resources import files

from aiohttp import web

FILES = {"": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
"""Paths under / and their types; the empty one is index.html."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [web.get(f"/{name}", page) for name in FILES]


async def page(request: web.Request) -> web.Response:
    """Give one of the page's files."""
    name = request.path.removeprefix("/")
    body = files("gslb.web").joinpath(name or "index.html").read_bytes()
    return web.Response(body=body, content_type=FILES[name], charset="utf-8", headers=_HEADERS)
