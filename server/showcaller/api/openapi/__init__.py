"""The HTTP API described in OpenAPI 3.1, at `/api/v1/openapi.json`.

`tests/integration/test_openapi.py` compares it with the routes that are served, both ways.
"""

from __future__ import annotations

from functools import cache

import msgspec
from aiohttp import web

from ... import __version__
from ..prepared import Prepared, prepare, prepared_answer
from . import agenda, media, node, reminders, show
from .parts import Spec, answer, parameter, ref
from .schemas import SCHEMAS

_PROBLEMS = {
    400: "A field is wrong; `field` says which",
    401: "No valid token",
    403: "The token does not allow this",
    404: "There is no such thing",
    405: "This address does not take that method",
    406: "None of the media types asked for",
    409: "The event's state does not allow it, or not yet: see Retry-After",
    412: "If-Match names an older state of the resource",
    413: "The body is too large",
    415: "Another media type is needed",
    422: "Understood, and can't be done",
    428: "If-Match is needed",
    429: "Too often: see Retry-After",
    503: "Try again: see Retry-After",
    507: "No room for writing",
}


def description() -> Spec:
    """The whole document."""
    problem = {"application/problem+json": {"schema": ref("Problem")}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Showcaller",
            "version": __version__,
            "description": "Runs a virtual event from one clock. The live protocol is in PROTOCOL.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            **agenda.paths(),
            **show.paths(),
            **media.paths(),
            **reminders.paths(),
            **node.paths(),
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "parameters": {"event": parameter("event", "Id of an event")},
            "responses": {f"Problem{s}": answer(says, problem) for s, says in _PROBLEMS.items()},
            "schemas": SCHEMAS,
        },
    }


async def get_description(request: web.Request) -> web.Response:
    return prepared_answer(
        request,
        _prepared(),
        content_type="application/json",
        headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"},
    )


@cache
def _prepared() -> Prepared:
    return prepare(msgspec.json.encode(description()))


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/openapi.json", get_description)
