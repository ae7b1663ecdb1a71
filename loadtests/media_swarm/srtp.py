"""SRTP and SRTCP as one end of a connection needs it: RFC 3711 and, for AES-GCM, RFC 7714."""

from __future__ import annotations

import struct
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

GCM = b"SRTP_AEAD_AES_128_GCM"
CM = b"SRTP_AES128_CM_SHA1_80"
KEY_BYTES = 16
SALT_BYTES = {GCM: 12, CM: 14}
RTCP_HEADER_BYTES = 8
ENCRYPTED = 1 << 31  # the E bit before an SRTCP index
TAG_BYTES = {GCM: 16, CM: 10}


class Forged(ValueError):
    """A packet that these keys did not protect."""


class Master(NamedTuple):
    """A master key and its salt; `client_and_server` takes them out of a DTLS handshake."""

    profile: bytes
    key: bytes
    salt: bytes


def exported_bytes(profile: bytes) -> int:
    return 2 * (KEY_BYTES + SALT_BYTES[profile])


def client_and_server(profile: bytes, exported: bytes) -> tuple[Master, Master]:
    """The keys that each side sends with (RFC 5764 §4.2)."""
    keys, salts = exported[: 2 * KEY_BYTES], exported[2 * KEY_BYTES :]
    half = SALT_BYTES[profile]
    return (
        Master(profile, keys[:KEY_BYTES], salts[:half]),
        Master(profile, keys[KEY_BYTES:], salts[half:]),
    )


def header_bytes(packet: bytes) -> int:
    """Return the length of an RTP packet's header, with CSRCs and extension."""
    size = 12 + 4 * (packet[0] & 15)
    if packet[0] & 0x10:
        size += 4 + 4 * int.from_bytes(packet[size + 2 : size + 4], "big")
    return size


def _derive(master: Master, label: int, size: int) -> bytes:
    """RFC 3711 §4.3.3, at a key derivation rate of 0."""
    block = bytearray(master.salt.ljust(16, b"\0"))
    block[7] ^= label
    cipher = Cipher(algorithms.AES(master.key), modes.CTR(bytes(block))).encryptor()
    return cipher.update(bytes(size))


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


class Crypto:
    """One direction of one connection. The caller knows indexes: rollover counter and SRTCP index."""

    def __init__(self, master: Master) -> None:
        self._box: _Gcm | _Cm = _Gcm(master) if master.profile == GCM else _Cm(master)
        self.tag_bytes = TAG_BYTES[master.profile]

    def protect(self, packet: bytes, roc: int) -> bytes:
        return self._box.protect(packet, roc)

    def unprotect(self, packet: bytes, roc: int) -> bytes:
        """Raises `Forged`."""
        return self._box.unprotect(packet, roc)

    def protect_rtcp(self, packet: bytes, index: int) -> bytes:
        return self._box.protect_rtcp(packet, index)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """Raises `Forged`."""
        return self._box.unprotect_rtcp(packet)


class _Gcm:
    def __init__(self, master: Master) -> None:
        self._rtp, self._rtp_salt = AESGCM(_derive(master, 0, 16)), _derive(master, 2, 12)
        self._rtcp, self._rtcp_salt = AESGCM(_derive(master, 3, 16)), _derive(master, 5, 12)

    def protect(self, packet: bytes, roc: int) -> bytes:
        head = packet[: header_bytes(packet)]
        return head + self._rtp.encrypt(self._nonce(packet, roc), packet[len(head) :], head)

    def unprotect(self, packet: bytes, roc: int) -> bytes:
        head = packet[: header_bytes(packet)]
        try:
            return head + self._rtp.decrypt(self._nonce(packet, roc), packet[len(head) :], head)
        except InvalidTag:
            raise Forged("this RTP packet is not authentic") from None

    def _nonce(self, packet: bytes, roc: int) -> bytes:
        return _xor(b"\0\0" + packet[8:12] + struct.pack("!L", roc) + packet[2:4], self._rtp_salt)

    def protect_rtcp(self, packet: bytes, index: int) -> bytes:
        head, trailer = packet[:RTCP_HEADER_BYTES], struct.pack("!L", index | ENCRYPTED)
        nonce = self._rtcp_nonce(head, index)
        return head + self._rtcp.encrypt(nonce, packet[8:], head + trailer) + trailer

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        head, trailer = packet[:RTCP_HEADER_BYTES], packet[-4:]
        nonce = self._rtcp_nonce(head, int.from_bytes(trailer, "big") & ~ENCRYPTED)
        try:
            return head + self._rtcp.decrypt(nonce, packet[8:-4], head + trailer)
        except InvalidTag:
            raise Forged("this RTCP packet is not authentic") from None

    def _rtcp_nonce(self, head: bytes, index: int) -> bytes:
        return _xor(b"\0\0" + head[4:8] + b"\0\0" + struct.pack("!L", index), self._rtcp_salt)


class _Cm:
    def __init__(self, master: Master) -> None:
        self._rtp, self._rtp_salt = _derive(master, 0, 16), _derive(master, 2, 14)
        self._rtcp, self._rtcp_salt = _derive(master, 3, 16), _derive(master, 5, 14)
        self._rtp_mac = HMAC(_derive(master, 1, 20), hashes.SHA1())
        self._rtcp_mac = HMAC(_derive(master, 4, 20), hashes.SHA1())

    def protect(self, packet: bytes, roc: int) -> bytes:
        sealed = self._crypt_rtp(packet, roc)
        return sealed + _tag(self._rtp_mac, sealed + struct.pack("!L", roc))

    def unprotect(self, packet: bytes, roc: int) -> bytes:
        sealed, tag = packet[:-10], packet[-10:]
        if _tag(self._rtp_mac, sealed + struct.pack("!L", roc)) != tag:
            raise Forged("this RTP packet is not authentic")
        return self._crypt_rtp(sealed, roc)

    def _crypt_rtp(self, packet: bytes, roc: int) -> bytes:
        at = header_bytes(packet)
        index = roc << 16 | int.from_bytes(packet[2:4], "big")
        return packet[:at] + _counter(self._rtp, self._rtp_salt, packet[8:12], index, packet[at:])

    def protect_rtcp(self, packet: bytes, index: int) -> bytes:
        body = _counter(self._rtcp, self._rtcp_salt, packet[4:8], index, packet[8:])
        sealed = packet[:8] + body + struct.pack("!L", index | ENCRYPTED)
        return sealed + _tag(self._rtcp_mac, sealed)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        sealed, tag = packet[:-10], packet[-10:]
        if _tag(self._rtcp_mac, sealed) != tag:
            raise Forged("this RTCP packet is not authentic")
        index = int.from_bytes(sealed[-4:], "big") & ~ENCRYPTED
        body = _counter(self._rtcp, self._rtcp_salt, packet[4:8], index, sealed[8:-4])
        return packet[:8] + body


def _counter(key: bytes, salt: bytes, ssrc: bytes, index: int, data: bytes) -> bytes:
    """AES in counter mode (RFC 3711 §4.1.1)."""
    block = (
        int.from_bytes(salt, "big") << 16 ^ int.from_bytes(ssrc, "big") << 64 ^ index << 16
    ).to_bytes(16, "big")
    return Cipher(algorithms.AES(key), modes.CTR(block)).encryptor().update(data)


def _tag(mac: HMAC, data: bytes) -> bytes:
    one = mac.copy()
    one.update(data)
    return one.finalize()[:10]
