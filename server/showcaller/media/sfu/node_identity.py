"""Certificates by which media workers of one deployment know one another: TLS 1.3, both sides prove it.

The key of a certificate is derived from the deployment's secret, so every node makes the same one, and
whoever shows it knows the secret. Each connection has keys of its own all the same (ephemeral
Diffie-Hellman): whoever learns the secret later can't read what was recorded.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

# All nodes must make the same one, whatever their clocks say.
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def contexts(keys: Sequence[bytes]) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what listens and what connects: with the first key, to whoever holds one of them."""
    known = "".join(_certificate(_private(key)) for key in keys)
    made = []
    for purpose in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT):
        context = ssl.SSLContext(purpose)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=known)
        _show(context, keys[0])
        made.append(context)
    return made[0], made[1]


def _show(context: ssl.SSLContext, key: bytes) -> None:
    """Have a context prove that it holds `key`. OpenSSL takes that from a file only, ours for a moment."""
    private = _private(key)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with tempfile.TemporaryDirectory(prefix="showcaller-") as folder:
        path = Path(folder) / "node.pem"
        path.write_text(pem + _certificate(private))
        context.load_cert_chain(path)


def _private(key: bytes) -> Ed25519PrivateKey:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"showcaller: certificate of nodes")
    return Ed25519PrivateKey.from_private_bytes(derived.derive(key))


def _certificate(private: Ed25519PrivateKey) -> str:
    """Return the certificate that says nothing but the key; Ed25519 signs it alike each time."""
    public = private.public_key().public_bytes_raw().hex()
    # OpenSSL looks a certificate up by its name
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"showcaller {public[:32]}")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    return builder.sign(private, None).public_bytes(Encoding.PEM).decode()
