"""The engine: ingests come in, feeds lead them to viewers, all through one UDP port.

Nothing is decoded or encoded. `Ingest` has what one speaker sends, `Feed` what a stage shows,
`Viewer` what one person is sent; packets take the way Track → Lane → Pacer → egress. Here calls are
carried out, ingests and viewers begin and end, and all is kept going by the clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import process_time
from typing import Any, TypeVar

from ... import system
from ...errors import (
    BadInput,
    Full,
    NotFound,
    OurFault,
    PreconditionFailed,
    PreconditionRequired,
)
from ..contract.addresses import Addresses, of_this_machine
from ..contract.calls import (
    Answer,
    BranchOff,
    Call,
    ChooseLayer,
    Close,
    CloseRoom,
    DescribePicture,
    LeaveStage,
    Lender,
    ListViewers,
    Measure,
    OpenTrunk,
    Patch,
    Patched,
    PictureShown,
    Ping,
    Preview,
    Publish,
    Route,
    View,
)
from ..contract.engine import EngineListener, MediaEvent
from ..contract.statistics import Statistics, ViewerStatistics, worst
from ..egress import Egress
from ..sdp.negotiation import Negotiated, Outgoing, answer, negotiate, restart_fragment
from ..sdp.sdp import read_fragment
from ..transport.tcp import bind_tcp
from ..transport.transport import Transports
from ..transport.udp import UdpPort
from .abroad import Abroad
from .capacity import Capacity
from .catch_up import CatchUp
from .cpu_share import CpuShare
from .feed import Feed
from .feeds import FACE, PREVIEW, Feeds, stage_of
from .ingest import Ingest
from .ingests import Ingests
from .pacer import Pacer
from .trimmer import Trimmer
from .trunk import Trunk
from .viewer import CNAME, Viewer

log = logging.getLogger(__name__)

ASK_EVERY_S = 0.02  # what publishers have to repeat
LOOK_EVERY_S = 0.1  # at what is on the stages
REPORTS_EACH_S = 1.0  # to each viewer, spread over `REPORT_TURNS`
REPORT_TURNS = 20
FULL_RETRY_S = 5
CONNECTS_WITHIN_S = 2.0
# A viewer's DTLS ends a moment before its SRTP can read: Firefox drops what comes in between, which
# would be the keyframe. Its first report shows that it reads, but most viewers' comes late.
DECRYPTS_AFTER_S = 0.08
LINGER_S = 1.5  # of a closed room: for the next one's keyframe, and for an end that is taken back

R = TypeVar("R")


class ForwardingEngine:
    """A `MediaEngine` that forwards; `name` begins the ids of its resources."""

    def __init__(
        self,
        name: str,
        transports: Transports,
        pacer: Pacer,
        egress: Egress,
        listener: EngineListener,
    ) -> None:
        self._listener = listener
        self._name = name
        self._wall_ahead_s = system.wall_ms_exact() / 1000 - system.monotonic_s()
        self._transports = transports
        self._egress = egress
        self._pacer = pacer
        self.ingests = Ingests(egress, self._on_borrowed)
        self._catch_up = CatchUp()
        self._feeds = Feeds(self.ingests, egress, pacer, self._catch_up)
        self.viewers: dict[str, Viewer] = {}
        self._where: dict[Viewer, Feed] = {}
        self.trunk = Trunk()
        about = name, self.trunk, transports, self.ingests
        self.abroad = Abroad(*about, self._on_borrowed, self._on_parted)
        self._packets_before = 0  # of ingests that have ended
        self._sent_before = [0, 0, 0]  # packets, bytes, dropped of viewers that have left
        self.capacity = Capacity()
        self._trimmer = Trimmer()
        self._viewers_refused = 0
        self._looked_s, self._sent_s = system.monotonic_s(), 0.0
        self._cpu = CpuShare()
        self._turn = 0
        self._ticking = [
            asyncio.create_task(self._each(every_s, work))
            for every_s, work in (
                (ASK_EVERY_S, self._ask_publishers),
                (LOOK_EVERY_S, self._look_at_stages),
                (REPORTS_EACH_S / REPORT_TURNS, self._report_to_viewers),
            )
        ]

    @classmethod
    async def open(
        cls,
        name: str,
        addresses: Addresses,
        port: int,
        egress: Egress,
        listener: EngineListener,
        tcp_port: int | None = 0,
    ) -> ForwardingEngine:
        """Make an engine with a UDP port of its own (0: any free number). Raises `OSError`.

        `tcp_port`: of ICE over TCP; None: the same number if it is free, 0: none.
        """
        bound = of_this_machine() if addresses.followed else addresses.bound
        udp = UdpPort.bind(bound, port)
        tcp = bind_tcp(bound, udp.port if tcp_port is None else tcp_port)
        pacer = Pacer(udp.on_writable, system.monotonic_s)
        transports = Transports(udp, addresses.advertised or bound, pacer.behind, tcp)
        if addresses.followed:
            transports.follow(of_this_machine)
        return cls(name, transports, pacer, egress, listener)

    async def do(self, call: Call[R]) -> R:
        """Carry out a call; see there what it raises."""
        handler = HANDLERS.get(type(call))
        if handler is None:
            raise OurFault(f"media workers don't know {type(call).__name__}", code="unknown_call")
        answer: R = await handler(self, call)
        return answer

    # Opening ------------------------------------------------------------------------------------

    async def _publish(self, call: Publish) -> Answer:
        now_s = await self._transports.turns.mine()
        negotiated = negotiate(call.offer, "publish", call.first)
        about = self._new_id(), call.session, call.asker.person, call.source
        ingest = Ingest(*about, negotiated, self._egress, self, now_s, offer=call.offer)
        ingest.stage = call.stage
        self.ingests.own[ingest.resource] = ingest
        return self._answer(ingest, negotiated, {}, now_s)

    async def _view(self, call: View) -> Answer:
        now_s = await self._transports.turns.mine()
        if self.capacity.full(self.expected(now_s) + 1):
            self._viewers_refused += 1
            raise Full("this stage has no room for more viewers", retry_after_s=FULL_RETRY_S)
        name = FACE + call.stage if call.face else call.stage
        return self._open_viewer(self._feeds.open(name, now_s), call, now_s)

    async def _preview(self, call: Preview) -> Answer:
        now_s = await self._transports.turns.mine()
        if call.resource not in self.ingests.own:
            raise NotFound("this publication has ended")
        feed = self._feeds.open(PREVIEW + call.resource, now_s)
        return self._open_viewer(feed, call, now_s)

    def expected(self, now_s: float) -> int:
        """Return the number of viewers who watch, or asked a moment ago and may still connect."""
        since_s = now_s - CONNECTS_WITHIN_S
        return sum(viewer.live or viewer.asked_s > since_s for viewer in self.viewers.values())

    def _open_viewer(self, feed: Feed, call: View | Preview, now_s: float) -> Answer:
        negotiated = negotiate(call.offer, "view")
        numbers = {
            medium.kind: (1 + system.random_bits(31), 1 + system.random_bits(31))
            for medium in negotiated.media
            if medium.flows
        }
        about = self._new_id(), call.asker.person, negotiated, numbers
        viewer = Viewer(*about, self._egress, self, now_s, self._wall_ahead_s)
        self.viewers[viewer.resource] = viewer
        self._where[viewer] = feed
        outgoing = {kind: Outgoing(*pair) for kind, pair in numbers.items()}
        return self._answer(viewer, negotiated, outgoing, now_s)

    def _answer(
        self,
        peer: Ingest | Viewer,
        negotiated: Negotiated,
        outgoing: dict[str, Outgoing],
        now_s: float,
    ) -> Answer:
        peer.transport = self._transports.add(negotiated.remote, peer, now_s)
        sdp = answer(negotiated, peer.transport.local, outgoing=outgoing, cname=CNAME)
        return Answer(resource=peer.resource, sdp=sdp, etag=peer.etag)

    async def _patch(self, call: Patch) -> Patched:
        peer = self._peer(call.resource)
        read = read_fragment(call.fragment)
        if call.if_match is None:
            raise PreconditionRequired("send If-Match with the ETag of this resource")
        accepted = [tag.strip() for tag in call.if_match.split(",")]
        if accepted != ["*"] and peer.etag not in accepted:
            raise PreconditionFailed("the ETag in If-Match is not that of this resource")
        if read.ufrag and read.ufrag != peer.negotiated.remote.ufrag:
            if not read.pwd:
                raise BadInput("a new a=ice-ufrag needs an a=ice-pwd", field="ice-pwd")
            return self._restart(peer, read.ufrag, read.pwd)
        return Patched(etag=peer.etag)  # candidates are not needed: the peer comes to us

    def _restart(self, peer: Ingest | Viewer, ufrag: str, pwd: str) -> Patched:
        assert peer.transport is not None
        local = peer.transport.restart(ufrag, pwd)
        remote = peer.negotiated.remote._replace(ufrag=ufrag, pwd=pwd)
        peer.negotiated = peer.negotiated._replace(remote=remote)
        peer.etag = f'"{system.random_id("e")}"'
        return Patched(etag=peer.etag, fragment=restart_fragment(local, peer.negotiated.bundle))

    # Beginning and ending -----------------------------------------------------------------------

    def on_ingest_live(self, ingest: Ingest, now_s: float) -> None:
        self._listener.on_media_event(_published(ingest, "published"))
        self.trunk.add(ingest)
        self.on_ingest_changed(ingest, now_s)

    def on_ingest_packet(self, ingest: Ingest, data: bytes) -> None:
        self.trunk.copy(ingest, data)

    def on_ingest_changed(self, ingest: Ingest, now_s: float) -> None:
        self._feeds.lead_room(ingest.session, now_s)
        if (preview := self._feeds.get(PREVIEW + ingest.resource)) is not None:
            self._feeds.lead(preview, now_s)

    def _on_borrowed(self, session: str, now_s: float) -> None:
        self._feeds.lead_room(session, now_s)

    def on_ingest_ended(self, ingest: Ingest, reason: str, now_s: float) -> None:
        log.info(
            "a publication ended",
            extra={"action": "media.publication_closed", "reason": reason},
        )
        self._end_ingest(ingest, now_s)

    def _end_ingest(self, ingest: Ingest, now_s: float) -> None:
        if self.ingests.own.pop(ingest.resource, None) is None:
            return
        self._packets_before += ingest.packets
        self.trunk.discard(ingest)
        self._listener.on_media_event(_published(ingest, "unpublished"))
        self._feeds.lead_all(now_s)
        ingest.end()
        preview = self._feeds.close(PREVIEW + ingest.resource)
        if preview is not None:
            for viewer in list(preview.viewers.values()):
                self._end_viewer(viewer, now_s)

    def on_viewer_live(self, viewer: Viewer, now_s: float) -> None:
        self._listener.on_media_event(self._viewed(viewer, "viewed"))
        loop, due_s = asyncio.get_running_loop(), now_s + DECRYPTS_AFTER_S
        loop.call_later(DECRYPTS_AFTER_S, self.on_viewer_reported, viewer, due_s)

    def on_viewer_reported(self, viewer: Viewer, now_s: float) -> None:
        """Begin to send, unless the viewer has gone or has been sent something already."""
        feed = self._where.get(viewer)
        if feed is not None and viewer.resource not in feed.viewers:
            feed.add(viewer, now_s)

    def on_keyframe_wanted(self, viewer: Viewer, now_s: float) -> None:
        self._where[viewer].wants_keyframe(viewer, now_s)

    def on_viewer_ended(self, viewer: Viewer, reason: str, now_s: float) -> None:
        level = logging.DEBUG if reason == "closed_by_peer" else logging.INFO
        fields = {"action": "media.viewer_closed", "reason": reason}
        log.log(level, "a viewer's connection ended", extra=fields)
        self._end_viewer(viewer, now_s)

    def _end_viewer(self, viewer: Viewer, now_s: float) -> None:
        if self.viewers.pop(viewer.resource, None) is None:
            return
        event = self._viewed(viewer, "left")
        feed = self._where.pop(viewer)
        feed.discard(viewer)
        self._catch_up.discard(viewer)
        counts = (viewer.packets_sent, viewer.bytes_sent, viewer.packets_dropped)
        self._sent_before = [a + b for a, b in zip(self._sent_before, counts, strict=True)]
        viewer.end()
        self._trimmer.note_left(now_s)
        self._listener.on_media_event(event)

    async def _close(self, call: Close) -> None:
        peer, now_s = self._peer(call.resource), system.monotonic_s()
        if isinstance(peer, Ingest):
            self._end_ingest(peer, now_s)
        else:
            self._end_viewer(peer, now_s)

    async def _close_room(self, call: CloseRoom) -> None:
        """End a room's ingests in a moment: until then its stage may show them, or get them back."""
        loop, due_s = asyncio.get_running_loop(), system.monotonic_s() + LINGER_S
        for ingest in self.ingests.room(call.session):
            ingest.closing = True
            loop.call_later(LINGER_S, self._end_closed, ingest, due_s)

    def _end_closed(self, ingest: Ingest, now_s: float) -> None:
        """End it, unless its session was reopened meanwhile."""
        if ingest.closing:
            self._end_ingest(ingest, now_s)

    async def _leave_stage(self, call: LeaveStage) -> None:
        now_s = system.monotonic_s()
        if (feed := self._feeds.close(call.stage)) is not None:
            self._end_session(feed)
            self._end_feed(feed, now_s)
        if (face := self._feeds.close(FACE + call.stage)) is not None:
            self._end_feed(face, now_s)
        self.ingests.leave(call.stage)

    def _end_feed(self, feed: Feed, now_s: float) -> None:
        for viewer in [v for v, where in self._where.items() if where is feed]:
            self._end_viewer(viewer, now_s)
        feed.end()

    async def lend(self, path: str) -> None:
        """Let other workers of this node branch off at this UNIX socket. Raises `OSError`."""
        await self.trunk.listen(path)

    async def _open_trunk(self, call: OpenTrunk) -> Lender:
        return await self.abroad.open(call.keys)

    async def _branch_off(self, call: BranchOff) -> None:
        if call.lender is None:
            self.ingests.branch_off(call.stage, call.trunk)
        else:
            await self.abroad.borrow(call.stage, call.lender)
        self._feeds.open(call.stage, system.monotonic_s())

    def _on_parted(self, stage: str) -> None:
        self._listener.on_media_event(MediaEvent(kind="parted", stage=stage))

    async def _describe_picture(self, call: DescribePicture) -> PictureShown:
        viewer = self._viewer(call.resource)
        return self._where[viewer].picture_for(viewer)

    def _viewer(self, resource: str) -> Viewer:
        peer = self._peer(resource)
        if not isinstance(peer, Viewer):
            raise NotFound("this media resource is no viewer")
        return peer

    async def _choose_layer(self, call: ChooseLayer) -> None:
        peer = self._viewer(call.resource)
        peer.ask(call.layer)
        if peer.resource in (feed := self._where[peer]).viewers:
            feed.join(peer, system.monotonic_s())

    async def shut(self) -> None:
        for task in self._ticking:
            task.cancel()
        self._catch_up.stop()
        now_s = system.monotonic_s()
        for viewer in list(self.viewers.values()):
            self._end_viewer(viewer, now_s)
        for ingest in list(self.ingests.own.values()):
            self._end_ingest(ingest, now_s)
        self.ingests.close()
        await self.trunk.close()
        await self.abroad.close()
        await self._transports.shut()

    # What is on the stages ----------------------------------------------------------------------

    async def _route(self, call: Route) -> None:
        now_s = system.monotonic_s()
        feed = self._feeds.open(call.stage, now_s)
        if call.session != feed.session:
            self._end_session(feed)
            feed.lead_to(call.session)
            for ingest in self.ingests.room(call.session):
                ingest.closing = False
        self._feeds.choose(feed, call.publication, now_s)

    def _end_session(self, feed: Feed) -> None:
        """Tell how well what was shown on the stage reached its viewers."""
        if feed.session is None:
            return
        quality = feed.quality.quality(feed.counts())
        self._listener.on_media_event(
            MediaEvent(kind="measured", session=feed.session, stage=feed.name, quality=quality)
        )

    def _peer(self, resource: str) -> Ingest | Viewer:
        peer = self.ingests.own.get(resource) or self.viewers.get(resource)
        if peer is None:
            raise NotFound("this media resource has ended")
        return peer

    def _new_id(self) -> str:
        return f"{self._name}~{system.random_id('r')}"

    # By the clock -------------------------------------------------------------------------------

    async def _each(self, every_s: float, work: Callable[[float], None]) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                work(system.monotonic_s())
            except Exception:
                log.exception("media could not be kept going", extra={"action": "media.failed"})

    def _ask_publishers(self, now_s: float) -> None:
        for ingest in self.ingests:
            ingest.tick(now_s)

    def _look_at_stages(self, now_s: float) -> None:
        self._note_capacity(now_s)
        for ingest in [p for p in self.ingests.own.values() if p.vanished(now_s)]:
            self.on_ingest_ended(ingest, "vanished", now_s)
        for feed in self._feeds:
            self._feeds.lead(feed, now_s)
            feed.tick(now_s)

    def _note_capacity(self, now_s: float) -> None:
        passed_s, self._looked_s = now_s - self._looked_s, now_s
        busy_s, self._sent_s = self._pacer.busy_s - self._sent_s, self._pacer.busy_s
        served = sum(len(f.viewers) for f in self._feeds if f.picture or f.sound)
        self.capacity.note(passed_s=passed_s, busy_s=busy_s, viewers=served)

    def _report_to_viewers(self, now_s: float) -> None:
        """Report to a share of the viewers each time, so that all have their turn each second."""
        self._turn = (self._turn + 1) % REPORT_TURNS
        for feed in self._feeds:
            feed.each_second(self._turn, REPORT_TURNS, now_s, REPORTS_EACH_S)
        if self._turn == 0:
            self._cpu.note(now_s, process_time())
            self._trimmer.tick(now_s)

    # Figures ------------------------------------------------------------------------------------

    async def _ping(self, call: Ping) -> None:
        """Do nothing: the answer tells that the loop turns."""

    async def _measure(self, call: Measure) -> Statistics:
        now_s = system.monotonic_s()
        sent = list(self._sent_before)
        for viewer in self.viewers.values():
            sent[0] += viewer.packets_sent
            sent[1] += viewer.bytes_sent
            sent[2] += viewer.packets_dropped
        own = list(self.ingests.own.values())
        peers: list[Ingest | Viewer] = [*own, *self.viewers.values()]
        made = Statistics(
            egress=self._egress.name,
            port=self._transports.port,
            tcp_connections=tcp.connections if (tcp := self._transports.tcp) else 0,
            tcp_refused=tcp.refused if tcp else 0,
            load=self._cpu.share(now_s, process_time()),
            connecting=sum(not peer.live for peer in peers),
            packets_received=self._packets_before + sum(p.packets for p in own),
            packets_sent=sent[0],
            bytes_sent=sent[1],
            packets_dropped=sent[2] + self._pacer.packets_dropped,
            datagrams_refused=self._transports.refused,
            viewers_refused=self._viewers_refused,
            publications=[p.statistics(now_s, self._feeds.shown_on(p)) for p in own],
            stages=[feed.statistics() for feed in self._feeds.stages],
        )
        self.abroad.count(made)
        return made

    async def _list_viewers(self, call: ListViewers) -> list[ViewerStatistics]:
        feed, now_s = self._feeds.get(call.stage), system.monotonic_s()
        if feed is None:
            return []
        viewers = feed.viewers.values()
        return worst([v.statistics(call.stage, feed.layer_of(v), now_s) for v in viewers])

    def _viewed(self, viewer: Viewer, kind: str) -> MediaEvent:
        stage = stage_of(self._where[viewer])
        return MediaEvent(kind=kind, resource=viewer.resource, stage=stage, person=viewer.person)


HANDLERS: dict[type[Call[Any]], Callable[[ForwardingEngine, Any], Awaitable[Any]]] = {
    Publish: ForwardingEngine._publish,
    View: ForwardingEngine._view,
    Preview: ForwardingEngine._preview,
    ChooseLayer: ForwardingEngine._choose_layer,
    DescribePicture: ForwardingEngine._describe_picture,
    Patch: ForwardingEngine._patch,
    Close: ForwardingEngine._close,
    CloseRoom: ForwardingEngine._close_room,
    LeaveStage: ForwardingEngine._leave_stage,
    OpenTrunk: ForwardingEngine._open_trunk,
    BranchOff: ForwardingEngine._branch_off,
    Route: ForwardingEngine._route,
    Measure: ForwardingEngine._measure,
    ListViewers: ForwardingEngine._list_viewers,
    Ping: ForwardingEngine._ping,
}


def _published(ingest: Ingest, kind: str) -> MediaEvent:
    return MediaEvent(
        kind=kind,
        resource=ingest.resource,
        session=ingest.session,
        person=ingest.person,
        source=ingest.source,
    )
