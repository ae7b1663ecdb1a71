"""The publications of a worker, for the other workers of its node.

One core sends to so many viewers (`capacity`). A stage with more branches off: other workers connect to the
worker that has it, get every publication there as it came in, packet by packet, and forward it to
viewers of their own as they would a speaker of theirs.
"""

from __future__ import annotations

import asyncio
import logging

from ... import system
from .publication import Publication
from .trunk_link import Ended, KeyframeWanted, Lent, Message, Packet, frame, receive

log = logging.getLogger(__name__)

MAX_BEHIND_BYTES = 4 << 20  # some seconds of video; a branch that is further behind is cut off


class Trunk:
    """Lends what is published here. `listen` once; `close` at the end."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._publications: dict[str, Publication] = {}
        self.branches: set[asyncio.StreamWriter] = set()

    async def listen(self, path: str) -> None:
        """`path` lies in a folder that nobody else may enter: who can connect gets everything."""
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self.branches):
            writer.close()

    def add(self, publication: Publication) -> None:
        """A publication has begun."""
        self._publications[publication.resource] = publication
        self._tell(_lent(publication))

    def discard(self, publication: Publication) -> None:
        if self._publications.pop(publication.resource, None) is not None:
            self._tell(Ended(publication.resource))

    def copy(self, publication: Publication, data: bytes) -> None:
        """Pass on a packet of `publication`, as it came in."""
        if self.branches:
            self._tell(Packet(publication.resource, data))

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
        for publication in self._publications.values():
            writer.write(frame(_lent(publication)))
        self.branches.add(writer)
        try:
            while (message := await receive(reader)) is not None:
                if isinstance(message, KeyframeWanted):
                    self._ask_keyframe(message)
        finally:
            self.branches.discard(writer)
            writer.close()

    def _ask_keyframe(self, wanted: KeyframeWanted) -> None:
        publication = self._publications.get(wanted.resource)
        track = publication.track_of(wanted.ssrc) if publication else None
        if track is not None:
            track.ask_keyframe(system.monotonic_s())


def _lent(publication: Publication) -> Lent:
    return Lent(
        publication.resource,
        publication.session,
        publication.person,
        publication.source,
        publication.offer,
        publication.track_lines(),
    )
