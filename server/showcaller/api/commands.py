"""The commands of the live protocol, over HTTP; and the export of the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import web

from ..broker.base import Entry, EventLog, read_upto
from ..domain import facts
from ..errors import BadInput
from .http import json_answer, json_body, principal, served

MAX_KEY_CHARS = 64


async def run_command(request: web.Request) -> web.Response:
    who = principal(request)
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (1 <= len(key) <= MAX_KEY_CHARS and key.isprintable()):
        raise BadInput(
            f"an Idempotency-Key has 1 to {MAX_KEY_CHARS} printable characters", field="key"
        )
    args = await json_body(request, dict[str, Any]) if request.can_read_body else {}
    name = request.match_info["name"]
    return json_answer(await served(request).commands.run(who, name, args, key))


async def export_log(request: web.Request) -> web.StreamResponse:
    """Every fact as a line of JSON, in order: `showcaller replay` folds it to the same state."""
    principal(request, "producer", "ops")
    one = served(request)
    answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await answer.prepare(request)
    async for line in exported(one.event.log, one.event.position.offset):
        await answer.write(line)
    await answer.write_eof()
    return answer


async def exported(log: EventLog, upto: int) -> AsyncIterator[bytes]:
    """A line for every entry up to offset `upto`."""
    async for entry in read_upto(log, upto):
        yield export_line(entry)


def export_line(entry: Entry) -> bytes:
    """`{"offset", "at_ms", "key", "fact"}` and the end of the line."""
    fact = msgspec.Raw(_without_salt(entry.data))
    line = {"offset": entry.offset, "at_ms": entry.at_ms, "key": entry.key, "fact": fact}
    return msgspec.json.encode(line) + b"\n"


def _without_salt(data: bytes) -> bytes:
    """The run's salt is a secret: an export shows none of it."""
    if b'"run.started"' not in data[:40]:
        return data
    fact = facts.decode_fact(data)
    assert isinstance(fact, facts.RunStarted)
    return facts.encode_fact(msgspec.structs.replace(fact, salt=""))


def register(app: web.Application) -> None:
    app.router.add_post("/api/v1/events/{event}/commands/{name}", run_command)
    app.router.add_get("/api/v1/events/{event}/export", export_log)
