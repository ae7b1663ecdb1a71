"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) over HTTP.

Any origin may ask: requests carry a Bearer token and no cookies, so a foreign page can do nothing that
its user's token was not given to it for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import get_args

import msgspec
from aiohttp import web

from ... import system
from ...domain.people import Principal
from ...errors import BadInput, ShowcallerError, TokenExpired, Unavailable, Unsupported
from ...http.answers import Handler, errors_as_problems, json_answer, problem_answer
from ...http.asker import principal, served
from ...http.bodies import JSON, json_body, text_body
from ...http.cors import TO_ANYBODY, preflight_headers
from ...http.tags import as_we_gave_them
from ..contract.calls import Answer, ChooseLayer, Close, DescribePicture, Find, Layer, Patch, Source
from .ice_servers import IceServers
from .service import MediaService, asker_of

OFFER = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"

MediaLookup = Callable[[str], MediaService | None]
Open = Callable[[MediaService, Principal, web.Request, str], Awaitable[Answer]]  # with the offer


def register_media_routes(
    app: web.Application,
    *,
    media: MediaLookup,
    ice_servers: IceServers | None = None,
) -> None:
    """Add the WHIP and WHEP endpoints, their resources, and what producers see of media."""
    routes = _Routes(media, ice_servers or IceServers())
    event = "/api/v1/events/{event}"
    for path, open_, is_whip in (
        (f"{event}/sessions/{{place}}/whip", _publish, True),
        (f"{event}/sessions/{{place}}/whep", _view_session, False),
        (f"{event}/stages/{{place}}/whep", _view_stage, False),
        (f"{event}/publications/{{place}}/whep", _preview, False),
    ):
        opening = routes.opening(open_)
        app.router.add_post(path, _answering(routes.telling(opening) if is_whip else opening))
        app.router.add_get(path, _answering(routes.describe_whip if is_whip else routes.describe))
        app.router.add_route("OPTIONS", path, _answering(routes.endpoint_options))
    resource = f"{event}/media/{{resource}}"
    app.router.add_get(resource, _answering(routes.describe_resource))
    app.router.add_patch(resource, _answering(routes.patch))
    app.router.add_delete(resource, _answering(routes.delete))
    app.router.add_route("OPTIONS", resource, _answering(routes.resource_options))
    app.router.add_post(f"{resource}/layer", _answering(routes.choose_layer))
    app.router.add_get(f"{resource}/layer", _answering(routes.describe_picture))
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
    part = request.query.get("part", "")
    if part not in ("", "face"):
        raise BadInput("part is face, or left out", field="part")
    place = request.match_info["place"]
    return await media.view_stage(principal, place, offer, face=part == "face")


async def _preview(
    media: MediaService, principal: Principal, request: web.Request, offer: str
) -> Answer:
    return await media.preview(principal, request.match_info["place"], offer)


class _LayerChoice(msgspec.Struct):
    layer: Layer


class _Routes:
    def __init__(self, media: MediaLookup, ice_servers: IceServers) -> None:
        self._media = media
        self._ice_servers = ice_servers

    # Endpoints --------------------------------------------------------------------------------

    def opening(self, open_: Open) -> Handler:
        """POST an offer: 201 with the answer, and where the new resource is."""

        async def handle(request: web.Request) -> web.Response:
            who, media = principal(request), self._service(request)
            offer = await text_body(request, OFFER)
            answer = await open_(media, who, request, offer)
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
            for link in self._ice_servers.links(who.person, system.wall_ms()):
                response.headers.add("Link", link)
            return response

        return handle

    def telling(self, opening: Handler) -> Handler:
        """Have producers be told of publishers who are turned away."""

        async def handle(request: web.Request) -> web.StreamResponse:
            media, session = self._media(request.match_info["event"]), request.match_info["place"]
            try:
                response = await opening(request)
            except ShowcallerError as error:
                if media is not None:
                    media.note_refused(session, error, **_who(request, error))
                raise
            if media is not None:
                media.note_let_in(session, principal(request).person)
            return response

        return handle

    async def endpoint_options(self, request: web.Request) -> web.Response:
        """Preflight, and what the endpoint takes (RFC 9725 §4.2).

        ICE servers are not told here: anybody may ask, and a TURN server's password is among them.
        """
        served(request)
        headers = {
            "Allow": "OPTIONS, GET, HEAD, POST",
            "Accept-Post": OFFER,
        }
        return web.Response(status=204, headers={**preflight_headers(headers["Allow"]), **headers})

    async def describe_whip(self, request: web.Request) -> web.Response:
        """GET a WHIP endpoint: it is there, and that's all (RFC 9725 §4.1)."""
        served(request)
        return web.Response(status=204, headers={"Accept-Post": OFFER})

    async def describe(self, request: web.Request) -> web.Response:
        """GET or HEAD a WHEP endpoint: the type tells players that it is one (WHEP §4.2)."""
        served(request)
        return web.Response(status=200, content_type=OFFER, headers={"Accept-Post": OFFER})

    # Resources --------------------------------------------------------------------------------

    async def describe_resource(self, request: web.Request) -> web.Response:
        """GET a resource: it is there, and that's all (RFC 9725 §4.1)."""
        who, media = principal(request), self._service(request)
        await media.do(Find(resource=request.match_info["resource"], asker=asker_of(who)))
        return web.Response(status=204, headers={"Accept-Patch": FRAGMENT})

    async def patch(self, request: web.Request) -> web.Response:
        """Trickle candidates: 204; where an engine restarts ICE: 200, a fragment and a new ETag."""
        who, media = principal(request), self._service(request)
        try:
            fragment = await text_body(request, FRAGMENT)
        except Unsupported as error:
            return problem_answer(error, {"Accept-Patch": FRAGMENT})
        resource = request.match_info["resource"]
        if_match = as_we_gave_them(request.headers.getall("If-Match", ()))
        patched = await media.do(
            Patch(resource=resource, asker=asker_of(who), if_match=if_match, fragment=fragment)
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
        who, media = principal(request), self._service(request)
        await media.do(Close(resource=request.match_info["resource"], asker=asker_of(who)))
        return web.Response(status=200)

    async def resource_options(self, request: web.Request) -> web.Response:
        served(request)
        headers = {"Allow": "OPTIONS, GET, HEAD, PATCH, DELETE", "Accept-Patch": FRAGMENT}
        return web.Response(status=204, headers={**preflight_headers(headers["Allow"]), **headers})

    async def choose_layer(self, request: web.Request) -> web.Response:
        """Choose which picture a viewer gets from now on: 204."""
        who, media = principal(request), self._service(request)
        choice = await json_body(request, _LayerChoice)
        resource, asker = request.match_info["resource"], asker_of(who)
        await media.do(ChooseLayer(resource=resource, asker=asker, layer=choice.layer))
        return web.Response(status=204)

    async def describe_picture(self, request: web.Request) -> web.Response:
        """Answer what the stage's picture is coded in, and whether the viewer can play it."""
        who, media = principal(request), self._service(request)
        resource, asker = request.match_info["resource"], asker_of(who)
        shown = await media.do(DescribePicture(resource=resource, asker=asker))
        return web.Response(body=msgspec.json.encode(shown), content_type=JSON)

    async def layer_options(self, request: web.Request) -> web.Response:
        served(request)
        headers = {"Allow": "OPTIONS, GET, HEAD, POST", "Accept-Post": JSON}
        return web.Response(status=204, headers={**preflight_headers(headers["Allow"]), **headers})

    # For producers ----------------------------------------------------------------------------

    async def overview(self, request: web.Request) -> web.Response:
        """Answer with what all nodes' media workers measure."""
        who, media = principal(request), self._service(request)
        return json_answer(media.overview(who))

    async def viewers(self, request: web.Request) -> web.Response:
        """Answer with a stage's viewers, those that lose most first."""
        who, media = principal(request), self._service(request)
        viewers = await media.viewers(who, request.match_info["stage"])
        return json_answer({"viewers": viewers})

    # Who and where ----------------------------------------------------------------------------

    def _service(self, request: web.Request) -> MediaService:
        media = self._media(request.match_info["event"])
        if media is None:
            raise Unavailable("this node serves no media", retry_after_s=5)
        return media


def _who(request: web.Request, error: ShowcallerError) -> dict[str, str]:
    """Return person and name of whoever was refused; empty where no authentic token tells them."""
    if isinstance(error, TokenExpired):
        return {"person": error.person, "name": error.name}
    try:
        who = principal(request)
    except ShowcallerError:
        return {"person": "", "name": ""}
    return {"person": who.person, "name": who.name}


def _answering(handler: Handler) -> Handler:
    """Let any origin read every answer, problems too, and nobody keep it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = await errors_as_problems(request, handler)
        for name, value in TO_ANYBODY.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return handle
