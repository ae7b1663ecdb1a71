"""One WebRTC session negotiated over HTTP: WHIP (RFC 9725) to publish, WHEP to watch (PROTOCOL.md §9).

Needs aiortc (extra `media`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from . import http
from .errors import Refused

CONNECT_TIMEOUT_S = 15.0
DELETE_TIMEOUT_S = 2.0

Prepare = Callable[[RTCPeerConnection], None]


class Peer:
    """A connection that was offered, answered and established."""

    def __init__(self, pc: RTCPeerConnection, token: str, context: ssl.SSLContext | None) -> None:
        self.pc = pc
        self._token = token
        self._context = context
        self._resource: str | None = None
        self._connected = asyncio.Event()
        self._ended = asyncio.Event()
        pc.on("connectionstatechange", self._changed)

    @classmethod
    async def open(
        cls, url: str, token: str, prepare: Prepare, *, ssl_context: ssl.SSLContext | None = None
    ) -> Peer:
        """Negotiate at `url`; `prepare` adds the tracks or transceivers to offer.

        Raises `Refused` (409 with `retry_after_s`: a closed door) and `OSError`.
        """
        # No STUN server: the media server's addresses can be reached, or nothing helps (RFC 8445 §2.7).
        peer = cls(RTCPeerConnection(RTCConfiguration(iceServers=[])), token, ssl_context)
        try:
            prepare(peer.pc)
            await peer._negotiate(url)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await peer._connected.wait()
        except BaseException:
            await peer.close()
            raise
        if peer._ended.is_set():
            raise OSError("no media connection came about")
        return peer

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

    async def _negotiate(self, url: str) -> None:
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

    def _changed(self) -> None:
        state = self.pc.connectionState
        if state in ("connected", "failed", "closed"):
            self._connected.set()
        if state in ("failed", "closed"):
            self._ended.set()
