"""One message of Web Push: encrypted for one browser (RFC 8291), signed for its push service (RFC 8292).

Nothing here sends or reads a clock.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

import http_ece
import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..errors import ConfigError

SIGNED_FOR_S = 6 * 3600  # a day at most (RFC 8292 §2)


class PushKey(NamedTuple):
    """The organiser's key: it tells push services who sends, and browsers whom to expect."""

    private: ec.EllipticCurvePrivateKey
    contact: str  # mailto: or https:, for the push service's operators

    @classmethod
    def read(cls, data: bytes, contact: str) -> PushKey:
        """Return the key that a PEM file holds. Raises `ConfigError`."""
        try:
            key = serialization.load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(
            key.curve, ec.SECP256R1
        ):
            raise ConfigError(
                "--push-key must be a private key on P-256 as PEM: make one with "
                "`openssl ecparam -name prime256v1 -genkey -noout -out push.pem`"
            )
        return cls(key, contact)

    @property
    def public(self) -> str:
        """The public half, as browsers take it (`applicationServerKey`)."""
        return _unpadded(_point(self.private.public_key()))

    def authorization(self, origin: str, now_s: int) -> str:
        """Return the header by which the push service at `origin` knows the sender."""
        claims = {"aud": origin, "exp": now_s + SIGNED_FOR_S, "sub": self.contact}
        return f"vapid t={jwt.encode(claims, self.private, algorithm='ES256')}, k={self.public}"


def encrypt(payload: bytes, *, p256dh: str, auth: str) -> bytes:
    """Return `payload` as only the browser with these keys reads it (`aes128gcm`, RFC 8188).

    Raises `ValueError` for keys that are none.
    """
    receiver, secret = decoded(p256dh), decoded(auth)
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), receiver)
    if len(secret) != 16:
        raise ValueError("auth has 16 bytes")
    once = ec.generate_private_key(ec.SECP256R1())
    message = http_ece.encrypt(
        payload, private_key=once, dh=receiver, auth_secret=secret, version="aes128gcm"
    )
    return bytes(message)


def decoded(text: str) -> bytes:
    """Return the bytes of unpadded base64url (RFC 7515 §2). Raises `ValueError`."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
