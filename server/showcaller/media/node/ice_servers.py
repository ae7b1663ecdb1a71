"""STUN and TURN servers as clients are told of them: `Link` headers (RFC 9725 §4.6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from urllib.parse import quote

GOOD_FOR_S = 86_400  # longer than a day's event: an allocation is refreshed with the same password
_PLAIN = re.compile(r"turns?:[^@]+")
_WITH_PASSWORD = re.compile(r"(?P<scheme>turns?:)(?P<user>[^:@]+):(?P<password>[^@]+)@(?P<rest>.+)")


class IceServers:
    """`urls`: `stun:HOST:PORT`, `turn:USER:PASSWORD@HOST:PORT`, or with a `secret` that the TURN server
    shares `turn:HOST:PORT`: then each client gets a password of its own, good for a day.
    """

    def __init__(self, urls: Sequence[str] = (), secret: str = "") -> None:
        self._urls = urls
        self._secret = secret

    def links(self, person: str, wall_ms: float) -> list[str]:
        """The values of `Link` headers for `person`."""
        return [self._link(url, person, wall_ms) for url in self._urls]

    def _link(self, url: str, person: str, wall_ms: float) -> str:
        if found := _WITH_PASSWORD.fullmatch(url):
            return _turn(found["scheme"] + found["rest"], found["user"], found["password"])
        if self._secret and _PLAIN.fullmatch(url):
            user = f"{int(wall_ms / 1000) + GOOD_FOR_S}:{quote(person)}"
            return _turn(url, user, password_for(user, self._secret))
        return f'<{url}>; rel="ice-server"'


def password_for(user: str, secret: str) -> str:
    """As coturn's `use-auth-secret` expects it (draft-uberti-behave-turn-rest-00 §2.2)."""
    return base64.b64encode(hmac.digest(secret.encode(), user.encode(), hashlib.sha1)).decode()


def _turn(url: str, user: str, password: str) -> str:
    return (
        f'<{url}>; rel="ice-server"; username="{user}"; '
        f'credential="{password}"; credential-type="password"'
    )
