"""Forwarding encoded frames without looking inside: assembling, splicing, pacing, dropping.

Pure: packets and `now_s` (monotonic seconds) come from outside. A frame is made once and shared by all
viewers; its payloads are the bytes that the publisher sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

AUDIO_CLOCK_HZ = 48_000
VIDEO_CLOCK_HZ = 90_000
MAX_WAITING_PACKETS = 256  # of video, behind a gap; about one second at 2.5 Mbit/s
MAX_GAP_PACKETS = 512
MAX_LATE_PACKETS = 1_000  # a packet that is later still means that the source began anew
MAX_STEP_S = 10.0  # a larger step of a source's timestamps is a new beginning
VIDEO_FRAMES_WAITING = 60
AUDIO_FRAMES_WAITING = 50
KEYFRAME_EVERY_S = 0.5

_H264_IDR = 5
_H264_STAP_A = 24
_H264_FU_A = 28


class Packet(NamedTuple):
    """One RTP packet of a source, after retransmissions were unwrapped."""

    sequence: int  # 16 bits
    timestamp: int  # 32 bits
    marker: bool
    payload: bytes


class Frame(NamedTuple):
    """What is forwarded at once: a picture, or one packet of audio."""

    timestamp: int
    payloads: list[bytes]
    keyframe: bool


def is_vp8_keyframe(payload: bytes) -> bool:
    """Whether a VP8 payload begins a keyframe (RFC 7741 §4.2 and §4.3)."""
    begins_first_partition = len(payload) > 1 and payload[0] & 0x17 == 0x10
    if not begins_first_partition:
        return False
    at = 1
    if payload[0] & 0x80:
        extensions = payload[1]
        at = 2
        if extensions & 0x80:  # picture id of 7 or 15 bits
            at += 2 if len(payload) > at and payload[at] & 0x80 else 1
        at += bool(extensions & 0x40) + bool(extensions & 0x30)
    return len(payload) > at and payload[at] & 0x01 == 0


def is_h264_keyframe(payload: bytes) -> bool:
    """Whether an H.264 payload holds (the beginning of) an IDR slice (RFC 6184 §5.6–5.8)."""
    if len(payload) < 2:
        return False
    kind = payload[0] & 0x1F
    if kind == _H264_FU_A:
        return bool(payload[1] & 0x80) and payload[1] & 0x1F == _H264_IDR
    if kind != _H264_STAP_A:
        return kind == _H264_IDR
    at = 1
    while at + 2 < len(payload):
        if payload[at + 2] & 0x1F == _H264_IDR:
            return True
        at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return False


KEYFRAME_TESTS: dict[str, Callable[[bytes], bool]] = {
    "video/vp8": is_vp8_keyframe,
    "video/h264": is_h264_keyframe,
}


def _ahead(sequence: int, of: int) -> int:
    """How far `sequence` is ahead of `of`, −32768…32767."""
    return ((sequence - of + 0x8000) & 0xFFFF) - 0x8000


class VideoAssembler:
    """Puts packets in order and hands out whole frames; after a loss, from the next keyframe on.

    `broken` is true while it waits for a keyframe: ask the publisher for one.
    """

    def __init__(self, is_keyframe: Callable[[bytes], bool]) -> None:
        self.broken = True
        self._is_keyframe = is_keyframe
        self._waiting: dict[int, Packet] = {}
        self._next: int | None = None
        self._frame: list[Packet] = []
        self._cut = False  # the frame being put together may lack its beginning

    def add(self, packet: Packet) -> list[Frame]:
        """The frames that `packet` completes."""
        if self._next is None:
            self._next = packet.sequence
        if self._ahead(packet) < -MAX_LATE_PACKETS:
            self._begin_at(packet.sequence)
        if self._ahead(packet) < 0:
            return []
        self._waiting[packet.sequence] = packet
        if len(self._waiting) > MAX_WAITING_PACKETS or self._ahead(packet) > MAX_GAP_PACKETS:
            # What is missing won't come: go on behind it.
            self._begin_at(min(self._waiting.values(), key=self._ahead).sequence)
        return self._in_order()

    def _ahead(self, packet: Packet) -> int:
        return _ahead(packet.sequence, self._next or 0)

    def _begin_at(self, sequence: int) -> None:
        self._next = sequence
        self._frame.clear()
        self._cut = self.broken = True

    def _in_order(self) -> list[Frame]:
        frames: list[Frame] = []
        assert self._next is not None
        while (packet := self._waiting.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            if self._frame and packet.timestamp != self._frame[0].timestamp:
                self._complete(frames)  # a sender that sets no markers
            if packet.payload:  # else padding
                self._frame.append(packet)
            if packet.marker:
                self._complete(frames)
        return frames

    def _complete(self, frames: list[Frame]) -> None:
        packets, self._frame = self._frame, []
        cut, self._cut = self._cut, False
        if cut or not packets:
            return
        payloads = [packet.payload for packet in packets]
        keyframe = any(self._is_keyframe(payload) for payload in payloads)
        if keyframe:
            self.broken = False
        if not self.broken:
            frames.append(Frame(packets[0].timestamp, payloads, keyframe))


class AudioOrder:
    """Hands packets on at once and drops those that come late: the listener conceals a gap."""

    broken = False

    def __init__(self) -> None:
        self._newest: int | None = None

    def add(self, packet: Packet) -> list[Frame]:
        late = (
            self._newest is not None
            and -MAX_LATE_PACKETS < _ahead(packet.sequence, self._newest) <= 0
        )
        if late or not packet.payload:
            return []
        self._newest = packet.sequence
        return [Frame(packet.timestamp, [packet.payload], True)]


class Splice:
    """One timeline for a stage, whatever its source: each new source goes on where the time is now.

    Audio and video of one stage are spliced on the same clock, so they stay together.
    """

    def __init__(self, clock_hz: int) -> None:
        self._hz = clock_hz
        self._source: object = None
        self._last_in = 0
        self._last_out = -1

    def map(self, source: object, timestamp: int, now_s: float) -> int:
        """Where a frame of `source` stands on the stage's timeline; it never goes back on a change."""
        step = ((timestamp - self._last_in + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if source is not self._source or abs(step) > MAX_STEP_S * self._hz:
            self._source = source
            step = max(round(now_s * self._hz) - self._last_out, 1)
        self._last_in = timestamp
        self._last_out += step
        return self._last_out


class Outlet:
    """One viewer's frames that wait to be sent. One that falls behind loses the oldest.

    Video begins, and begins again after a loss, with a keyframe: `wants_keyframe` says so.
    """

    def __init__(self, *, video: bool) -> None:
        self._video = video
        self._limit = VIDEO_FRAMES_WAITING if video else AUDIO_FRAMES_WAITING
        self._frames: deque[Frame] = deque()
        self.wants_keyframe = video
        self.dropped = 0
        self._behind = False  # since it fell behind; not before it has begun

    def __len__(self) -> int:
        return len(self._frames)

    def offer(self, frame: Frame) -> bool:
        """Queue `frame`; False if it was dropped."""
        if len(self._frames) >= self._limit:
            self._drop()
        if self.wants_keyframe and not frame.keyframe:
            self.dropped += self._behind
            return False
        self.wants_keyframe = self._behind = False
        self._frames.append(frame)
        return True

    def take(self) -> Frame:
        """The next frame to send. Raises `IndexError` when there is none."""
        return self._frames.popleft()

    def _drop(self) -> None:
        if self._video:  # what follows a hole can't be decoded
            self.dropped += len(self._frames)
            self._frames.clear()
            self.wants_keyframe = self._behind = True
        else:
            self.dropped += 1
            self._frames.popleft()


class Throttle:
    """Lets one request pass each `every_s`; those in between become one, at the end of the interval."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._last_s = float("-inf")  # in the future while a request was put off

    def ask(self, now_s: float) -> float | None:
        """In how many seconds to send (0: now); None if one that was put off will do."""
        if self._last_s > now_s:
            return None
        self._last_s = max(now_s, self._last_s + self._every_s)
        return self._last_s - now_s
