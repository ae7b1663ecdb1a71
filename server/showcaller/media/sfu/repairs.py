"""The limits on repairs for one viewer: nobody's bad line may cost all others their packets. Pure."""

from __future__ import annotations

from math import inf

# on average; in bursts up to a second's worth
AGAIN_BPS = 1_500_000
MAX_TIMES_AGAIN = 5  # one packet: browsers ask ten times, and some clients for ever
MAX_RESENT = 512  # packets whose last repair is remembered
LEAST_PATIENCE_S = 0.02  # after a repair, before the same is sent once more


class Repairs:
    """A budget in bits, and a memory of what was sent again when, and how often."""

    def __init__(self, now_s: float) -> None:
        self._bits = float(AGAIN_BPS)
        self._filled_s = now_s
        self._resent: dict[tuple[int, int], tuple[float, int]] = {}

    def __len__(self) -> int:
        """Return the number of packets that are remembered."""
        return len(self._resent)

    def refill(self, now_s: float) -> None:
        """Add to the budget for the time that has passed."""
        self._bits = min(AGAIN_BPS, self._bits + (now_s - self._filled_s) * AGAIN_BPS)
        self._filled_s = now_s

    @property
    def spent(self) -> bool:
        """Tell whether nothing is left for now."""
        return self._bits <= 0

    def allow(self, ssrc: int, sequence: int, now_s: float, rtt_s: float) -> bool:
        """Return whether to send a packet again: not while a repair is on its way, nor for ever."""
        last_s, times = self._resent.get((ssrc, sequence), (-inf, 0))
        return times < MAX_TIMES_AGAIN and now_s - last_s >= max(LEAST_PATIENCE_S, rtt_s / 2)

    def note(self, ssrc: int, sequence: int, size: int, now_s: float) -> None:
        """Take in that a packet of `size` bytes was sent again."""
        self._bits -= 8 * size
        _, times = self._resent.pop((ssrc, sequence), (0.0, 0))
        self._resent[(ssrc, sequence)] = now_s, times + 1
        if len(self._resent) > MAX_RESENT:
            del self._resent[next(iter(self._resent))]
