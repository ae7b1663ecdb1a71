"""The runner of the clock: appends each cue, timed announcement and planned poll when it falls due.

Every node runs one and none leads. A call's key says which cue it is at which revision, so the log takes
the first append and ignores the others'; the broker's clock has the last word on `not_before_ms`. The loop:
plan (`next_due`, pure) → append what is due → sleep until the next is due, or until a fact moves it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import NamedTuple

from ..broker.base import Entry, NotYet
from ..domain import facts
from ..domain.announcements import announcement_key
from ..domain.cues import cue_key
from ..domain.outcome import Outcome
from ..domain.people import NOBODY
from ..domain.polls import poll_key
from ..domain.runsheet import RunSheet
from ..domain.state import State
from ..errors import ShowcallerError
from ..protocol.messages import ServerMessage, Since
from .live_event import LiveEvent

log = logging.getLogger(__name__)

NAP_S = 1.0  # the broker's clock may jump meanwhile
CALLS_AT_ONCE = 64  # after an outage; what is left over follows in order
RETRY_FIRST_S = 0.05
RETRY_MAX_S = 1.0
SETTLE_S = 1.0  # a call that has been answered is not repeated sooner


class DueCall(NamedTuple):
    """A fact to append, as soon as the broker's clock allows."""

    key: str
    fact: (
        facts.CueCalled
        | facts.AnnouncementCalled
        | facts.PollCalled
        | facts.PersonUnbanned
        | facts.PersonUnsilenced
    )
    not_before_ms: int  # wall time


class DueCalls(NamedTuple):
    """The calls that are due now, in order, and the wall time of the next one (None: not known)."""

    deadline_ms: int | None
    calls: list[DueCall]


def next_due(state: State, wall_ms: float) -> DueCalls:
    """Return what the clock has to call at `wall_ms`. While it is held: only what server time ends."""
    sheet = state.runsheet
    if sheet is None:
        return DueCalls(None, [])
    calls: list[DueCall] = []
    later: list[int] = []
    by_show_time = (_cues(sheet), _announcements(state, sheet), _polls(state, sheet))
    shown = () if sheet.clock.held else by_show_time
    for planned in (*shown, iter(_terms(state))):
        for call in planned:
            if call.not_before_ms > wall_ms:
                later.append(call.not_before_ms)
                break
            calls.append(call)
    calls.sort(key=lambda call: call.not_before_ms)  # stable: cues due at once keep their order
    return DueCalls(min(later, default=None), calls)


def _cues(sheet: RunSheet) -> Iterator[DueCall]:
    for due in sheet.due_cues():
        not_before_ms = sheet.clock.wall_for(due.due_ms)
        if not_before_ms is not None:
            key = cue_key(sheet.clock.run, due.session, due.cue, due.revision)
            yield DueCall(key, facts.CueCalled(**due._asdict()), not_before_ms)


def _announcements(state: State, sheet: RunSheet) -> Iterator[DueCall]:
    for due in state.announcements.due():
        not_before_ms = sheet.clock.wall_for(due.at_ms)
        if not_before_ms is not None:
            key = announcement_key(sheet.clock.run, due.announcement, due.revision)
            yield DueCall(
                key, facts.AnnouncementCalled(announcement=due.announcement), not_before_ms
            )


def _polls(state: State, sheet: RunSheet) -> Iterator[DueCall]:
    for due in state.polls.due(sheet):
        not_before_ms = sheet.clock.wall_for(due.at_ms)
        if not_before_ms is not None:
            key = poll_key(sheet.clock.run, due.poll, due.revision)
            fact = facts.PollCalled(poll=due.poll, revision=due.revision)
            yield DueCall(key, fact, not_before_ms)


def _terms(state: State) -> list[DueCall]:
    """Return the ends of bans and silences that have one, earliest first."""
    people, ends = state.people, list[DueCall]()
    for person, term in people.banned.items():
        if term.until_ms is not None:
            unban = facts.PersonUnbanned(person=person, by=NOBODY)
            key = f"term:{state.run}:ban:{term.until_ms}:{person}"
            ends.append(DueCall(key, unban, term.until_ms))
    for person, term in people.silenced.items():
        if term.until_ms is not None:
            unsilence = facts.PersonUnsilenced(person=person, by=NOBODY)
            key = f"term:{state.run}:silence:{term.until_ms}:{person}"
            ends.append(DueCall(key, unsilence, term.until_ms))
    return sorted(ends, key=lambda call: call.not_before_ms)


class ClockRunner:
    """The runner of one event's clock on this node, by `event.wall_ms()` and the running loop's timers."""

    def __init__(self, event: LiveEvent, *, nap_s: float = NAP_S) -> None:
        self._event = event
        self._nap_s = nap_s
        self._wake = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._failures = 0  # in a row

    async def run(self) -> None:
        """Call cues until cancelled. No error of the log ends it."""
        self._event.add_listener(self)
        try:
            while True:
                self._wake.clear()
                plan = next_due(self._event.state, self._event.wall_ms())
                for call in plan.calls[:CALLS_AT_ONCE]:
                    self._begin(call)
                await self._rest(plan.deadline_ms)
        finally:
            self._event.remove_listener(self)
            for task in self._under_way.values():
                task.cancel()

    async def _rest(self, deadline_ms: int | None) -> None:
        rest_s = self._nap_s
        if deadline_ms is not None:
            rest_s = min(rest_s, max(0.0, (deadline_ms - self._event.wall_ms()) / 1000))
        try:
            async with asyncio.timeout(rest_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _begin(self, call: DueCall) -> None:
        if call.key in self._under_way:
            return
        task = asyncio.create_task(self._call(call), name=call.key)
        self._under_way[call.key] = task
        task.add_done_callback(lambda _: self._finished(call))

    def _finished(self, call: DueCall) -> None:
        del self._under_way[call.key]
        self._wake.set()  # plan anew: it may have to be called again

    async def _call(self, call: DueCall) -> None:
        """Append once, then keep the key to itself for as long as trying again is pointless."""
        try:
            await self._event.append(call.fact, call.key, not_before_ms=call.not_before_ms)
        except NotYet as early:
            await asyncio.sleep(min(early.wait_ms / 1000, self._nap_s))
        except Exception as error:
            await asyncio.sleep(self._back_off_s(call, error))
        else:
            self._failures = 0
            await asyncio.sleep(SETTLE_S)

    def _back_off_s(self, call: DueCall, error: Exception) -> float:
        if not self._failures:
            said = error.for_operators if isinstance(error, ShowcallerError) else str(error)
            log.warning(
                "a call could not be appended; trying until it can",
                extra={"action": "clock.retry", "key": call.key, "error": said},
                exc_info=not isinstance(error, ShowcallerError),
            )
        self._failures += 1
        return min(RETRY_MAX_S, RETRY_FIRST_S * 2.0 ** min(self._failures - 1, 10))

    # EventListener -----------------------------------------------------------------------------------

    def on_folded(self, entry: Entry, fact: facts.Fact, outcome: Outcome) -> None:
        if not isinstance(fact, facts.VotesCast | facts.PollVotesCast):
            self._wake.set()

    def on_message(self, channel: str, message: ServerMessage) -> None:
        pass

    def on_new_epoch(self, before: Since) -> None:
        pass

    def on_reset(self) -> None:
        self._wake.set()
