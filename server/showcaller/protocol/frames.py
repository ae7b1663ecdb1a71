"""WebSocket frames (RFC 6455 §5), the server's side, without any I/O.

    reader = FrameReader(max_message_bytes=65_536)
    for event in reader.feed(data):      # run it to its end, also after `Close`
        ...

`feed` raises `ProtocolViolation` where the peer broke the rules, after the events that came before it;
the reader is of no use afterwards. An idle reader holds no buffer.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

MAX_CONTROL_BYTES = 125
MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2
NO_STATUS = 1005  # what a close frame without a code means (RFC 6455 §7.4.1)

_FIN, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_VALID_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})


class ProtocolViolation(Exception):
    """The peer broke RFC 6455: close with `code` and `reason`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Text(NamedTuple):
    """A whole text message; `data` is valid UTF-8."""

    data: bytes


class Binary(NamedTuple):
    data: bytes


class Fragment(NamedTuple):
    """A part of a message came in. It counts as traffic; the message itself follows whole."""


class Ping(NamedTuple):
    payload: bytes


class Pong(NamedTuple):
    payload: bytes


class Close(NamedTuple):
    """The peer closes. Whatever comes after it is ignored."""

    code: int
    reason: str


Event = Text | Binary | Fragment | Ping | Pong | Close
_Step = tuple[Event | None, int]


class _Header(NamedTuple):
    final: bool
    opcode: int
    mask: bytes
    length: int
    size: int  # of the header itself, bytes


class _OpenMessage:
    """A data message of which not everything has come in yet."""

    __slots__ = ("data", "mask", "opcode", "remaining", "utf8")

    def __init__(self, opcode: int) -> None:
        self.opcode = opcode
        self.data = bytearray()
        self.utf8 = codecs.getincrementaldecoder("utf-8")() if opcode == TEXT else None
        self.remaining = 0  # bytes of the current frame still to come
        self.mask = b""

    def begin_frame(self, header: _Header) -> None:
        self.remaining = header.length
        self.mask = header.mask

    def take(self, masked: bytes) -> None:
        """The next bytes of the current frame. Text is checked at once (§8.1)."""
        chunk = unmask(masked, self.mask)
        if self.utf8 is not None:
            _check_utf8(self.utf8, chunk, final=False)
        self.data += chunk
        self.remaining -= len(chunk)
        turn = len(chunk) % 4
        self.mask = self.mask[turn:] + self.mask[:turn]

    def finish(self) -> Text | Binary:
        if self.utf8 is None:
            return Binary(bytes(self.data))
        _check_utf8(self.utf8, b"", final=True)
        return Text(bytes(self.data))


class FrameReader:
    """A reader that turns the bytes of one client into events; see the module's text."""

    __slots__ = ("_closed", "_final", "_held", "_max_message_bytes", "_message")

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._held = b""  # an incomplete header or control frame
        self._message: _OpenMessage | None = None
        self._final = False  # of the current frame of `_message`
        self._closed = False

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that `data` completes. Raises `ProtocolViolation`."""
        if self._held:
            data, self._held = self._held + data, b""
        at = 0
        while not self._closed:
            step = self._step(data, at)
            if step is None:
                return
            event, at = step
            if event is not None:
                yield event

    def _step(self, data: bytes, at: int) -> _Step | None:
        """Return the event that the bytes at `at` make, and where to go on; None: more bytes are needed."""
        message = self._message
        if message is not None and message.remaining:
            return self._take_payload(message, data, at)
        header = self._parse_header(data, at)
        if header is None:
            self._held = data[at:]
            return None
        body = at + header.size
        end = body + header.length
        if header.opcode >= CLOSE:
            if len(data) < end:
                self._held = data[at:]
                return None
            return self._control(header.opcode, unmask(data[body:end], header.mask)), end
        if header.final and message is None and len(data) >= end:
            return _whole(header.opcode, unmask(data[body:end], header.mask)), end
        return self._begin_frame(header), body

    def _take_payload(self, message: _OpenMessage, data: bytes, at: int) -> _Step | None:
        chunk = data[at : at + message.remaining]
        if not chunk:
            return None
        message.take(chunk)
        return None if message.remaining else self._end_frame(message), at + len(chunk)

    def _parse_header(self, data: bytes, at: int) -> _Header | None:
        """The header at `at`, judged as soon as it can be; None if it is incomplete."""
        have = len(data) - at
        if have < 2:
            return None
        first, second = data[at], data[at + 1]
        opcode, length = first & _OPCODE, second & _LENGTH
        self._check_start(first, opcode, length)
        if not second & _MASKED:
            raise ProtocolViolation(1002, "frames from a client must be masked")
        size = 6
        if length >= 126:
            wide = 2 if length == 126 else 8
            size += wide
            if have < 2 + wide:
                return None
            length = _extended_length(data[at + 2 : at + 2 + wide])
        self._check_length(opcode, length)
        if have < size:
            return None
        mask = data[at + size - 4 : at + size]
        return _Header(bool(first & _FIN), opcode, mask, length, size)

    def _check_start(self, first: int, opcode: int, length: int) -> None:
        if first & _RESERVED:
            raise ProtocolViolation(1002, "reserved bits are set")
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise ProtocolViolation(1002, "unknown opcode")
        if opcode >= CLOSE:
            if not first & _FIN:
                raise ProtocolViolation(1002, "fragmented control frame")
            if length > MAX_CONTROL_BYTES:
                raise ProtocolViolation(1002, "control frame too long")
        elif opcode == CONTINUATION and self._message is None:
            raise ProtocolViolation(1002, "nothing to continue")
        elif opcode != CONTINUATION and self._message is not None:
            raise ProtocolViolation(1002, "the message before was not finished")

    def _check_length(self, opcode: int, length: int) -> None:
        if opcode >= CLOSE:
            return
        so_far = len(self._message.data) if self._message is not None else 0
        if so_far + length > self._max_message_bytes:
            raise ProtocolViolation(1009, f"over {self._max_message_bytes} bytes")

    def _begin_frame(self, header: _Header) -> Event | None:
        message = self._message or _OpenMessage(header.opcode)
        message.begin_frame(header)
        self._message, self._final = message, header.final
        return None if message.remaining else self._end_frame(message)

    def _end_frame(self, message: _OpenMessage) -> Event:
        if not self._final:
            return Fragment()
        self._message = None
        return message.finish()

    def _control(self, opcode: int, payload: bytes) -> Event:
        if opcode == PING:
            return Ping(payload)
        if opcode == PONG:
            return Pong(payload)
        self._closed = True
        return parse_close(payload)


def unmask(data: bytes, mask: bytes) -> bytes:
    """Return `data` XOR the four bytes of `mask`, repeated (§5.3), as one operation on long integers."""
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    plain = int.from_bytes(data, "little") ^ int.from_bytes(key, "little")
    return plain.to_bytes(size, "little")


def parse_close(payload: bytes) -> Close:
    """Parse a close frame (§5.5.1). Raises `ProtocolViolation`."""
    if not payload:
        return Close(NO_STATUS, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in _VALID_CLOSE_CODES:
        raise ProtocolViolation(1002, "invalid close code")
    try:
        return Close(code, payload[2:].decode())
    except UnicodeDecodeError:
        raise ProtocolViolation(1007, "the close reason is not UTF-8") from None


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """Return one unmasked, final frame."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((_FIN | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FIN | opcode, 127)) + size.to_bytes(8, "big") + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; a reason that is too long is cut. `NO_STATUS` makes an empty one."""
    if code == NO_STATUS:
        return encode_frame(CLOSE, b"")
    cut = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
    return encode_frame(CLOSE, code.to_bytes(2, "big") + cut.encode())


def _whole(opcode: int, payload: bytes) -> Text | Binary:
    """A message that came in one frame and one piece: nearly all of them."""
    if opcode == BINARY:
        return Binary(payload)
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise ProtocolViolation(1007, "the text is not UTF-8") from None
    return Text(payload)


def _extended_length(field: bytes) -> int:
    length = int.from_bytes(field, "big")
    if length >> 63:
        raise ProtocolViolation(1002, "the length's first bit is set")
    if length < (126 if len(field) == 2 else 1 << 16):
        raise ProtocolViolation(1002, "the length is not written in its shortest form")
    return length


def _check_utf8(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> None:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        raise ProtocolViolation(1007, "the text is not UTF-8") from None
