"""The lines of captions that clients see (`client_sdk/PROTOCOL.md` §4)."""

from __future__ import annotations

from ..domain.captions import Caption
from .views import View


class CaptionView(View, frozen=True, kw_only=True):
    id: str
    text: str
    from_ms: int
    to_ms: int


def caption(line: Caption) -> CaptionView:
    return CaptionView(id=line.id, text=line.text, from_ms=line.from_ms, to_ms=line.to_ms)
