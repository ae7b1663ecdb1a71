"""The engine on aiortc's peer connections: rooms, stages and routes; it never runs a codec."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from aiortc.exceptions import OperationError

from .. import system
from ..errors import (
    BadInput,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    ShowcallerError,
    Unprocessable,
)
from .addresses import Addresses
from .aiortc_peers import NO_CODEC, Feed, Peer, Publication, Viewer
from .engine import Answer, Layer, MediaEvent, Patched, Source
from .sdp import read_fragment, read_offer
from .statistics import PublicationStatistics, StageStatistics, Statistics, ViewerStatistics

log = logging.getLogger(__name__)

CONNECT_WITHIN_S = 20.0
PUBLISHER_SILENT_S = 10.0  # without a packet or a connectivity check: the publisher is gone
CHECK_SILENCE_EVERY_S = 1.0


class AiortcEngine:
    """A `MediaEngine`; see there. `name` begins the ids of its resources."""

    def __init__(self, name: str, addresses: Addresses) -> None:
        self.on_event: Callable[[MediaEvent], None] = lambda event: None
        self._name = name
        self._addresses = addresses
        self._peers: dict[str, Peer] = {}
        self._feeds: dict[str, Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._run(self._end_silent())

    async def publish(
        self, *, session: str, person: str, offer: str, source: Source = "main"
    ) -> Answer:
        return await self._open(
            Publication(self._new_id(), session, person, read_offer(offer, "publish"))
        )

    async def view(self, *, stage: str, person: str, offer: str) -> Answer:
        read = read_offer(offer, "view")
        return await self._open(Viewer(self._new_id(), self._feed(stage), person, read))

    async def preview(self, *, publication: str, person: str, offer: str) -> Answer:
        raise Unprocessable("this engine has no previews")

    async def choose_layer(self, resource: str, layer: Layer) -> None:
        self._peer(resource)

    async def viewers(self, stage: str) -> list[ViewerStatistics]:
        return []

    async def patch(self, resource: str, *, if_match: str | None, fragment: str) -> Patched:
        peer = self._peer(resource)
        read = read_fragment(fragment)
        if if_match is None:
            raise PreconditionRequired("send If-Match with the ETag of this resource")
        if if_match.strip() == "*" or read.ufrag not in (None, peer.offer.ufrag):
            raise Unprocessable("ICE restarts are not supported here: connect again instead")
        if peer.etag not in [tag.strip() for tag in if_match.split(",")]:
            raise PreconditionFailed("the ETag in If-Match is not that of this resource")
        await peer.trickle(read.candidates)
        return Patched(etag=peer.etag)

    async def close(self, resource: str) -> None:
        self._end(self._peer(resource))

    async def close_room(self, session: str) -> None:
        for publication in self._publications(session):
            self._end(publication)

    async def leave_stage(self, stage: str) -> None:
        for peer in [p for p in self._peers.values() if isinstance(p, Viewer)]:
            if peer.feed.stage == stage:
                self._end(peer)
        self._feed(stage).lead(None)
        del self._feeds[stage]

    async def route(self, *, stage: str, session: str | None, publication: str = "") -> None:
        self._feed(stage).session = session
        self._lead(self._feed(stage))

    async def statistics(self) -> Statistics:
        publications = [p for p in self._peers.values() if isinstance(p, Publication)]
        return Statistics(
            connecting=sum(not p.live for p in self._peers.values()),
            packets_received=sum(p.packets for p in publications),
            publications=[
                PublicationStatistics(
                    publication=p.resource,
                    session=p.session,
                    person=p.person,
                    source="main",
                    live=p.live,
                    keyframe_requests=p.keyframe_requests,
                )
                for p in publications
            ],
            stages=[
                StageStatistics(stage=stage, session=f.session or "", viewers=len(f.viewers))
                for stage, f in self._feeds.items()
            ],
        )

    async def shut(self) -> None:
        for peer in list(self._peers.values()):
            self._end(peer)
        closing = [task for task in self._tasks if task.get_name() == "close"]
        await asyncio.gather(*closing, return_exceptions=True)
        for task in self._tasks:
            task.cancel()

    # Opening and ending ---------------------------------------------------------------------

    async def _open(self, peer: Peer) -> Answer:
        self._peers[peer.resource] = peer
        peer.pc.on("connectionstatechange", lambda: self._on_state(peer))
        try:
            sdp = await peer.answer(self._addresses)
        except OperationError:
            self._end(peer)
            raise Unprocessable(NO_CODEC) from None
        except ShowcallerError:
            self._end(peer)
            raise
        except Exception as error:  # aiortc raises anything at all for an offer it can't follow
            self._end(peer)
            log.info("offer refused", exc_info=error, extra={"action": "media.bad_offer"})
            raise BadInput("this offer can't be followed") from error
        asyncio.get_running_loop().call_later(CONNECT_WITHIN_S, self._give_up, peer.resource)
        return Answer(resource=peer.resource, sdp=sdp, etag=peer.etag)

    def _on_state(self, peer: Peer) -> None:
        state = peer.pc.connectionState
        if state == "connected" and peer.resource in self._peers and not peer.live:
            self._begin(peer)
        elif state in ("failed", "closed") and peer.resource in self._peers:
            self._end(peer)

    def _begin(self, peer: Peer) -> None:
        peer.live = True
        self.on_event(peer.event("live"))
        if isinstance(peer, Viewer):
            peer.begin()
        elif isinstance(peer, Publication):
            self._lead_all(peer.session)

    def _give_up(self, resource: str) -> None:
        peer = self._peers.get(resource)
        if peer is not None and not peer.live:
            self._end(peer)

    def _end(self, peer: Peer) -> None:
        """Forget the peer at once and close its connection in the background."""
        if self._peers.pop(peer.resource, None) is None:
            return
        self.on_event(peer.event("over"))
        if isinstance(peer, Viewer):
            peer.feed.viewers.discard(peer)
        elif isinstance(peer, Publication):
            self._lead_all(peer.session)
        self._run(peer.pc.close(), "close")

    async def _end_silent(self) -> None:
        """End publishers that vanished: no packet, and no connectivity check (RFC 7675)."""
        while True:
            await asyncio.sleep(CHECK_SILENCE_EVERY_S)
            limit_s = system.monotonic_s() - PUBLISHER_SILENT_S
            for peer in list(self._peers.values()):
                if isinstance(peer, Publication) and peer.live and peer.heard_s < limit_s:
                    self._end(peer)

    # Rooms and stages -----------------------------------------------------------------------

    def _lead_all(self, session: str) -> None:
        for feed in self._feeds.values():
            if feed.session == session:
                self._lead(feed)

    def _lead(self, feed: Feed) -> None:
        """Show the newest live publication of the room that is led to the stage."""
        live = [p for p in self._publications(feed.session) if p.live]
        for viewer in feed.lead(live[-1] if live else None):
            self._end(viewer)  # it connects again and negotiates the other codec

    def _publications(self, session: str | None) -> list[Publication]:
        return [
            peer
            for peer in self._peers.values()
            if isinstance(peer, Publication) and peer.session == session
        ]

    def _feed(self, stage: str) -> Feed:
        return self._feeds.setdefault(stage, Feed(stage))

    def _peer(self, resource: str) -> Peer:
        try:
            return self._peers[resource]
        except KeyError:
            raise NotFound("this media resource has ended") from None

    def _new_id(self) -> str:
        return f"{self._name}~{system.random_id('r')}"

    def _run(self, work: Coroutine[Any, Any, None], name: str = "") -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
