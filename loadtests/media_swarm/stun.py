"""Connectivity checks of a controlling ICE agent, and their answers (RFC 8489, RFC 8445 §7)."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
import zlib
from typing import NamedTuple

REQUEST, SUCCESS = 0x0001, 0x0101
COOKIE = 0x2112A442
USERNAME, MESSAGE_INTEGRITY, XOR_MAPPED_ADDRESS = 0x0006, 0x0008, 0x0020
PRIORITY, USE_CANDIDATE, FINGERPRINT, ICE_CONTROLLING = 0x0024, 0x0025, 0x8028, 0x802A
HOST_PRIORITY = 0x6E7F1EFF  # of a peer reflexive candidate that was a host's


class Message(NamedTuple):
    kind: int
    transaction: bytes
    data: bytes


def check(username: str, password: bytes, tie_breaker: bytes, *, nominate: bool) -> bytes:
    """A Binding request; consent checks are the same without a nomination (RFC 7675 §5.1)."""
    attributes = _attribute(USERNAME, username.encode())
    attributes += _attribute(PRIORITY, struct.pack("!L", HOST_PRIORITY))
    attributes += _attribute(ICE_CONTROLLING, tie_breaker)
    if nominate:
        attributes += _attribute(USE_CANDIDATE, b"")
    return _signed(REQUEST, os.urandom(12), attributes, password)


def answer(request: Message, password: bytes, address: tuple[str, int]) -> bytes:
    """A success response to a check that the other side sent from `address`."""
    octets = bytes(int(part) for part in address[0].split("."))
    mapped = struct.pack(
        "!BBHL", 0, 1, address[1] ^ COOKIE >> 16, int.from_bytes(octets, "big") ^ COOKIE
    )
    attribute = _attribute(XOR_MAPPED_ADDRESS, mapped)
    return _signed(SUCCESS, request.transaction, attribute, password)


def parse(data: bytes) -> Message | None:
    """None for what is no STUN message."""
    if len(data) < 20 or data[0] > 3 or int.from_bytes(data[4:8], "big") != COOKIE:
        return None
    return Message(int.from_bytes(data[:2], "big"), data[8:20], data)


def is_authentic(message: Message, password: bytes) -> bool:
    """Tell whether MESSAGE-INTEGRITY is there and right; what follows it does not count."""
    data, at = message.data, 20
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("!HH", data, at)
        if kind == MESSAGE_INTEGRITY:
            signed = data[:2] + struct.pack("!H", at + 4) + data[4:at]
            return hmac.compare_digest(data[at + 4 : at + 24], _hmac(password, signed))
        at += 4 + size + -size % 4
    return False


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _signed(kind: int, transaction: bytes, attributes: bytes, password: bytes) -> bytes:
    def head(more: int) -> bytes:
        return struct.pack("!HHL", kind, len(attributes) + more, COOKIE) + transaction

    attributes += _attribute(MESSAGE_INTEGRITY, _hmac(password, head(24) + attributes))
    crc = zlib.crc32(head(8) + attributes) ^ 0x5354554E
    return head(8) + attributes + struct.pack("!HHL", FINGERPRINT, 4, crc)


def _hmac(password: bytes, data: bytes) -> bytes:
    return hmac.digest(password, data, hashlib.sha1)
