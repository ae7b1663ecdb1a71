"""One WebRTC session negotiated over HTTP: WHIP (RFC 9725) to publish, WHEP to watch (PROTOCOL.md §9).

Needs aiortc (extra `media`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from aiortc import (
    RTCConfiguration,
    RTCIceGatherer,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)

from . import http
from .errors import Refused
from .ice_servers import IceServer, ice_servers_of

CONNECT_TIMEOUT_S = 15.0
DIRECT_TIMEOUT_S = 3.0  # then by a TURN server, if the answer names one
DELETE_TIMEOUT_S = 2.0

Prepare = Callable[[RTCPeerConnection], None]


class Endpoint:
    """A WHIP or WHEP address as one person uses it, again and again.

    The way to the server is direct as a rule. Where it is not, the next connection goes by the TURN
    server that the answer named.
    """

    def __init__(self, url: str, token: str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self.url = url
        self._token, self._ssl = token, ssl_context
        self._relays: list[RTCIceServer] = []  # empty while the direct way is good

    async def connect(self, prepare: Prepare) -> Peer:
        """Negotiate; `prepare` adds the tracks or transceivers to offer.

        Raises `Refused` (409 with `retry_after_s`: a closed door) and `OSError`: then another try may help.
        """
        # No STUN: the media server's addresses can be reached, or only a relay helps (RFC 8445 §2.7).
        pc = RTCPeerConnection(RTCConfiguration(iceServers=self._relays))
        peer = Peer(pc, self._token, self._ssl)
        try:
            prepare(pc)
            direct = not self._relays
            self._relays = await peer.negotiate(self.url)  # their passwords end: take the newest
            await peer.connected(DIRECT_TIMEOUT_S if direct and self._relays else CONNECT_TIMEOUT_S)
        except BaseException:
            await peer.close()
            raise
        if direct:
            self._relays = []
        return peer


class Peer:
    """One connection to the media server."""

    def __init__(self, pc: RTCPeerConnection, token: str, context: ssl.SSLContext | None) -> None:
        self.pc = pc
        self._token = token
        self._context = context
        self._resource: str | None = None
        self._connected = asyncio.Event()
        self._ended = asyncio.Event()
        pc.on("connectionstatechange", self._changed)

    async def negotiate(self, url: str) -> list[RTCIceServer]:
        """Offer and take the answer. Returns the TURN servers that it names; raises as `Endpoint.connect`."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        answer = await http.request(
            "POST",
            url,
            self.pc.localDescription.sdp,
            content_type="application/sdp",
            token=self._token,
            ssl_context=self._context,
        )
        if location := answer.headers.get("location"):
            self._resource = http.absolute(url, location)
        sdp = RTCSessionDescription(sdp=answer.body.decode(), type="answer")
        await self.pc.setRemoteDescription(sdp)
        return _relays(ice_servers_of(answer.headers.get("link", "")))

    async def connected(self, timeout_s: float) -> None:
        """Wait until media may flow. Raises `OSError` if it can't."""
        async with asyncio.timeout(timeout_s):
            await self._connected.wait()
        if self._ended.is_set():
            raise OSError("no media connection came about")

    async def ended(self) -> None:
        """Wait until the connection has failed or was closed by the other side."""
        await self._ended.wait()

    async def close(self) -> None:
        """Tell the server, then close. Raises nothing: who leaves does not care."""
        resource, self._resource = self._resource, None
        if resource is not None:
            try:
                await http.request(
                    "DELETE",
                    resource,
                    token=self._token,
                    ssl_context=self._context,
                    timeout_s=DELETE_TIMEOUT_S,
                )
            except (OSError, Refused):
                pass
        await self.pc.close()

    def _changed(self) -> None:
        state = self.pc.connectionState
        if state in ("connected", "failed", "closed"):
            self._connected.set()
        if state in ("failed", "closed"):
            self._ended.set()


def _relays(servers: list[IceServer]) -> list[RTCIceServer]:
    """Return those that aiortc can use. It takes the first, and who needs one mostly has no UDP at all."""
    relays = sorted((server for server in servers if server.relays()), key=IceServer.over_udp)
    ours = (RTCIceServer(relay.url, relay.username, relay.credential) for relay in relays)
    return [relay for relay in ours if _can_be_used(relay)]


def _can_be_used(relay: RTCIceServer) -> bool:
    try:
        RTCIceGatherer(iceServers=[relay])
    except ValueError:
        return False
    return True
