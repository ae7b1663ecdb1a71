"""Limits on what clients are sent since they ask for it: channels are paid for by their bytes.

A short `subscribe` is answered by a snapshot that may have megabytes. So each person has an allowance of
bytes. One who has used it up waits until what was sent is paid for; a single answer may be larger than the
allowance.

What somebody opens for the first time comes with coming in, and thousands may come in over one address at
once. What they open again is also paid for by their address.
"""

from __future__ import annotations

from collections import OrderedDict

from ..rates import Meters, Rate

MIB = 1 << 20
OF_PERSON = Rate(burst=16 * MIB, per_s=MIB)
OF_STAFF = Rate(burst=256 * MIB, per_s=8 * MIB)  # of each; moderators see more, of more sessions
OF_ADDRESS = Rate(burst=256 * MIB, per_s=16 * MIB)
FIRST_ON_CREDIT = 64 * MIB  # of a person's: whoever comes in opens several large channels in one go
OPENED_KEPT = 100_000


class AnswerLimits:
    """The allowances of one process. `person` names one person at one event; `now_s` never jumps."""

    def __init__(self, *, kept: int = OPENED_KEPT) -> None:
        self._of_person: Meters[str] = Meters(OF_PERSON)
        self._of_staff: Meters[str] = Meters(OF_STAFF)
        self._of_address: Meters[str] = Meters(OF_ADDRESS)
        self._opened: OrderedDict[int, None] = (
            OrderedDict()
        )  # by whom and what; least recently first
        self._kept = kept

    def wait_s(
        self, person: str, came_from: str, channel: str, now_s: float, *, staff: bool
    ) -> float:
        """Return the seconds until the person may open the channel; 0.0: now."""
        again = hash((person, channel)) in self._opened
        credit = 0 if again else FIRST_ON_CREDIT
        wait_s = self._own(staff).wait_s(person, now_s, 0.0, reserve=-credit)
        if again and not staff:
            wait_s = max(wait_s, self._of_address.wait_s(came_from, now_s, 0.0))
        return wait_s

    def charge(
        self, person: str, came_from: str, channel: str, size: int, now_s: float, *, staff: bool
    ) -> None:
        """Have them pay for so many bytes of the channel."""
        self._own(staff).charge(person, now_s, size)
        key = hash((person, channel))
        if key in self._opened and not staff:
            self._of_address.charge(came_from, now_s, size)
        self._opened[key] = None
        self._opened.move_to_end(key)
        if len(self._opened) > self._kept:
            self._opened.popitem(last=False)

    def _own(self, staff: bool) -> Meters[str]:
        return self._of_staff if staff else self._of_person
