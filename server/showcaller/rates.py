"""Rates: so much at once, and so much more each second, for each of many who are told apart by a key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

KEPT = 50_000
_ROUNDING = 1e-9  # sums of fractions

Key = TypeVar("Key", bound=Hashable)


class Rate(NamedTuple):
    """A rate: at most `burst` at once, and `per_s` more each second."""

    burst: float
    per_s: float


class Meters(Generic[Key]):
    """The meters of everybody who took something of a rate lately; times are of a clock that never jumps.

    A meter is one number: the time at which all of the burst will be there again (GCRA, ITU-T I.371). The one
    that was used least recently is forgotten first: it is the likeliest to be full.
    """

    def __init__(self, rate: Rate, *, kept: int = KEPT) -> None:
        self.rate = rate
        self._full_at_s: OrderedDict[Key, float] = OrderedDict()
        self._kept = kept

    def __len__(self) -> int:
        return len(self._full_at_s)

    def left(self, key: Key, now_s: float) -> float:
        """Return how much of the burst is there now; less than nothing: a debt."""
        full_at_s = max(self._full_at_s.get(key, now_s), now_s)
        return self.rate.burst - (full_at_s - now_s) * self.rate.per_s

    def wait_s(self, key: Key, now_s: float, price: float = 1.0, *, reserve: float = 0.0) -> float:
        """Return the seconds until `price` can be paid and `reserve` is left; 0.0: now."""
        missing = price + reserve - self.left(key, now_s)
        return 0.0 if missing <= _ROUNDING * self.rate.burst else missing / self.rate.per_s

    def take(self, key: Key, now_s: float, price: float = 1.0, *, reserve: float = 0.0) -> float:
        """Pay, if it can be paid and `reserve` is left. Returns 0.0 if so, else the seconds to wait."""
        wait_s = self.wait_s(key, now_s, price, reserve=reserve)
        if not wait_s:
            self.charge(key, now_s, price)
        return wait_s

    def charge(self, key: Key, now_s: float, price: float) -> None:
        """Pay, if need be on credit: then nothing can be taken until that has been paid back."""
        full_at_s = max(self._full_at_s.pop(key, now_s), now_s)
        self._full_at_s[key] = full_at_s + price / self.rate.per_s
        if len(self._full_at_s) > self._kept:
            self._full_at_s.popitem(last=False)
