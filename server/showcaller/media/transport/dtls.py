"""DTLS-SRTP (RFC 5764) with one client: the handshake yields SRTP keys; what follows is a close_notify.

aiortc's `RTCDtlsTransport` does the handshake on a wire of ours. It is asked no further: media never goes
through it, and records that come later are read here. A process has one certificate and one SSL context.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, cast

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
    State,
)
from OpenSSL import SSL

from ..egress.keys import Keys

Role = Literal["client", "server"]
Problem = Literal["", "dtls_failed", "wrong_fingerprint"]

MTU = 1200  # bytes of UDP payload: fits every path that WebRTC works on
_PROFILES = [SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80]  # the server's order decides
_DTLS_1_2 = 0xFEFD  # in 1.3 the last flight has a timer too, and nothing here would serve it
_CIPHERS = b":".join(
    f"ECDHE-{certificate}-{cipher}".encode()
    for cipher in ("AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES256-GCM-SHA384", "AES128-SHA")
    for certificate in ("ECDSA", "RSA")  # GStreamer and many an encoder have RSA certificates
)
_RECORD_HEADER = 13  # bytes; the last two are the length of what follows
_MAX_WAITING = 32  # datagrams of a handshake; it has far fewer


class _Certificate(RTCCertificate):
    """A certificate with one SSL context; aiortc would make one for each connection."""

    @functools.cached_property
    def sha256(self) -> str:
        return str(self.getFingerprints()[0].value)

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        return self._context

    @functools.cached_property
    def _context(self) -> SSL.Context:
        context: SSL.Context = super()._create_ssl_context(_PROFILES)
        context.set_max_proto_version(_DTLS_1_2)
        context.set_cipher_list(_CIPHERS)
        context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
        # it would keep each client's certificate, and none resumes
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        return context


@functools.cache
def _certificate() -> _Certificate:
    certificate: _Certificate = _Certificate.generateCertificate()
    return certificate


def fingerprint() -> str:
    """Return the SHA-256 of this process's certificate, as SDP writes it (RFC 8122)."""
    return _certificate().sha256


class _Wire:
    """A stand-in for the transport that `RTCDtlsTransport` wants."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self.send = send
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING)

    async def _send(self, data: bytes) -> None:
        self.send(data)

    async def _recv(self) -> bytes:
        return await self.inbox.get()


class Association(RTCDtlsTransport):
    """DTLS with one client; `send` takes what goes to it, one datagram a call.

    Give `receive` every DTLS datagram of the client's, from before `connect` is awaited.
    """

    _ssl: Any  # an SSL.Connection as soon as the handshake began

    def __init__(self, role: Role, send: Callable[[bytes], object]) -> None:
        self._wire = _Wire(send)
        super().__init__(cast(Any, self._wire), [_certificate()])
        self._set_role(role)
        self._srtp_profiles = _PROFILES
        self._problem: Problem = "dtls_failed"
        self.sending: Keys | None = None  # both are there when `connect` has succeeded
        self.receiving: Keys | None = None

    async def connect(self, fingerprints: Sequence[tuple[str, str]]) -> Problem:
        """Shake hands with a client that has a certificate of these (algorithm, value); "" is success."""
        expected = [RTCDtlsFingerprint(algorithm, value) for algorithm, value in fingerprints]
        try:
            await self.start(RTCDtlsParameters(fingerprints=expected))
        except Exception:  # what a hostile certificate makes of its parsers, nobody can list
            return self._problem
        if self._task is not None:  # aiortc would go on reading, in a task for each client
            self._task.cancel()
            self._task = None
        return self._problem

    def receive(self, data: bytes) -> bool:
        """Take a datagram in; return false when the client has said, authentically, that it ends."""
        if self._state == State.CONNECTED:
            return self._read(data)
        if not self._wire.inbox.full():
            self._wire.inbox.put_nowait(data)
        return True

    def _read(self, data: bytes) -> bool:
        """Read records after the handshake; OpenSSL drops what is not authentic (RFC 6347 §4.1.2.7)."""
        ssl = self._ssl
        ssl.bio_write(data)
        try:
            while ssl.recv(MTU):  # data channels: nobody reads them
                pass
        except SSL.WantReadError:
            self._flush()  # our last flight, if the client repeats its own
            return True
        except SSL.Error:  # close_notify, or something fatal: OpenSSL reads no further
            pass
        return False

    def close(self) -> None:
        """Send close_notify, or the alert that the handshake ended with."""
        if self._ssl is None:
            return
        try:
            self._ssl.shutdown()
        except SSL.Error:  # in the middle of the handshake
            pass
        self._flush()
        self._set_state(State.CLOSED)

    # What RTCDtlsTransport does otherwise ---------------------------------------------------------

    async def _do_handshake(self) -> None:
        self._ssl.set_ciphertext_mtu(MTU)
        await super()._do_handshake()

    async def _write_ssl(self) -> None:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError  # which the library's `wait_for` loses on Python 3.11
        self._flush()

    def _flush(self) -> None:
        flight = b""
        try:
            while True:
                flight += self._ssl.bio_read(1 << 14)
        except SSL.Error:  # nothing more
            pass
        for datagram in _datagrams(flight):
            self._wire.send(datagram)

    def _validate_peer_identity(self, remoteParameters: RTCDtlsParameters) -> None:
        super()._validate_peer_identity(remoteParameters)
        if self._state == State.FAILED:
            self._problem = "wrong_fingerprint"

    def _setup_srtp(self) -> None:
        chosen = self._ssl.get_selected_srtp_profile()
        profile = next((p for p in _PROFILES if p.openssl_profile == chosen), None)
        if profile is None:
            self._set_state(State.FAILED)
            return
        size = 2 * (profile.key_length + profile.salt_length)
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        client, server = _keys(profile, material, 0), _keys(profile, material, 1)
        server_sends = self._role == "server"
        self.sending, self.receiving = (server, client) if server_sends else (client, server)
        self._problem = ""


def _keys(profile: SRTPProtectionProfile, material: bytes, number: int) -> Keys:
    """Return the client's (0) or the server's (1) write keys (RFC 5764 §4.2)."""
    both: Any = profile.get_key_and_salt(material, number)
    key, salt = both[: profile.key_length], both[profile.key_length :]
    return Keys(profile.openssl_profile.decode(), key, salt)


def _datagrams(flight: bytes) -> Iterator[bytes]:
    """Cut a flight into datagrams of whole records; OpenSSL writes them without borders."""
    start = at = 0
    while at < len(flight):
        end = at + _RECORD_HEADER + int.from_bytes(flight[at + 11 : at + 13])
        if end - start > MTU and at > start:
            yield flight[start:at]
            start = at
        at = end
    if start < len(flight):
        yield flight[start:]
