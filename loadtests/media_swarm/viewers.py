"""A crowd of viewers: they join over WHEP, are counted in C, and say now and then that they are there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urljoin

from . import rtcp
from .counter import Counter, Datagram, Stream, Totals
from .http import Http, Response
from .loop import Loop
from .offers import VIDEO, Credentials, read_answer, viewer_offer
from .peer import DATAGRAM_BYTES, GIVE_UP_S, Peer
from .shape import read_mark
from .srtp import Forged

SAMPLED = 1 / 400
CONSENT_EVERY_S = 4.0  # RFC 7675 §5.1: each 4 to 6 s
REPORT_EVERY_S = 1.0
TURNS_PER_S = 20  # reports and checks are spread over these
ESTIMATE_BPS = 8_000_000
AT_ONCE = 32
SSRC = 0x5357


class Refused(RuntimeError):
    """The server did not let a viewer in, or it never became whole."""


class Sample(NamedTuple):
    """A packet that was decrypted and had its publisher's mark."""

    slot: int
    payload_type: int
    number: int
    delay_ms: float


class Window(NamedTuple):
    """The packets that some viewers received within some time."""

    seconds: float
    totals: Totals
    drops: int  # by our own sockets; then nothing here counts
    delays_ms: list[float]
    forged: int
    unmarked: int
    gaps_ms: list[float]  # of each viewer: its longest time without a packet of the picture

    @property
    def packets_per_s(self) -> float:
        return self.totals.packets / self.seconds


class Viewer:
    """One of the crowd. `joined_s` is None until its first authentic packet is here."""

    def __init__(self, slot: int, peer: Peer, token: str) -> None:
        self.slot = slot
        self.peer = peer
        self.token = token
        self.resource = ""
        self.began_s = time.monotonic()
        self.joined_s: float | None = None
        self.first_video_s: float | None = None
        self.last_report, self.last_report_s = 0, 0.0
        self.reported: dict[int, tuple[int, int]] = {}  # by SSRC: expected and lost, when last told

    @property
    def join_ms(self) -> float:
        assert self.joined_s is not None
        return (self.joined_s - self.began_s) * 1000


class Viewers:
    """`post` is where to join; slots are used again when viewers have left."""

    def __init__(
        self,
        loop: Loop,
        endpoint: str,
        slots: int,
        *,
        sampled: float = SAMPLED,
        send_time: bool = False,
        connections: int = 16,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.here: dict[int, Viewer] = {}
        self.samples: list[Sample] = []
        self.forged = 0
        self.unmarked = 0
        self.refusals: list[str] = []
        self._endpoint = endpoint
        self._send_time = send_time
        self._loop = loop
        self._http = Http(loop, endpoint, connections, headers)
        self._counter = Counter(slots, sampled)
        self._free = list(range(slots - 1, -1, -1))
        self._joining: dict[int, Viewer] = {}
        self._turn = 0
        loop.every(0.05, self._on_time)
        loop.every(1 / TURNS_PER_S, self._speak)
        loop.every(0.02, self._look)

    # Coming and going ---------------------------------------------------------------------------

    def join(
        self, tokens: Iterable[str], *, at_once: int = AT_ONCE, within_s: float = 120
    ) -> list[Viewer]:
        """One viewer for each token, `at_once` on their way, until all have media. Raises `Refused`."""
        joined: list[Viewer] = []
        for token in tokens:
            joined.append(self.begin(token))
            self._loop.run_until(lambda: len(self._joining) < at_once, within_s, "joining")
        self._loop.run_until(lambda: not self._joining, within_s, "joining")
        if refusals := self.refusals:
            self.refusals = []
            raise Refused(f"{len(refusals)} refused, first: {refusals[0]}")
        return joined

    def begin(self, token: str) -> Viewer:
        """Post an offer; the loop does the rest."""
        peer = Peer(Credentials.random())
        viewer = Viewer(self._free.pop(), peer, token)
        self._joining[viewer.slot] = viewer
        offer = viewer_offer(peer.own, send_time=self._send_time).encode()
        self._http.ask(
            "POST", self._endpoint, lambda r: self._on_answer(viewer, r), token=token, body=offer
        )
        return viewer

    def leave(self, viewers: Sequence[Viewer], within_s: float = 60) -> None:
        """DELETE each, and let go of the sockets when the server has answered."""
        for viewer in viewers:
            self._http.ask("DELETE", viewer.resource, lambda r: None, token=viewer.token)
        self._loop.run_until(lambda: not self._http.waiting, within_s, "leaving")
        self.drop(viewers)

    def drop(self, viewers: Sequence[Viewer]) -> None:
        """Fall silent without a word."""
        self._counter.remove([(one.slot, one.peer.sock) for one in viewers])
        for viewer in viewers:
            viewer.peer.sock.close()
            del self.here[viewer.slot]
            self._free.append(viewer.slot)

    def close(self) -> None:
        self.drop(list(self.here.values()))
        for viewer in list(self._joining.values()):
            self._give_up(viewer, "closed")
        self._http.close()
        self._counter.stop()

    # Looking ------------------------------------------------------------------------------------

    def watch(self, seconds: float, viewers: Sequence[Viewer] | None = None) -> Window:
        """Return what these viewers (all that are here) receive from now on for some seconds."""
        return self.watch_while(lambda: self._loop.run_for(seconds), viewers)

    def watch_while(
        self, do: Callable[[], None], viewers: Sequence[Viewer] | None = None
    ) -> Window:
        """Return what they receive while `do` runs the loop."""
        some = list(self.here.values() if viewers is None else viewers)
        slots = {viewer.slot for viewer in some}
        self._look()
        self._counter.forget_gaps()
        began_s, before, drops = time.monotonic(), self._totals(some), self.drops(some)
        samples, forged, unmarked = len(self.samples), self.forged, self.unmarked
        do()
        took_s, after = time.monotonic() - began_s, self._totals(some)
        self._look()
        return Window(
            took_s,
            after.since(before),
            self.drops(some) - drops,
            [s.delay_ms for s in self.samples[samples:] if s.slot in slots],
            self.forged - forged,
            self.unmarked - unmarked,
            [gap for viewer in some for gap in self._video_gaps_ms(viewer)],
        )

    def drops(self, viewers: Sequence[Viewer]) -> int:
        return sum(viewer.peer.drops() for viewer in viewers)

    def streams(self, viewer: Viewer) -> list[Stream]:
        return self._counter.streams(viewer.slot)

    def first_video_ms(self, viewer: Viewer) -> float:
        """From the POST to the first packet of the picture; infinite if there was none."""
        firsts_s = [s.first_ns / 1e9 for s in self.streams(viewer) if s.payload_type == VIDEO]
        first_s = viewer.first_video_s or min(firsts_s, default=math.inf)
        return (first_s - viewer.began_s) * 1000

    def silent(self) -> int:
        """Return how many viewers have had nothing for a second."""
        before_ns = time.monotonic_ns() - 10**9
        return sum(
            max((s.last_ns for s in self.streams(viewer)), default=0) < before_ns
            for viewer in self.here.values()
        )

    @property
    def joining(self) -> int:
        return len(self._joining)

    def _totals(self, viewers: Sequence[Viewer]) -> Totals:
        if not viewers:
            return Totals(0, 0, 0, 0, 0, 0)
        each = [self._counter.totals(one.slot, one.slot + 1) for one in viewers]
        return Totals(*(sum(column) for column in zip(*each, strict=True)))

    def _video_gaps_ms(self, viewer: Viewer) -> list[float]:
        return [s.gap_ns / 1e6 for s in self.streams(viewer) if s.payload_type == VIDEO]

    # Joining ------------------------------------------------------------------------------------

    def _on_answer(self, viewer: Viewer, response: Response) -> None:
        if response.status != 201:
            self._give_up(viewer, f"{response.status} {response.body[:200]!r}")
            return
        if viewer.slot not in self._joining:
            return
        viewer.resource = urljoin(self._endpoint, response.headers.get("location", ""))
        self._loop.watch(viewer.peer.sock.fileno(), lambda: self._read(viewer))
        viewer.peer.connect(read_answer(response.body.decode()))

    def _read(self, viewer: Viewer) -> None:
        """Read a viewer's socket until there is media."""
        while viewer.slot in self._joining:
            try:
                data = viewer.peer.sock.recv(DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                self._give_up(viewer, str(error))
                return
            if data[0] >> 6 != 2:
                viewer.peer.receive(data)
            elif not 192 <= data[1] <= 223 and viewer.peer.receiving is not None:
                self._on_first(viewer, data)

    def _on_first(self, viewer: Viewer, packet: bytes) -> None:
        assert viewer.peer.receiving is not None
        try:
            viewer.peer.receiving.unprotect(packet, 0)
        except Forged:
            self.forged += 1
            return
        viewer.joined_s = time.monotonic()
        if packet[1] & 0x7F == VIDEO:
            viewer.first_video_s = viewer.joined_s
        del self._joining[viewer.slot]
        self._loop.forget(viewer.peer.sock.fileno())
        self._counter.add(viewer.slot, viewer.peer.sock)
        self.here[viewer.slot] = viewer

    def _give_up(self, viewer: Viewer, why: str) -> None:
        if self._joining.pop(viewer.slot, None) is None:
            return
        self._loop.forget(viewer.peer.sock.fileno())
        viewer.peer.sock.close()
        self._free.append(viewer.slot)
        self.refusals.append(why)

    def _on_time(self) -> None:
        now_s = time.monotonic()
        for viewer in list(self._joining.values()):
            viewer.peer.on_time(now_s)
            if now_s - viewer.began_s > GIVE_UP_S:
                self._give_up(viewer, f"no media after {GIVE_UP_S:g} s")

    # While they watch ---------------------------------------------------------------------------

    def _speak(self) -> None:
        self._turn += 1
        checks = int(TURNS_PER_S * CONSENT_EVERY_S)
        for slot, viewer in self.here.items():
            if slot % TURNS_PER_S == self._turn % TURNS_PER_S:
                self._report(viewer)
            if slot % checks == self._turn % checks:
                viewer.peer.check_consent()

    def _report(self, viewer: Viewer) -> None:
        blocks = [self._block(viewer, stream) for stream in self.streams(viewer)]
        packet = rtcp.receiver_report(SSRC, blocks)
        if blocks:
            packet += rtcp.remb(SSRC, blocks[0].ssrc, ESTIMATE_BPS)
        viewer.peer.send_rtcp(packet)

    def _block(self, viewer: Viewer, stream: Stream) -> rtcp.Block:
        expected, lost = viewer.reported.get(stream.ssrc, (0, 0))
        viewer.reported[stream.ssrc] = stream.expected, stream.lost
        newly = max(0, stream.lost - lost) * 256 // max(1, stream.expected - expected)
        delay_s = time.monotonic() - viewer.last_report_s if viewer.last_report else 0
        return rtcp.Block(
            stream.ssrc,
            min(255, newly),
            max(0, stream.lost),
            stream.rtp_highest,
            viewer.last_report,
            int(delay_s * 65_536),
        )

    def _look(self) -> None:
        for datagram in self._counter.datagrams():
            viewer = self.here.get(datagram.slot)
            if viewer is None or viewer.peer.receiving is None:
                continue
            if datagram.data[0] >> 6 != 2:
                viewer.peer.receive(datagram.data)
            elif 192 <= datagram.data[1] <= 223:
                self._on_rtcp(viewer, datagram)
            else:
                self._on_sample(viewer, datagram)

    def _on_sample(self, viewer: Viewer, datagram: Datagram) -> None:
        assert viewer.peer.receiving is not None
        try:
            packet = viewer.peer.receiving.unprotect(datagram.data, datagram.roc)
        except Forged:
            self.forged += 1
            return
        if (mark := read_mark(packet)) is None:
            self.unmarked += 1
            return
        delay_ms = (datagram.arrived_ns - mark.sent_ns) / 1e6
        self.samples.append(Sample(viewer.slot, packet[1] & 0x7F, mark.number, delay_ms))

    def _on_rtcp(self, viewer: Viewer, datagram: Datagram) -> None:
        assert viewer.peer.receiving is not None
        try:
            packet = viewer.peer.receiving.unprotect_rtcp(datagram.data)
        except Forged:
            self.forged += datagram.whole
            return
        for part in rtcp.parts(packet):
            if part.kind == rtcp.SENDER_REPORT:
                viewer.last_report = rtcp.report_time(part)
                viewer.last_report_s = datagram.arrived_ns / 1e9
