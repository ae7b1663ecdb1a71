"""STUN and TURN servers as clients are told of them: `Link` headers (RFC 9725 §4.6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import quote

from ...urls import IceServer, ice_server

GOOD_FOR_S = 86_400  # longer than a day's event: an allocation is refreshed with the same password


class IceServers:
    """The servers at `urls`: `stun:HOST:PORT`, `turn:USER:PASSWORD@HOST:PORT`, or with a `secret` that the
    TURN server shares `turn:HOST:PORT`: then each client gets a password of its own, good for a day.
    """

    def __init__(self, urls: Sequence[str] = (), secret: str = "") -> None:
        self._servers = [ice_server(url) for url in urls]
        self._secret = secret

    def links(self, person: str, wall_ms: float) -> list[str]:
        """Return the values of `Link` headers for `person`."""
        return [self._link(server, person, wall_ms) for server in self._servers]

    def _link(self, server: IceServer, person: str, wall_ms: float) -> str:
        if server.user:
            return _turn(*server)
        if self._secret and server.url.startswith("turn"):
            user = f"{int(wall_ms / 1000) + GOOD_FOR_S}:{quote(person)}"
            return _turn(server.url, user, password_for(user, self._secret))
        return f'<{server.url}>; rel="ice-server"'


def password_for(user: str, secret: str) -> str:
    """Return a password as coturn's `use-auth-secret` expects it (draft-uberti-behave-turn-rest-00 §2.2)."""
    return base64.b64encode(hmac.digest(secret.encode(), user.encode(), hashlib.sha1)).decode()


def _turn(url: str, user: str, password: str) -> str:
    return (
        f'<{url}>; rel="ice-server"; username={_quoted(user)}; '
        f'credential={_quoted(password)}; credential-type="password"'
    )


def _quoted(text: str) -> str:
    """Return a quoted string (RFC 9110 §5.6.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
