"""The choice of the layer that a viewer is sent: as it asked, or as its line allows.

Down is decided by what is bad now, up only by what was good for long; an attempt that failed doubles
the wait before the next one, so that a viewer between two layers sees one change a minute at most.

A receiver's estimate (REMB) is at most about 1.5 times what it is sent, and grows by 8 % a second
when it is sent more. So one that is low but grows says nothing yet, and one that is as high as a
layer lets it be forbids nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..contract.calls import Layer

HEAVY_LOSS = 0.10
SEVERE_LOSS = 0.25
LIGHT_LOSS = 0.02
HEAVY_REPORTS = 2  # one behind the other
SEVERE_REPORTS = 3  # one alone may tell of a moment
LASTING_REPORTS = 5  # a line that loses 5 %, but eight packets at once, has three such in a row
NEEDED = 0.9  # of a layer's rate
NEEDED_OF_LOWEST = 0.3
SPARE = 1.2  # times a better layer's rate
UNBOUND = 1.3  # times the layer's rate: the estimate may be bound by what was sent
GROWTH = 1.05
SHORT_S = 3.0
UP_WAIT_S = 5.0
PAUSE_WAIT_S = 10.0
MAX_WAIT_S = 60.0
PROVED_S = 30.0  # a layer that holds so long was no failed attempt
REPORT_HOLDS_S = 8.0  # those on sound come every five seconds
NEWS_S = 3.0  # good news are younger
ESTIMATE_HOLDS_S = 10.0

_PREFERRED: dict[Layer, int] = {"high": 0, "medium": 1, "low": 2}


class _Patience:
    """The time to wait before the next attempt."""

    def __init__(self, first_s: float) -> None:
        self._first_s = first_s
        self.wait_s = first_s
        self._tried_s: float | None = None

    def note_try(self, now_s: float) -> None:
        self._tried_s = now_s

    def note_down(self, now_s: float) -> None:
        failed = self._tried_s is not None and now_s - self._tried_s < PROVED_S
        self.wait_s = min(self.wait_s * 2, MAX_WAIT_S) if failed else self._first_s
        self._tried_s = None


class _Shortage:
    """An estimate that has been too low for some time, and has not grown."""

    def __init__(self) -> None:
        self._held: tuple[int, float] | None = None  # bit/s, since when

    def clear(self) -> None:
        self._held = None

    def check(self, bps: int, needed: float, now_s: float) -> tuple[bool, bool]:
        """Return whether the shortage lasts, and whether the estimate fell."""
        if self._held is None or bps >= needed or bps > self._held[0] * GROWTH:
            self._held = bps, now_s
            return False, False
        held, since_s = self._held
        return now_s - since_s >= SHORT_S, bps < NEEDED * held


class LayerChooser:
    """One viewer's choice. `asked` may be set at any time; only `auto` looks at the line."""

    def __init__(self) -> None:
        self.asked: Layer = "auto"
        self._index: int | None = None  # the layer chosen last; None: not begun
        self._paused = False
        self._changed_s = 0.0
        self._good_s: float | None = None  # since when a better layer would do
        self._report: tuple[float, float] | None = None  # share, when
        self._estimate: tuple[int, float] | None = None  # bit/s, when
        self._heavy_reports = 0
        self._severe_s: float | None = None
        self._shortage = _Shortage()
        self._up = _Patience(UP_WAIT_S)
        self._again = _Patience(PAUSE_WAIT_S)

    def note_report(self, lost_share: float, now_s: float) -> None:
        """Take in a receiver report of the picture, or of the sound while there is none."""
        self._report = lost_share, now_s
        self._heavy_reports = self._heavy_reports + 1 if lost_share > HEAVY_LOSS else 0
        if lost_share <= SEVERE_LOSS:
            self._severe_s = None
        elif self._severe_s is None:
            self._severe_s = now_s

    def note_estimate(self, bps: int, now_s: float) -> None:
        """Take in what the viewer says that its line carries."""
        self._estimate = bps, now_s

    def choose(self, available: Sequence[int], now_s: float) -> int | None:
        """Return the index of a layer; None: no picture, only sound.

        `available` are the layers' rates in bit/s, the best first; a layer of rate 0 does not flow
        now. To be called about once a second.
        """
        if not available or self.asked == "none":
            return None
        flowing = [n for n, bps in enumerate(available) if bps > 0] or [*range(len(available))]
        if self.asked != "auto":
            self._go(_nearest(flowing, _PREFERRED[self.asked]), now_s)
            self._paused = False
            return self._index
        if self._index not in flowing:
            self._begin(available, flowing, now_s)
        if self._paused:
            self._try_again(now_s)
        elif not self._went_down(available, flowing, now_s):
            self._try_up(available, flowing, now_s)
        return None if self._paused else self._index

    def _begin(self, available: Sequence[int], flowing: list[int], now_s: float) -> None:
        """Go to the best layer that is not known to be too much; later to the nearest to the last one."""
        bps = self._estimate_bps(now_s)
        if self._index is not None:
            self._go(_nearest(flowing, self._index), now_s)
        elif bps is None:
            self._go(flowing[0], now_s)
        else:
            self._go(_fitting(available, flowing, bps / SPARE), now_s)

    def _go(self, index: int, now_s: float) -> None:
        if index == self._index:
            return
        self._index = index
        self._changed_s = now_s
        self._good_s = None
        self._heavy_reports = 0
        self._severe_s = None
        self._shortage.clear()

    def _went_down(self, available: Sequence[int], flowing: list[int], now_s: float) -> bool:
        assert self._index is not None
        bps = self._estimate_bps(now_s)
        if self._index == flowing[-1]:
            self._paused = self._must_pause(available[self._index], bps, now_s)
            return self._paused
        lasts = fell = False
        if bps is not None:
            lasts, fell = self._shortage.check(bps, NEEDED * available[self._index], now_s)
        if bps is not None and (lasts or fell):
            worse = _fitting(available, flowing, bps)
        elif self._heavy_reports >= HEAVY_REPORTS:
            worse = self._index
        else:
            return False
        self._up.note_down(now_s)
        self._go(max(worse, _next(flowing, self._index)), now_s)
        return True

    def _must_pause(self, rate: int, bps: int | None, now_s: float) -> bool:
        """Return whether even the lowest layer is too much for the sound to come through.

        Only loss shows that: an estimate is low as well where a computer is too busy to keep time.
        """
        lasts = False
        if bps is not None:
            lasts, _ = self._shortage.check(bps, NEEDED_OF_LOWEST * rate, now_s)
        lasts = lasts and self._heavy_reports >= LASTING_REPORTS
        severe = self._severe_s is not None and now_s - self._severe_s >= SHORT_S
        severe = severe and self._heavy_reports >= SEVERE_REPORTS
        if not (lasts or severe) or self._lost_share(now_s) <= HEAVY_LOSS:
            return False
        self._changed_s = now_s
        self._again.note_down(now_s)
        return True

    def _try_again(self, now_s: float) -> None:
        if now_s - self._changed_s < self._again.wait_s or self._lost_share(now_s) > HEAVY_LOSS:
            return
        self._paused = False
        self._again.note_try(now_s)
        index, self._index = self._index, None
        assert index is not None
        self._go(index, now_s)

    def _try_up(self, available: Sequence[int], flowing: list[int], now_s: float) -> None:
        assert self._index is not None
        place = flowing.index(self._index)
        if place == 0 or not self._good_for(
            available[flowing[place - 1]], available[self._index], now_s
        ):
            self._good_s = None
            return
        if self._good_s is None:
            self._good_s = now_s
        if now_s - self._good_s >= self._up.wait_s:
            self._go(flowing[place - 1], now_s)
            self._up.note_try(now_s)

    def _good_for(self, better: int, rate: int, now_s: float) -> bool:
        """Return whether all that is known speaks for a layer of rate `better` in place of this one."""
        lost_share, bps = self._lost_share(now_s), self._estimate_bps(now_s)
        if bps is not None and bps > SPARE * better:
            return lost_share <= HEAVY_LOSS
        told = self._report is not None and now_s - self._report[1] <= NEWS_S
        return told and lost_share < LIGHT_LOSS and (bps is None or bps >= UNBOUND * rate)

    def _lost_share(self, now_s: float) -> float:
        """Return the share that is lost of late; 0 where nothing is known."""
        if self._report is None or now_s - self._report[1] > REPORT_HOLDS_S:
            return 0.0
        return self._report[0]

    def _estimate_bps(self, now_s: float) -> int | None:
        if self._estimate is None or now_s - self._estimate[1] > ESTIMATE_HOLDS_S:
            return None
        return self._estimate[0]


def _nearest(flowing: list[int], index: int) -> int:
    """Return the layer itself, else the next worse one, else the worst that flows."""
    return next((n for n in flowing if n >= index), flowing[-1])


def _next(flowing: list[int], index: int) -> int:
    return next(n for n in flowing if n > index)


def _fitting(available: Sequence[int], flowing: list[int], bps: float) -> int:
    """Return the best layer of at most that rate, else the worst."""
    return next((n for n in flowing if available[n] <= bps), flowing[-1])
