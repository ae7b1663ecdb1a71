"""STUN (RFC 8489), as much of it as an ICE-lite agent needs: checks are read, replies written; checks of
our own go to other nodes only.

Nothing here decides anything; `ice` does.
"""

from __future__ import annotations

import hmac
import socket
import struct
import zlib
from typing import NamedTuple

ROLE_CONFLICT = 487  # RFC 8445 §7.3.1.1
UNKNOWN_ATTRIBUTE = 420  # RFC 8489 §6.3.1

_COOKIE = 0x2112A442
_HEADER = 20  # bytes
_BINDING_REQUEST, _BINDING_SUCCESS, _BINDING_ERROR = 0x0001, 0x0101, 0x0111
_USERNAME, _INTEGRITY, _ERROR_CODE, _UNKNOWN_ATTRIBUTES = 0x0006, 0x0008, 0x0009, 0x000A
_INTEGRITY_SHA256, _XOR_MAPPED_ADDRESS = 0x001C, 0x0020
_PRIORITY, _USE_CANDIDATE, _FINGERPRINT = 0x0024, 0x0025, 0x8028
_CONTROLLED, _CONTROLLING = 0x8029, 0x802A
_UNDERSTOOD = {_USERNAME, _INTEGRITY_SHA256, _PRIORITY, _USE_CANDIDATE}
_OPTIONAL = 0x8000  # from here on, attributes that may be ignored (§14)
_FINGERPRINT_XOR = 0x5354554E

_head = struct.Struct("!HHI12s")
_attribute = struct.Struct("!HH")


class Check(NamedTuple):
    """A connectivity check (RFC 8445 §7.2.2): a Binding request. Not authentic before `authentic`."""

    transaction: bytes
    username: bytes  # "ours:theirs"
    nominates: bool  # USE-CANDIDATE
    controlled: bool  # the client takes itself for the controlled side
    unknown: tuple[int, ...]  # attributes that must be understood, and are not
    signed_at: int  # where MESSAGE-INTEGRITY stands


def read_check(data: bytes) -> Check:
    """Read a check. Raises `ValueError` unless it is well-formed and signed, and any fingerprint is right."""
    if len(data) < _HEADER:
        raise ValueError("too short")
    kind, length, cookie, transaction = _head.unpack_from(data)
    if kind != _BINDING_REQUEST or cookie != _COOKIE or length != len(data) - _HEADER or length & 3:
        raise ValueError("not a Binding request")
    found, signed_at = _read_attributes(data)
    if not signed_at or _USERNAME not in found:
        raise ValueError("not signed")
    unknown = tuple(kind for kind in found if kind < _OPTIONAL and kind not in _UNDERSTOOD)
    return Check(
        transaction,
        found[_USERNAME],
        _USE_CANDIDATE in found,
        _CONTROLLED in found,
        unknown,
        signed_at,
    )


def _read_attributes(data: bytes) -> tuple[dict[int, bytes], int]:
    """Read the attributes before MESSAGE-INTEGRITY, and where that begins (0: nowhere).

    Of two of a kind the first counts, and behind the integrity only the fingerprint (§14).
    """
    found: dict[int, bytes] = {}
    at, signed_at = _HEADER, 0
    while at < len(data):
        kind, size = _attribute.unpack_from(data, at)
        end = at + 4 + size
        if end > len(data):
            raise ValueError("an attribute is cut")
        if kind == _FINGERPRINT:
            _check_fingerprint(data, at, end)
        elif signed_at:
            pass
        elif kind == _INTEGRITY:
            if size != 20:
                raise ValueError("MESSAGE-INTEGRITY has the wrong size")
            signed_at = at
        else:
            found.setdefault(kind, data[at + 4 : end])
        at = end + (-size & 3)
    return found, signed_at


def _check_fingerprint(data: bytes, at: int, end: int) -> None:
    if end != len(data) or data[at + 4 : end] != _fingerprint(data[:at]):
        raise ValueError("the fingerprint is wrong")


def _fingerprint(before: bytes) -> bytes:
    return (zlib.crc32(before) ^ _FINGERPRINT_XOR).to_bytes(4)


def authentic(data: bytes, check: Check, key: bytes) -> bool:
    """Return whether MESSAGE-INTEGRITY (§14.5) was made with our password, `key`."""
    at = check.signed_at
    # its length field counts as if the message ended with the integrity itself
    text = data[:2] + (at - _HEADER + 24).to_bytes(2) + data[4:at]
    return hmac.compare_digest(hmac.digest(key, text, "sha1"), data[at + 4 : at + 24])


def check(username: str, password: str, transaction: bytes) -> bytes:
    """Return a check that nominates, from the controlling side; `transaction` has 12 random bytes."""
    name = username.encode()
    body = _attribute.pack(_USERNAME, len(name)) + name + bytes(-len(name) & 3)
    body += _attribute.pack(_USE_CANDIDATE, 0) + _attribute.pack(_PRIORITY, 4) + bytes(4)
    body += _attribute.pack(_CONTROLLING, 8) + bytes(8)
    return _sealed(_BINDING_REQUEST, transaction, body, password.encode())


def success(
    check: Check, address: tuple[str, int] | tuple[str, int, int, int], key: bytes
) -> bytes:
    """Return the reply that a check which came from `address` succeeded."""
    host, port = address[:2]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    packed = socket.inet_pton(family, host.partition("%")[0])
    mask = (_COOKIE.to_bytes(4) + check.transaction)[: len(packed)]
    hidden = (int.from_bytes(packed) ^ int.from_bytes(mask)).to_bytes(len(packed))
    family_code = 1 if family == socket.AF_INET else 2
    value = struct.pack("!HH", family_code, port ^ (_COOKIE >> 16)) + hidden
    return _sealed(
        _BINDING_SUCCESS,
        check.transaction,
        _attribute.pack(_XOR_MAPPED_ADDRESS, len(value)) + value,
        key,
    )


def refusal(check: Check, code: int, key: bytes) -> bytes:
    """Return the reply that an authentic check was refused: `ROLE_CONFLICT` or `UNKNOWN_ATTRIBUTE`."""
    body = _attribute.pack(_ERROR_CODE, 4) + struct.pack("!HBB", 0, code // 100, code % 100)
    if code == UNKNOWN_ATTRIBUTE:
        kinds = b"".join(kind.to_bytes(2) for kind in check.unknown)
        body += _attribute.pack(_UNKNOWN_ATTRIBUTES, len(kinds)) + kinds + bytes(-len(kinds) & 3)
    return _sealed(_BINDING_ERROR, check.transaction, body, key)


def _sealed(kind: int, transaction: bytes, body: bytes, key: bytes) -> bytes:
    """Return the message with MESSAGE-INTEGRITY and FINGERPRINT."""
    signed = _head.pack(kind, len(body) + 24, _COOKIE, transaction) + body
    body += _attribute.pack(_INTEGRITY, 20) + hmac.digest(key, signed, "sha1")
    printed = _head.pack(kind, len(body) + 8, _COOKIE, transaction) + body
    return printed + _attribute.pack(_FINGERPRINT, 4) + _fingerprint(printed)
