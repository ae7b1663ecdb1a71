"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) over HTTP.

Any origin may ask: requests carry a Bearer token and no cookies, so a foreign page can do nothing that
its user's token was not given to it for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import get_args

import msgspec
from aiohttp import web

from ... import system
from ...domain.people import Principal
from ...errors import (
    BadInput,
    NotFound,
    OurFault,
    ShowcallerError,
    TooLarge,
    Unavailable,
    Unsupported,
    problem,
)
from ...show.served import ServedEvent
from ..contract.calls import Answer, ChooseLayer, Close, Find, Layer, Patch, Source
from .ice_servers import IceServers
from .service import MediaService, asker_of

log = logging.getLogger(__name__)

OFFER = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
JSON = "application/json"
MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0
PREFLIGHT_S = 86_400

Lookup = Callable[[str], ServedEvent | None]
MediaLookup = Callable[[str], MediaService | None]
Handler = Callable[[web.Request], Awaitable[web.Response]]
Open = Callable[[MediaService, Principal, web.Request, str], Awaitable[Answer]]  # with the offer

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Retry-After, Accept-Patch",
}
_PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": str(PREFLIGHT_S),
}


def register_media_routes(
    app: web.Application,
    *,
    lookup: Lookup,
    media: MediaLookup,
    ice_servers: IceServers | None = None,
) -> None:
    """Add the WHIP and WHEP endpoints, their resources, and what producers see of media."""
    routes = _Routes(lookup, media, ice_servers or IceServers())
    event = "/api/v1/events/{event}"
    for path, open_, is_whip in (
        (f"{event}/sessions/{{place}}/whip", _publish, True),
        (f"{event}/sessions/{{place}}/whep", _view_session, False),
        (f"{event}/stages/{{place}}/whep", _view_stage, False),
        (f"{event}/publications/{{place}}/whep", _preview, False),
    ):
        app.router.add_post(path, routes.opening(open_))
        app.router.add_get(path, _answering(routes.describe_whip if is_whip else routes.describe))
        app.router.add_route("OPTIONS", path, _answering(routes.endpoint_options))
    resource = f"{event}/media/{{resource}}"
    app.router.add_get(resource, _answering(routes.describe_resource))
    app.router.add_patch(resource, _answering(routes.patch))
    app.router.add_delete(resource, _answering(routes.delete))
    app.router.add_route("OPTIONS", resource, _answering(routes.resource_options))
    app.router.add_post(f"{resource}/layer", _answering(routes.choose_layer))
    app.router.add_route("OPTIONS", f"{resource}/layer", _answering(routes.layer_options))
    app.router.add_get(f"{event}/media", _answering(routes.overview))
    app.router.add_get(f"{event}/stages/{{stage}}/viewers", _answering(routes.viewers))


async def _publish(
    media: MediaService, principal: Principal, request: web.Request, offer: str
) -> Answer:
    source = request.query.get("source", "main")
    if source not in get_args(Source):
        raise BadInput(f"source is one of {', '.join(get_args(Source))}", field="source")
    place = request.match_info["place"]
    return await media.publish(principal, place, offer, msgspec.convert(source, Source))


async def _view_session(
    media: MediaService, principal: Principal, request: web.Request, offer: str
) -> Answer:
    return await media.view_session(principal, request.match_info["place"], offer)


async def _view_stage(
    media: MediaService, principal: Principal, request: web.Request, offer: str
) -> Answer:
    return await media.view_stage(principal, request.match_info["place"], offer)


async def _preview(
    media: MediaService, principal: Principal, request: web.Request, offer: str
) -> Answer:
    return await media.preview(principal, request.match_info["place"], offer)


class _LayerChoice(msgspec.Struct):
    layer: Layer


class _Routes:
    def __init__(self, lookup: Lookup, media: MediaLookup, ice_servers: IceServers) -> None:
        self._lookup = lookup
        self._media = media
        self._ice_servers = ice_servers

    # Endpoints --------------------------------------------------------------------------------

    def opening(self, open_: Open) -> Handler:
        """POST an offer: 201 with the answer, and where the new resource is."""

        async def handle(request: web.Request) -> web.Response:
            principal, media = self._principal(request), self._service(request)
            offer = await _body(request, OFFER)
            answer = await open_(media, principal, request, offer)
            event = request.match_info["event"]
            response = web.Response(
                status=201,
                body=answer.sdp.encode(),
                content_type=OFFER,
                headers={
                    "Location": f"/api/v1/events/{event}/media/{answer.resource}",
                    "ETag": answer.etag,
                    "Accept-Patch": FRAGMENT,
                },
            )
            for link in self._ice_servers.links(principal.person, system.wall_ms()):
                response.headers.add("Link", link)
            return response

        return _answering(handle)

    async def endpoint_options(self, request: web.Request) -> web.Response:
        """Preflight, and what the endpoint takes (RFC 9725 §4.2).

        ICE servers are not told here: anybody may ask, and a TURN server's password is among them.
        """
        self._served(request)
        headers = {
            "Allow": "OPTIONS, GET, HEAD, POST",
            "Accept-Post": OFFER,
            "Access-Control-Allow-Methods": "OPTIONS, GET, HEAD, POST",
            "Access-Control-Expose-Headers": f"{_CORS['Access-Control-Expose-Headers']}, Accept-Post",
        }
        return web.Response(status=204, headers={**_PREFLIGHT, **headers})

    async def describe_whip(self, request: web.Request) -> web.Response:
        """GET a WHIP endpoint: it is there, and that's all (RFC 9725 §4.1)."""
        self._served(request)
        return web.Response(status=204, headers={"Accept-Post": OFFER})

    async def describe(self, request: web.Request) -> web.Response:
        """GET or HEAD a WHEP endpoint: the type tells players that it is one (WHEP §4.2)."""
        self._served(request)
        return web.Response(status=200, content_type=OFFER, headers={"Accept-Post": OFFER})

    # Resources --------------------------------------------------------------------------------

    async def describe_resource(self, request: web.Request) -> web.Response:
        """GET a resource: it is there, and that's all (RFC 9725 §4.1)."""
        principal, media = self._principal(request), self._service(request)
        await media.do(Find(resource=request.match_info["resource"], asker=asker_of(principal)))
        return web.Response(status=204, headers={"Accept-Patch": FRAGMENT})

    async def patch(self, request: web.Request) -> web.Response:
        """Trickle candidates: 204; where an engine restarts ICE: 200, a fragment and a new ETag."""
        principal, media = self._principal(request), self._service(request)
        try:
            fragment = await _body(request, FRAGMENT)
        except Unsupported as error:
            return _problem(error, {"Accept-Patch": FRAGMENT})
        resource = request.match_info["resource"]
        if_match = request.headers.get("If-Match")
        patched = await media.do(
            Patch(
                resource=resource, asker=asker_of(principal), if_match=if_match, fragment=fragment
            )
        )
        if patched.fragment is None:
            return web.Response(status=204)
        return web.Response(
            body=patched.fragment.encode(),
            content_type=FRAGMENT,
            headers={"ETag": patched.etag},
        )

    async def delete(self, request: web.Request) -> web.Response:
        """End the resource; If-Match is ignored (RFC 9725 §4.2)."""
        principal, media = self._principal(request), self._service(request)
        await media.do(Close(resource=request.match_info["resource"], asker=asker_of(principal)))
        return web.Response(status=200)

    async def resource_options(self, request: web.Request) -> web.Response:
        self._served(request)
        allowed = "OPTIONS, GET, HEAD, PATCH, DELETE"
        methods = dict.fromkeys(("Allow", "Access-Control-Allow-Methods"), allowed)
        return web.Response(status=204, headers={**_PREFLIGHT, **methods, "Accept-Patch": FRAGMENT})

    async def choose_layer(self, request: web.Request) -> web.Response:
        """Which picture a viewer wants from now on: 204."""
        principal, media = self._principal(request), self._service(request)
        body = await _body(request, JSON)
        try:
            choice = msgspec.json.decode(body, type=_LayerChoice)
        except msgspec.MsgspecError:
            layers = ", ".join(get_args(Layer))
            raise BadInput(f'send {{"layer": …}} with one of {layers}', field="layer") from None
        resource, asker = request.match_info["resource"], asker_of(principal)
        await media.do(ChooseLayer(resource=resource, asker=asker, layer=choice.layer))
        return web.Response(status=204)

    async def layer_options(self, request: web.Request) -> web.Response:
        self._served(request)
        methods = dict.fromkeys(("Allow", "Access-Control-Allow-Methods"), "OPTIONS, POST")
        return web.Response(status=204, headers={**_PREFLIGHT, **methods, "Accept-Post": JSON})

    # For producers ----------------------------------------------------------------------------

    async def overview(self, request: web.Request) -> web.Response:
        """What all nodes' media workers measure."""
        principal, media = self._principal(request), self._service(request)
        return _json(media.overview(principal))

    async def viewers(self, request: web.Request) -> web.Response:
        """A stage's viewers, those that lose most first."""
        principal, media = self._principal(request), self._service(request)
        viewers = await media.viewers(principal, request.match_info["stage"])
        return _json({"viewers": viewers})

    # Who and where ----------------------------------------------------------------------------

    def _served(self, request: web.Request) -> ServedEvent:
        event = request.match_info["event"]
        served = self._lookup(event)
        if served is None:
            raise NotFound(f"there is no event {event!r} here")
        return served

    def _principal(self, request: web.Request) -> Principal:
        served = self._served(request)
        return served.authenticate_header(request.headers.get("Authorization"))

    def _service(self, request: web.Request) -> MediaService:
        media = self._media(request.match_info["event"])
        if media is None:
            raise Unavailable("this node serves no media", retry_after_s=5)
        return media


def _answering(handler: Handler) -> Handler:
    """Errors become problem+json; every answer may be read by any origin and kept by nobody."""

    async def handle(request: web.Request) -> web.Response:
        try:
            response = await handler(request)
        except ShowcallerError as error:
            response = _problem(error)
        except (ConnectionResetError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("a request failed", extra={"action": "http.failed", "path": request.path})
            response = _problem(OurFault("something failed here; it was logged", code="internal"))
        for name, value in _CORS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return handle


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type=JSON)


def _problem(error: ShowcallerError, headers: dict[str, str] | None = None) -> web.Response:
    described = problem(error)
    all_headers = dict(headers or {})
    if "retry_after_s" in described:
        all_headers["Retry-After"] = str(described["retry_after_s"])
    if error.http_status == 401:
        all_headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        status=error.http_status,
        body=msgspec.json.encode(described),
        content_type="application/problem+json",
        headers=all_headers,
    )


async def _body(request: web.Request, content_type: str) -> str:
    """The body as text. Raises `Unsupported`, `TooLarge`, `BadInput`."""
    if request.content_type != content_type or "Content-Encoding" in request.headers:
        raise Unsupported(f"send this as {content_type}, without a Content-Encoding")
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise TooLarge(f"a body has at most {MAX_BODY_BYTES} bytes")
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > MAX_BODY_BYTES:
                    raise TooLarge(f"a body has at most {MAX_BODY_BYTES} bytes")
    except TimeoutError:
        raise BadInput(f"the body did not arrive within {BODY_TIMEOUT_S:.0f} s") from None
    except web.RequestPayloadError:
        raise BadInput("the body's transfer coding is broken") from None
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadInput("the body is not UTF-8") from None
