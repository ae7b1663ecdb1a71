"""Endpoints and sessions over HTTP. No redirect is followed unseen, no header is added unasked."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any, NamedTuple
from urllib.parse import urljoin

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from .offers import fragment, make_offer
from .sdp import Sdp, read_sdp

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
REQUEST_TIMEOUT_S = 15
MAX_REDIRECTS = 5
ASKED_FOR_MEDIA = 30  # times
ASK_AGAIN_S = 0.5
_LINK = re.compile(r"<(?P<target>[^>]*)>(?P<parameters>(?:\s*;\s*[\w-]+=(?:\"[^\"]*\"|[^\s;,]*))*)")
_PARAMETER = re.compile(r"([\w-]+)=(?:\"([^\"]*)\"|([^\s;,]*))")


class Link(NamedTuple):
    """One value of a Link header (RFC 8288)."""

    target: str
    parameters: dict[str, str]

    @property
    def rel(self) -> str:
        return self.parameters.get("rel", "")


class Reply(NamedTuple):
    """The answer to a request."""

    request: str  # method and URL, for messages
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        return 400 <= self.status < 500

    def listed(self, header: str) -> set[str]:
        """The items of a header that is a comma-separated list, in lower case."""
        values = ",".join(self.headers.getall(header, []))
        return {item.strip().lower() for item in values.split(",") if item.strip()}

    @property
    def links(self) -> list[Link]:
        found = []
        for value in self.headers.getall("Link", []):
            for link in _LINK.finditer(value):
                pairs = _PARAMETER.findall(link["parameters"])
                parameters = {name.lower(): quoted or plain for name, quoted, plain in pairs}
                found.append(Link(link["target"], parameters))
        return found

    def __repr__(self) -> str:
        return f"{self.request} was answered {self.status}: {self.text[:300]!r}"


class Session:
    """A WHIP or WHEP session: what its offer was answered with, and what can be asked of it."""

    def __init__(self, endpoint: Endpoint, asked_url: str, offer: str, created: Reply) -> None:
        self.endpoint = endpoint
        self.offer = offer
        self.created = created
        assert created.headers.get("Location"), f"no Location header: {created}"
        self.url = urljoin(asked_url, created.headers["Location"])
        self.etag = created.headers.get("ETag")

    @property
    def answer(self) -> Sdp:
        return read_sdp(self.created.text)

    async def ask(self, method: str, body: str = "", **options: object) -> Reply:
        return await self.endpoint.ask(method, body, url=self.url, **options)  # type: ignore[arg-type]

    async def patch(
        self, body: str = "", *, if_match: str | None = None, content_type: str = FRAGMENT
    ) -> Reply:
        headers = {"Content-Type": content_type} | ({"If-Match": if_match} if if_match else {})
        return await self.ask("PATCH", body, headers=headers)

    async def trickle(self, *candidates: str, if_match: str | None = None) -> Reply:
        """Add candidates to the ICE session; with the ETag that it was created with unless told."""
        body = fragment(self.offer, candidates)
        return await self.patch(body, if_match=if_match or self.etag)

    async def delete(self, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("DELETE", headers=named)


class Endpoint:
    """An endpoint's URL, and the token to ask it with. Use it as a context."""

    def __init__(self, protocol: str, url: str, token: str | None) -> None:
        self.protocol = protocol
        self.url = url
        self.token = token
        self.stage: Any = None  # of WHEP: what the suite publishes meanwhile
        self._opened: list[Session] = []

    async def __aenter__(self) -> Endpoint:
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
        self._http = aiohttp.ClientSession(timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.tidy()
        await self._http.close()

    async def tidy(self) -> None:
        """Delete every session that was opened: servers limit how many there may be."""
        while self._opened:
            with contextlib.suppress(AssertionError):  # which the next test will see too
                await self._opened.pop().delete()

    async def ask(
        self,
        method: str,
        body: str | bytes = b"",
        *,
        url: str | None = None,
        token: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request, with the endpoint's token unless another one, or None, is given.

        Raises `AssertionError` when there is no answer.
        """
        asked = f"{method} {url or self.url}"
        sent = dict(headers or {})
        bearer = self.token if token == "" else token
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        try:
            async with self._http.request(
                method,
                url or self.url,
                data=body or None,
                headers=sent,
                allow_redirects=False,
                skip_auto_headers=("Content-Type",),
            ) as response:
                return Reply(asked, response.status, response.headers, await response.read())
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            raise AssertionError(f"{asked} was not answered: {error!r}") from None

    async def post(self, offer: str | bytes, content_type: str | None = SDP) -> Reply:
        """POST an offer; a session that comes of it is deleted after the test."""
        return (await self._post(offer, content_type))[1]

    async def _post(
        self, offer: str | bytes, content_type: str | None = SDP, url: str | None = None
    ) -> tuple[str, Reply]:
        url = url or self.url
        headers = {"Content-Type": content_type} if content_type else {}
        reply = await self.ask("POST", offer, url=url, headers=headers)
        self.adopt(reply, str(offer), url)
        return url, reply

    def adopt(self, reply: Reply, offer: str = "", url: str = "") -> None:
        """Delete what came of a POST after the test."""
        if reply.status in (201, 406) and reply.headers.get("Location"):
            self._opened.append(Session(self, url or self.url, offer, reply))

    async def open(self, offer: str | None = None) -> Session:
        """A session for `offer`, or for an ordinary one; redirections are followed (§4.5, WHEP §4.7)."""
        offer = offer or make_offer(self.protocol)
        url, reply = await self._post(offer)
        for _ in range(MAX_REDIRECTS):
            if reply.status not in (307, 308):
                break
            url, reply = await self._post(offer, url=urljoin(url, reply.headers["Location"]))
        if reply.status == 406 and self.protocol == "whep" and reply.media_type == SDP:
            pytest.skip("the server makes counter-offers: tested by test_counter_offer.py")
        assert reply.status == 201, str(reply)
        return self._opened[-1]

    async def wait_until_live(self) -> None:
        """Wait until an offer is no longer refused for want of a publisher. Raises `TimeoutError`."""
        for _ in range(ASKED_FOR_MEDIA):
            if (await self.post(make_offer(self.protocol))).status not in (404, 409, 503):
                await self.tidy()
                return
            await asyncio.sleep(ASK_AGAIN_S)
        raise TimeoutError(f"{self.url} does not show what is published")
