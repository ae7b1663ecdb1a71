"""All lines of a talk's captions in one language: as JSON, and as WebVTT."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from ..domain.captions import Caption
from ..domain.ids import SessionId
from ..errors import BadInput, NotFound
from ..http.asker import principal, served
from ..show.caption_views import caption
from ..show.web_vtt import vtt_of

_HEADERS = {"Cache-Control": "no-store"}


async def captions_json(request: web.Request) -> web.Response:
    """`{"session", "language", "lines": [{"id", "text", "from_ms", "to_ms"}]}`, by their times."""
    session, language, lines = _asked(request)
    value = {"session": session, "language": language, "lines": [caption(one) for one in lines]}
    body = await asyncio.to_thread(msgspec.json.encode, value)
    return web.Response(body=body, content_type="application/json", headers=_HEADERS)


async def captions_vtt(request: web.Request) -> web.Response:
    """The lines as WebVTT, whose zero is `from_ms`; without it the first line's beginning."""
    _, _, lines = _asked(request)
    zero_ms = _zero_ms(request, lines)
    text = await asyncio.to_thread(vtt_of, lines, zero_ms)
    return web.Response(text=text, content_type="text/vtt", charset="utf-8", headers=_HEADERS)


def _asked(request: web.Request) -> tuple[str, str, list[Caption]]:
    principal(request)
    session, language = request.match_info["session"], request.match_info["language"]
    state = served(request).event.state
    sheet, id = state.runsheet, SessionId(session)
    lines = state.captions.lines(id, language)
    planned = sheet is not None and id in sheet.sessions and language in sheet.plan(id).captions
    if not (planned or lines):
        raise NotFound(f"there are no captions of {session} in {language}")
    return session, language, sorted(lines.values(), key=lambda one: (one.from_ms, one.id))


def _zero_ms(request: web.Request, lines: list[Caption]) -> int:
    asked = request.query.get("from_ms", "")
    if not asked:
        return lines[0].from_ms if lines else 0
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 15):
        raise BadInput("from_ms is server time in whole milliseconds", field="from_ms")
    return int(asked)


def register(app: web.Application) -> None:
    add, at = app.router.add_get, "/api/v1/events/{event}/sessions/{session}/captions/{language}"
    add(f"{at}.vtt", captions_vtt)
    add(at, captions_json)
