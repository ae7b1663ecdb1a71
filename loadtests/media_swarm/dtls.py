"""The client's side of a DTLS handshake whose datagrams somebody else carries; it ends in SRTP keys."""

from __future__ import annotations

import datetime
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from .srtp import CM, GCM, Master, client_and_server, exported_bytes

MTU = 1200
READ_BYTES = 1 << 16


class WrongPeer(Exception):
    """The certificate is not the one of the answer's fingerprint."""


@functools.cache
def _own() -> tuple[SSL.Context, str]:
    """One certificate for all clients of this process; servers see only that it matches the offer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "swarm")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=30))
    certificate = builder.sign(key, hashes.SHA256())
    context = SSL.Context(SSL.DTLS_METHOD)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)  # the fingerprint is what counts
    context.set_tlsext_use_srtp(GCM + b":" + CM)
    return context, fingerprint(certificate)


def own_fingerprint() -> str:
    """For the offer's `a=fingerprint:sha-256`."""
    return _own()[1]


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


class Handshake:
    """`receive` what comes, send what `outgoing` yields; `keys` are there when it is over."""

    def __init__(self, expected_fingerprint: str) -> None:
        self._expected = expected_fingerprint.upper()
        self._ssl = SSL.Connection(_own()[0], None)
        self._ssl.set_connect_state()
        self._ssl.set_ciphertext_mtu(MTU)
        self.keys: tuple[Master, Master] | None = None  # what we send with, what the server does
        self.closed = False
        self._step()

    def receive(self, datagram: bytes) -> None:
        """Raises `WrongPeer`, `OpenSSL.SSL.Error`."""
        self._ssl.bio_write(datagram)
        if self.keys is None:
            self._step()
        else:
            self._read()

    def on_time(self) -> None:
        """Send again what was lost, if it is time; call it now and then while there are no keys."""
        if self._ssl.DTLSv1_get_timeout() == 0:
            self._ssl.DTLSv1_handle_timeout()

    def outgoing(self) -> list[bytes]:
        """Flights, split to datagrams at record boundaries."""
        try:
            data = self._ssl.bio_read(READ_BYTES)
        except SSL.WantReadError:
            return []
        return _datagrams(data)

    def close(self) -> None:
        """Have `outgoing` yield a close_notify."""
        try:
            self._ssl.shutdown()
        except SSL.Error:  # the handshake is not over
            pass

    def _step(self) -> None:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            return
        certificate = self._ssl.get_peer_certificate()
        if certificate is None or fingerprint(certificate.to_cryptography()) != self._expected:
            raise WrongPeer("the server's certificate is not the one of its answer")
        profile = self._ssl.get_selected_srtp_profile()
        exported = self._ssl.export_keying_material(
            b"EXTRACTOR-dtls_srtp", exported_bytes(profile), None
        )
        self.keys = client_and_server(profile, exported)

    def _read(self) -> None:
        try:
            self._ssl.recv(READ_BYTES)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.closed = True


def _datagrams(data: bytes) -> list[bytes]:
    """Return whole records, as many as fit into the MTU (a record says its size at its offset 11)."""
    packed: list[bytes] = [b""]
    while data:
        size = 13 + int.from_bytes(data[11:13], "big")
        if packed[-1] and len(packed[-1]) + size > MTU:
            packed.append(b"")
        packed[-1] += data[:size]
        data = data[size:]
    return packed
