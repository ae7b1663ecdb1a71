"""The multivariant playlist (draft-pantos-hls-rfc8216bis §4.4.6): what players choose from. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from .captions import NAME
from .media_playlist import VERSION

CAPTIONS = "captions"  # the group of all languages
PICTURE = "high"  # the name of the best picture
SOUND = "audio"  # the name of the rendition that is nothing else


class Variant(Struct, frozen=True, kw_only=True):
    """One rendition as players choose it."""

    name: str
    codecs: str
    bits_s: int  # of any segment at most
    width: int = 0
    height: int = 0


def multivariant_playlist(variants: Iterable[Variant], languages: Iterable[str] = ()) -> str:
    """Return the playlist that players open first; each rendition's own lies beside it.

    The sound is a rendition of its own beside each picture, and a variant by itself. `languages`: those of
    captions.
    """
    found = list(variants)
    sound = next((one for one in found if one.name == SOUND), None)
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}"]
    if sound:
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{SOUND}",NAME="Stage",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="2",URI="{SOUND}.m3u8"'
        )
    captions = list(map(_captions, languages))
    group = f',SUBTITLES="{CAPTIONS}"' if captions else ""
    lines += captions
    for one in sorted(found, key=lambda variant: -variant.bits_s):
        lines += [f"{_stream(one, sound)}{group}", f"{one.name}.m3u8"]
    return "\n".join(lines) + "\n"


def _captions(language: str) -> str:
    """Return the line of one language; players show it in their own words, by its tag."""
    return (
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{CAPTIONS}",NAME="{language}",LANGUAGE="{language}",'
        f'DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="{NAME}{language}.m3u8"'
    )


def _stream(one: Variant, sound: Variant | None) -> str:
    if sound is None or one is sound:
        return f'#EXT-X-STREAM-INF:BANDWIDTH={one.bits_s},CODECS="{one.codecs}"{_size(one)}'
    bits_s, codecs = one.bits_s + sound.bits_s, f"{one.codecs},{sound.codecs}"
    shown = f'BANDWIDTH={bits_s},CODECS="{codecs}"{_size(one)},AUDIO="{SOUND}"'
    return f"#EXT-X-STREAM-INF:{shown}"


def _size(one: Variant) -> str:
    return f",RESOLUTION={one.width}x{one.height}" if one.width else ""
