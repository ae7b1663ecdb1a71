"""Limits on the commands of one person: a token bucket for each kind of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple

Bucket = Literal["question", "vote", "reaction", "other"]


class Rate(NamedTuple):
    """A rate: at most `burst` at once, and one more every `every_s`."""

    burst: int
    every_s: float


RATES: dict[Bucket, Rate] = {
    "question": Rate(burst=3, every_s=10.0),
    "vote": Rate(burst=30, every_s=0.2),
    "reaction": Rate(burst=10, every_s=0.25),
    "other": Rate(burst=20, every_s=0.1),
}
BUCKETS_KEPT = 50_000


class Limits:
    """The buckets of everybody who sent something lately; times are of a clock that never jumps.

    A bucket is one number: the time at which it will be full again (GCRA, ITU-T I.371). The one that was
    used least recently is forgotten first: it is the likeliest to be full.
    """

    def __init__(self, *, kept: int = BUCKETS_KEPT) -> None:
        self._full_at_s: OrderedDict[tuple[str, Bucket], float] = OrderedDict()
        self._kept = kept

    def take(self, person: str, bucket: Bucket, now_s: float) -> float:
        """Take one. 0.0 if there was one, else the seconds until there will be one."""
        rate = RATES[bucket]
        full_at_s = max(self._full_at_s.pop((person, bucket), now_s), now_s)
        wait_s = full_at_s + rate.every_s - now_s - rate.burst * rate.every_s
        allowed = wait_s <= 1e-9  # sums of fractions
        self._full_at_s[person, bucket] = full_at_s + rate.every_s if allowed else full_at_s
        if len(self._full_at_s) > self._kept:
            self._full_at_s.popitem(last=False)
        return 0.0 if allowed else wait_s
