"""The codings that a client takes (RFC 9110 §12.5.3)."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def takes(coding: str, accept_encoding: str) -> bool:
    """Tell whether a client takes a coding: named, or by `*`, and not with q=0."""
    wanted: dict[str, bool] = {}
    for one in accept_encoding.lower().split(","):
        name, _, weight = one.partition(";")
        _, _, quality = weight.partition("=")
        wanted[name.strip()] = quality.strip().strip("0.") != "" or not weight.strip()
    return wanted.get(coding, wanted.get("*", False))
