"""A push service on the loopback, and browsers that have subscribed there and read what comes (RFC 8030)."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import http_ece
import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


class PushBrowser:
    """A browser's half: its keys, and what it was sent, decrypted (RFC 8291)."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.received: list[dict[str, Any]] = []
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    @property
    def subscription(self) -> dict[str, Any]:
        """The subscription as `PushSubscription.toJSON()` writes it in a page."""
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": unpadded(point), "auth": unpadded(self._auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def receive(self, body: bytes) -> None:
        """Take a message. Raises `http_ece.ECEException` for one that is not for this browser."""
        text = http_ece.decrypt(
            body, private_key=self._key, auth_secret=self._auth, version="aes128gcm"
        )
        self.received.append(json.loads(text))


class PushService:
    """`async with PushService() as service:` listens; `status` is what it answers."""

    def __init__(self) -> None:
        self.origin = ""
        self.status = 201
        self.asked = 0
        self.headers: list[dict[str, str]] = []
        self._browsers: dict[str, PushBrowser] = {}
        self._runner: web.AppRunner | None = None

    def browser(self) -> PushBrowser:
        """Return a new browser that has subscribed here."""
        path = f"/send/{len(self._browsers)}"
        self._browsers[path] = PushBrowser(self.origin + path)
        return self._browsers[path]

    async def _take(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.headers.append(dict(request.headers))
        if self.status != 201:
            return web.Response(status=self.status)
        self._browsers[request.path].receive(await request.read())
        return web.Response(status=201)

    def claims(self, authorization: str) -> dict[str, Any]:
        """Return what the sender says of themselves, once its signature is checked (RFC 8292)."""
        parts = dict(
            part.strip().split("=", 1) for part in authorization[len("vapid ") :].split(",")
        )
        point = base64.urlsafe_b64decode(parts["k"] + "=" * (-len(parts["k"]) % 4))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=self.origin)
        return dict(claims, k=parts["k"])

    async def __aenter__(self) -> PushService:
        app = web.Application()
        app.router.add_post("/send/{browser}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()


def unpadded(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def vapid_key() -> bytes:
    """Return a new organiser's key as PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
