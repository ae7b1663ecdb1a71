"""The ingests of another worker, made anew from what its trunk tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ... import system
from ..egress import Egress
from ..rtp import rtcp
from ..sdp.negotiation import negotiate
from .ingest import Ingest
from .trunk_link import Ended, KeyframeWanted, Lent, Message, Packet

Changed = Callable[[str, float], None]  # a session, and the time


class Lending(Protocol):
    """A part that lends on what is borrowed: a trunk."""

    def add(self, ingest: Ingest, *, own: bool = True) -> None: ...

    def discard(self, ingest: Ingest) -> None: ...

    def copy(self, ingest: Ingest, data: bytes) -> None: ...


class Borrowed:
    """Ingests by resource. `changed` is called whenever one begins, changes or ends.

    With `lending` they are lent on to others.
    """

    def __init__(self, egress: Egress, changed: Changed, lending: Lending | None = None) -> None:
        self.ingests: dict[str, Ingest] = {}
        self._egress = egress
        self._changed = changed
        self._lending = lending

    def do(self, message: Message, back: Callable[[Message], None]) -> None:
        """Take in a message of the trunk; `back` takes messages to it."""
        match message:
            case Packet():
                self.take(message.resource, message.data, system.monotonic_s())
            case Lent():
                self._begin(message, back)
            case Ended():
                self._end(message.resource)

    def take(self, resource: str, data: bytes, now_s: float) -> None:
        """Take in a packet of an ingest."""
        ingest = self.ingests.get(resource)
        if ingest is None or len(data) < 2:
            return
        (ingest.on_rtcp if rtcp.is_rtcp(data) else ingest.on_rtp)(data, now_s)

    def end_all(self) -> None:
        """End what was lent: the trunk has gone."""
        for resource in list(self.ingests):
            self._end(resource)

    def _begin(self, lent: Lent, back: Callable[[Message], None]) -> None:
        negotiated, now_s = negotiate(lent.offer, "publish"), system.monotonic_s()
        # What comes in is told to the publisher by the trunk's worker.
        media = tuple(medium._replace(feedback=frozenset()) for medium in negotiated.media)
        negotiated = negotiated._replace(media=media)
        about = lent.resource, lent.session, lent.person, lent.source
        made = Ingest(*about, negotiated, self._egress, self, now_s, offer=lent.offer)
        made.stage = lent.stage
        self.ingests[lent.resource] = made
        made.borrow(BackChannel(lent.resource, back), lent.tracks, now_s)
        if self._lending is not None:
            self._lending.add(made, own=False)
        self._changed(lent.session, now_s)

    def _end(self, resource: str) -> None:
        ingest = self.ingests.pop(resource, None)
        if ingest is None:
            return
        if self._lending is not None:
            self._lending.discard(ingest)
        self._changed(ingest.session, system.monotonic_s())
        ingest.end()

    # What its ingests tell ---------------------------------------------------------------

    def on_ingest_changed(self, ingest: Ingest, now_s: float) -> None:
        self._changed(ingest.session, now_s)

    def on_ingest_live(self, ingest: Ingest, now_s: float) -> None:
        """Do nothing: it has been live since it was lent."""

    def on_ingest_packet(self, ingest: Ingest, data: bytes) -> None:
        if self._lending is not None:
            self._lending.copy(ingest, data)

    def on_ingest_ended(self, ingest: Ingest, reason: str, now_s: float) -> None:
        """Do nothing: the trunk tells."""


class BackChannel:
    """The way from a borrowed ingest to the trunk: only wishes for keyframes go there.

    The trunk asks for what got lost on the way to it, and what comes again comes here too.
    """

    def __init__(self, resource: str, back: Callable[[Message], None]) -> None:
        self._resource = resource
        self._back = back

    def send_rtcp(self, packet: bytes) -> bool:
        for report in rtcp.parse(packet):
            if isinstance(report, rtcp.KeyframeRequest):
                self._back(KeyframeWanted(self._resource, report.ssrc))
        return True

    def close(self) -> None:
        """Leave the connection alone: it is the branch's."""
