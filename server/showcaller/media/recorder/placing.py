"""The place of a track's samples in server time. Pure.

Sender reports say which instant of the publisher's one clock an RTP time stands for, so picture and sound
stay together however their own clocks run. Until they tell, and for publishers whose reports are not to be
believed, the time at which packets come does, smoothed. Corrections are spread, so that no sample lasts much
longer or shorter than it was.
"""

from __future__ import annotations

SLEW = 0.005  # of the time that passes: five milliseconds a second
SMOOTHING = 256  # packets, of times at which they came
JUMP_MS = 1_000.0  # what is further off is set at once
_HALF = 0x80000000


class Placing:
    """The placing of one track, whose RTP clock has `clock_hz`."""

    def __init__(self, clock_hz: int) -> None:
        self._ticks_a_ms = clock_hz / 1000
        self._rtp: int | None = None  # of the newest sample, extended
        self._offset_ms = 0.0
        self._arrival_ms = 0.0  # smoothed: when packets came, less what their RTP times say
        self._placed_ms = 0.0

    def place(self, rtp_time: int, came_ms: float, told_ms: float | None) -> float:
        """Return the server time of a sample; `told_ms` is what sender reports say, if they do."""
        passed_ms = self._passed_ms(rtp_time)
        assert self._rtp is not None
        media_ms = self._rtp / self._ticks_a_ms
        if passed_ms is None or abs(passed_ms) > 10 * JUMP_MS:
            self._arrival_ms = came_ms - media_ms
            self._offset_ms = (came_ms if told_ms is None else told_ms) - media_ms
        else:
            self._arrival_ms += (came_ms - media_ms - self._arrival_ms) / SMOOTHING
            wanted_ms = self._arrival_ms if told_ms is None else told_ms - media_ms
            self._follow(wanted_ms, passed_ms)
        self._placed_ms = max(media_ms + self._offset_ms, self._placed_ms)
        return self._placed_ms

    def _passed_ms(self, rtp_time: int) -> float | None:
        """Extend the RTP time; return by how much it went on."""
        if self._rtp is None:
            self._rtp = rtp_time
            return None
        step = ((rtp_time - self._rtp + _HALF) & 0xFFFFFFFF) - _HALF
        self._rtp += step
        return step / self._ticks_a_ms

    def _follow(self, wanted_ms: float, passed_ms: float) -> None:
        off_ms = wanted_ms - self._offset_ms
        if abs(off_ms) <= JUMP_MS:
            most_ms = SLEW * abs(passed_ms)
            off_ms = max(-most_ms, min(most_ms, off_ms))
        self._offset_ms += off_ms
