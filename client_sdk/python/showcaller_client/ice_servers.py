"""STUN and TURN servers as a media server names them: `Link` headers (RFC 9725 §4.6, RFC 8288 §3). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Possessive: nothing here is read twice, so no header takes longer than its length.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_PARAMETER = re.compile(
    rf"[ \t]*+;[ \t]*+(?:({_TOKEN})[ \t]*+(?:=[ \t]*+({_TOKEN}|{_QUOTED}))?+)?+"
)
_LINK = re.compile(rf"<([^<>]*+)>((?:{_PARAMETER.pattern})*+)")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class IceServer:
    """A STUN or TURN server's address (RFC 7064, RFC 7065) and our credentials there."""

    url: str
    username: str | None = None
    credential: str | None = field(default=None, repr=False)

    def relays(self) -> bool:
        """Tell whether it is a TURN server."""
        return self.url.lower().startswith(("turn:", "turns:"))

    def over_udp(self) -> bool:
        """Tell whether it is spoken to by UDP (RFC 7065 §3.1)."""
        url = self.url.lower()
        return url.startswith("turn:") and "transport=tcp" not in url


def ice_servers_of(header: str) -> list[IceServer]:
    """The servers that `Link` headers name; several headers are joined by commas.

    Other links are passed over, and so are servers that want anything but a password.
    """
    return [
        IceServer(link[1].strip(), found.get("username"), found.get("credential"))
        for link in _LINK.finditer(header)
        for found in [_parameters(link[2])]
        if "ice-server" in found.get("rel", "").lower().split()
        if found.get("credential-type", "password").lower() == "password"
    ]


def _parameters(text: str) -> dict[str, str]:
    """By their names in lower case; of several with one name the first counts (RFC 8288 §3.3)."""
    found: dict[str, str] = {}
    for name, value in _PARAMETER.findall(text):
        found.setdefault(name.lower(), _unquoted(value))
    return found


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
