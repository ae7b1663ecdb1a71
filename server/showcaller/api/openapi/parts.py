"""The parts that every description is made of."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

AT_EVENT = "/api/v1/events/{event}"
EVENT: Spec = {"$ref": "#/components/parameters/event"}
OBJECT: Spec = {"type": "object"}

_TOKEN: list[Spec] = [{"bearer": []}]


def ref(name: str) -> Spec:
    """A schema of `schemas.py`."""
    return {"$ref": f"#/components/schemas/{name}"}


def json(schema: Spec) -> Spec:
    """Content of type JSON."""
    return {"application/json": {"schema": schema}}


def text(media_type: str, **limits: int) -> Spec:
    """Content of any other type."""
    return {media_type: {"schema": {"type": "string", **limits}}}


def answer(description: str, content: Spec | None = None, **headers: str) -> Spec:
    """One response; `headers` are their names, with _ for -, and what they say."""
    described: Spec = {"description": description}
    if content:
        described["content"] = content
    if headers:
        described["headers"] = {
            name.replace("_", "-"): {"schema": {"type": "string"}, "description": says}
            for name, says in headers.items()
        }
    return described


def problems(*statuses: int) -> Spec:
    """The failures that an operation answers with."""
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


def parameter(name: str, description: str) -> Spec:
    """A part of the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
    }


def operation(
    id: str,
    summary: str,
    answers: Spec,
    *,
    token: bool = False,
    body: Spec | None = None,
    **more: Any,
) -> Spec:
    """One method of a path; with `token` it needs one."""
    described: Spec = {"operationId": id, "summary": summary, "responses": answers, **more}
    if token:
        described["security"] = _TOKEN
    if body:
        described["requestBody"] = {"required": True, "content": body}
    return described
