"""The pictures that a schedule names, from the memory of this node."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from ..http.asker import served
from .prepared import Unpacked, digest, prepared_answer


class Picture:
    """A picture as it is sent."""

    def __init__(self, content_type: str, data: bytes) -> None:
        self.content_type = content_type
        self.prepared = Unpacked(data, digest(data))  # compressed already


PICTURES: web.AppKey[Mapping[str, Mapping[str, Picture]]] = web.AppKey("pictures")  # by event, path


async def get_picture(request: web.Request) -> web.Response:
    event = served(request).event.event_id
    picture = request.app[PICTURES].get(event, {}).get(request.match_info["path"])
    if picture is None:
        raise web.HTTPNotFound
    return prepared_answer(
        request,
        picture.prepared,
        content_type=picture.content_type,
        headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"},
    )


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/events/{event}/pictures/{path:.+}", get_picture)
