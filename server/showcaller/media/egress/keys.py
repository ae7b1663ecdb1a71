"""SRTP by the letter: session keys (RFC 3711, 4.3; RFC 7714, 11), packet indices, one packet protected.

libsrtp and the native egress do the bulk. What stands here gives the native egress its keys, and repeats
single packets, which libsrtp refuses to do safely.
"""

from __future__ import annotations

import hmac
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .batches import header_size

GCM = "SRTP_AEAD_AES_128_GCM"
CM = "SRTP_AES128_CM_SHA1_80"
TAG_SIZES = {GCM: 16, CM: 10}  # bytes that protection adds to an RTP packet

_HALF, _WHOLE = 1 << 15, 1 << 16


class Keys(NamedTuple):
    """The keys that DTLS exported for one direction (RFC 5764, 4.2)."""

    profile: str  # GCM or CM
    key: bytes  # the master key, 16 bytes
    salt: bytes  # the master salt: 12 bytes with GCM, 14 with CM


class SessionKeys(NamedTuple):
    """The keys that protect RTP packets; SRTCP has its own."""

    key: bytes
    authentication: bytes  # of HMAC-SHA1; empty with GCM
    salt: bytes


def derive(keys: Keys) -> SessionKeys:
    """Return the RTP session keys of a master key, with a key derivation rate of 0."""
    if keys.profile not in TAG_SIZES:
        raise ValueError(f"unknown SRTP profile {keys.profile!r}")
    salt = keys.salt.ljust(14, b"\0")  # RFC 7714, 11: a salt of 96 bits is shifted up by 16
    authentication = b"" if keys.profile == GCM else _derived(keys.key, salt, 1, 20)
    return SessionKeys(
        _derived(keys.key, salt, 0, 16), authentication, _derived(keys.key, salt, 2, len(keys.salt))
    )


def _derived(key: bytes, salt: bytes, label: int, size: int) -> bytes:
    """Return a key made by AES-CM as a pseudo-random function (RFC 3711, 4.3.3)."""
    start = (int.from_bytes(salt) ^ (label << 48)) << 16
    return _counter_mode(key, start, bytes(size))


def _counter_mode(key: bytes, start: int, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CTR(start.to_bytes(16))).encryptor()
    return encryptor.update(data)


def index_near(highest: int, sequence: int) -> int:
    """Return the packet index (roll-over counter, sequence) nearest to the highest sent (RFC 3711, 3.3.1).

    As in libsrtp, nothing lies before the first 2^15 indices: there is no roll-over to go back to.
    """
    index = (highest & ~0xFFFF) | sequence
    if highest <= _HALF:
        return sequence
    if index - highest > _HALF:
        return index - _WHOLE
    if highest - index > _HALF:
        return index + _WHOLE
    return index


def protect(keys: SessionKeys, packet: bytes, index: int) -> bytes:
    """Return a plain RTP packet encrypted and authenticated as the packet of that index."""
    at = header_size(packet)
    header, payload, ssrc = packet[:at], packet[at:], int.from_bytes(packet[8:12])
    if not keys.authentication:
        nonce = (ssrc << 48 | index) ^ int.from_bytes(keys.salt)  # RFC 7714, 8.1
        return header + AESGCM(keys.key).encrypt(nonce.to_bytes(12), payload, header)
    start = int.from_bytes(keys.salt) << 16 ^ ssrc << 64 ^ index << 16  # RFC 3711, 4.1.1
    sealed = header + _counter_mode(keys.key, start, payload)
    rollover = (index >> 16).to_bytes(4)
    return sealed + hmac.digest(keys.authentication, sealed + rollover, "sha1")[:10]
