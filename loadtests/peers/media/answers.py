"""The answer of a viewer to a server that offers."""

from __future__ import annotations

import re

from media_swarm.dtls import own_fingerprint
from media_swarm.offers import Credentials

_KEPT = ("a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=rtcp-mux")


def answer(offer: str, own: Credentials) -> str:
    """Takes all that is offered, as the DTLS client; whom we are is learned from our first check."""
    session, *media = re.split(r"^(?=m=)", offer.replace("\r\n", "\n"), flags=re.M)
    group = next(line for line in session.split("\n") if line.startswith("a=group:"))
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", group]
    for section in media:
        first, *others = section.strip().split("\n")
        lines += [first, "c=IN IP4 0.0.0.0", "a=recvonly"]
        lines += [line for line in others if line.startswith(_KEPT)]
        lines += [f"a=ice-ufrag:{own.ufrag}", f"a=ice-pwd:{own.pwd}", "a=setup:active"]
        lines += [f"a=fingerprint:sha-256 {own_fingerprint()}"]
    return "\r\n".join([*lines, ""])
