"""Addresses that somebody wrote with a slash at their end."""

from __future__ import annotations

from aiohttp import web


def take_trailing_slashes(app: web.Application) -> None:
    """Serve each address of the API also with a slash after it; redirect a page's to the one without.

    Call it once, when all routes are there. Encoders and scripts write such addresses, and few of them follow
    a redirect of a POST.
    """
    for resource in list(app.router.resources()):
        path = resource.canonical
        if path.endswith("/") or "{path}" in path:
            continue
        if path.startswith("/api/"):
            for route in list(resource):
                app.router.add_route(route.method, f"{path}/", route.handler)
        elif path.startswith("/e/{event}/"):
            app.router.add_get(f"{path}/", _without_slash)


async def _without_slash(request: web.Request) -> web.Response:
    raise web.HTTPPermanentRedirect(request.rel_url.raw_path.rstrip("/"))
