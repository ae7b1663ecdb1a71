"""The part that both egresses share: libsrtp sessions for RTCP and single packets, sinks, membership."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from errno import EINVAL, EIO
from typing import Any, Generic, Protocol, TypeVar

from pylibsrtp import Policy
from pylibsrtp._binding import ffi, lib

from . import sockets
from .interface import Address
from .keys import CM, GCM, Keys
from .outlets import Outlet

WINDOW = 1024  # packets that a sequence number may be behind the newest
PACKET_BYTES_MAX = 2048
_TRAILER_BYTES_MAX = 16 + 128 + 4
# no checksum offload on the way, or a segment longer than the path takes
GSO_REFUSED = (EIO, EINVAL)

_PROFILES = {GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM, CM: Policy.SRTP_PROFILE_AES128_CM_SHA1_80}
_room = ffi.new("char[]", PACKET_BYTES_MAX + _TRAILER_BYTES_MAX)
_view = ffi.buffer(_room)
_length = ffi.new("int *")


def open_session(keys: Keys) -> Any:
    """Return a libsrtp session that protects any SSRC: a `srtp_t *` that frees itself."""
    policy = Policy(keys.key + keys.salt, Policy.SSRC_ANY_OUTBOUND, 0, _PROFILES[keys.profile])
    policy.window_size = WINDOW
    holder = ffi.new("srtp_t *")
    if lib.srtp_create(holder, policy._policy):
        raise ValueError("libsrtp refused the keys")
    return ffi.gc(holder, lambda session: lib.srtp_dealloc(session[0]))


def protect(session: Any, packet: bytes, how: Any = lib.srtp_protect) -> bytes | None:
    """Return an RTP packet as SRTP, or RTCP with `PROTECT_RTCP`; None where libsrtp refuses it."""
    if len(packet) > PACKET_BYTES_MAX:
        raise ValueError(f"a packet of {len(packet)} bytes")
    _view[: len(packet)] = packet
    _length[0] = len(packet)
    return None if how(session[0], _room, _length) else _view[: _length[0]]


PROTECT_RTCP = lib.srtp_protect_rtcp


class Listed(Protocol):
    """A stream, as far as membership goes."""

    groups: set[Any]

    @property
    def sink(self) -> Sink[Any]: ...


S = TypeVar("S", bound=Listed)


class Members(Generic[S]):
    """A list of streams without order: others take the place of one that goes.

    The first `served` of them have had the batch that is on its way, whoever comes and goes meanwhile.
    """

    def __init__(self) -> None:
        self.served = 0
        self.streams: list[S] = []
        self._places: dict[S, int] = {}

    def __len__(self) -> int:
        return len(self.streams)

    def add(self, stream: Any) -> None:  # one of the same egress's
        stream.sink.check()
        if stream not in self._places:
            self._places[stream] = len(self.streams)
            self.put(len(self.streams), stream)
            self.streams.append(stream)
            stream.groups.add(self)

    def discard(self, stream: Any) -> None:
        place = self._places.pop(stream, None)
        if place is None:
            return
        stream.groups.discard(self)
        if place < self.served:
            self.served -= 1
            self._move(self.served, place)
            place = self.served
        self._move(len(self.streams) - 1, place)
        self.streams.pop()

    def _move(self, old: int, new: int) -> None:
        if old != new:
            stream = self.streams[new] = self.streams[old]
            self._places[stream] = new
            self.put(new, stream)

    def put(self, place: int, stream: S) -> None:
        """Note a new stream, in an egress that keeps a list of its own."""


class Sink(ABC, Generic[S]):
    """One peer: its keys, its streams, and where its datagrams go."""

    def __init__(self, keys: Keys) -> None:
        if keys.profile not in _PROFILES:
            raise ValueError(f"unknown SRTP profile {keys.profile!r}")
        self.keys = keys
        self.session: Any = open_session(keys)
        self.socket: socket.socket | Outlet | None = None
        self.address: Address = ("", 0)
        self.segments = True  # the way there takes UDP_SEGMENT, as far as we know
        self.streams: list[S] = []
        self._closed = False

    def aim(self, descriptor: int, address: Address) -> None:
        self.check()
        sockets.packed(address)
        before = self.socket
        self.socket, self.address = sockets.acquire(descriptor), address
        self.segments = True
        if before is not None:
            sockets.release(before)

    def stream(self, ssrc: int) -> S:
        self.check()
        stream = self.make_stream(ssrc)
        self.streams.append(stream)
        return stream

    @abstractmethod
    def make_stream(self, ssrc: int) -> S: ...

    def send(self, packet: bytes) -> bool:
        return self._protect_and_send(packet, lib.srtp_protect)

    def send_rtcp(self, packet: bytes) -> bool:
        return self._protect_and_send(packet, PROTECT_RTCP)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for stream in self.streams:
            for group in tuple(stream.groups):
                group.discard(stream)
        self.free()
        self.streams = []  # no cycle is left for the garbage collector
        self.session = None
        if self.socket is not None:
            sockets.release(self.socket)
            self.socket = None

    def free(self) -> None:
        """Free the sink and its streams, in an egress with memory of its own."""

    def check(self) -> None:
        if self._closed:
            raise RuntimeError("this sink is closed")

    def _protect_and_send(self, packet: bytes, how: Any) -> bool:
        self.check()
        datagram = protect(self.session, packet, how)
        return datagram is not None and self.send_datagram(datagram)

    def send_datagram(self, datagram: bytes) -> bool:
        """Send a datagram as it is; return false if that failed, or the sink isn't aimed yet."""
        if self.socket is None:
            return False
        try:
            self.socket.sendto(datagram, socket.MSG_DONTWAIT, self.address)
        except OSError:
            return False
        return True
