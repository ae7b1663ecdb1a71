"""Rooms: WHIP, WHEP, their resources, and what is measured of them."""

from __future__ import annotations

from .parts import AT_EVENT, EVENT, Spec, answer, json, operation, parameter, problems, text

_MAX_SDP_BYTES = 65536
_SDP = text("application/sdp", maxLength=_MAX_SDP_BYTES)
_FRAGMENT = text("application/trickle-ice-sdpfrag", maxLength=_MAX_SDP_BYTES)

_SESSION = parameter("session", "Id of a session")
_STAGE = parameter("stage", "Id of a stage")
_RESOURCE = parameter("resource", "From the Location header")
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
_PICTURE: Spec = {
    "type": "object",
    "required": ["codec", "playable"],
    "properties": {"codec": {"type": "string"}, "playable": {"type": "boolean"}},
}
_ADDRESS: Spec = {
    "type": "object",
    "required": ["address", "expires_at_ms"],
    "properties": {
        "address": {"type": "string", "description": "Of a multivariant playlist, on this server"},
        "expires_at_ms": {"type": ["integer", "null"], "description": "null: it does not"},
    },
}
_FILM: Spec = {
    "type": "object",
    "required": [*_ADDRESS["required"], "size_bytes"],
    "properties": _ADDRESS["properties"] | {"size_bytes": {"type": "integer"}},
}
_REPLAY: Spec = {
    "type": "object",
    "required": [*_ADDRESS["required"], "starts_at_ms", "ends_at_ms"],
    "properties": _ADDRESS["properties"]
    | {name: {"type": "number"} for name in ("starts_at_ms", "ends_at_ms")},
}
_OBJECTS: Spec = {"type": "array", "items": {"type": "object"}}
_OVERVIEW = ("workers", "publications", "stages", "refused", "recorders")
_MEDIA: Spec = {
    "type": "object",
    "required": [*_OVERVIEW],
    "properties": dict.fromkeys(_OVERVIEW, _OBJECTS),
}
_VIEWERS: Spec = {
    "type": "object",
    "required": ["viewers"],
    "properties": {"viewers": _OBJECTS},
}


def paths() -> Spec:
    return {
        **_rooms(),
        f"{AT_EVENT}/media/{{resource}}": _resource(),
        f"{AT_EVENT}/media/{{resource}}/layer": _layer(),
        f"{AT_EVENT}/media": {"parameters": [EVENT], "get": _overview()},
        f"{AT_EVENT}/stages/{{stage}}/viewers": {"parameters": [EVENT, _STAGE], "get": _viewers()},
        **_playlists(),
    }


def _playlists() -> Spec:
    """HTTP Live Streaming."""
    return {
        f"{AT_EVENT}/stages/{{stage}}/live": {
            "parameters": [EVENT, _STAGE],
            "get": operation(
                "watchStageByHls",
                "Where the stage can be watched by HTTP Live Streaming now",
                {"200": answer("The address", json(_ADDRESS)), **problems(401, 404, 429, 503)},
                token=True,
            ),
        },
        f"{AT_EVENT}/sessions/{{session}}/film": {
            "parameters": [EVENT, _SESSION],
            "get": operation(
                "film",
                "Where the recording of a session that has ended can be downloaded, as MP4",
                {
                    "200": answer("The address", json(_FILM)),
                    "202": answer("It is being made: see Retry-After", json({"type": "object"})),
                    **problems(401, 404, 429, 503),
                },
                token=True,
            ),
        },
        f"{AT_EVENT}/sessions/{{session}}/replay": {
            "parameters": [EVENT, _SESSION],
            "get": operation(
                "replay",
                "Where a session that has ended can be watched by HTTP Live Streaming",
                {"200": answer("The address", json(_REPLAY)), **problems(401, 404, 429, 503)},
                token=True,
            ),
        },
    }


def _rooms() -> Spec:
    publication = parameter("publication", "As the run sheet names it")
    return {
        f"{AT_EVENT}/sessions/{{session}}/whip": {
            "parameters": [EVENT, _SESSION, _SOURCE],
            **_negotiation("publish", "Publish to the session's room (WHIP, RFC 9725)"),
        },
        f"{AT_EVENT}/publications/{{publication}}/whep": {
            "parameters": [EVENT, publication],
            **_negotiation("preview", "See a publication, on a stage or not (WHEP; producers)"),
        },
        f"{AT_EVENT}/sessions/{{session}}/whep": {
            "parameters": [EVENT, _SESSION],
            **_negotiation("watchSession", "Watch the stage while the session is on it (WHEP)"),
        },
        f"{AT_EVENT}/stages/{{stage}}/whep": {
            "parameters": [EVENT, _STAGE],
            **_negotiation("watchStage", "Watch a stage (WHEP)"),
        },
    }


def _negotiation(id: str, summary: str) -> Spec:
    """A WHIP (RFC 9725 §4.2) or WHEP endpoint."""
    return {
        "post": _offer(id, summary),
        "get": operation(
            f"{id}Describe",
            "Whether this is such an endpoint",
            {"200": answer("A WHEP endpoint"), "204": answer("A WHIP endpoint"), **problems(404)},
        ),
        "options": _options(id, "What may be posted here", "Accept-Post"),
    }


def _offer(id: str, summary: str) -> Spec:
    created = answer(
        "The SDP answer",
        text("application/sdp"),
        Location="The session's own address: PATCH and DELETE go there",
        ETag="The ICE session",
    )
    return operation(
        id,
        summary,
        {"201": created, **problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)},
        token=True,
        body=_SDP,
    )


def _options(id: str, summary: str, says: str) -> Spec:
    return operation(f"{id}Options", summary, {"204": answer(says), **problems(404)})


def _resource() -> Spec:
    return {
        "parameters": [EVENT, _RESOURCE],
        "get": operation(
            "mediaThere",
            "Is the resource still there?",
            {"204": answer("It is"), **problems(401, 403, 404, 503)},
            token=True,
        ),
        "patch": _patch(),
        "delete": operation(
            "leaveMedia",
            "Stop publishing or watching",
            {"200": answer("Ended"), **problems(401, 403, 404, 503)},
            token=True,
        ),
        "options": _options("media", "CORS", "What is allowed"),
    }


def _patch() -> Spec:
    return operation(
        "patchMedia",
        "Trickled candidates or an ICE restart",
        {
            "200": answer("Restarted", _FRAGMENT, ETag="The new ICE session"),
            "204": answer("Taken"),
            **problems(400, 401, 403, 404, 412, 413, 415, 422, 428, 503),
        },
        token=True,
        body=_FRAGMENT,
    )


def _layer() -> Spec:
    choice = operation(
        "chooseLayer",
        "Which picture to be sent: one that the line carries, or this one",
        {"204": answer("Chosen"), **problems(400, 401, 403, 404, 413, 415, 503)},
        token=True,
        body=json(_LAYER),
    )
    return {
        "parameters": [EVENT, _RESOURCE],
        "get": operation(
            "picture",
            "Whether a viewer can play what is on the stage",
            {"200": answer("Now", json(_PICTURE)), **problems(401, 403, 404, 503)},
            token=True,
        ),
        "post": choice,
        "options": _options("layer", "CORS", "What is allowed"),
    }


def _overview() -> Spec:
    return operation(
        "media",
        "Media workers, publications and stages as measured, over all nodes (producers)",
        {"200": answer("Some seconds old", json(_MEDIA)), **problems(401, 403, 404, 503)},
        token=True,
    )


def _viewers() -> Spec:
    return operation(
        "viewers",
        "The stage's viewers, the 200 that lose most (producers)",
        {"200": answer("Viewers", json(_VIEWERS)), **problems(401, 403, 404, 503)},
        token=True,
    )
