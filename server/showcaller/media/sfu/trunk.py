"""The ingests of a worker, lent to the other workers of its node.

One core sends to so many viewers (`capacity`). A stage with more branches off: other workers connect to the
worker that has it, get every ingest there as it came in, packet by packet, and forward it to
viewers of their own as they would a speaker of theirs.
"""

from __future__ import annotations

import asyncio
import logging

from ... import system
from .ingest import Ingest
from .trunk_link import Ended, KeyframeWanted, Lent, Message, Packet, frame, receive

log = logging.getLogger(__name__)

MAX_BEHIND_BYTES = 4 << 20  # some seconds of video; a branch that is further behind is cut off


class Trunk:
    """The lender of all ingests here. `listen` once; `close` at the end."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._ingests: dict[str, Ingest] = {}
        self.branches: set[asyncio.StreamWriter] = set()

    async def listen(self, path: str) -> None:
        """Listen at `path`, in a folder that nobody else may enter: who can connect gets everything."""
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self.branches):
            writer.close()

    def add(self, ingest: Ingest) -> None:
        """Lend an ingest that has begun."""
        self._ingests[ingest.resource] = ingest
        self._tell(_lent(ingest))

    def discard(self, ingest: Ingest) -> None:
        if self._ingests.pop(ingest.resource, None) is not None:
            self._tell(Ended(ingest.resource))

    def copy(self, ingest: Ingest, data: bytes) -> None:
        """Pass on a packet of `ingest`, as it came in."""
        if self.branches:
            self._tell(Packet(ingest.resource, data))

    def _tell(self, message: Message) -> None:
        framed = frame(message)
        for writer in list(self.branches):
            if writer.transport.get_write_buffer_size() > MAX_BEHIND_BYTES:
                log.warning("a branch is cut off", extra={"action": "media.branch_behind"})
                writer.transport.abort()
                self.branches.discard(writer)
            else:
                writer.write(framed)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for ingest in self._ingests.values():
            writer.write(frame(_lent(ingest)))
        self.branches.add(writer)
        try:
            while (message := await receive(reader)) is not None:
                if isinstance(message, KeyframeWanted):
                    self._ask_keyframe(message)
        finally:
            self.branches.discard(writer)
            writer.close()

    def _ask_keyframe(self, wanted: KeyframeWanted) -> None:
        ingest = self._ingests.get(wanted.resource)
        track = ingest.track_of(wanted.ssrc) if ingest else None
        if track is not None:
            track.ask_keyframe(system.monotonic_s())


def _lent(ingest: Ingest) -> Lent:
    return Lent(
        ingest.resource,
        ingest.session,
        ingest.person,
        ingest.source,
        ingest.offer,
        ingest.track_lines(),
    )
