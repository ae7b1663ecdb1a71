"""The egress in C (egress.c): one call for a batch and a group, with no Python work a viewer.

The library is called with the GIL held. A call takes some milliseconds at most, and the worker's loop has
the only thread that matters: if the GIL were released, any other busy thread would keep it for up to 5 ms
after each batch, and packets would wait. It also makes memory safe: nobody frees a stream meanwhile.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_uint8, c_uint16, c_uint32, c_void_p

from . import build, outlets
from .batches import Batch, send_time
from .interface import ALL, Address
from .keys import Keys, derive
from .sinks import Members, Sink
from .sockets import packed


class _Batch(ctypes.Structure):
    _fields_ = (
        ("data", c_char_p),
        ("sizes", POINTER(c_uint16)),
        ("picture_at", POINTER(c_uint16)),
        ("tl0_at", POINTER(c_uint16)),
        ("length", c_uint32),
        ("count", c_uint32),
        ("send_time_at", c_uint32),
        ("stamp", c_uint32),
    )


class _Counts(ctypes.Structure):
    """The head of a `struct stream`."""

    _fields_ = (
        ("packets", ctypes.c_uint64),
        ("octets", ctypes.c_uint64),
        ("dropped", ctypes.c_uint64),
    )


_Emit = ctypes.CFUNCTYPE(c_int, c_int, c_void_p, c_uint32, c_uint32)


def _send_to_outlet(outlet: int, data: int, size: int, segment: int) -> int:
    return outlets.send(outlet, ctypes.string_at(data, size), segment)


# kept for as long as the library may call it
_emit = _Emit(_send_to_outlet)


_FUNCTIONS = {
    "egress_digest": (c_char_p, ()),
    "egress_bind": (c_int, (c_char_p,)),
    "egress_outlets": (None, (_Emit,)),
    "sink_new": (c_void_p, (c_char_p, c_char_p, c_char_p)),
    "sink_aim": (None, (c_void_p, c_int, c_int, c_char_p, c_uint16, c_uint32)),
    "sink_free": (None, (c_void_p,)),
    "stream_new": (c_void_p, (c_void_p, c_uint32)),
    "stream_shift": (None, (c_void_p, c_uint16, c_uint32, c_uint16, c_uint8)),
    "stream_free": (None, (c_void_p,)),
    "stream_send_again": (c_int, (c_void_p, c_char_p, c_uint32, c_uint32)),
    "send_batch": (c_int64, (c_void_p, c_uint32, c_uint32, POINTER(_Batch))),
}


def load() -> ctypes.PyDLL:
    """Return the library, ready to use. Raises `OSError`, which says what is missing."""
    if not build.LIBRARY.exists():
        raise OSError("it was not built: there was no C compiler when Showcaller was installed")
    library = ctypes.PyDLL(str(build.LIBRARY))
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.egress_digest().decode() != build.digest():
        raise OSError("it was built from another egress.c: build it again (make egress)")
    if all(library.egress_bind(path) for path in _that_have_openssl()):
        raise OSError("no OpenSSL was found in what Python loads")
    library.egress_outlets(_emit)
    return library


def _that_have_openssl() -> list[bytes | None]:
    """Return libraries that Python has loaded anyway; None is the program itself."""
    import _ssl

    import pylibsrtp._binding

    paths = [pylibsrtp._binding.__file__, getattr(_ssl, "__file__", None)]
    return [path.encode() if path else None for path in paths]


class NativeStream:
    def __init__(self, sink: NativeSink, library: ctypes.PyDLL, ssrc: int) -> None:
        self.sink = sink
        self.groups: set[NativeGroup] = set()
        self._library = library
        self.pointer: int = library.stream_new(sink.pointer, ssrc)
        if not self.pointer:
            raise MemoryError
        self._counts = _Counts.from_address(self.pointer)

    @property
    def packets(self) -> int:
        return int(self._counts.packets)

    @property
    def octets(self) -> int:
        return int(self._counts.octets)

    @property
    def dropped(self) -> int:
        return int(self._counts.dropped)

    def shift(
        self, *, sequence: int = 0, timestamp: int = 0, picture: int = 0, tl0: int = 0
    ) -> None:
        self.sink.check()
        self._library.stream_shift(self.pointer, sequence, timestamp, picture, tl0)

    def send_one(self, batch: Batch) -> bool:
        self.sink.check()
        before = self.dropped
        done = self.sink.egress.send_batch((c_void_p * 1)(self.pointer), 0, 1, batch)
        return done == 1 and self.dropped == before

    def send_again(self, packet: bytes, send_time_at: int = 0) -> bool:
        self.sink.check()
        sent = self._library.stream_send_again(self.pointer, packet, len(packet), send_time_at)
        if sent < 0:
            raise ValueError("not an RTP packet")
        return bool(sent)

    def free(self) -> None:
        """Free the C side; the counts can be read afterwards."""
        self._counts = _Counts.from_buffer_copy(self._counts)
        self._library.stream_free(self.pointer)
        self.pointer = 0


class NativeSink(Sink[NativeStream]):
    def __init__(self, egress: NativeEgress, library: ctypes.PyDLL, keys: Keys) -> None:
        super().__init__(keys)
        self.egress = egress
        self._library = library
        session = derive(keys)
        self.pointer: int = library.sink_new(
            session.key, session.salt, session.authentication or None
        )
        if not self.pointer:
            raise MemoryError

    def aim(self, descriptor: int, address: Address) -> None:
        super().aim(descriptor, address)
        assert self.socket is not None
        self._library.sink_aim(self.pointer, self.socket.fileno(), *packed(address))

    def make_stream(self, ssrc: int) -> NativeStream:
        return NativeStream(self, self._library, ssrc)

    def free(self) -> None:
        for stream in self.streams:
            stream.free()
        self._library.sink_free(self.pointer)
        self.pointer = 0


class NativeGroup(Members[NativeStream]):
    """A group with an array of `struct stream *` in step with the list of streams."""

    def __init__(self, egress: NativeEgress) -> None:
        super().__init__()
        self._egress = egress
        self._pointers = (c_void_p * 8)()

    def put(self, place: int, stream: NativeStream) -> None:
        if place == len(self._pointers):
            more = (c_void_p * (2 * place))()
            more[:place] = list(self._pointers)
            self._pointers = more
        self._pointers[place] = stream.pointer

    def send(self, batch: Batch, start: int = 0, count: int = ALL) -> int:
        end = min(start + count, len(self.streams))
        return self._egress.send_batch(self._pointers, start, end, batch)


class NativeEgress:
    """The egress in C; `clock` gives seconds for abs-send-time. Raises `OSError` without the library."""

    name = "native"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._library = load()

    def sink(self, keys: Keys) -> NativeSink:
        return NativeSink(self, self._library, keys)

    def group(self) -> NativeGroup:
        return NativeGroup(self)

    def send_batch(
        self, pointers: ctypes.Array[c_void_p], start: int, end: int, batch: Batch
    ) -> int:
        """Send to pointers[start:end]; return the place to go on at. Raises `ValueError` for a bad batch."""
        count = len(batch.sizes)
        sixteen_bits = c_uint16 * count
        if any(len(field) not in (0, count) for field in (batch.picture_at, batch.tl0_at)):
            raise ValueError("offsets for other packets than there are")
        seen = _Batch(
            batch.data,
            sixteen_bits(*batch.sizes),
            sixteen_bits(*batch.picture_at) if batch.picture_at else None,
            sixteen_bits(*batch.tl0_at) if batch.tl0_at else None,
            len(batch.data),
            count,
            batch.send_time_at,
            send_time(self._clock()),
        )
        done = int(self._library.send_batch(pointers, start, end, byref(seen)))
        if done < 0:
            raise ValueError("not a batch of RTP packets")
        return max(done, min(start, end))
