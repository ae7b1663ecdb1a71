"""The push services that messages go to: those that are listed, and no other.

A browser names its push service itself, so anybody may name any address: an inner one, for instance, that
only this machine reaches. Addresses that are looked up and compared can change in between; a short list of
names can't. Browsers use four services. Whoever runs another one lists it (`--push-service`).
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

KNOWN = (
    "https://fcm.googleapis.com",
    "https://updates.push.services.mozilla.com",
    "https://*.push.apple.com",
    "https://*.notify.windows.com",
)
MAX_ENDPOINT_CHARS = 1_000


class PushServices:
    """The known services, and `more` that the organiser lists, each as `https://HOST[:PORT]`."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._origins = frozenset((*KNOWN, *more))

    def allow(self, endpoint: str) -> bool:
        """Tell whether messages may be sent to this endpoint."""
        origin = origin_of(endpoint)
        if origin is None:
            return False
        scheme, _, host = origin.partition("://")
        _, _, parent = host.partition(".")
        return origin in self._origins or f"{scheme}://*.{parent}" in self._origins


def origin_of(endpoint: str) -> str | None:
    """Return scheme, host and port of an address; None for what is no plain one."""
    if len(endpoint) > MAX_ENDPOINT_CHARS or not endpoint.isascii() or not endpoint.isprintable():
        return None
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc or "\\" in endpoint:
        return None
    shown = f"[{host}]" if ":" in host else host
    usual = port is None or port == {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{shown}" + ("" if usual else f":{port}")
