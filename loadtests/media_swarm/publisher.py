"""A thin WHIP publisher in a process of its own: `python -m media_swarm.publisher URL TOKEN SHAPE`.

It prints a line when it is live, and its counts as JSON for each line of its input; it ends with that. A line
`replay PER_S` makes it send its latest datagrams again, from its own address and from another; 0 ends it.
"""

from __future__ import annotations

import json
import os
import random
import select
import socket
import sys
import time
from collections import deque
from typing import NamedTuple
from urllib.parse import urljoin

from . import rtcp, shape
from .http import Http, Response
from .loop import Loop
from .offers import AUDIO, VIDEO, Credentials, publisher_offer, read_answer
from .peer import DATAGRAM_BYTES, GIVE_UP_S, Peer
from .shape import SHAPES, Mark, Shape
from .srtp import Forged

HISTORY = 2048  # packets that can be sent again
REPLAY_EVERY_S = 0.01
PACE_EVERY_S = 0.005
PACE_FACTOR = 2.5
REPORT_EVERY_S = 1.0
CONSENT_EVERY_S = 4.0


class Track:
    """Sequence, timestamp and history of one SSRC."""

    def __init__(self, payload_type: int, hz: int) -> None:
        self.ssrc = random.getrandbits(31) | 1
        self.payload_type = payload_type
        self.hz = hz
        self.sequence = random.getrandbits(15)
        self.base = random.getrandbits(31)
        self.packets = self.octets = 0
        self.history: dict[int, tuple[bytes, int]] = {}

    def timestamp(self, at_s: float) -> int:
        return self.base + round(at_s * self.hz) & 0xFFFFFFFF

    def packet(self, payload: bytes, at_s: float, *, marker: bool) -> tuple[bytes, int]:
        """The packet, and its rollover counter."""
        sequence = self.sequence & 0xFFFF
        head = (0x80 << 24 | marker << 23 | self.payload_type << 16 | sequence).to_bytes(4, "big")
        head += self.timestamp(at_s).to_bytes(4, "big") + self.ssrc.to_bytes(4, "big")
        packet = head + payload, self.sequence >> 16
        self.history[sequence] = packet
        self.history.pop(self.sequence - HISTORY & 0xFFFF, None)
        self.sequence += 1
        self.packets += 1
        self.octets += len(payload)
        return packet


class Piece(NamedTuple):
    """A packet of a frame that is not sent yet."""

    size: int
    at_s: float
    first: bool
    last: bool
    keyframe: bool


class Publisher:
    def __init__(self, url: str, token: str, what: Shape, peer: Peer | None = None) -> None:
        self.shape = what
        self.counts = {
            "plis": 0,
            "nacked": 0,
            "sent_again": 0,
            "frames": 0,
            "keyframes": 0,
            "replayed": 0,
        }
        self.audio = Track(AUDIO, shape.AUDIO_HZ)
        self.video = Track(VIDEO, shape.VIDEO_HZ)
        self._url, self._token = url, token
        self._peer = peer or Peer(Credentials.random())
        self._pieces: deque[Piece] = deque()
        self._budget_bytes = 0.0
        self._keyframe_due_s = 0.0
        self._resource = ""
        self._patience, self._retry_s = 10, 1.0
        self._captured: deque[bytes] = deque(maxlen=HISTORY)
        self._replay_per_s = 0
        self._stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    # Life -----------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Raises `RuntimeError`, `TimeoutError`."""
        loop = Loop()
        http = Http(loop, self._url, 1)
        ssrcs = {"audio_ssrc": self.audio.ssrc, "video_ssrc": self.video.ssrc}
        offer = publisher_offer(self._peer.own, **ssrcs).encode()
        while not self._resource:
            http.ask("POST", self._url, self._on_answer, token=self._token, body=offer)
            loop.run_until(lambda: not http.waiting, GIVE_UP_S, "the answer")
            loop.run_for(0 if self._resource else self._retry_s)
        loop.watch(self._peer.sock.fileno(), self.read)
        loop.every(0.05, lambda: self._peer.on_time(time.monotonic()))
        loop.run_until(lambda: self._peer.connected, GIVE_UP_S, "connecting")
        http.close()
        loop.close()

    def run(self) -> None:
        """Send until the input ends, each packet at its time; read in between."""
        began_s = time.monotonic()
        due = dict.fromkeys(("audio", "frame", "pace", "report", "consent", "replay"), 0.0)
        steps = {
            "audio": (shape.AUDIO_EVERY_S, self._send_audio),
            "frame": (1 / shape.FRAMES_PER_S, self._begin_frame),
            "pace": (PACE_EVERY_S, self._pace),
            "report": (REPORT_EVERY_S, self._report),
            "consent": (CONSENT_EVERY_S, lambda at_s: self._peer.check_consent()),
            "replay": (REPLAY_EVERY_S, lambda at_s: self._replay()),
        }
        while True:
            name = min(due, key=lambda one: due[one])
            wait_s = began_s + due[name] - time.monotonic()
            if wait_s > 0:
                readable, _, _ = select.select([self._peer.sock, sys.stdin], [], [], wait_s)
                if self._peer.sock in readable:
                    self.read()
                if sys.stdin in readable and not self._tell():
                    return
                continue
            every_s, do = steps[name]
            do(due[name])
            due[name] += every_s

    def end(self) -> None:
        loop = Loop()
        http = Http(loop, self._url, 1)
        http.ask("DELETE", self._resource, lambda response: None, token=self._token)
        loop.run_until(lambda: not http.waiting, GIVE_UP_S, "leaving")

    def _on_answer(self, response: Response) -> None:
        if response.status == 503 and self._patience:  # a worker that is not ready yet
            self._patience -= 1
            self._retry_s = float(response.headers.get("retry-after", 1))
            return
        if response.status != 201:
            raise RuntimeError(f"not let in: {response.status} {response.body!r}")
        self._resource = urljoin(self._url, response.headers.get("location", ""))
        self._peer.connect(read_answer(response.body.decode()))

    def _tell(self) -> bool:
        if not (line := sys.stdin.readline()):
            return False
        if line.startswith("replay "):
            self._replay_per_s = int(line.split()[1])
        times = os.times()
        cpu_s = times.user + times.system
        packets = self.audio.packets + self.video.packets
        print(json.dumps({**self.counts, "packets": packets, "cpu_s": cpu_s}), flush=True)
        return True

    # Sending ----------------------------------------------------------------------------------------

    def _send(self, protected: tuple[bytes, int]) -> None:
        assert self._peer.sending is not None
        datagram = self._peer.sending.protect(*protected)
        self._captured.append(datagram)
        self._peer.send(datagram)

    def _replay(self) -> None:
        for _ in range(int(self._replay_per_s * REPLAY_EVERY_S)):
            self.counts["replayed"] += 1
            datagram = random.choice(self._captured)
            if self.counts["replayed"] % 2:
                self._peer.send(datagram)
            else:
                self._stranger.sendto(datagram, self._peer.sock.getpeername())

    def _send_audio(self, at_s: float) -> None:
        payload = shape.audio_payload(Mark(self.audio.packets, time.monotonic_ns()))
        self._send(self.audio.packet(payload, at_s, marker=False))

    def _begin_frame(self, at_s: float) -> None:
        keyframe = at_s >= self._keyframe_due_s
        if keyframe:
            self._keyframe_due_s = at_s + self.shape.keyframe_every_s - 0.001
        sizes = self.shape.sizes(keyframe)
        last = len(sizes) - 1
        self._pieces += [
            Piece(size, at_s, number == 0, number == last, keyframe)
            for number, size in enumerate(sizes)
        ]
        if not self.shape.paced:
            self._send_pieces(float("inf"))

    def _pace(self, at_s: float) -> None:
        """Send as browsers' pacers do: a budget each 5 ms, which may be overdrawn by one packet."""
        allowed = PACE_FACTOR * self.shape.bitrate_bps / 8 * PACE_EVERY_S
        self._budget_bytes = min(allowed, self._budget_bytes + allowed)
        self._send_pieces(self._budget_bytes)

    def _send_pieces(self, budget_bytes: float) -> None:
        while self._pieces and budget_bytes > 0:
            piece = self._pieces.popleft()
            budget_bytes -= piece.size
            self._send_video(piece)
        self._budget_bytes = min(budget_bytes, 1e9)

    def _send_video(self, piece: Piece) -> None:
        frame = self.counts["frames"]
        payload = shape.video_payload(
            piece.size,
            first=piece.first,
            keyframe=piece.keyframe,
            picture=frame,
            layer0=frame,
            mark=Mark(self.video.packets, time.monotonic_ns()),
        )
        self._send(self.video.packet(payload, piece.at_s, marker=piece.last))
        if piece.last:
            self.counts["frames"] += 1
            self.counts["keyframes"] += piece.keyframe

    def _report(self, at_s: float) -> None:
        for track in (self.audio, self.video):
            counts = (track.timestamp(at_s), track.packets, track.octets)
            report = rtcp.sender_report(track.ssrc, time.time(), *counts)
            self._captured.append(self._peer.send_rtcp(report + rtcp.description(track.ssrc)))

    # Hearing ----------------------------------------------------------------------------------------

    def read(self) -> None:
        while True:
            try:
                data = self._peer.sock.recv(DATAGRAM_BYTES)
            except OSError:
                return
            if data[0] >> 6 != 2:
                self._peer.receive(data)
            elif 192 <= data[1] <= 223 and self._peer.receiving is not None:
                self._on_rtcp(data)

    def _on_rtcp(self, data: bytes) -> None:
        assert self._peer.receiving is not None
        try:
            packet = self._peer.receiving.unprotect_rtcp(data)
        except Forged:
            return
        for part in rtcp.parts(packet):
            if part.kind == rtcp.PAYLOAD_FEEDBACK and part.format in (rtcp.PLI, rtcp.FIR):
                self.counts["plis"] += 1
                self._keyframe_due_s = 0.0
            elif part.kind == rtcp.TRANSPORT_FEEDBACK and part.format == rtcp.NACK:
                self._send_again(part)

    def _send_again(self, part: rtcp.Part) -> None:
        ssrc = int.from_bytes(part.body[4:8], "big")
        history = self.video.history if ssrc == self.video.ssrc else self.audio.history
        for sequence in rtcp.sequences(part):
            self.counts["nacked"] += 1
            if (kept := history.get(sequence)) is not None:
                self.counts["sent_again"] += 1
                self._send(kept)


def main() -> None:
    url, token, name = sys.argv[1:]
    publisher = Publisher(url, token, SHAPES[name])
    publisher.connect()
    print("live", flush=True)
    publisher.run()
    publisher.end()


if __name__ == "__main__":
    main()
