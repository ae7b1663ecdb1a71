"""The running event: commands, exports and the live protocol."""

from __future__ import annotations

from .parts import (
    AT_EVENT,
    EVENT,
    OBJECT,
    Spec,
    answer,
    json,
    operation,
    parameter,
    problems,
    ref,
    text,
)

_NAME = parameter("name", "As in PROTOCOL.md §6, such as question.ask")
_IDEMPOTENCY_KEY: Spec = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
}

_LIMIT: Spec = {
    "name": "limit",
    "in": "query",
    "required": False,
    "description": "So many of the newest",
    "schema": {"type": "integer", "minimum": 1, "maximum": 100_000},
}

_CAPTIONS = f"{AT_EVENT}/sessions/{{session}}/captions/{{language}}"
_OF_TALK: list[Spec] = [
    parameter("session", "A session's id"),
    parameter("language", "A language tag, such as en or pt-BR"),
]
_FROM_MS: Spec = {
    "name": "from_ms",
    "in": "query",
    "required": False,
    "description": "The server time that is 0 in it; without it the first line's beginning",
    "schema": {"type": "integer", "minimum": 0, "maximum": 10**14},
}

_HISTORY_FILTERS: list[Spec] = [
    _LIMIT,
    {
        "name": "before",
        "in": "query",
        "required": False,
        "description": "Only acts at smaller offsets than this",
        "schema": {"type": "integer", "minimum": 0, "maximum": 10**15},
    },
    *(
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": says,
            "schema": {"type": "string"},
        }
        for name, says in (
            ("session", "A session's id"),
            ("by", "Whose acts: a person's id"),
            ("what", "A fact's name, such as session.delayed, or the part before its dot"),
            ("q", "Words that all stand in the line"),
        )
    ),
]

_DEADLINE: Spec = {
    "name": "Showcaller-Deadline",
    "in": "header",
    "required": False,
    "description": "The server time, in milliseconds, after which it must not be done any more",
    "schema": {"type": "string", "pattern": "^[0-9]{1,15}$"},
}


def paths() -> Spec:
    return {
        f"{AT_EVENT}/commands/{{name}}": {"parameters": [EVENT, _NAME], "post": _command()},
        f"{AT_EVENT}/export": {"parameters": [EVENT], "get": _log()},
        f"{AT_EVENT}/exports/quality.json": {"parameters": [EVENT], "get": _quality()},
        f"{AT_EVENT}/exports/quality.csv": {"parameters": [EVENT], "get": _quality_table()},
        f"{AT_EVENT}/exports/polls.json": {"parameters": [EVENT], "get": _polls()},
        f"{AT_EVENT}/exports/polls.csv": {"parameters": [EVENT], "get": _polls_table()},
        f"{AT_EVENT}/exports/poll_votes.csv": {"parameters": [EVENT], "get": _poll_votes_table()},
        f"{AT_EVENT}/exports/feedback.json": {"parameters": [EVENT], "get": _feedback()},
        f"{AT_EVENT}/exports/feedback.csv": {"parameters": [EVENT], "get": _feedback_table()},
        f"{AT_EVENT}/exports/audit.json": {"parameters": [EVENT], "get": _audit()},
        f"{AT_EVENT}/exports/audit.csv": {"parameters": [EVENT], "get": _audit_table()},
        f"{AT_EVENT}/exports/history.json": {"parameters": [EVENT], "get": _history()},
        f"{AT_EVENT}/exports/history.csv": {"parameters": [EVENT], "get": _history_table()},
        **_left(),
        f"{_CAPTIONS}": {"parameters": [EVENT, *_OF_TALK], "get": _captions()},
        f"{_CAPTIONS}.vtt": {"parameters": [EVENT, *_OF_TALK], "get": _captions_vtt()},
        f"{AT_EVENT}/live": {"parameters": [EVENT], "get": _live(), "post": _stream()},
        f"{AT_EVENT}/clock": {"parameters": [EVENT], "get": _clock()},
    }


def _command() -> Spec:
    return operation(
        "runCommand",
        "Do what a live command does",
        {
            "200": answer("The command's result", json(OBJECT)),
            **problems(400, 401, 403, 404, 409, 413, 415, 429, 503, 507),
        },
        token=True,
        body=json(OBJECT),
        parameters=[_IDEMPOTENCY_KEY, _DEADLINE],
    )


def _log() -> Spec:
    return operation(
        "exportLog",
        "Every fact, a line of JSON each (producers, ops)",
        {"200": answer("Facts", text("application/x-ndjson")), **problems(401, 403, 404, 503)},
        token=True,
    )


def _quality() -> Spec:
    return operation(
        "exportQuality",
        "How each talk came across (producers, ops)",
        {"200": answer("Each talk", json(ref("Quality"))), **problems(401, 403, 404)},
        token=True,
    )


def _quality_table() -> Spec:
    return operation(
        "exportQualityTable",
        "How each talk came across, as a table (producers, ops)",
        {"200": answer("A line each", text("text/csv")), **problems(401, 403, 404)},
        token=True,
    )


def _polls() -> Spec:
    return operation(
        "exportPolls",
        "The results of polls; who voted how, where they are not anonymous (moderators, producers, ops)",
        {"200": answer("Each poll", json(OBJECT)), **problems(401, 403, 404, 503)},
        token=True,
    )


def _polls_table() -> Spec:
    return operation(
        "exportPollsTable",
        "The results of polls as a table (moderators, producers, ops)",
        {"200": answer("A line an answer", text("text/csv")), **problems(401, 403, 404, 503)},
        token=True,
    )


def _poll_votes_table() -> Spec:
    return operation(
        "exportPollVotesTable",
        "The votes in polls that are not anonymous, as a table (moderators, producers, ops)",
        {"200": answer("A line a vote", text("text/csv")), **problems(401, 403, 404, 503)},
        token=True,
    )


def _feedback() -> Spec:
    return operation(
        "exportFeedback",
        "What people thought of each session (producers, ops)",
        {"200": answer("Each session", json(OBJECT)), **problems(401, 403, 404, 503)},
        token=True,
    )


def _feedback_table() -> Spec:
    return operation(
        "exportFeedbackTable",
        "What people thought of each session, as a table (producers, ops)",
        {"200": answer("A line each", text("text/csv")), **problems(401, 403, 404, 503)},
        token=True,
    )


def _captions() -> Spec:
    return operation(
        "readCaptions",
        "All lines of a session's captions in one language",
        {"200": answer("The lines", json(OBJECT)), **problems(401, 403, 404, 503)},
        token=True,
    )


def _captions_vtt() -> Spec:
    return operation(
        "readCaptionsVtt",
        "The same as WebVTT",
        {"200": answer("The lines", text("text/vtt")), **problems(400, 401, 403, 404, 503)},
        token=True,
        parameters=[_FROM_MS],
    )


def _audit() -> Spec:
    return operation(
        "exportAudit",
        "Who came in, who was refused, what was done about people (producers, ops)",
        {"200": answer("Entries, newest first", json(OBJECT)), **problems(400, 401, 403, 404, 503)},
        token=True,
        parameters=[_LIMIT],
    )


def _audit_table() -> Spec:
    return operation(
        "exportAuditTable",
        "The audit as a table (producers, ops)",
        {"200": answer("A line each", text("text/csv")), **problems(400, 401, 403, 404, 503)},
        token=True,
        parameters=[_LIMIT],
    )


_LEFT = {
    "registrations": "Who registered (producers, ops)",
    "questions": "All questions, with votes and replies (moderators, producers, ops)",
    "attendance": "How many were there, at all and at each session (producers, ops)",
    "stays": "Who came when and left when, at the event and at each session (producers, ops)",
}


def _left() -> Spec:
    """The files of what the event left."""
    failures = problems(401, 403, 404, 503)
    paths: Spec = {}
    for name, says in _LEFT.items():
        as_json = {"200": answer("Lines", json(OBJECT)), **failures}
        as_table = {"200": answer("A line each", text("text/csv")), **failures}
        id = f"export{name.title()}"
        paths[f"{AT_EVENT}/exports/{name}.json"] = {
            "parameters": [EVENT],
            "get": operation(id, says, as_json, token=True),
        }
        paths[f"{AT_EVENT}/exports/{name}.csv"] = {
            "parameters": [EVENT],
            "get": operation(f"{id}Table", f"{says}, as a table", as_table, token=True),
        }
    return paths


def _history() -> Spec:
    return operation(
        "exportHistory",
        "Who did what to the event: of desks to moderators, all to producers and ops",
        {"200": answer("Acts, newest first", json(OBJECT)), **problems(400, 401, 403, 404, 503)},
        token=True,
        parameters=_HISTORY_FILTERS,
    )


def _history_table() -> Spec:
    return operation(
        "exportHistoryTable",
        "Who did what to the event, as a table",
        {"200": answer("A line each", text("text/csv")), **problems(400, 401, 403, 404, 503)},
        token=True,
        parameters=_HISTORY_FILTERS,
    )


def _live() -> Spec:
    answers = {"101": answer("Upgraded"), **problems(400, 403, 404, 503)}
    return operation("live", "The live protocol over WebSocket: see PROTOCOL.md", answers)


def _stream() -> Spec:
    answers = {
        "200": answer("Messages, until the connection ends", text("text/event-stream")),
        **problems(400, 401, 403, 404, 413, 415, 503),
    }
    about = "The live protocol as a stream, for networks without WebSockets: see PROTOCOL.md"
    return operation("liveStream", about, answers, token=True, body=json(OBJECT))


def _clock() -> Spec:
    answers = {"200": answer("When the probe came and left", json(OBJECT)), **problems(404, 503)}
    return operation("probeClock", "A probe of the server's clock", answers)
