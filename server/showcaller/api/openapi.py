"""The HTTP API described in OpenAPI 3.1, at `/api/v1/openapi.json`.

`tests/integration/test_openapi.py` compares it with the routes that are served, both ways.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from .. import __version__
from .http import json_answer

Spec = dict[str, Any]


def _ref(name: str) -> Spec:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Spec) -> Spec:
    return {"application/json": {"schema": schema}}


def _answer(description: str, content: Spec | None = None, **headers: str) -> Spec:
    answer: Spec = {"description": description}
    if content:
        answer["content"] = content
    if headers:
        answer["headers"] = {
            name.replace("_", "-"): {"schema": {"type": "string"}, "description": text}
            for name, text in headers.items()
        }
    return answer


def _problems(*statuses: int) -> Spec:
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


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

_AT_EVENT = "/api/v1/events/{event}"
_EVENT = {"$ref": "#/components/parameters/event"}
_TOKEN: list[Spec] = [{"bearer": []}]


def _parameter(name: str, description: str) -> Spec:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
    }


def _operation(
    id: str,
    summary: str,
    answers: Spec,
    *,
    token: bool = False,
    body: Spec | None = None,
    **more: Any,
) -> Spec:
    operation: Spec = {"operationId": id, "summary": summary, "responses": answers, **more}
    if token:
        operation["security"] = _TOKEN
    if body:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


_SDP = {"application/sdp": {"schema": {"type": "string", "maxLength": 65536}}}
_FRAGMENT = {"application/trickle-ice-sdpfrag": {"schema": {"type": "string", "maxLength": 65536}}}


def _negotiation(id: str, summary: str) -> Spec:
    """A WHIP (RFC 9725 §4.2) or WHEP endpoint."""
    created = _answer(
        "The SDP answer",
        {"application/sdp": {"schema": {"type": "string"}}},
        Location="The session's own address: PATCH and DELETE go there",
        ETag="The ICE session",
    )
    options = _operation(
        f"{id}Options", "What may be posted here", {"204": _answer("Accept-Post"), **_problems(404)}
    )
    describe = _operation(
        f"{id}Describe",
        "Whether this is such an endpoint",
        {"200": _answer("A WHEP endpoint"), "204": _answer("A WHIP endpoint"), **_problems(404)},
    )
    return {
        "post": _operation(
            id,
            summary,
            {"201": created, **_problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)},
            token=True,
            body=_SDP,
        ),
        "get": describe,
        "options": options,
    }


_HEALTH = _answer("Yes", _json({"type": "object"}))


def _agenda_paths() -> Spec:
    return {
        "/api/v1/events": {
            "get": _operation(
                "listEvents",
                "The events served here",
                {"200": _answer("Their ids and titles", _json(_ref("Events")))},
            )
        },
        _AT_EVENT: {
            "parameters": [_EVENT],
            "get": _operation(
                "getAgenda",
                "The agenda with its live state: the items of channel `agenda`",
                {
                    "200": _answer("The newest", _json(_ref("Agenda")), ETag="Its position"),
                    "304": _answer("You have the newest"),
                    **_problems(404),
                },
            ),
        },
        f"{_AT_EVENT}/agenda.ics": {
            "parameters": [_EVENT],
            "get": _operation(
                "getCalendar",
                "The agenda as a calendar (RFC 5545)",
                {
                    "200": _answer("iCalendar", {"text/calendar": {"schema": {"type": "string"}}}),
                    **_problems(404),
                },
            ),
        },
    }


def _token_paths() -> Spec:
    return {
        f"{_AT_EVENT}/registrations": {
            "parameters": [_EVENT],
            "post": _operation(
                "register",
                "Become an attendee",
                {
                    "201": _answer("Your token", _json(_ref("Token"))),
                    **_problems(400, 403, 404, 413, 415, 429, 503, 507),
                },
                body=_json(_ref("Registration")),
            ),
        },
        f"{_AT_EVENT}/tokens": {
            "parameters": [_EVENT],
            "post": _operation(
                "renewToken",
                "A newer token with the same rights",
                {
                    "201": _answer("The newer token", _json(_ref("Token"))),
                    **_problems(401, 403, 404),
                },
                token=True,
            ),
        },
    }


def _show_paths() -> Spec:
    return {
        f"{_AT_EVENT}/commands/{{name}}": {
            "parameters": [
                _EVENT,
                _parameter("name", "As in PROTOCOL.md §6, such as question.ask"),
            ],
            "post": _operation(
                "runCommand",
                "Do what a live command does",
                {
                    "200": _answer("The command's result", _json({"type": "object"})),
                    **_problems(400, 401, 403, 404, 409, 413, 415, 429, 503, 507),
                },
                token=True,
                body=_json({"type": "object"}),
                parameters=[
                    {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "required": False,
                        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
                    }
                ],
            ),
        },
        f"{_AT_EVENT}/export": {
            "parameters": [_EVENT],
            "get": _operation(
                "exportLog",
                "Every fact, a line of JSON each (producers, ops)",
                {
                    "200": _answer(
                        "Facts", {"application/x-ndjson": {"schema": {"type": "string"}}}
                    ),
                    **_problems(401, 403, 404, 503),
                },
                token=True,
            ),
        },
        f"{_AT_EVENT}/exports/quality.json": {
            "parameters": [_EVENT],
            "get": _operation(
                "exportQuality",
                "How each talk came across (producers, ops)",
                {"200": _answer("Each talk", _json(_ref("Quality"))), **_problems(401, 403, 404)},
                token=True,
            ),
        },
        f"{_AT_EVENT}/exports/quality.csv": {
            "parameters": [_EVENT],
            "get": _operation(
                "exportQualityTable",
                "How each talk came across, as a table (producers, ops)",
                {
                    "200": _answer("A line each", {"text/csv": {"schema": {"type": "string"}}}),
                    **_problems(401, 403, 404),
                },
                token=True,
            ),
        },
        f"{_AT_EVENT}/live": {
            "parameters": [_EVENT],
            "get": _operation(
                "live",
                "The live protocol over WebSocket: see PROTOCOL.md",
                {"101": _answer("Upgraded"), **_problems(400, 403, 404, 503)},
            ),
        },
    }


_SOURCE: Spec = {
    "name": "source",
    "in": "query",
    "description": "What is published",
    "schema": {"enum": ["main", "slides", "spare"], "default": "main"},
}
_LAYER: Spec = {
    "type": "object",
    "required": ["layer"],
    "properties": {"layer": {"enum": ["auto", "high", "medium", "low", "none"]}},
}
_OBJECTS: Spec = {"type": "array", "items": {"type": "object"}}
_MEDIA: Spec = {
    "type": "object",
    "required": ["workers", "publications", "stages"],
    "properties": dict.fromkeys(("workers", "publications", "stages"), _OBJECTS),
}
_VIEWERS: Spec = {
    "type": "object",
    "required": ["viewers"],
    "properties": {"viewers": _OBJECTS},
}


def _media_paths() -> Spec:
    return {
        f"{_AT_EVENT}/sessions/{{session}}/whip": {
            "parameters": [_EVENT, _parameter("session", "Id of a session"), _SOURCE],
            **_negotiation("publish", "Publish to the session's room (WHIP, RFC 9725)"),
        },
        f"{_AT_EVENT}/publications/{{publication}}/whep": {
            "parameters": [_EVENT, _parameter("publication", "As the run sheet names it")],
            **_negotiation("preview", "See a publication, on a stage or not (WHEP; producers)"),
        },
        f"{_AT_EVENT}/sessions/{{session}}/whep": {
            "parameters": [_EVENT, _parameter("session", "Id of a session")],
            **_negotiation("watchSession", "Watch the stage while the session is on it (WHEP)"),
        },
        f"{_AT_EVENT}/stages/{{stage}}/whep": {
            "parameters": [_EVENT, _parameter("stage", "Id of a stage")],
            **_negotiation("watchStage", "Watch a stage (WHEP)"),
        },
        f"{_AT_EVENT}/media/{{resource}}": {
            "parameters": [_EVENT, _parameter("resource", "From the Location header")],
            "get": _operation(
                "mediaThere",
                "Is the resource still there?",
                {"204": _answer("It is"), **_problems(401, 403, 404, 503)},
                token=True,
            ),
            "patch": _operation(
                "patchMedia",
                "Trickled candidates or an ICE restart",
                {
                    "200": _answer("Restarted", _FRAGMENT, ETag="The new ICE session"),
                    "204": _answer("Taken"),
                    **_problems(400, 401, 403, 404, 412, 413, 415, 422, 428, 503),
                },
                token=True,
                body=_FRAGMENT,
            ),
            "delete": _operation(
                "leaveMedia",
                "Stop publishing or watching",
                {"200": _answer("Ended"), **_problems(401, 403, 404, 503)},
                token=True,
            ),
            "options": _operation(
                "mediaOptions", "CORS", {"204": _answer("What is allowed"), **_problems(404)}
            ),
        },
        f"{_AT_EVENT}/media/{{resource}}/layer": {
            "parameters": [_EVENT, _parameter("resource", "From the Location header")],
            "post": _operation(
                "chooseLayer",
                "Which picture to be sent: one that the line carries, or this one",
                {"204": _answer("Chosen"), **_problems(400, 401, 403, 404, 413, 415, 503)},
                token=True,
                body=_json(_LAYER),
            ),
            "options": _operation(
                "layerOptions", "CORS", {"204": _answer("What is allowed"), **_problems(404)}
            ),
        },
        f"{_AT_EVENT}/media": {
            "parameters": [_EVENT],
            "get": _operation(
                "media",
                "Media workers, publications and stages as measured, over all nodes (producers)",
                {
                    "200": _answer("Some seconds old", _json(_MEDIA)),
                    **_problems(401, 403, 404, 503),
                },
                token=True,
            ),
        },
        f"{_AT_EVENT}/stages/{{stage}}/viewers": {
            "parameters": [_EVENT, _parameter("stage", "Id of a stage")],
            "get": _operation(
                "viewers",
                "The stage's viewers, the 200 that lose most (producers)",
                {"200": _answer("Viewers", _json(_VIEWERS)), **_problems(401, 403, 404, 503)},
                token=True,
            ),
        },
    }


def _own_path() -> Spec:
    described = {"200": _answer("It", _json({"type": "object"}))}
    return {
        "/api/v1/openapi.json": {"get": _operation("openapi", "This description", described)},
        "/healthz": {"get": _operation("healthz", "Is this process alive?", {"200": _HEALTH})},
        "/readyz": {
            "get": _operation(
                "readyz",
                "May this node get traffic?",
                {"200": _HEALTH, "503": _answer("Not now; it says why", _json({"type": "object"}))},
            )
        },
        "/metrics": {
            "get": _operation(
                "metrics",
                "What it measures, for Prometheus",
                {"200": _answer("Metrics", {"text/plain": {"schema": {"type": "string"}}})},
            )
        },
    }


_SCHEMAS: Spec = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail", "code", "retry"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "description": "Stable, for machines"},
            "retry": {"type": "boolean"},
            "field": {"type": "string"},
            "retry_after_s": {"type": "integer"},
        },
    },
    "Events": {
        "type": "object",
        "required": ["events"],
        "properties": {
            "events": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id", "title"],
                    "properties": {"id": {"type": "string"}, "title": {"type": "string"}},
                },
            }
        },
    },
    "Agenda": {
        "type": "object",
        "required": ["epoch", "offset", "items"],
        "properties": {
            "epoch": {"type": "string"},
            "offset": {"type": "integer"},
            "items": {"type": "object", "description": "As in PROTOCOL.md §4"},
        },
    },
    "Registration": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 400},
            "email": {"type": "string", "maxLength": 254},
            "invite_code": {"type": "string", "maxLength": 200},
        },
    },
    "Quality": {
        "type": "object",
        "required": ["event", "talks"],
        "properties": {
            "event": {"type": "string"},
            "talks": {
                "type": "array",
                "items": {
                    "type": "object",
                    "description": "A TalkQuality of PROTOCOL.md §4, and what it is of",
                    "required": ["session", "title", "stage", "start_ms", "end_ms"],
                },
            },
        },
    },
    "Token": {
        "type": "object",
        "required": ["token", "person", "name", "roles", "expires_at_ms"],
        "properties": {
            "token": {"type": "string"},
            "person": {"type": "string"},
            "name": {"type": "string"},
            "roles": {"type": "array", "items": {"type": "string"}},
            "expires_at_ms": {"type": "integer"},
        },
    },
}


def description() -> Spec:
    """The whole document."""
    problem = {"application/problem+json": {"schema": _ref("Problem")}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Showcaller",
            "version": __version__,
            "description": "Runs a virtual event from one clock. The live protocol is in PROTOCOL.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            **_agenda_paths(),
            **_token_paths(),
            **_show_paths(),
            **_media_paths(),
            **_own_path(),
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "parameters": {"event": _parameter("event", "Id of an event")},
            "responses": {f"Problem{s}": _answer(text, problem) for s, text in _PROBLEMS.items()},
            "schemas": _SCHEMAS,
        },
    }


async def get_description(request: web.Request) -> web.Response:
    return json_answer(description(), Access_Control_Allow_Origin="*")


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/openapi.json", get_description)
