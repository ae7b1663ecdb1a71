"""Speakers and viewers whose packets are made by hand, on a clock by hand: for tests of what lies between."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pylibsrtp import Policy, Session

from ..media.egress import Egress, Keys
from ..media.egress.keys import GCM
from ..media.rtp import rtcp, rtp
from ..media.sdp.negotiation import negotiate
from ..media.sfu.ingest import Ingest, IngestListener
from ..media.sfu.trunk_link import TrackLine
from ..media.sfu.viewer import Viewer

OPUS, VP8, RTX, H264 = 111, 96, 97, 102
LEVEL, RID = 1, 10  # ids of header extensions in the offers of browsers
KEY_PICTURE, DELTA_PICTURE = bytes([0x10, 0x00, 0, 0, 0]), bytes([0x10, 0x01, 0, 0, 0])  # RFC 7741
WALL_AHEAD_S = 1_700_000_000.0  # of `Clock`
KEYS = Keys(GCM, bytes(range(16)), bytes(range(12)))


class Clock:
    """Monotonic seconds that stand until they are moved."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Asked:
    """The requests that go back to a speaker."""

    def __init__(self) -> None:
        self.reports: list[Any] = []

    def send_rtcp(self, packet: bytes) -> bool:
        self.reports += rtcp.parse(packet)
        return True

    def close(self) -> None:
        """Nothing to free."""

    def of(self, kind: type) -> list[Any]:
        return [report for report in self.reports if isinstance(report, kind)]


class Noted:
    """Listens to publications, viewers and feeds, and notes what they tell."""

    def __init__(self) -> None:
        self.changes = 0  # of publications
        self.packets: list[bytes] = []  # that came
        self.wishes: list[float] = []  # when viewers wanted keyframes
        self.behind: list[Viewer] = []

    def on_ingest_live(self, ingest: Ingest, now_s: float) -> None:
        """Every speaker here is live from its beginning."""

    def on_ingest_changed(self, ingest: Ingest, now_s: float) -> None:
        self.changes += 1

    def on_ingest_packet(self, ingest: Ingest, data: bytes) -> None:
        self.packets.append(data)

    def on_ingest_ended(self, ingest: Ingest, reason: str, now_s: float) -> None:
        """Only a transport ends one, and there is none."""

    def on_viewer_live(self, viewer: Viewer, now_s: float) -> None:
        """Every viewer here is live from its beginning."""

    def on_viewer_reported(self, viewer: Viewer, now_s: float) -> None:
        """Every viewer here is sent media from its beginning."""

    def on_keyframe_wanted(self, viewer: Viewer, now_s: float) -> None:
        self.wishes.append(now_s)

    def on_viewer_ended(self, viewer: Viewer, reason: str, now_s: float) -> None:
        """Only a transport ends one, and there is none."""

    def on_behind(self, viewer: Viewer, now_s: float) -> None:
        self.behind.append(viewer)


class Speaker:
    """A speaker whose publication was negotiated from the file `offer`."""

    def __init__(
        self,
        clock: Clock,
        egress: Egress,
        offer: Path,
        *,
        name: str = "p",
        source: Any = "main",
        lines: tuple[TrackLine, ...] | list[TrackLine] = (),
        listener: IngestListener | None = None,
    ) -> None:
        self.clock, self.asked, self.noted = clock, Asked(), Noted()
        negotiated = negotiate(offer.read_text(), "publish")
        about = name, "talk", "ada", source, negotiated, egress
        self.ingest = Ingest(*about, listener or self.noted, clock.now_s)
        self.ingest.borrow(self.asked, lines, clock.now_s)
        self._sequences: dict[int, int] = {}

    def send(
        self,
        payload_type: int,
        ssrc: int,
        payload: bytes = bytes(20),
        *,
        skip: int = 0,
        rid: str = "",
        level: int | None = None,
    ) -> bytes:
        """One packet; `skip` numbers before it get lost."""
        sequence = self._sequences.get(ssrc, 100) + 1 + skip
        self._sequences[ssrc] = sequence
        values = [(RID, rid.encode())] if rid else []
        if level is not None:
            values.append((LEVEL, bytes([level])))
        stamp = round(self.clock.now_s * 90_000) & 0xFFFFFFFF
        block = rtp.extension_block(values)
        data = rtp.header(payload_type, True, sequence, stamp, ssrc, block) + payload
        self.ingest.on_rtp(data, self.clock.now_s)
        return data

    def talk(self, seconds: float, *, level: int = 30, picture: bytes = DELTA_PICTURE) -> None:
        """A picture and sound, ten times a second."""
        for _ in range(round(seconds * 10)):
            self.send(VP8, 1, picture)
            self.send(OPUS, 2, level=level)
            self.clock.now_s += 0.1
            self.ingest.tick(self.clock.now_s)


class Audience:
    """One viewer: `viewer` is what the engine has of it, `packets()` what reached it."""

    def __init__(self, clock: Clock, egress: Egress, offer: Path, name: str = "v") -> None:
        self.noted = Noted()
        self.server, self.socket = _bound(), _bound()
        self.reports = 0  # that came with the packets
        self._session = Session(Policy(KEYS.key + KEYS.salt, Policy.SSRC_ANY_INBOUND, 0, _GCM))
        negotiated = negotiate(offer.read_text(), "view")
        ssrcs = {"video": (70, 71), "audio": (80, 81)}
        about = name, "ada", negotiated, ssrcs, egress
        self.viewer = Viewer(*about, self.noted, clock.now_s, WALL_AHEAD_S)
        path = self.server.fileno(), self.socket.getsockname()
        self.viewer.transport = SimpleNamespace(path=path, close=lambda: None)  # type: ignore[assignment]
        self.viewer.on_connected(KEYS, clock.now_s)

    def packets(self, ssrc: int) -> list[rtp.Packet]:
        """Return what has come since the last time on this stream; the rest is gone."""
        return [one for one in self._all() if one.ssrc == ssrc]

    def close(self) -> None:
        self.viewer.end()
        self.server.close()
        self.socket.close()

    def _all(self) -> list[rtp.Packet]:
        found = []
        try:
            while True:
                data = self.socket.recv(2_000)
                if rtcp.is_rtcp(data):
                    self.reports += 1
                else:
                    found.append(rtp.parse(self._session.unprotect(data)))
        except BlockingIOError:
            return found


_GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM


def _bound() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    bound.setblocking(False)
    return bound
