"""Simulcast as an offer has it and an answer takes it (RFC 8853), each layer by its RID (RFC 8851)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from .sdp import Attributes

MAX_LAYERS = 3

_RID = re.compile(r"([A-Za-z0-9_-]{1,16}) send(?: (\S{1,200}))?")


def read_layers(attributes: Attributes, payload_types: Collection[str]) -> dict[str, str]:
    """Return the restrictions of each layer by its RID, in the order of `a=simulcast` (RFC 8853 §5.1).

    `payload_types` are those that the answer keeps; a layer that uses none of them is left out.
    """
    rids = [found for value in attributes.get("rid", ()) if (found := _RID.fullmatch(value))]
    told = {found.group(1): found.group(2) or "" for found in rids}
    layers: dict[str, str] = {}
    for rid in _sent(attributes.get("simulcast", [""])[0]):
        restrictions = _restrictions(told[rid], payload_types) if rid in told else None
        if restrictions is not None and len(layers) < MAX_LAYERS:
            layers[rid] = restrictions
    return layers


def _sent(simulcast: str) -> list[str]:
    """Return the RIDs of `send h;~m;l,k`: the first of alternatives; `~` is paused, may be resumed."""
    words = simulcast.split()
    at = words.index("send") + 1 if "send" in words else len(words)
    streams = "".join(words[at : at + 1]).split(";")
    return [stream.split(",")[0].removeprefix("~") for stream in streams]


def _restrictions(text: str, payload_types: Collection[str]) -> str | None:
    """Return restrictions as offered (RFC 8851 §6.3), without payload types that the answer has not."""
    restrictions = []
    for pair in filter(None, text.split(";")):
        name, _, value = pair.partition("=")
        kept = [number for number in value.split(",") if number in payload_types]
        if name == "pt" and not kept:
            return None
        restrictions.append(f"pt={','.join(kept)}" if name == "pt" else pair)
    return ";".join(restrictions)


def layer_lines(layers: dict[str, str]) -> Iterator[str]:
    """Return the answer's lines on `layers`."""
    for rid, restrictions in layers.items():
        yield f"a=rid:{rid} recv {restrictions}".rstrip()
    if layers:
        yield f"a=simulcast:recv {';'.join(layers)}"
