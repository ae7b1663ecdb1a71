"""Source maps, revision 3 (ECMA-426): which line of which source a line of a script comes from."""

from __future__ import annotations

import json
from collections.abc import Iterable

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

Place = tuple[int, int]  # a source's number, and a line from 0


def source_map(sources: Iterable[str], places: Iterable[Place | None]) -> bytes:
    """Return the map of a script. `places`: of each of its lines; None: of a line that is in no source."""
    lines, known = [], (0, 0)
    for place in places:
        if place is None:
            lines.append("")
            continue
        moved = (0, place[0] - known[0], place[1] - known[1], 0)
        lines.append("".join(map(_digits, moved)))
        known = place
    described = {"version": 3, "sources": list(sources), "names": [], "mappings": ";".join(lines)}
    return json.dumps(described, separators=(",", ":")).encode()


def _digits(number: int) -> str:
    """Return a number in base 64 VLQ: its sign is the lowest bit, its lowest digits come first."""
    left = abs(number) << 1 | (number < 0)
    digits = ""
    while True:
        left, digit = left >> 5, left & 31
        digits += _DIGITS[digit | (32 if left else 0)]
        if not left:
            return digits
