"""The commands of the live protocol, over HTTP; and the export of the log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import web

from ..broker.base import Entry, EventLog, read_upto
from ..domain import facts
from ..errors import BadInput, OurFault
from ..http.answers import json_answer
from ..http.asker import address, principal, served
from ..http.bodies import json_body
from ..pace import Pace

log = logging.getLogger(__name__)

MAX_KEY_CHARS = 64
MAX_TIME_DIGITS = 15
EXPORT_PAGE = 200  # entries: the broker reads as many in one step


async def run_command(request: web.Request) -> web.Response:
    who = principal(request)
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (1 <= len(key) <= MAX_KEY_CHARS and key.isprintable()):
        raise BadInput(
            f"an Idempotency-Key has 1 to {MAX_KEY_CHARS} printable characters", field="key"
        )
    args = await json_body(request, dict[str, Any]) if request.can_read_body else {}
    name, deadline_ms = request.match_info["name"], _deadline_ms(request)
    commands, where = served(request).commands, address(request)
    return json_answer(await commands.run(who, name, args, key, deadline_ms, where))


def _deadline_ms(request: web.Request) -> int | None:
    text = request.headers.get("Showcaller-Deadline")
    if text is not None and not (
        text.isascii() and text.isdigit() and len(text) <= MAX_TIME_DIGITS
    ):
        raise BadInput(
            "a Showcaller-Deadline is a server time in milliseconds, in digits", field="deadline_ms"
        )
    return None if text is None else int(text)


async def export_log(request: web.Request) -> web.StreamResponse:
    """Every fact as a line of JSON, in order: `showcaller replay` folds it to the same state.

    When the log can't be read any more, the connection is cut: what came can't be taken for the whole.
    """
    principal(request, "producer", "ops")
    one = served(request)
    lines = exported(one.event.log, one.event.position.offset)
    first = await anext(lines, b"")  # while the status can still tell what is wrong
    answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await answer.prepare(request)
    await answer.write(first)
    try:
        async for line in lines:
            await answer.write(line)
    except OurFault as error:
        log.warning(error.for_operators, extra={"action": "export.broken"})
        if request.transport is not None:
            request.transport.abort()
        return answer
    await answer.write_eof()
    return answer


async def exported(log: EventLog, upto: int) -> AsyncIterator[bytes]:
    """A line for every entry up to offset `upto`."""
    pace = Pace()
    async for entry in read_upto(log, upto, page=EXPORT_PAGE):
        yield export_line(entry)
        await pace.breathe()


def export_line(entry: Entry) -> bytes:
    """`{"offset", "at_ms", "key", "fact"}` and the end of the line."""
    fact = msgspec.Raw(_without_salt(entry.data))
    line = {"offset": entry.offset, "at_ms": entry.at_ms, "key": entry.key, "fact": fact}
    return msgspec.json.encode(line) + b"\n"


def _without_salt(data: bytes) -> bytes:
    """Return a fact without the run's salt, which is a secret."""
    if b'"run.started"' not in data[:40]:
        return data
    fact = facts.decode_fact(data)
    assert isinstance(fact, facts.RunStarted)
    return facts.encode_fact(msgspec.structs.replace(fact, salt=""))


def register(app: web.Application) -> None:
    app.router.add_post("/api/v1/events/{event}/commands/{name}", run_command)
    app.router.add_get("/api/v1/events/{event}/export", export_log)
