"""The length of an Opus packet (RFC 6716 §3.1), and a packet of silence. Pure."""

from __future__ import annotations

_SILK_MS = (10.0, 20.0, 40.0, 60.0)
_HYBRID_MS = (10.0, 20.0)
_CELT_MS = (2.5, 5.0, 10.0, 20.0)
SAMPLES_A_MS = 48
# CELT, all frequencies, 20 ms, of one frame that says it is silent
SILENCE = b"\xf8\xff\xfe"
SILENCE_SAMPLES = 960


def opus_samples(packet: bytes) -> int:
    """Return how many samples of 48 kHz a packet stands for. Raises `ValueError` for what is none."""
    if not packet:
        raise ValueError("Opus: a packet of nothing")
    frames = _frames(packet)
    samples = round(_frame_ms(packet[0] >> 3) * SAMPLES_A_MS) * frames
    if not 0 < samples <= 120 * SAMPLES_A_MS:
        raise ValueError("Opus: a packet of more than 120 ms")
    return samples


def _frame_ms(configuration: int) -> float:
    if configuration < 12:
        return _SILK_MS[configuration & 3]
    if configuration < 16:
        return _HYBRID_MS[configuration & 1]
    return _CELT_MS[configuration & 3]


def _frames(packet: bytes) -> int:
    code = packet[0] & 3
    if code < 3:
        return 1 if code == 0 else 2
    if len(packet) < 2:
        raise ValueError("Opus: a packet that is cut")
    return packet[1] & 0x3F
