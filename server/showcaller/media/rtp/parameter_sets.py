"""H.264 parameter sets (RFC 6184), which a decoder needs first: kept, and packed anew. Pure.

Many encoders send them once, or only in their offer. Who comes later could decode nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

_IDR, _SPS, _PPS = 5, 7, 8
_STAP_A, _FU_A = 24, 28
_MAX_SET_BYTES = 500
_MAX_PPS = 8
# of all of them in one packet, which has to come through every viewer's network
_MAX_PACKED_BYTES = 1_100
_SPROP = re.compile(r"sprop-parameter-sets=([A-Za-z0-9+/=,]+)")


class ParameterSets:
    """The sets of one stream; `parameters` are its fmtp line, which may have them too (§8.1)."""

    def __init__(self, parameters: str = "") -> None:
        self._sps = b""
        self._pps: dict[bytes, bytes] = {}  # the last bytes differ; by their first ones, the ids
        for unit in _from_fmtp(parameters):
            self._note(unit)

    @property
    def complete(self) -> bool:
        """Tell whether a decoder could begin with what one packet holds of them."""
        return bool(self._sps and self._pps) and len(self.packed()) <= _MAX_PACKED_BYTES

    def note(self, payload: bytes) -> bool:
        """Remember what sets the payload of a packet has; true if a sequence's is among them."""
        found = False
        for unit in units(payload):
            self._note(unit)
            found |= unit[0] & 0x1F == _SPS
        return found

    def packed(self) -> bytes:
        """Return one payload with all of them (STAP-A, §5.7.1)."""
        made = bytes([_STAP_A | 0x60])
        for unit in (self._sps, *self._pps.values()):
            made += len(unit).to_bytes(2) + unit
        return made

    def _note(self, unit: bytes) -> None:
        if not 1 < len(unit) <= _MAX_SET_BYTES:
            return
        kind = unit[0] & 0x1F
        if kind == _SPS:
            if unit != self._sps:
                self._pps.clear()
            self._sps = bytes(unit)
        elif kind == _PPS and (len(self._pps) < _MAX_PPS or unit[1:2] in self._pps):
            self._pps[unit[1:2]] = bytes(unit)


def units(payload: bytes) -> Iterator[bytes]:
    """Return the whole NAL units of a payload; of a fragment none."""
    kind = payload[0] & 0x1F if payload else 0
    if 0 < kind < _STAP_A:
        yield payload
    at = 1
    while kind == _STAP_A and at + 2 < len(payload):
        end = at + 2 + int.from_bytes(payload[at : at + 2])
        if at + 2 < end <= len(payload):
            yield payload[at + 2 : end]
        at = end


def begins_idr(payload: bytes) -> bool:
    """Return whether an IDR picture's slice begins here, in a packet that has no parameter sets."""
    if len(payload) > 1 and payload[0] & 0x1F == _FU_A:
        return payload[1] & 0x9F == 0x80 | _IDR
    kinds = [unit[0] & 0x1F for unit in units(payload)]
    return _IDR in kinds and _SPS not in kinds


def _from_fmtp(parameters: str) -> Iterator[bytes]:
    found = _SPROP.search(parameters)
    for text in found.group(1).split(",") if found else ():
        try:
            yield base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
