"""The ingests of another worker of the node, borrowed for viewers of this one."""

from __future__ import annotations

import asyncio
import logging

from ..egress import Egress
from .borrowed import Borrowed, Changed
from .ingest import Ingest
from .trunk_link import Hello, Message, frame, read_messages

log = logging.getLogger(__name__)

_READ_BYTES = 1 << 18
AGAIN_S = 0.5  # after a connection that was lost or cut off


class Branch:
    """A connection to the trunk at `path`, made again until it is closed.

    `changed` is given the session, and the time, whenever one of its ingests begins, changes or
    ends. Who is in no hurry reads each `gulp_s` only: waking up costs as much as reading. With `whole`
    the trunk lends what it has of other nodes, too.
    """

    def __init__(
        self,
        path: str,
        egress: Egress,
        changed: Changed,
        *,
        gulp_s: float = 0.0,
        whole: bool = False,
    ) -> None:
        self._borrowed = Borrowed(egress, changed)
        self._path = path
        self._gulp_s = gulp_s
        self._whole = whole
        self._running = asyncio.create_task(self._run())

    @property
    def ingests(self) -> dict[str, Ingest]:
        return self._borrowed.ingests

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
        def back(message: Message) -> None:
            writer.write(frame(message))

        buffer = bytearray()
        try:
            if self._whole:
                back(Hello())
            while data := await self._read(reader, writer):
                buffer += data
                for message in read_messages(buffer):
                    self._borrowed.do(message, back)
        except Exception:
            log.exception("a branch failed", extra={"action": "media.failed"})
        finally:
            self._borrowed.end_all()
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
