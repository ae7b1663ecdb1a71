"""WebSocket frames as a client writes them, right or wrong: nothing is checked."""

from __future__ import annotations

MASK = b"\x37\xfa\x21\x3d"


def client_frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0, masked: bool = True
) -> bytes:
    """One frame (RFC 6455 §5.2). `reserved`: the three reserved bits as a number."""
    first = fin << 7 | reserved << 4 | opcode
    if not masked:
        return bytes((first,)) + _length(len(payload), 0) + payload
    return bytes((first,)) + _length(len(payload), 0x80) + MASK + _hide(payload)


def _hide(payload: bytes) -> bytes:
    hidden = bytearray(payload)
    for place, key in enumerate(MASK):
        hidden[place::4] = hidden[place::4].translate(bytes(byte ^ key for byte in range(256)))
    return bytes(hidden)


def _length(size: int, mask_bit: int) -> bytes:
    if size < 126:
        return bytes((mask_bit | size,))
    if size < 1 << 16:
        return bytes((mask_bit | 126,)) + size.to_bytes(2, "big")
    return bytes((mask_bit | 127,)) + size.to_bytes(8, "big")
