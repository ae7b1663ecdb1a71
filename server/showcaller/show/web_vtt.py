"""Lines of captions as WebVTT (W3C). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..domain.captions import Caption


def vtt_of(lines: Iterable[Caption], zero_ms: int, *headers: str) -> str:
    """Return the lines that end after `zero_ms` as WebVTT (W3C, §4), with `headers` below its first line."""
    cues = (
        f"{_stamp(one.from_ms - zero_ms)} --> {_stamp(one.to_ms - zero_ms)}\n{_escaped(one.text)}\n"
        for one in lines
        if one.to_ms > zero_ms
    )
    head = "".join(f"{line}\n" for line in ("WEBVTT", *headers))
    return "\n".join((head, *cues))


def _stamp(ms: int) -> str:
    ms = max(0, ms)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1_000 % 60:02}.{ms % 1_000:03}"


def _escaped(text: str) -> str:
    """Return the text as the payload of one cue: no markup, and no line that would end it."""
    plain = " ".join(text.split())
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
