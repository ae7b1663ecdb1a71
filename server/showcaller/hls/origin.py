"""The origin: playlists and media over HTTP, made for caches in front of it.

A media address names the same bytes for good. A playlist that was asked for by what it must hold is good for
as long as players ask for that; any other for a moment. So a cache asks at most once for each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from .. import metrics
from ..errors import BadInput, NotFound, Unavailable
from ..http.answers import Handler, errors_as_problems, json_answer
from ..http.asker import principal, served
from ..http.cors import TO_ANYBODY
from . import access
from .captions import NAME
from .event_hls import EventHls
from .rendition import TARGET_S

Lookup = Callable[[str], EventHls | None]

HLS: web.AppKey[Lookup] = web.AppKey("hls")

PLAYLIST = "application/vnd.apple.mpegurl"
FILM_RETRY_S = 2
PIECE_BYTES = 1 << 20
FOR_GOOD = "public, max-age=31536000, immutable"
FOR_A_MOMENT = "public, max-age=1"
WHILE_ASKED_FOR = f"public, max-age={6 * TARGET_S}"
_MEDIA = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?\.m4s", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


# Where the pictures are -----------------------------------------------------------------------------


async def live_address(request: web.Request) -> web.Response:
    """Answer with the address of a stage's live playlist, for whoever may watch.

    Raises `NotFound` while there is none.
    """
    principal(request)
    hls, stage = _hls(request), request.match_info["stage"]
    await hls.require_live(stage)
    return _address(request, hls, stage, "live/main.m3u8")


async def replay_address(request: web.Request) -> web.Response:
    """Answer with the address of a talk's replay. Raises `NotFound` where there is none."""
    principal(request)
    hls, session = _hls(request), request.match_info["session"]
    stage = hls.stage_of(session)
    renditions = await hls.talk(stage, session)
    every = [rendition.parts for rendition in renditions.values()]
    return _address(
        request,
        hls,
        stage,
        f"talks/{session}/main.m3u8",
        starts_at_ms=min(parts[0].at_ms for parts in every),
        ends_at_ms=max(parts[-1].end_ms for parts in every),
    )


async def film_address(request: web.Request) -> web.Response:
    """Answer with the address of a talk's film, an MP4 file; 202 while it is made, which this begins."""
    principal(request)
    hls, session = _hls(request), request.match_info["session"]
    stage = hls.stage_of(session)
    name = await hls.film(stage, session)
    if name is None:
        return json_answer({"state": "making"}, status=202, Retry_After=str(FILM_RETRY_S))
    size = await hls.storage.size(name)
    return _address(request, hls, stage, f"talks/{session}/film.mp4", size_bytes=size)


def _address(
    request: web.Request, hls: EventHls, stage: str, path: str, **more: float
) -> web.Response:
    step, event = hls.access_to(stage), request.match_info["event"]
    until_s = access.expires_s(step)
    return json_answer(
        {
            "address": f"/hls/{event}/{step}/{stage}/{path}",
            "expires_at_ms": None if until_s is None else until_s * 1000,
            **more,
        },
        Cache_Control="no-store",
    )


# Playlists ------------------------------------------------------------------------------------------


async def live_main(request: web.Request) -> web.Response:
    hls, stage = _opened(request)
    return _playlist(await hls.live_multivariant(stage), FOR_A_MOMENT)


async def live_rendition(request: web.Request) -> web.Response:
    """Answer with a rendition's playlist; blocks as its delivery directives say (§6.2.5)."""
    hls, stage = _opened(request)
    segment, part = _directive(request, "_HLS_msn"), _directive(request, "_HLS_part")
    if part is not None and segment is None:
        raise BadInput("_HLS_part takes _HLS_msn as well", field="_HLS_part")
    name, skip = request.match_info["rendition"], request.query.get("_HLS_skip") in ("YES", "v2")
    text = await hls.live_playlist(stage, name, segment, part, skip=skip)
    return _playlist(text, FOR_A_MOMENT if segment is None else WHILE_ASKED_FOR)


async def talk_main(request: web.Request) -> web.Response:
    hls, stage = _opened(request)
    return _playlist(await hls.talk_multivariant(stage, _session(request)), FOR_A_MOMENT)


async def talk_rendition(request: web.Request) -> web.Response:
    hls, stage = _opened(request)
    name = request.match_info["rendition"]
    return _playlist(await hls.talk_playlist(stage, _session(request), name), FOR_A_MOMENT)


def _directive(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"{name} is a whole number", field=name)
    return int(text)


def _playlist(text: str, caching: str) -> web.Response:
    return web.Response(
        text=text, content_type=PLAYLIST, charset="utf-8", headers={"Cache-Control": caching}
    )


# Media ------------------------------------------------------------------------------------------------


async def media(request: web.Request) -> web.Response:
    """Answer with an init section, a part or a segment."""
    hls, stage = _opened(request)
    take, name = request.match_info["take"], request.match_info["name"]
    where = stage, _session(request), take
    if name == "init.mp4":
        body = await hls.init_section(*where)
    elif found := _MEDIA.fullmatch(name):
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise NotFound("this segment has no parts")
        body = await hls.media(*where, first, last)
    else:
        raise NotFound("there is nothing at this address")
    kind = "audio/mp4" if "-audio-" in take else "video/mp4"
    return web.Response(body=body, content_type=kind, headers={"Cache-Control": FOR_GOOD})


async def captions(request: web.Request) -> web.Response:
    """Answer with a segment of captions; for a moment, since they are corrected."""
    hls, stage = _opened(request)
    asked = request.match_info["language"], request.match_info["name"]
    text = hls.captions(stage, _session(request), *asked)
    headers = {"Cache-Control": FOR_A_MOMENT}
    return web.Response(text=text, content_type="text/vtt", charset="utf-8", headers=headers)


async def film(request: web.Request) -> web.StreamResponse:
    """Send a talk's film, or the range of bytes that is asked for (RFC 9110 §14)."""
    hls, stage = _opened(request)
    name = await hls.film(stage, _session(request))
    if name is None:
        raise Unavailable("the film is being made: try again", retry_after_s=FILM_RETRY_S)
    size = await hls.storage.size(name)
    start, end = _range(request, size)
    answer = web.StreamResponse(status=206 if "Range" in request.headers else 200)
    answer.content_type, answer.content_length = "video/mp4", end - start
    answer.headers["Accept-Ranges"], answer.headers["Cache-Control"] = "bytes", "private"
    answer.headers["Content-Disposition"] = f'attachment; filename="{_file_name(request)}"'
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        answer.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    answer.headers.update(TO_ANYBODY)
    await answer.prepare(request)
    for at in range(start, end, PIECE_BYTES):
        await answer.write(await hls.storage.read(name, at, min(PIECE_BYTES, end - at)))
    await answer.write_eof()
    return answer


def _file_name(request: web.Request) -> str:
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', _session(request))}.mp4"


def _range(request: web.Request, size: int) -> tuple[int, int]:
    """Return the first byte to send, and the one after the last. Raises `BadInput`."""
    try:
        asked = request.http_range
    except ValueError:
        raise BadInput("this range can't be read") from None
    start, end, _ = asked.indices(size)
    if start >= end:
        raise BadInput("the film has no bytes in this range")
    return start, end


# Who and where ------------------------------------------------------------------------------------------


def _hls(request: web.Request) -> EventHls:
    served(request)  # raises `NotFound`
    found = request.app[HLS](request.match_info["event"])
    if found is None:
        raise NotFound("nothing is recorded here", code="not_recorded")
    return found


def _opened(request: web.Request) -> tuple[EventHls, str]:
    """Return the event and the stage, if the address opens them. Raises `Forbidden`, `NotFound`."""
    hls, stage = _hls(request), request.match_info["stage"]
    hls.require(stage, request.match_info["access"])
    return hls, stage


def _session(request: web.Request) -> str:
    return request.match_info["session"]


def _to_anybody(handler: Handler) -> Handler:
    """Let any page read every answer, problems too: whoever has the address may."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = await errors_as_problems(request, handler)
        response.headers.update(TO_ANYBODY)
        if isinstance(response, web.Response) and response.status == HTTPStatus.OK:
            what = "media" if handler in (media, captions) else "playlist"
            of = request.match_info["event"], what
            metrics.HLS_ANSWERS.labels(*of).inc()
            metrics.HLS_BYTES.labels(*of).inc(len(response.body or b""))  # type: ignore[arg-type]
        return response

    return handle


def register(app: web.Application, lookup: Lookup) -> None:
    """Add the routes; `lookup` finds what an event has written here."""
    app[HLS] = lookup
    add, at_event = app.router.add_get, "/api/v1/events/{event}"
    add(f"{at_event}/stages/{{stage}}/live", live_address)
    add(f"{at_event}/sessions/{{session}}/replay", replay_address)
    add(f"{at_event}/sessions/{{session}}/film", film_address)
    at_stage = "/hls/{event}/{access}/{stage}"
    for path, handler in (
        ("live/main.m3u8", live_main),
        ("live/{rendition}.m3u8", live_rendition),
        ("talks/{session}/main.m3u8", talk_main),
        ("talks/{session}/{rendition}.m3u8", talk_rendition),
        ("talks/{session}/film.mp4", film),
        (f"talks/{{session}}/{NAME}{{language}}/{{name}}.vtt", captions),
        ("talks/{session}/{take}/{name}", media),
    ):
        add(f"{at_stage}/{path}", _to_anybody(handler))
