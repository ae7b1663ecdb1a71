"""The ingests of a worker, lent to other workers.

One core sends to so many viewers (`capacity`). A stage with more branches off: other workers connect to the
worker that has it, get every ingest there as it came in, packet by packet, and forward it to
viewers of their own as they would a speaker of theirs. Workers of the same node come to a UNIX socket, those
of other nodes by TLS (`far_trunk`), each for one stage.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from ... import system
from .ingest import Ingest
from .trunk_link import Ended, Hello, KeyframeWanted, Lent, Message, Packet, frame, receive

log = logging.getLogger(__name__)

MAX_BEHIND_BYTES = 4 << 20  # some seconds of video; a branch that is further behind is cut off
MAX_INGESTS = 0xFFFF  # numbers that a span tells ingests apart by


class FarTaker(Protocol):
    """One branch of another node, as the trunk sees it."""

    @property
    def stage(self) -> str:
        """The stage of what it borrows."""
        ...

    def tell(self, framed: bytes) -> None:
        """Tell it of ingests."""
        ...

    def take(self, number: int, resource: str, data: bytes, now_s: float) -> None:
        """Take a packet of the ingest that was lent under this number."""
        ...


class Trunk:
    """The lender of all ingests here. `listen` once; `close` at the end."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._ingests: dict[str, Ingest] = {}
        self._numbers: dict[str, int] = {}
        self._next_number = itertools.count()
        self._foreign: set[str] = set()  # borrowed from another node
        self.branches: set[asyncio.StreamWriter] = set()
        self._whole: set[asyncio.StreamWriter] = set()  # those that want what is foreign, too
        self.far: set[FarTaker] = set()

    async def listen(self, path: str) -> None:
        """Listen at `path`, in a folder that nobody else may enter: who can connect gets everything."""
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self.branches):
            writer.close()

    def add(self, ingest: Ingest, *, own: bool = True) -> None:
        """Lend an ingest that has begun; not `own`: it is borrowed from another node."""
        self._ingests[ingest.resource] = ingest
        self._numbers[ingest.resource] = next(self._next_number) % MAX_INGESTS
        if not own:
            self._foreign.add(ingest.resource)
        self._tell(ingest, self._lent(ingest))

    def discard(self, ingest: Ingest) -> None:
        if self._ingests.get(ingest.resource) is not ingest:
            return
        self._tell(ingest, Ended(ingest.resource))
        del self._ingests[ingest.resource], self._numbers[ingest.resource]
        self._foreign.discard(ingest.resource)

    def copy(self, ingest: Ingest, data: bytes) -> None:
        """Pass on a packet of `ingest`, as it came in."""
        if near := self._near(ingest):
            _write(near, frame(Packet(ingest.resource, data)), self._cut_off)
        if self.far and (number := self._numbers.get(ingest.resource)) is not None:
            now_s = system.monotonic_s()
            for taker in self._far(ingest):
                taker.take(number, ingest.resource, data, now_s)

    def join(self, taker: FarTaker) -> None:
        """Lend to a branch of another node from now on."""
        self.far.add(taker)
        for ingest in self._ingests.values():
            if ingest.stage == taker.stage:
                taker.tell(frame(self._lent(ingest)))

    def ask_keyframe(self, wanted: KeyframeWanted) -> None:
        """Ask the publisher for what a branch wants."""
        ingest = self._ingests.get(wanted.resource)
        track = ingest.track_of(wanted.ssrc) if ingest else None
        if track is not None:
            track.ask_keyframe(system.monotonic_s())

    def _near(self, ingest: Ingest) -> set[asyncio.StreamWriter]:
        return self._whole if ingest.resource in self._foreign else self.branches

    def _far(self, ingest: Ingest) -> Iterable[FarTaker]:
        return [taker for taker in self.far if taker.stage == ingest.stage]

    def _tell(self, ingest: Ingest, message: Message) -> None:
        framed = frame(message)
        _write(self._near(ingest), framed, self._cut_off)
        for taker in self._far(ingest):
            taker.tell(framed)

    def _cut_off(self, writer: asyncio.StreamWriter) -> None:
        log.warning("a branch is cut off", extra={"action": "media.branch_behind"})
        self._part(writer)
        writer.transport.abort()

    def _part(self, writer: asyncio.StreamWriter) -> None:
        self.branches.discard(writer)
        self._whole.discard(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.branches.add(writer)
        self._lend(writer, foreign=False)
        try:
            while (message := await receive(reader)) is not None:
                if isinstance(message, KeyframeWanted):
                    self.ask_keyframe(message)
                elif isinstance(message, Hello) and writer not in self._whole:
                    self._whole.add(writer)
                    self._lend(writer, foreign=True)
        finally:
            self._part(writer)
            writer.close()

    def _lend(self, writer: asyncio.StreamWriter, *, foreign: bool) -> None:
        for ingest in self._ingests.values():
            if (ingest.resource in self._foreign) == foreign:
                writer.write(frame(self._lent(ingest)))

    def _lent(self, ingest: Ingest) -> Lent:
        return Lent(
            ingest.resource,
            ingest.session,
            ingest.person,
            ingest.source,
            ingest.offer,
            ingest.track_lines(),
            ingest.stage,
            self._numbers[ingest.resource],
        )


def _write(
    writers: set[asyncio.StreamWriter],
    framed: bytes,
    cut_off: Callable[[asyncio.StreamWriter], None],
) -> None:
    """Write to all; who is too far behind is cut off."""
    for writer in list(writers):
        if writer.transport.get_write_buffer_size() > MAX_BEHIND_BYTES:
            cut_off(writer)
        else:
            writer.write(framed)
