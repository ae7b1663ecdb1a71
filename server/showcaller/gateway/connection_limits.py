"""Limits on connections: who comes in, and when somebody who is sent away should come back.

Who they are is known only when they say hello. So of those who would be sent away the newest few are heard
first: staff come in as long as their own places last, and so do newcomers from addresses that have few.
"""

from __future__ import annotations

import math

from ..domain.people import ROLES, Principal
from ..errors import CLOSE_GOING_AWAY, CLOSE_TRY_LATER, Close, Unavailable
from .load import Load
from .slots import Slots

SPARE_FILES = 2_000  # for requests, the log and whatever else is no live socket
SPARE_SHARE = 0.2  # of few files
STAFF = tuple(role for role in ROLES if role != "attendee")
STAFF_SHARE = 0.02  # of all places, and beyond them
STAFF_PLACES = 10, 200  # at least and at most
MAX_HEARD = 100  # at once
HEARD_SHARE = 0.125  # of few places; with those of the staff it fits into `SPARE_SHARE`
NEWCOMERS_SHARE = 0.05  # of all places, and beyond them, for addresses that have few
MAX_NEWCOMERS = 200
FEW_SHARE = 0.01  # of all places
MAX_STRANGERS = 1_000  # when all places are taken
PER_PERSON = 20  # windows and devices, and what a failing network left behind
PER_ADDRESS = 12_000  # an office, a network behind one address, a proxy that tells nobody's
MAX_WAIT_S = 10.0  # before the upgrade is answered: then clients give up, as a rule


class ConnectionLimits:
    """The limits of one process.

    Each client that is sent away gets a time of its own to return, so that they come at a flat rate.
    """

    def __init__(self, max_connections: int, load: Load, *, per_address: int = PER_ADDRESS) -> None:
        self.max_connections = max_connections
        self._per_address = per_address
        self._newcomers_places = int(min(MAX_NEWCOMERS, max_connections * NEWCOMERS_SHARE))
        self._few = max(1, int(max_connections * FEW_SHARE))
        self._least_strangers = max(1, int(min(MAX_STRANGERS, max_connections * HEARD_SHARE)))
        least, most = STAFF_PLACES
        self.staff_places = int(min(most, max(least, max_connections * STAFF_SHARE)))
        self.max_heard = max(1, int(min(MAX_HEARD, max_connections * HEARD_SHARE)))
        self._load = load
        self._slots = Slots()
        self._drained_at_s: float | None = None

    def begin_drain(self, drained_at_s: float) -> None:
        """Let nobody in any more; by `drained_at_s` everybody has been sent away."""
        self._drained_at_s = drained_at_s

    def refusal(self, connections: int, now_s: float, *, crowded: bool = False) -> Close | None:
        """Return how to close a new connection at once, while there are `connections`; None: it may stay.

        `crowded`: it would have to wait for too long.
        """
        if self._drained_at_s is not None:
            return _come_back("draining", self._slots.take(now_s, self._drained_at_s))
        if crowded or connections >= self.max_connections or self._load.why:
            return self.come_back(now_s)
        return None

    def come_back(self, now_s: float) -> Close:
        """Return the close that tells a client a time of its own to return."""
        return _come_back("overload", self._slots.take(now_s))

    def stranger_places(self, connections: int) -> int:
        """Return how many strangers may stay, given `connections` of those who have signed in."""
        return max(self._least_strangers, self.max_connections - connections)

    @property
    def hears_first(self) -> bool:
        """Tell whether somebody who would be sent away may first say who they are."""
        return self._drained_at_s is None

    def has_place_for(
        self, who: Principal, connections: int, at_address: int, *, sent_away: bool = False
    ) -> bool:
        """Tell whether somebody may come in, given `connections`, and those of them from the same address.

        `sent_away`: by `refusal`, and heard all the same.
        """
        if who.has(*STAFF):
            return connections < self.max_connections + self.staff_places
        if sent_away and (self._load.why or connections < self.max_connections):
            return False  # it was for something else than want of room
        beyond = self._newcomers_places if at_address < self._few else 0
        return connections < self.max_connections + beyond and not self.is_full(at_address)

    def is_full(self, at_address: int) -> bool:
        """Tell whether an address has as many connections as it may."""
        return at_address >= self._per_address

    def http_refusal(self, now_s: float) -> Unavailable | None:
        """Return what newcomers are told over HTTP; None: they are served."""
        return self.too_many_requests(now_s) if self._load.why else None

    def too_many_requests(self, now_s: float) -> Unavailable:
        """Return what somebody is told over HTTP for whom there is no time now."""
        return Unavailable(
            "too many people are coming in at this moment: try again",
            code="overload",
            retry_after_s=self._slots.take(now_s),
        )


def within_files(max_connections: int, files: float) -> int:
    """Return as many of `max_connections` as leave a process with so many open files some to answer with."""
    return int(min(max_connections, max(1, files - min(SPARE_FILES, files * SPARE_SHARE))))


def drain_slots_s(count: int, spread_s: float) -> list[float]:
    """Return when each of `count` connections goes, counted from the beginning of the drain."""
    return [spread_s * place / count for place in range(count)]


def drained() -> Close:
    """The close of a connection whose slot has come: it may reconnect at once, elsewhere."""
    return Close(CLOSE_GOING_AWAY, "draining retry_after_ms=0")


def _come_back(why: str, after_s: float) -> Close:
    return Close(CLOSE_TRY_LATER, f"{why} retry_after_ms={math.ceil(after_s * 1000)}")
