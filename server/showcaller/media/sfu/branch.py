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
from .trunk_link import Ended, KeyframeWanted, Lent, Message, Packet, frame, read_messages

log = logging.getLogger(__name__)

_READ_BYTES = 1 << 18
AGAIN_S = 0.5  # after a connection that was lost or cut off


class Branch:
    """A connection to the trunk at `path`, made again until it is closed.

    `changed` is given the session, and the time, whenever one of its ingests begins, changes or
    ends. Who is in no hurry reads each `gulp_s` only: waking up costs as much as reading.
    """

    def __init__(
        self,
        path: str,
        egress: Egress,
        changed: Callable[[str, float], None],
        *,
        gulp_s: float = 0.0,
    ) -> None:
        self.ingests: dict[str, Ingest] = {}
        self._path = path
        self._egress = egress
        self._changed = changed
        self._gulp_s = gulp_s
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
        buffer = bytearray()
        try:
            while data := await self._read(reader, writer):
                buffer += data
                for message in read_messages(buffer):
                    self._do(message, writer)
        except Exception:
            log.exception("a branch failed", extra={"action": "media.failed"})
        finally:
            for resource in list(self.ingests):
                self._end(resource)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Return what has come; empty when the trunk has gone."""
        if self._gulp_s:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(self._gulp_s)
            writer.transport.resume_reading()  # type: ignore[attr-defined]
        try:
            return await reader.read(_READ_BYTES)
        except ConnectionError:
            return b""

    def _do(self, message: Message, writer: asyncio.StreamWriter) -> None:
        match message:
            case Packet():
                self._take(message)
            case Lent():
                self._begin(message, writer)
            case Ended():
                self._end(message.resource)

    def _begin(self, lent: Lent, writer: asyncio.StreamWriter) -> None:
        negotiated, now_s = negotiate(lent.offer, "publish"), system.monotonic_s()
        # What comes in is told to the publisher by the trunk's worker.
        media = tuple(medium._replace(feedback=frozenset()) for medium in negotiated.media)
        negotiated = negotiated._replace(media=media)
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
