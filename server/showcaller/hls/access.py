"""Addresses that expire: one step of the path says until when a stage's are good, and proves it. Pure.

Relative addresses keep that step, so playlists are the same for everybody. All who ask within some hours get
the same one: so a cache holds each object once, not once a person. Whoever has an address can hand it on
until it expires, which is why it is never logged.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from ..errors import Forbidden

OPEN = "open"  # in the place of a proof, where everybody may come in
RENEWED_EVERY_S = 6 * 3600
_SIGNED = re.compile(r"(\d{1,12})-([\w-]{32})", re.ASCII)


def sign(key: bytes, event: str, stage: str, now_s: float) -> str:
    """Return the step for addresses of this stage: they are good for six to twelve hours from now."""
    expires_s = (int(now_s) // RENEWED_EVERY_S + 2) * RENEWED_EVERY_S
    return f"{expires_s}-{_proof(key, event, stage, expires_s)}"


def expires_s(access: str) -> int | None:
    """Return until when a step that `sign` made is good; None: for good."""
    found = _SIGNED.fullmatch(access)
    return int(found[1]) if found else None


def require(keys: Sequence[bytes], event: str, stage: str, access: str, now_s: float) -> None:
    """Raise `Forbidden` unless one of the keys signed the step, for this stage, and it is good still."""
    found = _SIGNED.fullmatch(access)
    proved = found is not None and any(
        hmac.compare_digest(found[2], _proof(key, event, stage, int(found[1]))) for key in keys
    )
    if found is None or not proved:
        raise Forbidden("this address was not given out for this stage", code="bad_address")
    if int(found[1]) <= now_s:
        raise Forbidden("this address has expired: ask for a new one", code="address_expired")


def _proof(key: bytes, event: str, stage: str, expires_s: int) -> str:
    about = "\0".join((event, stage, str(expires_s))).encode()
    return urlsafe_b64encode(hmac.digest(key, about, "sha256")[:24]).decode()
