"""Captions in a film, as timed text (3GPP TS 26.245, `tx3g`): samples that follow each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from .film_plan import Line

# MP4 says a language in three letters (ISO 639-2/T); these are those of two (ISO 639-1).
_LANGUAGES = """
ar:ara bg:bul bn:ben ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng es:spa et:est eu:eus
fa:fas fi:fin fr:fra ga:gle gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun hy:hye id:ind is:isl
it:ita ja:jpn ka:kat kk:kaz kn:kan ko:kor lt:lit lv:lav mk:mkd ml:mal mn:mon mr:mar ms:msa
mt:mlt nb:nob ne:nep nl:nld nn:nno no:nor pa:pan pl:pol ps:pus pt:por ro:ron ru:rus sk:slk
sl:slv so:som sq:sqi sr:srp sv:swe sw:swa ta:tam te:tel th:tha tl:tgl tr:tur uk:ukr ur:urd
uz:uzb vi:vie yo:yor zh:zho zu:zul
"""
_BY_TWO = dict(pair.split(":") for pair in _LANGUAGES.split())
UNKNOWN = "und"
# What FFmpeg makes a style from. It wants one before it writes a track of text; players use their own.
HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,16

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def three_letters(language: str) -> str:
    """Return the language of a tag (BCP 47) as MP4 has it; `und` for one that is not known."""
    first = language.split("-", 1)[0]
    return first if len(first) == 3 else _BY_TWO.get(first, UNKNOWN)


def samples(lines: Sequence[Line], start_ms: int, end_ms: int) -> Iterator[Line]:
    """Return what is shown, moment by moment, in a stretch of server time: lines that overlap together."""
    edges = {start_ms, end_ms}
    for line in lines:
        edges |= {min(max(at, start_ms), end_ms) for at in (line.from_ms, line.to_ms)}
    in_order, waiting, shown = sorted(edges), sorted(lines, key=lambda x: x.from_ms), list[Line]()
    at = 0
    for from_ms, to_ms in pairwise(in_order):
        while at < len(waiting) and waiting[at].from_ms <= from_ms:
            shown.append(waiting[at])
            at += 1
        shown = [line for line in shown if line.to_ms > from_ms]
        if shown:
            yield Line(from_ms, to_ms, "\n".join(line.text for line in shown))


def sample_data(text: str) -> bytes:
    """Return a sample: its length in bytes, and the text (§5.17.1)."""
    data = text.encode()
    return len(data).to_bytes(2, "big") + data
