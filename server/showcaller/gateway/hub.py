"""Fan-out for one event: a message is encoded once per format, and what is due together leaves in one write.

    on_message → pending → (the window) → a round: one part for each group → slices of writing

What is published while a round is under way joins it, for those whom it has not reached yet.

Invariant: at any time a connection is either a member of its group, and served with it, or it is *in
debt* and served by itself: it came while messages were pending, or it is a slow consumer. Messages of low
priority are dropped for a slow consumer; when it has taken the rest, it is sent what a client that resumes
would be sent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import islice

from .. import system
from ..broker.base import Entry
from ..domain.facts import Fact
from ..domain.ids import PersonId
from ..domain.outcome import Outcome
from ..errors import CLOSE_BANNED
from ..protocol.codec import Format, encode
from ..protocol.messages import Change, Levels, ServerMessage, Since
from ..show.live_event import LiveEvent
from ..show.permissions import ATTENDING
from ..show.projection import session_of
from .counters import Counters
from .delivery import Marks, Part, Pending, Round
from .groups import Group, Groups
from .priority import is_shed, priority_of
from .subscriber import Subscriber
from .window import Window

NAMED = 1_000  # connections whose people are told by name: nobody reads more, and it is done each second
TOLD_AT_ONCE = 500  # connections whose people are told to the keeper of stays in one message
SLICE_S = 0.005  # so long a round writes before others get their turn


class Debt:
    """A connection that is served by itself: what it has seen, and on which channels it is behind."""

    __slots__ = ("behind", "seen")

    def __init__(self, seen: int) -> None:
        self.seen = seen  # number of the newest message that it was sent, or dropped for it
        # channels that it is sent nothing of, and where to resume
        self.behind: dict[str, Since] = {}


class Hub:
    """The fan-out of one event, which it listens to (`show/event_listener.py`). Channels are known here by
    their internal names.

    To follow without loss, call `event.open` and `follow` in one step of the event loop.
    """

    def __init__(
        self,
        event: LiveEvent,
        counters: Counters,
        *,
        now: Callable[[], float] = system.monotonic_s,
    ) -> None:
        self.event = event
        self.connections: set[Subscriber] = set()
        self._counters = counters
        self._now = now
        self._groups = Groups()
        self._own: dict[str, set[Subscriber]] = {}  # followers of people's own channels
        self._marks = Marks()
        self._window = Window()
        self._pending: list[Pending] = []
        self._number = 0  # of the newest message
        self._round: Round | None = None
        self._timer: asyncio.Handle | None = None
        self._group_of: dict[Subscriber, Group] = {}  # of all who follow something
        self._debts: dict[Subscriber, Debt] = {}

    # Who follows what ---------------------------------------------------------------------------

    def follow(self, channel: str, connection: Subscriber) -> None:
        """Send it what is published on the channel from now on; it has been sent all before that."""
        if channel.startswith("person/"):
            self._own.setdefault(channel, set()).add(connection)
            return
        self.settle(connection)
        if connection.closing:  # that was too much for it
            return
        self._move(connection, self._channels_of(connection) | {channel})
        self._forget_gap(channel, connection)

    def unfollow(self, channel: str, connection: Subscriber) -> None:
        if channel.startswith("person/"):
            self._leave_own(channel, connection)
            return
        self.settle(connection)
        if connection.closing:
            return
        self._move(connection, self._channels_of(connection) - {channel})
        self._forget_gap(channel, connection)

    def _forget_gap(self, channel: str, connection: Subscriber) -> None:
        debt = self._debts.get(connection)
        if debt is not None:
            debt.behind.pop(channel, None)

    def leave(self, connection: Subscriber, own_channel: str) -> None:
        """Send it nothing more."""
        group = self._group_of.get(connection)
        if self._round is not None and group is not None:
            self._round.withdraw(group, connection.address)
        self._move(connection, frozenset())
        self._leave_own(own_channel, connection)

    def _leave_own(self, channel: str, connection: Subscriber) -> None:
        followers = self._own.get(channel)
        if followers is not None:
            followers.discard(connection)
            if not followers:
                del self._own[channel]

    def _move(self, connection: Subscriber, channels: frozenset[str]) -> None:
        before, group = self._group_of.pop(connection, None), None
        if channels:
            group = self._group_of[connection] = self._groups.join(channels, connection.format)
        if before is not None:
            before.members.pop(connection.address, None)
            self._groups.leave(before)
        if group is None:
            self._debts.pop(connection, None)
        elif connection not in self._debts:
            self._admit(connection, group)

    def _admit(self, connection: Subscriber, group: Group) -> None:
        """Make it a member of its group, unless it would miss what is on its way."""
        if self._pending or self._round is not None or connection.is_stalled:
            self._put_in_debt(connection, group, self._number)
        else:
            group.members[connection.address] = connection

    def _channels_of(self, connection: Subscriber) -> frozenset[str]:
        group = self._group_of.get(connection)
        return group.channels if group is not None else frozenset()

    def behind(self, connection: Subscriber) -> Collection[str]:
        """The channels that it is sent nothing of, and so no mark, until it has taken the rest."""
        debt = self._debts.get(connection)
        return debt.behind.keys() if debt is not None else ()

    def audience(self) -> tuple[int, dict[str, int]]:
        """Return the number of sockets, and of followers of each session."""
        present = {
            session: count
            for channel, count in self._groups.counts()
            if (session := session_of(channel)) is not None
        }
        return len(self.connections), present

    def names(self) -> dict[str, Counter[str]]:
        """Return the names of who is in each session, a person once; none where the event tells none."""
        if not self.event.tells_names:
            return {}
        sessions: dict[Group, list[str]] = {}  # in which the members of each group are
        people: dict[str, dict[str, str]] = {}
        for connection, group in islice(self._group_of.items(), NAMED):
            if group not in sessions:
                sessions[group] = [one for one in map(session_of, group.channels) if one]
            who = connection.principal
            if sessions[group] and who is not None and (name := self.event.name_shown(who)):
                for session in sessions[group]:
                    people.setdefault(session, {})[who.person] = name
        return {session: Counter(here.values()) for session, here in people.items()}

    def here(self) -> Iterator[dict[str, list[PersonId]]]:
        """Yield who is at the event ("") and in each session, some connections at a time; no screens."""
        sessions: dict[Group, list[str]] = {}
        everybody = tuple(self._group_of.items())
        for first in range(0, len(everybody), TOLD_AT_ONCE):
            found: dict[str, set[PersonId]] = {}
            for connection, group in everybody[first : first + TOLD_AT_ONCE]:
                if group not in sessions:
                    sessions[group] = ["", *filter(None, map(session_of, group.channels))]
                who = connection.principal
                if who is not None and who.has(*ATTENDING):
                    for session in sessions[group]:
                        found.setdefault(session, set()).add(who.person)
            yield {session: sorted(people) for session, people in found.items()}

    # What the event tells -----------------------------------------------------------------------------------

    def on_message(self, channel: str, message: ServerMessage) -> None:
        if channel.startswith("person/"):
            self._send_own(channel, message)
            return
        assert isinstance(message, Change | Levels)
        before = self._marks.before(channel, message)
        if not self._groups.is_followed(channel):
            return
        self._number += 1
        self._pending.append(Pending(self._number, channel, message, before))
        if self._round is None and self._timer is None:
            self._schedule()

    def on_folded(self, entry: Entry, fact: Fact, outcome: Outcome) -> None:
        if outcome.banned or outcome.revoked:
            people = self.event.state.people
            for connection in tuple(self.connections):
                who = connection.principal
                if who and people.shuts_out(who):
                    connection.close(CLOSE_BANNED, "banned")

    def on_new_epoch(self, before: Since) -> None:
        self._write_everything()
        for connection in tuple(self.connections):
            debt = self._debts.get(connection)
            connection.come_over(before, debt.behind if debt is not None else {})

    def on_reset(self) -> None:
        self._write_everything()
        for connection in tuple(self.connections):
            if (debt := self._debts.get(connection)) is not None:
                debt.behind.clear()
            connection.start_over()

    def _send_own(self, channel: str, message: ServerMessage) -> None:
        frames: dict[Format, bytes] = {}
        for connection in tuple(self._own.get(channel, ())):
            if connection.format not in frames:
                frames[connection.format] = encode(message, connection.format)
            connection.push(frames[connection.format])
            self._count(1, 1, len(frames[connection.format]))

    # Rounds -------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        loop, hold_s = asyncio.get_running_loop(), self._window.hold_s(self._now())
        if hold_s:
            self._timer = loop.call_later(hold_s, self._begin)
        else:
            self._timer = loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._open_round()
        self._go_on()

    def _go_on(self) -> None:
        self._timer = None
        assert self._round is not None
        if self._pending and self._round.takes_more:
            self._round.take_in(*self._due())
        began_s = self._now()
        self._round.write_until(began_s + SLICE_S, self._now)
        ended_s = self._now()
        self._window.wrote(ended_s - began_s, ended_s)
        if not self._round.is_done:
            self._timer = asyncio.get_running_loop().call_soon(self._go_on)
            return
        self._close_round()
        if self._pending:
            self._schedule()

    def _open_round(self) -> None:
        """Begin to write everything that is pending."""
        self._round = Round(*self._due(), self._wrote)

    def _close_round(self) -> None:
        self._round = None
        for connection in tuple(self._debts):
            self._forgive(connection)

    def _due(self) -> tuple[list[Pending], set[Group]]:
        """Return what is pending and the groups that follow it. Connections in debt are served at once."""
        messages, self._pending = self._pending, []
        messages.sort(key=lambda one: one.priority)
        for connection in tuple(self._debts):
            try:
                self._give(connection, messages)
            except Exception:  # the others must get theirs
                connection.fail()
        return messages, self._groups.following({message.channel for message in messages})

    def _write_everything(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._round is not None or self._pending:
            if self._round is None:
                self._open_round()
            assert self._round is not None
            self._round.write_until(float("inf"), self._now)
            self._close_round()

    def _wrote(self, part: Part, connections: int) -> None:
        self._count(len(part.messages) * connections, connections, len(part.data) * connections)

    def _count(self, messages: int, writes: int, size: int) -> None:
        counters = self._counters
        counters.messages_sent += messages
        counters.messages_coalesced += messages - writes
        counters.writes += writes
        counters.bytes_sent += size

    # Debts --------------------------------------------------------------------------------------

    def settle(self, connection: Subscriber) -> None:
        """Write to it all that was published so far, except on channels that it is behind on."""
        seen, group = self._withdraw(connection), self._group_of.get(connection)
        if (seen is None and not self._pending) or group is None:
            return
        if connection not in self._debts:
            self._put_in_debt(connection, group, self._seen() if seen is None else seen)
        in_round = self._round.messages if self._round is not None else []
        self._give(connection, sorted([*in_round, *self._pending], key=lambda one: one.priority))

    def stalled(self, connection: Subscriber) -> None:
        """Serve a connection by itself: it does not take at once what it is written."""
        group = self._group_of.get(connection)
        if group is None or connection in self._debts:
            return
        seen = self._withdraw(connection)
        self._put_in_debt(connection, group, self._seen() if seen is None else seen)
        if seen is not None and self._round is not None:
            self._give(connection, self._round.messages)

    def drained(self, connection: Subscriber) -> None:
        """Let a connection catch up that has taken all that it was written."""
        if connection in self._debts:
            self.settle(connection)
            self._catch_up(connection)
            self._forgive(connection)

    def _withdraw(self, connection: Subscriber) -> int | None:
        """Have the round leave it out. Returns what it has seen, if it was still to be written to."""
        group = self._group_of.get(connection)
        if self._round is None or group is None or connection in self._debts:
            return None
        return self._round.withdraw(group, connection.address)

    def _seen(self) -> int:
        """Return the number of the newest message that every member has seen outside a round."""
        return self._pending[0].number - 1 if self._pending else self._number

    def _put_in_debt(self, connection: Subscriber, group: Group, seen: int) -> None:
        group.members.pop(connection.address, None)
        self._debts[connection] = Debt(seen)

    def _give(self, connection: Subscriber, messages: list[Pending]) -> None:
        """Write it those of the messages that it has not seen, as far as it keeps up."""
        debt, group = self._debts.get(connection), self._group_of.get(connection)
        if debt is None or group is None:
            return
        wanted = [
            one
            for one in messages
            if one.number > debt.seen and one.channel in group.channels
            if not self._is_dropped(one, connection, debt)
        ]
        debt.seen = max(debt.seen, max((one.number for one in messages), default=0))
        if wanted:
            data = b"".join(one.frame(connection.format) for one in wanted)
            connection.push(data)
            self._count(len(wanted), 1, len(data))

    def _is_dropped(self, message: Pending, connection: Subscriber, debt: Debt) -> bool:
        if message.channel not in debt.behind:
            if not is_shed(
                message.priority, connection.backlog_bytes, connection.buffer_limit_bytes
            ):
                return False
            debt.behind[message.channel] = message.before
        self._counters.messages_shed[message.priority] += 1
        return True

    def _catch_up(self, connection: Subscriber) -> None:
        """Resume the channels that it is behind on, until one of them stalls it again."""
        debt = self._debts.get(connection)
        while debt is not None and debt.behind and not connection.is_stalled:
            channel = min(debt.behind, key=priority_of)
            if not connection.catch_up(channel, debt.behind[channel]):
                return
            debt.behind.pop(channel, None)
            self._counters.catch_ups += 1

    def _forgive(self, connection: Subscriber) -> None:
        """Put it back into its group, if nothing that is pending has been sent to it already."""
        debt, group = self._debts.get(connection), self._group_of.get(connection)
        if debt is None or group is None or debt.behind or connection.is_stalled:
            return
        if self._round is not None:  # nobody becomes a member while it lasts
            return
        if self._pending and self._pending[0].number <= debt.seen:
            return
        del self._debts[connection]
        group.members[connection.address] = connection
