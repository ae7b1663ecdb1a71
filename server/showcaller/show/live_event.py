"""One running event on this node: follows the log, folds it, and tells listeners what changed.

Invariant: facts reach the state only through the log. `append` returns a fact's verdict when this node
has folded it, in the order in which every other node folds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

from .. import metrics, system
from ..broker.base import Appended, Entry, EventLog, NotYet, Overdue, Position
from ..domain import facts
from ..domain.ids import EventId, PersonId, SessionId, StageId
from ..domain.outcome import Outcome
from ..domain.people import People, Principal
from ..domain.state import State
from ..errors import (
    Damaged,
    Forbidden,
    NotFound,
    OurFault,
    ShowcallerError,
    Stalled,
    TooLate,
    Unavailable,
)
from ..protocol.messages import ChannelHead, Since
from .audience import Audience
from .audit import Audit
from .broker_clock import BrokerClock
from .carrying import lacking
from .channels import Channels
from .document import Kept
from .event_listener import EventListener
from .history import History
from .names import Names
from .opening import Opening
from .permissions import ATTENDING, may_follow

log = logging.getLogger(__name__)

FLUSH_LEVELS_EVERY_S = 0.25
# A fact is in the log within this time of being wanted, or not at all: a node that is frozen on the way
# writes nothing late.
APPEND_WITHIN_MS = 6_000
FOLD_TIMEOUT_S = 5.0  # how long `append` waits for its own fact to come back
SNAPSHOT_EVERY_FACTS = 20_000
OUTCOMES_KEPT = 4_096
RETRY_EVERY_S = 0.2
HEAR_AGAIN_S = 1.0
# Of a long log only so many facts pass through the channels at the start: resuming needs no older ones.
FACTS_RESUMABLE = 20_000
PROGRESS_EVERY_FACTS = 100_000

STEPS_WEATHERED = 3  # tries

T = TypeVar("T")


class Within(NamedTuple):
    """The server time at which a fact may be appended. `own_deadline`: its end is the client's wish."""

    not_before_ms: int
    not_after_ms: int
    own_deadline: bool = False

    def without_deadline(self) -> Within:
        """Return when it may be appended for all that the client wishes."""
        return Within(self.not_before_ms, self.not_before_ms + 2 * APPEND_WITHIN_MS)

    def require_in_time(self, wall_ms: float) -> None:
        """Raise `TooLate` if the client's deadline has passed."""
        if self.own_deadline and wall_ms > self.not_after_ms:
            raise TooLate("your deadline for this has passed, so it was not done")


class LiveEvent:
    """A running event. Start it once, stop it once, all on one event loop."""

    def __init__(self, event_id: str, event_log: EventLog) -> None:
        self.event_id = EventId(event_id)
        self.log = event_log
        self.epoch = ""
        self.names = Names(event_log)
        self.clock = BrokerClock(event_log)
        self.audience = Audience(system.random_id("node"))
        self.audit = Audit(event_log)
        self.history = History(event_log)
        self.state = State(event_id=self.event_id)
        self.channels = self._new_channels()
        self._listeners: list[EventListener] = []
        self.fault: str | None = None  # why this node does not follow the log any more
        self._waiting: dict[Position, list[asyncio.Future[Outcome]]] = {}
        # Newest, for appends that lost the race to the tail.
        self._outcomes: OrderedDict[int, Outcome] = OrderedDict()
        self._catching_up_to = 0  # after the log was replaced: tell listeners when we are there
        self._state_only_upto = 0  # so far a long log is folded without its channels
        self._started = asyncio.Event()  # or it failed
        self._to_carry: list[People] = []  # of logs that were replaced
        self._carrying = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._noting: set[tuple[PersonId, str]] = (
            set()
        )  # tokens of the staff, on their way to the log
        self._first: Callable[[], facts.RunStarted] | None = None

    # Life -------------------------------------------------------------------------------------

    async def start(self, first: Callable[[], facts.RunStarted] | None = None) -> None:
        """Fold the log as it stands and follow it. `first` makes the fact that begins a run if none
        has begun, now or after the log was lost. Raises `Damaged`, `Unavailable`.
        """
        self._first = first
        await self._restore()
        await self.clock.begin()
        head = await self.log.head()
        self._state_only_upto = head.offset - FACTS_RESUMABLE
        self._spawn(self._follow())
        self._spawn(self._flush_levels())
        self._spawn(self.clock.run())
        self._spawn(self.audit.run())
        await self._started.wait()
        if head.offset and not self.fault:
            await self._folded(head, timeout_s=None)
        if self.fault:
            raise Damaged(f"{self.fault}: restore a backup, or begin anew elsewhere")
        await self._begin_run()

    async def stop(self) -> None:
        """Stop following; leave a snapshot for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail_waiting("this node is stopping")
        await self.audit.flush()
        await self._save_snapshot()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part that ends by a fault leaves this node unfit to serve: it says so until it is restarted."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            why = f" ({error.message})" if isinstance(error, ShowcallerError) else ""
            self.fault = f"{self.event_id}: following the log failed{why}"
            log.error(self.fault, exc_info=error, extra={"action": "event.failed"})
            self._started.set()
            self._fail_waiting(self.fault)

    async def _begin_run(self) -> None:
        if self._first is not None and not self.state.run:
            await self.append(self._first(), "run")

    async def _carry_over(self) -> None:
        """Begin the run, if the new log has none; have it know what the one before knew of people.

        One at a time: a log that is replaced again meanwhile is told anew, and by the one who began.
        """
        async with self._carrying:
            facts_carried = await self._carry_people()
            names = await self.names.restore(self.state.people.erased)
        carried = {"event": self.event_id, "facts": facts_carried, "names": names}
        log.warning(
            "bans, revoked tokens and names were carried over to the new log",
            extra={"action": "log.carried", **carried},
        )

    async def _carry_people(self) -> int:
        """Return how many facts the new log did not have yet."""
        await self._begin_run()
        await self.catch_up()
        facts_carried = 0
        while self._to_carry:
            epoch = self.epoch
            for key, fact in list(lacking(self._to_carry[0], self.state.people)):
                await self.append(fact, f"carried:{epoch}:{key}")
                facts_carried += 1
            if epoch == self.epoch:
                self._to_carry.pop(0)
        return facts_carried

    def shuts_out(self, who: Principal) -> bool:
        """Tell whether they were banned or their token revoked, also by a log whose bans are on their way."""
        return any(people.shuts_out(who) for people in (self.state.people, *self._to_carry))

    # Following the log --------------------------------------------------------------------------

    async def _follow(self) -> None:
        async for epoch, entries, anew in self.log.tail(self.state.folded, self.epoch or None):
            if anew and self.epoch:
                await self._begin_anew(epoch)
            elif epoch != self.epoch:
                self._go_on_in(epoch)
            await self._fold_all(await self._fold_history(entries))
            self._started.set()
            if self._catching_up_to and self.state.folded >= self._catching_up_to:
                self._announce_reset()

    async def _fold_all(self, entries: list[Entry]) -> None:
        decoded = [_decode(entry) for entry in entries]
        people = _people_in(decoded)
        await _until_available(lambda: self.names.ensure(people))
        for entry, fact in zip(entries, decoded, strict=True):
            self._fold(entry, fact)

    async def _fold_history(self, entries: list[Entry]) -> list[Entry]:
        """Fold the old part of a long log without its channels; return the other entries.

        The channels are made once, from the state that the history leads to.
        """
        known = self.state.folded
        history = [entry for entry in entries if entry.offset <= self._state_only_upto]
        for entry in history:
            self._apply(entry, _decode(entry))
        if history and self.state.folded == self._state_only_upto:
            await _until_available(lambda: self.names.ensure(_people_shown(self.state)))
            self.channels = self._new_channels()
        if known // PROGRESS_EVERY_FACTS != self.state.folded // PROGRESS_EVERY_FACTS and history:
            progress = {"event": self.event_id, "offset": self.state.folded}
            log.info("folding a long log", extra={"action": "log.folding", **progress})
        return entries[len(history) :]

    def _new_channels(self) -> Channels:
        return Channels(self.state, self.names, self.shown_epoch, ended=self.log.ended)

    async def _begin_anew(self, epoch: str) -> None:
        """Derive everything anew: the log is another one than before."""
        log.warning(
            "the log is another one; folding it from its start",
            extra={"action": "log.replaced", "event": self.event_id},
        )
        self._to_carry.append(self.state.people)
        self.names.doubt_records()
        self.state = State(event_id=self.event_id)
        self._outcomes.clear()
        head = await _until_available(self.log.head)
        self._catching_up_to = max(1, head.offset)
        self._state_only_upto = head.offset - FACTS_RESUMABLE
        self._spawn(_until_available(self._carry_over))
        self.epoch = epoch
        self._fail_waiting("the event's log was replaced while this was on its way", but=epoch)
        self.channels = self._new_channels()

    def _go_on_in(self, epoch: str) -> None:
        """Go on with what was folded, under the log's epoch of now; at first there is nothing yet."""
        shown = Since(self.shown_epoch, self.state.folded)
        before, self.epoch = self.epoch, epoch
        for position in [known for known in self._waiting if known.epoch == before]:
            futures = self._waiting.pop(position)
            self._waiting.setdefault(self._here(position), []).extend(futures)
        self._fail_waiting("the event's log was replaced while this was on its way", but=epoch)
        self.channels.enter_epoch(self.shown_epoch)
        if before and not self._catching_up_to:
            for listener in self._listeners:
                listener.on_new_epoch(shown)

    def _here(self, position: Position) -> Position:
        """Return the position in the log's epoch of now, if the log goes on from that of `position`."""
        end = self.log.ended(position.epoch)
        goes_on = end is not None and position.offset <= end
        return Position(self.epoch, position.offset) if goes_on else position

    def _announce_reset(self) -> None:
        self._catching_up_to = 0
        for listener in self._listeners:
            listener.on_reset()

    def _fold(self, entry: Entry, fact: facts.Fact | None) -> None:
        outcome = self._apply(entry, fact)
        messages = self.channels.fold(entry.offset, entry.at_ms, outcome)
        self._remember(entry.offset, outcome)
        if not self._catching_up_to and fact is not None:
            for listener in self._listeners:
                listener.on_folded(entry, fact, outcome)
                for channel, message in messages:
                    listener.on_message(channel, message)
        for cue in outcome.cues:
            metrics.CUE_LATE_SECONDS.observe(cue.late_ms / 1000)
            called = {"event": self.event_id, **msgspec.structs.asdict(cue)}
            log.info("cue called", extra={"action": "cue.called", **called})
        for waiting in self._waiting.pop(Position(self.epoch, entry.offset), ()):
            if not waiting.done():
                waiting.set_result(outcome)
        if entry.offset % SNAPSHOT_EVERY_FACTS == 0:
            self._spawn(self._save_snapshot())

    def _apply(self, entry: Entry, fact: facts.Fact | None) -> Outcome:
        if fact is not None:
            return self.state.apply(entry.offset, entry.at_ms, fact)
        log.error(
            "a fact can't be read by this release",
            extra={"action": "fact.unknown", "event": self.event_id, "offset": entry.offset},
        )
        return self.state.skip(entry.offset, "this release can't read the fact")

    def _remember(self, offset: int, outcome: Outcome) -> None:
        self._outcomes[offset] = outcome
        if len(self._outcomes) > OUTCOMES_KEPT:
            self._outcomes.popitem(last=False)

    def _fail_waiting(self, message: str, *, but: str = "") -> None:
        """Give up on all that is awaited, except in the epoch `but`."""
        for position in [known for known in self._waiting if known.epoch != but]:
            for future in self._waiting.pop(position):
                if not future.done():
                    future.set_exception(Unavailable(message))

    # Writing ------------------------------------------------------------------------------------

    async def append(
        self,
        fact: facts.Fact,
        key: str,
        *,
        not_before_ms: int | None = None,
        within: Within | None = None,
    ) -> Outcome:
        """Append `fact` once under `key` and return its verdict, as every node will fold it.

        `within`: when, unless it is from now on. Raises `broker.base.NotYet` (before `not_before_ms`),
        `Unavailable` (append again with the same key), `StorageFull`, and, when nothing was appended since it
        would have come after `within`, `TooLate` (the caller's own deadline has passed) or `Stalled`.
        """
        started_s = system.monotonic_s()
        data = facts.encode_fact(fact)
        appended = await self._append_within(key, data, not_before_ms, within or self.from_now())
        outcome = await self._folded(appended.position)
        metrics.APPEND_SECONDS.observe(system.monotonic_s() - started_s)
        return outcome

    def from_now(self, deadline_ms: float | None = None) -> Within:
        """Return when a fact that is wanted now may be appended; `deadline_ms`: not after that either."""
        now_ms = int(self.wall_ms())
        within = Within(now_ms - APPEND_WITHIN_MS, now_ms + APPEND_WITHIN_MS)
        if deadline_ms is None or deadline_ms >= within.not_after_ms:
            return within
        return Within(within.not_before_ms, int(deadline_ms), own_deadline=True)

    async def _append_within(
        self, key: str, data: bytes, not_before_ms: int | None, within: Within
    ) -> Appended:
        """Append, again if the broker's clock turns out to have been stepped just now."""
        for _ in range(STEPS_WEATHERED):
            try:
                return await self.log.append(
                    key,
                    data,
                    not_before_ms=(
                        within.not_before_ms if not_before_ms is None else not_before_ms
                    ),
                    not_after_ms=within.not_after_ms,
                )
            except NotYet:
                if not_before_ms is not None:
                    raise
            except Overdue:
                if self.wall_ms() > within.not_after_ms:
                    break
            await self.clock.sample()
        if within.own_deadline:
            raise TooLate("your deadline for this has passed, so it was not done")
        raise Stalled(
            "this waited for too long here and was not done: send it again if you mean it"
        )

    async def _folded(
        self, position: Position, timeout_s: float | None = FOLD_TIMEOUT_S
    ) -> Outcome:
        position = self._here(position)
        if position.epoch == self.epoch and position.offset <= self.state.folded:
            known = self._outcomes.get(position.offset)
            return known or Outcome(refused=self.state.refusals.get(position.offset))
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(position, []).append(future)
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise Unavailable("the event's log does not answer: send it again") from None

    async def catch_up(self) -> None:
        """Return when all that is in the log now is folded here. Raises `Unavailable`."""
        head = await self.log.head()
        if head.offset:
            await self._folded(head)

    async def introduce(self, who: Principal) -> None:
        """Have a record of the name before a fact is shown with it. Raises as `append` does."""
        if who.person not in self.state.people.erased:
            await self.names.introduce(who)

    async def note_staff(self, who: Principal) -> None:
        """Have the log know a token of somebody's on the staff, and its roles; and their name.

        Raises as `append` does.
        """
        if who.is_staff and not self.state.people.knows(who):
            await self.introduce(who)
            fact = facts.StaffCame(
                person=who.person,
                token=who.token,
                roles=tuple(sorted(who.roles)),
                sessions=tuple(sorted(who.sessions)),
                stages=tuple(sorted(who.stages)),
                issued_ms=who.issued_ms,
                expires_at_ms=who.expires_at_ms,
            )
            what = ":".join(
                (*fact.roles, "", *fact.sessions, *(f"on {stage}" for stage in fact.stages))
            )
            await self.append(fact, f"staff:{len(who.person)}:{who.person}:{who.token}:{what}")

    def note_staff_soon(self, who: Principal) -> None:
        """Have `note_staff` done by and by; when it fails, the token's next request does it."""
        token = who.person, who.token
        if who.is_staff and token not in self._noting and not self.state.people.knows(who):
            self._noting.add(token)
            self._spawn(self.try_to_note_staff(who))

    async def try_to_note_staff(self, who: Principal) -> None:
        """Do as `note_staff` does; when it fails, leave it to the token's next request."""
        try:
            await self.note_staff(who)
        except ShowcallerError as error:
            log.debug(error.for_operators, extra={"action": "audit.unwritten"})
        finally:
            self._noting.discard((who.person, who.token))

    async def names_of(self, people: Iterable[PersonId]) -> dict[PersonId, str]:
        """Return their names; "" for a person that has none or was erased. Raises `Unavailable`."""
        there = set(people)
        await self.names.ensure(there)
        erased = self.state.people.erased
        return {person: "" if person in erased else self.names.get(person) for person in there}

    # Reading ------------------------------------------------------------------------------------

    def wall_ms(self) -> float:
        """The broker's clock as this node knows it."""
        return self.clock.now_ms()

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.state.folded)

    @property
    def shown_epoch(self) -> str:
        """The epoch that clients are told. While a release with another fold runs beside this one, what
        either has shown is no place from which the other's changes lead on.
        """
        return f"{self.epoch}.{facts.FOLD_VERSION}"

    def open(
        self, channel: str, principal: Principal, since: Since | None
    ) -> tuple[dict[str, object], Opening]:
        """Return what a new follower of `channel` is sent: the reply's result, then what it announces.

        Synchronous, so that whoever registers for `on_message` in the same step misses nothing.
        Raises `Forbidden`, `NotFound`, `Unavailable` (the log is being folded anew).
        """
        name = self.internal_name(channel, principal)
        if self._catching_up_to:
            raise Unavailable("the event's log is being read anew: try again", retry_after_s=1)
        if channel == "me":
            self.channels.open_own(principal)
        if not self.channels.exists(name):
            raise NotFound(f"there is no channel {channel!r}")
        if not self.may_follow(principal, channel):
            raise Forbidden(f"you may not follow {channel!r}")
        opening = self.channels.open(name, since)
        resumed = opening.mode == "resumed"
        offset = self.channels.head(name).mark if resumed else self.state.folded
        result: dict[str, object] = {
            "channel": channel,
            "mode": opening.mode,
            "epoch": self.shown_epoch,
            "offset": offset,
        }
        return result, opening

    def may_follow(self, principal: Principal, channel: str) -> bool:
        """Tell whether `principal` may follow `channel`, by the name that clients use."""
        return may_follow(principal, channel, self.stage_of)

    def stage_of(self, session: str) -> StageId | None:
        """Return the stage that a session is planned for now; None if there is no such session."""
        sheet = self.state.runsheet
        if sheet is None or session not in sheet.sessions:
            return None
        return sheet.plan(SessionId(session)).stage

    @staticmethod
    def internal_name(channel: str, principal: Principal) -> str:
        """Return a channel's internal name: `me` is one for each person; clients can't name `person/…`."""
        if channel == "me":
            return f"person/{principal.person}"
        return "" if channel.startswith("person/") else channel

    def heads(self, channels: Iterable[str], principal: Principal) -> dict[str, ChannelHead]:
        """The newest change and mark of each channel, by the names that the client uses."""
        return {c: self.channels.head(self.internal_name(c, principal)) for c in channels}

    # Listeners ----------------------------------------------------------------------------------

    def add_listener(self, listener: EventListener) -> None:
        self._listeners.append(listener)

    def remove_listener(self, listener: EventListener) -> None:
        self._listeners.remove(listener)

    async def _flush_levels(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_LEVELS_EVERY_S)
            if self._catching_up_to:
                continue
            for channel, message in self.channels.flush_levels():
                for listener in self._listeners:
                    listener.on_message(channel, message)

    async def hear(self, topic: str, handler: Callable[[bytes], None]) -> None:
        """Subscribe to what nodes tell one another, trying again while the broker is away."""
        while True:
            try:
                await self.log.subscribe(topic, handler)
                return
            except OurFault as error:
                log.warning(error.for_operators, extra={"action": "event.waiting"})
                await asyncio.sleep(HEAR_AGAIN_S)

    @property
    def tells_names(self) -> bool:
        """Tell whether everybody may know the names of those who are here."""
        sheet = self.state.runsheet
        return sheet is not None and sheet.schedule.people == "names"

    def name_shown(self, who: Principal) -> str:
        """Return the name that somebody who is here is shown with; "": nobody is to see it."""
        is_hidden = who.person in self.state.people.erased or not who.has(*ATTENDING)
        return "" if is_hidden else self.names.shown(who)

    def show_audience(self, now_s: float) -> None:
        """Have the audience channels show its sums, with the next levels. `now_s`: `system.monotonic_s`."""
        self.channels.show_audience(self.audience.levels(now_s))

    # Snapshots ----------------------------------------------------------------------------------

    async def _restore(self) -> None:
        found = await self.log.load_snapshot(facts.FOLD_VERSION)
        if found is None:
            return
        position, data = found
        try:
            state = State.load(data)
        except msgspec.MsgspecError:
            log.warning(
                "a snapshot can't be read; folding the whole log instead",
                extra={"action": "snapshot.unreadable", "event": self.event_id},
            )
            return
        if (await self.log.head()).epoch != position.epoch:
            return
        self.state, self.epoch = state, position.epoch
        await self.names.ensure(_people_shown(state))
        self.channels = self._new_channels()
        with contextlib.suppress(msgspec.MsgspecError):  # of a release that kept something else
            beside = State.beside(data)
            self.channels.restore(msgspec.msgpack.decode(beside, type=dict[str, Kept] | None) or {})

    async def _save_snapshot(self) -> None:
        """Keep the state as it is now. Its parts are made one by one, and others run in between."""
        if not self.state.folded or not self.epoch:
            return
        position, parts, started_s = self.position, [], system.monotonic_s()
        for part in self.state.dump(self.channels.keep()):
            parts.append(part)
            await asyncio.sleep(0)
        details = {"event": self.event_id, "offset": position.offset}
        try:
            await self.log.save_snapshot(position, facts.FOLD_VERSION, b"".join(parts))
        except ShowcallerError as error:  # the log has everything: a snapshot only saves time
            failed = f"no snapshot was saved: {error.for_operators}"
            log.warning(failed, extra={"action": "snapshot.failed", **details})
            return
        took_s = round(system.monotonic_s() - started_s, 3)
        log.info("snapshot saved", extra={"action": "snapshot.saved", "took_s": took_s, **details})


def _people_shown(state: State) -> set[PersonId]:
    """Return the persons whose names the channels show."""
    sheet = state.runsheet
    controls = sheet.controls if sheet is not None else []
    runs = sheet.sessions.values() if sheet is not None else ()
    by = {control.by for control in controls}
    by |= {one.by for run in runs for one in run.publications.values()}
    shut_out = state.people.banned.keys() | state.people.silenced.keys()
    asked = state.questions.authors() | state.questions.claimants()
    return (
        by
        | asked
        | state.announcements.makers()
        | state.chat.authors()
        | state.check_list.people()
        | shut_out
    )


async def _until_available(work: Callable[[], Awaitable[T]]) -> T:
    """Do `work` again until the broker lets it; whoever follows the log can't go on without."""
    while True:
        try:
            return await work()
        except OurFault as error:
            if isinstance(error, Damaged):
                raise
            log.warning(error.for_operators, extra={"action": "event.waiting"})
            await asyncio.sleep(RETRY_EVERY_S)


def _decode(entry: Entry) -> facts.Fact | None:
    """The entry's fact; None if it is one of a newer release."""
    try:
        return facts.decode_fact(entry.data)
    except msgspec.MsgspecError:
        return None


def _people_in(decoded: list[facts.Fact | None]) -> set[PersonId]:
    """Return those whose names the projections of these facts will show."""
    return {getattr(fact, fact.NAMES) for fact in decoded if fact is not None and fact.NAMES}
