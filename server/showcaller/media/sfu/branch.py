"""The ingests of another worker of the node, borrowed for viewers of this one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ... import system
from ..egress import Egress
from ..rtp import rtcp
from ..sdp.negotiation import negotiate
from .ingest import Ingest
from .trunk_link import Ended, KeyframeWanted, Lent, Packet, frame, receive

log = logging.getLogger(__name__)

AGAIN_S = 0.5  # after a connection that was lost or cut off


class Branch:
    """A connection to the trunk at `path`, made again until it is closed.

    `changed` is given the session, and the time, whenever one of its ingests begins, changes or
    ends.
    """

    def __init__(self, path: str, egress: Egress, changed: Callable[[str, float], None]) -> None:
        self.ingests: dict[str, Ingest] = {}
        self._path = path
        self._egress = egress
        self._changed = changed
        self._running = asyncio.create_task(self._run())

    def close(self) -> None:
        self._running.cancel()

    async def _run(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                pass  # whoever had the stage has gone, and the node will say what becomes of it
            else:
                await self._follow(reader, writer)
            await asyncio.sleep(AGAIN_S)

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (message := await receive(reader)) is not None:
                match message:
                    case Packet():
                        self._take(message)
                    case Lent():
                        self._begin(message, writer)
                    case Ended():
                        self._end(message.resource)
        except Exception:
            log.exception("a branch failed", extra={"action": "media.failed"})
        finally:
            for resource in list(self.ingests):
                self._end(resource)
            writer.close()

    def _begin(self, lent: Lent, writer: asyncio.StreamWriter) -> None:
        negotiated, now_s = negotiate(lent.offer, "publish"), system.monotonic_s()
        about = lent.resource, lent.session, lent.person, lent.source
        made = Ingest(*about, negotiated, self._egress, self, now_s)
        self.ingests[lent.resource] = made
        made.borrow(TrunkBackChannel(lent.resource, writer), lent.tracks, now_s)
        self._changed(lent.session, now_s)

    def _take(self, packet: Packet) -> None:
        ingest = self.ingests.get(packet.resource)
        if ingest is None or len(packet.data) < 2:
            return
        take = ingest.on_rtcp if rtcp.is_rtcp(packet.data) else ingest.on_rtp
        take(packet.data, system.monotonic_s())

    def _end(self, resource: str) -> None:
        ingest = self.ingests.pop(resource, None)
        if ingest is not None:
            self._changed(ingest.session, system.monotonic_s())
            ingest.end()

    # What its ingests tell ---------------------------------------------------------------

    def on_ingest_changed(self, ingest: Ingest, now_s: float) -> None:
        self._changed(ingest.session, now_s)

    def on_ingest_live(self, ingest: Ingest, now_s: float) -> None:
        """Do nothing: it has been live since it was lent."""

    def on_ingest_packet(self, ingest: Ingest, data: bytes) -> None:
        """Do nothing: nobody borrows what is borrowed."""

    def on_ingest_ended(self, ingest: Ingest, reason: str, now_s: float) -> None:
        """Do nothing: the trunk tells."""


class TrunkBackChannel:
    """The way from a borrowed ingest to the trunk: only wishes for keyframes go there.

    The trunk asks for what got lost on the way to it, and what comes again comes here too.
    """

    def __init__(self, resource: str, writer: asyncio.StreamWriter) -> None:
        self._resource = resource
        self._writer = writer

    def send_rtcp(self, packet: bytes) -> bool:
        for report in rtcp.parse(packet):
            if isinstance(report, rtcp.KeyframeRequest):
                self._writer.write(frame(KeyframeWanted(self._resource, report.ssrc)))
        return True

    def close(self) -> None:
        """Leave the connection alone: it is the branch's."""
